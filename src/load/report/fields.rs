//! Fields of a report that was read from a file, each with the path by which an error names it.

use crate::error::{Error, Result};
use serde_json::{Map, Value};
use std::{borrow::Cow, time::Duration};

/// Texts are no longer than this.
const LONGEST_TEXT: usize = 8_192;
/// No run and nothing in one takes longer: ten years.
const LONGEST_TIME: f64 = 10.0 * 365.25 * 86_400.0;
/// Nothing is counted further: the largest number that all readers of JSON have exactly.
const LARGEST_COUNT: u64 = 1 << 53;

/// A value, and where it is.
#[derive(Debug, Clone)]
pub(super) struct Field<'a> {
    path: String,
    value: &'a Value,
}

impl<'a> Field<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self { path: String::new(), value }
    }

    /// An error about this field.
    pub(super) fn wrong(&self, why: impl Into<Cow<'static, str>>) -> Error {
        wrong(&self.path, why)
    }

    fn below(&self, key: impl std::fmt::Display) -> String {
        if self.path.is_empty() { key.to_string() } else { format!("{}.{key}", self.path) }
    }

    /// A field that must be there, though it may be null.
    pub(super) fn get(&self, key: &str) -> Result<Self> {
        let value = self.map()?.get(key).ok_or_else(|| wrong(&self.below(key), "it is missing"))?;
        Ok(Self { path: self.below(key), value })
    }

    /// A field that may be missing or null.
    pub(super) fn find(&self, key: &str) -> Result<Option<Self>> {
        let value = self.map()?.get(key).filter(|value| !value.is_null());
        Ok(value.map(|value| Self { path: self.below(key), value }))
    }

    fn map(&self) -> Result<&'a Map<String, Value>> {
        self.value.as_object().ok_or_else(|| self.wrong("it is not an object"))
    }

    /// The members of an object.
    pub(super) fn members(&self) -> Result<impl Iterator<Item = (&'a str, Self)>> {
        let members = self.map()?.iter();
        Ok(members.map(|(key, value)| (key.as_str(), Self { path: self.below(shortened(key)), value })))
    }

    /// The items of an array of at most `most`.
    pub(super) fn items(&self, most: usize) -> Result<impl Iterator<Item = Self>> {
        let items = self.value.as_array().ok_or_else(|| self.wrong("it is not an array"))?;
        if items.len() > most {
            return Err(self.wrong(format!("it has more than {most} items")));
        }
        let path = self.path.clone();
        Ok(items.iter().enumerate().map(move |(i, value)| Self { path: format!("{path}[{i}]"), value }))
    }

    pub(super) fn is_null(&self) -> bool {
        self.value.is_null()
    }

    pub(super) fn text(&self) -> Result<&'a str> {
        let text = self.value.as_str().ok_or_else(|| self.wrong("it is not a text"))?;
        if text.len() > LONGEST_TEXT { Err(self.wrong("it is too long")) } else { Ok(text) }
    }

    /// A text that may be long.
    pub(super) fn encoded(&self) -> Result<&'a str> {
        self.value.as_str().ok_or_else(|| self.wrong("it is not a text"))
    }

    pub(super) fn boolean(&self) -> Result<bool> {
        self.value.as_bool().ok_or_else(|| self.wrong("it is neither true nor false"))
    }

    pub(super) fn count(&self) -> Result<u64> {
        let n = self.value.as_u64().filter(|n| *n <= LARGEST_COUNT);
        n.ok_or_else(|| self.wrong("it is not a whole number from 0 to 2^53"))
    }

    pub(super) fn length(&self) -> Result<usize> {
        let n = usize::try_from(self.count()?);
        n.map_err(|_| self.wrong("it is too large"))
    }

    /// A number from 0 on.
    pub(super) fn number(&self) -> Result<f64> {
        let number = self.value.as_f64().filter(|number| number.is_finite() && *number >= 0.0);
        number.ok_or_else(|| self.wrong("it is not a number from 0 on"))
    }

    /// A number above 0 whose logarithm is one.
    pub(super) fn positive(&self) -> Result<f64> {
        let number = Some(self.number()?).filter(|number| *number > 0.0 && number.ln().is_finite());
        number.ok_or_else(|| self.wrong("it is not more than 0"))
    }

    pub(super) fn seconds(&self) -> Result<Duration> {
        let seconds = Some(self.number()?).filter(|seconds| *seconds <= LONGEST_TIME);
        seconds.map(Duration::from_secs_f64).ok_or_else(|| self.wrong("it is longer than ten years"))
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Result<T> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        let known = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        found.ok_or_else(|| self.wrong(format!("it is none of: {}", known())))
    }
}

fn wrong(path: &str, why: impl Into<Cow<'static, str>>) -> Error {
    Error::invalid("report field", path, why, "use a report that loadtest -o has written")
}

fn shortened(key: &str) -> String {
    key.chars().take(60).collect()
}
