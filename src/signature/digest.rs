//! `Content-Digest` (RFC 9530 section 2), with SHA-256 only.

use super::{fields::DictionaryItems, params::BareItem};
use crate::{error::Rejection, key::sha256};
use aws_lc_rs::digest::{Context, SHA256};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sfv::Parser;

/// The field value for a body: `sha-256=:…:`.
pub fn content_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(sha256(body)))
}

/// Checks a `Content-Digest` field value against the body. Digests of other algorithms are ignored.
///
/// # Errors
/// [`Rejection::DigestMissing`] where there is no readable sha-256 member, [`Rejection::DigestMismatch`] where it is not
/// the body's.
pub fn verify_content_digest(field: &[u8], body: &[u8]) -> Result<(), Rejection> {
    let mut digest = BodyDigest::new();
    digest.update(body);
    digest.verify(field)
}

/// The SHA-256 of a body, taken as it arrives: a server that only forwards or counts it need not keep it.
#[derive(Clone, Default)]
pub struct BodyDigest {
    /// None until there is something to hash: most requests have no body.
    context: Option<Context>,
    len: u64,
}

impl std::fmt::Debug for BodyDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BodyDigest").field("len", &self.len).finish_non_exhaustive()
    }
}

impl BodyDigest {
    /// Of an empty body.
    pub const fn new() -> Self {
        Self { context: None, len: 0 }
    }

    /// Appends bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.len = self.len.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.context.get_or_insert_with(|| Context::new(&SHA256)).update(bytes);
    }

    /// The bytes so far.
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether there was none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// As [`verify_content_digest`], for the bytes that were appended.
    ///
    /// # Errors
    /// As [`verify_content_digest`].
    pub fn verify(self, field: &[u8]) -> Result<(), Rejection> {
        let wanted = sha256_member(field)?;
        let holds = match self.context {
            Some(context) => context.finish().as_ref() == wanted,
            None => sha256(b"").as_slice() == wanted,
        };
        if holds { Ok(()) } else { Err(Rejection::DigestMismatch) }
    }
}

/// The one sha-256 member of the field.
fn sha256_member(field: &[u8]) -> Result<Vec<u8>, Rejection> {
    let mut items = DictionaryItems::default();
    Parser::new(field).parse_dictionary_with_visitor(&mut items).map_err(|_| Rejection::DigestMissing)?;
    // RFC 9530 registers SHA-256 as "sha-256"; a dictionary holds a key once, and a second one would be ambiguous.
    let mut found = items.0.into_iter().filter(|(key, _)| *key == "sha-256").map(|(_, value)| value);
    match (found.next(), found.next()) {
        (Some(BareItem::ByteSequence(digest)), None) => Ok(digest),
        _ => Err(Rejection::DigestMissing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rfc_9530_appendix_d() {
        // RFC 9530 section D.1: the body is {"hello": "world"} followed by a line feed.
        let field = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
        assert_eq!(content_digest(b"{\"hello\": \"world\"}\n"), field);
        assert_eq!(verify_content_digest(field.as_bytes(), b"{\"hello\": \"world\"}\n"), Ok(()));
        assert_eq!(
            verify_content_digest(field.as_bytes(), b"{\"hello\": \"World\"}\n"),
            Err(Rejection::DigestMismatch)
        );
    }

    #[test]
    fn other_members_are_ignored_and_bad_ones_are_not_a_digest() {
        let good = content_digest(b"x");
        assert_eq!(verify_content_digest(format!("md5=:AAAA:, {good}, id=1;a").as_bytes(), b"x"), Ok(()));
        for bad in
            ["", "md5=:AAAA:", "sha-256=AAAA", "sha-256", "sha-256=(1 2)", "sha-256=:AAAA", &format!("{good}, {good}")]
        {
            assert_eq!(verify_content_digest(bad.as_bytes(), b"x"), Err(Rejection::DigestMissing), "{bad}");
        }
        assert_eq!(verify_content_digest(b"sha-256=:AAAA:", b"x"), Err(Rejection::DigestMismatch));
    }

    proptest! {
        #[test]
        fn junk_never_panics(junk in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(verify_content_digest(&junk, b"body").is_err());
        }

        #[test]
        fn every_body_verifies_with_its_own_digest(body in proptest::collection::vec(any::<u8>(), 0..300), cut in 0usize..300) {
            let field = content_digest(&body);
            prop_assert!(verify_content_digest(field.as_bytes(), &body).is_ok());
            let mut pieces = BodyDigest::new();
            let (head, tail) = body.split_at(cut.min(body.len()));
            pieces.update(head);
            pieces.update(tail);
            prop_assert_eq!(usize::try_from(pieces.len()).unwrap(), body.len());
            prop_assert!(pieces.verify(field.as_bytes()).is_ok());
        }
    }
}
