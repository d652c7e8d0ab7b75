//! A buffer that each thread keeps between requests.

use std::{
    cell::Cell,
    ops::{Deref, DerefMut},
};

/// What a thread keeps at most, in bytes: the largest signature base is that of a certificate that fills its header.
const KEPT: usize = 64 * 1024;

thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// An empty `Vec<u8>` whose memory is the one of an earlier request on this thread, where there is one. What that
/// request left in it is gone; when this one is dropped, its memory waits for the next.
#[derive(Debug)]
pub(crate) struct Scratch(Vec<u8>);

impl Scratch {
    /// An empty buffer.
    pub(crate) fn new() -> Self {
        // A thread that is ending has no spare.
        Self(SPARE.try_with(Cell::take).unwrap_or_default())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let mut buffer = std::mem::take(&mut self.0);
        if buffer.capacity() <= KEPT {
            buffer.clear();
            let _: Result<(), std::thread::AccessError> = SPARE.try_with(|spare| spare.set(buffer));
        }
    }
}

impl Deref for Scratch {
    type Target = Vec<u8>;
    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_kept_and_its_content_is_not() {
        let mut first = Scratch::new();
        first.extend_from_slice(b"of another request");
        let place = first.as_ptr();
        drop(first);
        let mut second = Scratch::new();
        assert!(second.is_empty());
        second.push(1);
        assert_eq!(second.as_ptr(), place);
        // Two at once are two.
        assert!(Scratch::new().capacity() == 0);
    }

    #[test]
    fn a_giant_is_given_back() {
        let mut giant = Scratch::new();
        giant.reserve(KEPT + 1);
        drop(giant);
        assert_eq!(Scratch::new().capacity(), 0);
    }
}
