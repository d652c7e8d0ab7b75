//! Names of CAs and clients, which are names of directories too.

use crate::error::{Error, Result};
use std::{fmt, ops::Deref, path::Path, str::FromStr};

/// The name of a CA or client: 1 to 64 ASCII letters, digits, `.`, `_`, `@` and `-`, the first a letter, digit or `_`.
///
/// So it is one path component everywhere, is never taken for an option, and fits in a common name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Box<str>);

impl Name {
    /// Checks the rule.
    ///
    /// # Errors
    /// [`Error::InvalidValue`].
    pub fn new(name: &str) -> Result<Self> {
        let why = if name.is_empty() {
            "it is empty"
        } else if name.len() > 64 {
            "it is longer than 64 bytes"
        } else if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'@' | b'-')) {
            "it has other characters than ASCII letters, digits, '.', '_', '@' and '-'"
        } else if name.starts_with(['.', '-', '@']) {
            "it begins with '.', '-' or '@'"
        } else {
            return Ok(Self(name.into()));
        };
        Err(Error::invalid("name", name, why, "a name is also the name of a directory: use one like alice or bob-2"))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = Error;
    fn from_str(name: &str) -> Result<Self> {
        Self::new(name)
    }
}

impl Deref for Name {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<Path> for Name {
    fn as_ref(&self) -> &Path {
        Path::new(self.as_str())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for Name {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::Component;

    #[test]
    fn what_is_not_a_name() {
        for good in ["a", "alice", "bob-2", "A.b_c", "_x", "alice@example.com", &"x".repeat(64)] {
            assert!(Name::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "a\\b",
            "/",
            "a\0",
            "a\nb",
            ".hidden",
            "-x",
            "@x",
            "ä",
            "a b",
            "~",
            &"x".repeat(300),
        ] {
            assert!(Name::new(bad).unwrap_err().is_usage(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_one_path_component(text in "[\\x00-\\x7f]{0,8}") {
            if let Ok(name) = Name::new(&text) {
                let components: Vec<_> = Path::new(name.as_str()).components().collect();
                prop_assert_eq!(components, [Component::Normal(text.as_ref())]);
            }
        }
    }
}
