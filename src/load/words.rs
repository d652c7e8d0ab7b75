//! Short texts that live as long as the program: reasons of errors and names of platforms are constants where they arise,
//! and come back from files.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

/// Longer ones are no words.
const LONGEST: usize = 64;
/// More of them are kept by no program that reads a few reports.
const MOST: usize = 512;

static WORDS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// The word for ever; `None` for what is no printable word. What is kept is bounded, however many files are read: beyond
/// 512 words all are `other`.
pub(super) fn lasting(word: &str) -> Option<&'static str> {
    if word.is_empty() || word.len() > LONGEST || word.chars().any(char::is_control) {
        return None;
    }
    let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = words.get(word) {
        return Some(known);
    }
    if words.len() >= MOST {
        return Some("other");
    }
    let word: &'static str = Box::leak(word.into());
    words.insert(word);
    Some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_kept_once() {
        let (a, b) = (lasting("connect: refused").unwrap(), lasting(&String::from("connect: refused")).unwrap());
        assert!(std::ptr::eq(a, b));
        assert_eq!((lasting(""), lasting("a\nb"), lasting(&"x".repeat(65))), (None, None, None));
    }
}
