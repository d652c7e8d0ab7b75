//! The keys that tokens may be signed with: those of one issuer, of which there are two while it changes them.

use super::{HeaderOut, encode};
use crate::{
    error::{Error, Result},
    key::{PublicKey, sha256},
};
use serde_json::Value;

/// The most keys of a set.
pub const MAX_KEYS: usize = 16;
/// The longest JWK set that is read, in bytes.
pub const MAX_JWKS_LEN: usize = 64 * 1024;

const WHAT: &str = "set of keys";
const HINT: &str = "give the JWK set of the authorization server, as `ca show --jwks` prints it";

/// One to [`MAX_KEYS`] public keys, each with its key identifier.
///
/// Two sets are equal if their keys and identifiers are, in any order.
pub struct KeySet {
    keys: Vec<TokenKey>,
    digest: [u8; 32],
}

/// A key, and what a token that it signed has in its header.
pub(super) struct TokenKey {
    pub(super) kid: String,
    pub(super) key: PublicKey,
    /// Of `key`.
    pub(super) digest: [u8; 32],
    /// The header that [`super::issue`] writes with this key. A token that has it need not have it read.
    usual_header: Option<String>,
}

impl KeySet {
    /// Keys whose identifiers are their thumbprints (RFC 7638), as those of tokens made here are.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for no keys, and for more than [`MAX_KEYS`].
    pub fn new(keys: impl IntoIterator<Item = PublicKey>) -> Result<Self> {
        Self::with_ids(keys.into_iter().map(|key| (key.thumbprint(), key)).collect())
    }

    /// Keys with identifiers of their issuer's. The same key twice with the same identifier is there once.
    ///
    /// # Errors
    /// As [`KeySet::new`], and where keys of one kind share an identifier: which of them is meant?
    pub fn with_ids(keys: Vec<(String, PublicKey)>) -> Result<Self> {
        let mut set: Vec<TokenKey> = Vec::new();
        for (kid, key) in keys {
            let namesake = set.iter().find(|other| other.kid == kid && other.algorithm() == jose_name(&key));
            match namesake {
                Some(other) if other.key == key => {}
                Some(_) => return Err(Error::invalid(WHAT, kid, "two keys have this identifier", HINT)),
                None => set.push(TokenKey::new(kid, key)),
            }
        }
        if set.is_empty() || set.len() > MAX_KEYS {
            let why = format!("there must be 1 to {MAX_KEYS} keys");
            return Err(Error::invalid(WHAT, set.len(), why, HINT));
        }
        Ok(Self::of(set))
    }

    /// Reads a JWK set (RFC 7517 section 5). Keys that are of no use here (of other kinds, for other purposes, broken) are
    /// passed over; identifiers that are missing are the keys' thumbprints.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for more than [`MAX_JWKS_LEN`] bytes, for what is no JWK set, and as [`KeySet::with_ids`].
    pub fn from_jwks(document: &[u8]) -> Result<Self> {
        let invalid = |why: String| Error::invalid("JWK set", format!("({} bytes)", document.len()), why, HINT);
        if document.len() > MAX_JWKS_LEN {
            return Err(invalid(format!("it is longer than {MAX_JWKS_LEN} bytes")));
        }
        let set: Value =
            serde_json::from_slice(document).map_err(|error| invalid(format!("it is not JSON: {error}")))?;
        let keys = set.get("keys").and_then(Value::as_array).ok_or_else(|| invalid("it has no member keys".into()))?;
        let mut usable = Vec::new();
        for jwk in keys {
            let kid = match jwk.get("kid") {
                None => None,
                Some(Value::String(kid)) => Some(kid.clone()),
                Some(_) => continue,
            };
            let Ok(key) = PublicKey::from_jwk(jwk) else { continue };
            usable.push((kid.unwrap_or_else(|| key.thumbprint()), key));
        }
        if usable.is_empty() {
            return Err(invalid("it has no key that could verify tokens".into()));
        }
        Self::with_ids(usable)
    }

    /// The one key.
    pub(super) fn one(key: PublicKey) -> Self {
        Self::of(vec![TokenKey::new(key.thumbprint(), key)])
    }

    fn of(mut keys: Vec<TokenKey>) -> Self {
        keys.sort_by(|a, b| (&a.kid, a.key.spki_der()).cmp(&(&b.kid, b.key.spki_der())));
        // Each part with its digest, so that no bytes of one can pass for another's.
        let parts: Vec<_> = keys.iter().flat_map(|key| [sha256(key.kid.as_bytes()), key.digest]).collect();
        Self { keys, digest: sha256(&parts.concat()) }
    }

    /// Identifiers and keys.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &PublicKey)> {
        self.keys.iter().map(|key| (key.kid.as_str(), &key.key))
    }

    /// What two sets have in common only if they are equal.
    pub(crate) fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// The key whose tokens have this very header, if [`super::issue`] made them.
    pub(super) fn of_usual_header(&self, header: &str) -> Option<&TokenKey> {
        self.keys.iter().find(|key| key.usual_header.as_deref() == Some(header))
    }

    /// The keys for this algorithm.
    pub(super) fn of_algorithm<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a TokenKey> + use<'a, 'n> {
        self.keys.iter().filter(move |key| key.algorithm() == name)
    }

    pub(super) fn has_id(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid == kid)
    }
}

impl TokenKey {
    fn new(kid: String, key: PublicKey) -> Self {
        let usual_header = encode(&HeaderOut::new(&key, &kid)).ok();
        Self { kid, digest: sha256(key.spki_der()), key, usual_header }
    }

    fn algorithm(&self) -> &'static str {
        jose_name(&self.key)
    }
}

fn jose_name(key: &PublicKey) -> &'static str {
    key.key_type().algorithm().jose_name()
}

impl PartialEq for KeySet {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for KeySet {}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeySet")?;
        f.debug_map().entries(self.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{KeyType, LocalKey, Signer as _};
    use proptest::prelude::*;
    use serde_json::json;

    fn key(key_type: KeyType) -> PublicKey {
        copy(LocalKey::generate(key_type).unwrap().public_key())
    }

    fn copy(key: &PublicKey) -> PublicKey {
        PublicKey::from_spki_der(key.spki_der()).unwrap()
    }

    #[test]
    fn a_set_has_bounds_and_no_doubt() {
        assert!(KeySet::new([]).is_err());
        let many = |n: usize| (0..n).map(|_| key(KeyType::Ed25519)).collect::<Vec<_>>();
        assert_eq!(KeySet::new(many(MAX_KEYS)).unwrap().keys().count(), MAX_KEYS);
        assert!(KeySet::new(many(MAX_KEYS + 1)).is_err());
        let (a, b, ec) = (key(KeyType::Ed25519), key(KeyType::Ed25519), key(KeyType::EcP256));
        let named = |keys: &[(&str, &PublicKey)]| {
            KeySet::with_ids(keys.iter().map(|(id, k)| ((*id).into(), copy(k))).collect())
        };
        assert!(named(&[("1", &a), ("1", &b)]).is_err(), "which of them?");
        assert_eq!(named(&[("1", &a), ("1", &ec)]).unwrap().keys().count(), 2, "the algorithm tells");
        assert_eq!(named(&[("1", &a), ("1", &a)]).unwrap(), named(&[("1", &a)]).unwrap());
        assert_eq!(named(&[("1", &a), ("2", &b)]).unwrap(), named(&[("2", &b), ("1", &a)]).unwrap());
        assert_ne!(named(&[("1", &a), ("2", &b)]).unwrap(), named(&[("1", &b), ("2", &a)]).unwrap());
        assert_ne!(named(&[("1", &a)]).unwrap(), named(&[("2", &a)]).unwrap());
        assert_eq!(KeySet::one(copy(&a)), KeySet::new([copy(&a)]).unwrap());
    }

    #[test]
    fn a_document_is_read_for_what_is_of_use() {
        let (a, b) = (key(KeyType::EcP256), key(KeyType::Rsa(2048)));
        let mut renamed = b.to_jwk();
        renamed["kid"] = "mine".into();
        let foreign = [
            json!({"kty": "oct", "k": "AAAA"}),
            json!({"kty": "EC", "crv": "P-521"}),
            json!(7),
            json!({"kty": "RSA", "kid": 7}),
        ];
        let mut keys = foreign.to_vec();
        keys.extend([a.to_jwk(), renamed.clone()]);
        let set = KeySet::from_jwks(json!({"keys": keys, "more": [1]}).to_string().as_bytes()).unwrap();
        assert_eq!(set, KeySet::with_ids(vec![(a.thumbprint(), copy(&a)), ("mine".into(), copy(&b))]).unwrap());
        renamed.as_object_mut().unwrap().remove("kid");
        let set = KeySet::from_jwks(json!({"keys": [renamed]}).to_string().as_bytes()).unwrap();
        assert_eq!(set, KeySet::new([copy(&b)]).unwrap());
        for bad in
            [json!({"keys": []}), json!({"keys": foreign}), json!({"keys": a.to_jwk()}), json!([a.to_jwk()]), json!({})]
        {
            assert!(KeySet::from_jwks(bad.to_string().as_bytes()).is_err(), "{bad}");
        }
        for bad in ["", "{", "<html>", "{}x"] {
            assert!(KeySet::from_jwks(bad.as_bytes()).is_err(), "{bad}");
        }
        let document = json!({"keys": [a.to_jwk()]}).to_string();
        let padded = |len: usize| document.clone() + &" ".repeat(len - document.len());
        assert!(KeySet::from_jwks(padded(MAX_JWKS_LEN).as_bytes()).is_ok());
        assert!(KeySet::from_jwks(padded(MAX_JWKS_LEN + 1).as_bytes()).is_err());
        assert!(KeySet::from_jwks("[".repeat(MAX_JWKS_LEN).as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn junk_never_panics(junk in "\\PC{0,200}", kty in "\\PC{0,5}", n in "\\PC{0,50}") {
            prop_assert!(KeySet::from_jwks(junk.as_bytes()).is_err());
            let document = json!({"keys": [{"kty": kty, "n": n, "e": "AQAB"}, {"kty": "RSA", "n": n, "e": n}]});
            prop_assert!(KeySet::from_jwks(document.to_string().as_bytes()).is_err());
        }
    }
}
