//! Scopes: opaque tokens of RFC 6749 section 3.3, compared by equality, case-sensitive.

use crate::error::{Error, Rejection, Result};
use std::{fmt, str::FromStr, sync::Arc};

/// The longest scope token, in bytes. RFC 6749 sets none; the bound keeps a certificate within a header.
pub const MAX_SCOPE_LEN: usize = 256;
/// The most scopes that one credential may carry.
pub const MAX_SCOPES: usize = 256;

/// One scope token: 1 to [`MAX_SCOPE_LEN`] characters of `%x21 / %x23-5B / %x5D-7E` (RFC 6749 section 3.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope(Box<str>);

impl Scope {
    /// Checks the grammar.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] with the value and the rule that it breaks.
    pub fn new(token: impl AsRef<str>) -> Result<Self> {
        let token = token.as_ref();
        match check(token) {
            Ok(()) => Ok(Self(token.into())),
            Err(why) => Err(Error::invalid(
                "scope",
                token,
                why,
                "a scope is one token of RFC 6749 section 3.3, e.g. bob.user.read; give several by repeating --scope",
            )),
        }
    }

    /// The token's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The grammar itself, for readers of untrusted data that name their own reason.
pub(crate) fn check(token: &str) -> Result<(), &'static str> {
    if token.is_empty() {
        return Err("a scope is not empty");
    }
    if token.len() > MAX_SCOPE_LEN {
        return Err("a scope has at most 256 bytes");
    }
    if !token.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)) {
        return Err("a scope has only printable ASCII characters, without space, double quote and backslash");
    }
    Ok(())
}

impl FromStr for Scope {
    type Err = Error;
    fn from_str(s: &str) -> Result<Self> {
        Self::new(s)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for Scope {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A set of unique scopes in the order in which they were given; at most [`MAX_SCOPES`]. Cloning it counts a reference.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scopes(Arc<[Scope]>);

impl Scopes {
    /// A set of these scopes.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a duplicate, or for more than [`MAX_SCOPES`].
    pub fn new(scopes: impl IntoIterator<Item = Scope>) -> Result<Self> {
        let mut set = Vec::new();
        scopes.into_iter().try_for_each(|scope| add(&mut set, scope))?;
        Ok(Self(set.into()))
    }

    /// Reads the space-delimited form of RFC 6749 (the `scope` claim and parameter). The empty text is the empty set.
    ///
    /// # Errors
    /// As [`Scope::new`] and [`Scopes::new`].
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let mut set = Vec::with_capacity(1 + text.bytes().filter(|b| *b == b' ').count().min(MAX_SCOPES));
        text.split(' ').try_for_each(|token| add(&mut set, Scope::new(token)?))?;
        Ok(Self(set.into()))
    }

    /// Whether this very scope is in the set.
    pub fn contains(&self, scope: &Scope) -> bool {
        self.0.contains(scope)
    }

    /// Whether every one of `required` is in this set.
    ///
    /// # Errors
    /// [`Rejection::InsufficientScope`] with the first that is missing.
    pub fn covers(&self, required: &Self) -> Result<(), Rejection> {
        match required.iter().find(|scope| !self.contains(scope)) {
            None => Ok(()),
            Some(missing) => Err(Rejection::InsufficientScope { missing: missing.clone() }),
        }
    }

    /// The scopes in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Scope> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn add(set: &mut Vec<Scope>, scope: Scope) -> Result<()> {
    if set.contains(&scope) {
        return Err(Error::invalid("scope", &scope, "given twice", "give each scope once"));
    }
    if set.len() == MAX_SCOPES {
        return Err(Error::invalid("scope", &scope, "more than 256 scopes", "group rights into fewer scopes"));
    }
    set.push(scope);
    Ok(())
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, scope) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

impl<'a> IntoIterator for &'a Scopes {
    type Item = &'a Scope;
    type IntoIter = std::slice::Iter<'a, Scope>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl serde::Serialize for Scopes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn grammar() {
        for good in ["a", "bob.user.read", "!", "~", "https://api.example/x", &"x".repeat(256)] {
            assert!(Scope::new(good).is_ok(), "{good}");
        }
        for bad in ["", "two words", "a\"b", "a\\b", "a\n", "é", "\u{7f}", &"x".repeat(257)] {
            assert!(Scope::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn equality_is_exact() {
        let have = Scopes::parse("bob.user.read").unwrap();
        assert!(have.covers(&Scopes::parse("bob.user.read").unwrap()).is_ok());
        for other in ["bob.user.Read", "bob.user", "bob.user.read.all", "*"] {
            assert!(have.covers(&Scopes::parse(other).unwrap()).is_err(), "{other}");
        }
        assert!(Scopes::parse("a a").is_err());
        assert!(Scopes::parse("a  b").is_err());
        assert!(Scopes::parse(" a").is_err());
    }

    proptest! {
        #[test]
        fn parse_and_print_are_inverse(tokens in proptest::collection::btree_set("[!#-\\[\\]-~]{1,40}", 0..20)) {
            let text = tokens.into_iter().collect::<Vec<_>>().join(" ");
            let scopes = Scopes::parse(&text).unwrap();
            prop_assert_eq!(scopes.to_string(), text);
            prop_assert!(scopes.covers(&scopes).is_ok());
        }
    }
}
