//! Tokens that come from anywhere, checked.

use super::{
    KeySet,
    keys::TokenKey,
    wire::{ClaimsIn, HeaderIn, NumericDate, Parts, decode, json_error, missing},
};
use crate::{
    cert::Serial,
    error::Rejection,
    key::{Algorithm, PublicKey},
    scope::Scopes,
    scratch::Scratch,
};
use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// What a verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedToken {
    /// `client_id`.
    pub client: Arc<str>,
    /// `scope`.
    pub scopes: Scopes,
    /// `exp`.
    pub expires: Timestamp,
    /// The later of `iat` and `nbf`.
    pub from: Timestamp,
    /// `jti`.
    pub id: String,
    /// `cnf`: the serial number of the client's certificate that the token names. If that is revoked, so is the token.
    pub certificate: Option<Serial>,
    /// The key that signed it; `None` where somebody else has looked at its signature.
    pub signer: Option<KeyDigest>,
}

/// SHA-256 of a key's DER SubjectPublicKeyInfo.
pub type KeyDigest = [u8; 32];

/// Checks access tokens of one issuer for one audience.
#[derive(Debug)]
pub struct TokenVerifier {
    keys: ArcSwap<KeySet>,
    issuer: String,
    audience: String,
    skew: SignedDuration,
}

impl TokenVerifier {
    /// A verifier for tokens that `key` signed, made by `issuer` for `audience`. A clock that runs ahead by up to `skew`
    /// is forgiven for `iat` and `nbf`; `exp` is exact.
    pub fn new(key: PublicKey, issuer: String, audience: String, skew: SignedDuration) -> Self {
        Self::with_keys(KeySet::one(key), issuer, audience, skew)
    }

    /// As [`TokenVerifier::new`], for tokens that any of these keys signed. A token without key identifier is accepted
    /// only where there is one key for its algorithm.
    pub fn with_keys(keys: KeySet, issuer: String, audience: String, skew: SignedDuration) -> Self {
        Self { keys: ArcSwap::from_pointee(keys), issuer, audience, skew }
    }

    /// Replaces the keys: from now on tokens of those that are gone are refused. Verifications that are under way finish
    /// with the old ones.
    pub fn set_keys(&self, keys: KeySet) {
        self.keys.store(Arc::new(keys));
    }

    /// The keys in use.
    pub fn keys(&self) -> Arc<KeySet> {
        self.keys.load_full()
    }

    /// The digest of the keys in use ([`KeySet::digest`]).
    pub(crate) fn keys_digest(&self) -> [u8; 32] {
        self.keys.load().digest()
    }

    /// Whether this is an access token whose key identifier is that of no key in use: reason to look whether the issuer
    /// has new keys. Nothing proves that it is not made up, so looking must be bounded.
    pub fn names_unknown_key(&self, token: &str) -> bool {
        let named = || {
            let parts = Parts::split(token).ok()?;
            let mut buffer = Scratch::new();
            let header: HeaderIn<'_> = serde_json::from_slice(decode(parts.header, &mut buffer).ok()?).ok()?;
            let algorithm = header.alg.as_ref()?;
            header.check_type().ok()?;
            let known = Algorithm::FOR_TOKENS.iter().any(|ours| *ours.jose_name() == **algorithm);
            Some(known && !self.keys.load().has_id(header.kid.as_ref()?))
        };
        named().unwrap_or(false)
    }

    /// Checks a token in compact serialization (RFC 7515 section 3.1) for the time `now`.
    ///
    /// # Errors
    /// The [`Rejection`] of the first check that fails; cheap checks come first, claims only after the signature.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<VerifiedToken, Rejection> {
        self.verify_with(token, now, |_| {})
    }

    /// As [`TokenVerifier::verify`]; `passed` is told the name of each step that held.
    ///
    /// # Errors
    /// As [`TokenVerifier::verify`].
    pub fn verify_with(
        &self,
        token: &str,
        now: Timestamp,
        passed: impl FnMut(&'static str),
    ) -> Result<VerifiedToken, Rejection> {
        self.verify_by(&self.keys.load(), token, now, passed)
    }

    /// As [`TokenVerifier::verify`], and says by which keys: what is remembered of the answer holds for them alone.
    pub(crate) fn verify_and_tell_keys(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<(VerifiedToken, [u8; 32]), Rejection> {
        let keys = self.keys.load();
        Ok((self.verify_by(&keys, token, now, |_| {})?, keys.digest()))
    }

    fn verify_by(
        &self,
        keys: &KeySet,
        token: &str,
        now: Timestamp,
        mut passed: impl FnMut(&'static str),
    ) -> Result<VerifiedToken, Rejection> {
        let parts = Parts::split(token)?;
        passed("parse");
        let mut buffer = Scratch::new();
        let key = match keys.of_usual_header(parts.header) {
            Some(key) => key,
            None => find_key(keys, decode(parts.header, &mut buffer)?)?,
        };
        let (key, signer) = (&key.key, Some(key.digest));
        passed("header");
        let signature = decode(parts.signature, &mut buffer)?;
        key.verify(key.key_type().algorithm(), parts.signed.as_bytes(), signature)
            .map_err(|_| Rejection::TokenSignature)?;
        passed("signature");
        let payload = decode(parts.payload, &mut buffer)?;
        let claims: ClaimsIn<'_> =
            serde_json::from_slice(payload).map_err(|e| Rejection::TokenClaims(json_error(&e)))?;
        let issuer = claims.iss.ok_or_else(|| missing("iss"))?;
        if *issuer != *self.issuer {
            return Err(Rejection::TokenIssuer { got: issuer.to_string(), wanted: self.issuer.clone() });
        }
        passed("issuer");
        let audience = claims.aud.ok_or_else(|| missing("aud"))?;
        if !audience.contains(&self.audience) {
            return Err(Rejection::TokenAudience { got: audience.to_string(), wanted: self.audience.clone() });
        }
        passed("audience");
        let (expires, from) = self.check_times(claims.exp, claims.iat, claims.nbf, now)?;
        passed("times");
        let client = claims.client_id.filter(|c| !c.is_empty()).ok_or_else(|| missing("client_id"))?;
        claims.sub.filter(|s| !s.is_empty()).ok_or_else(|| missing("sub"))?;
        let id = claims.jti.filter(|j| !j.is_empty()).ok_or_else(|| missing("jti"))?.to_string();
        let scopes = Scopes::parse(claims.scope.as_deref().unwrap_or_default())
            .map_err(|_| Rejection::TokenClaims("scope is not a list of scope tokens".into()))?;
        let certificate = claims.cnf.map(|cnf| cnf.certificate()).transpose()?;
        passed("claims");
        Ok(VerifiedToken { client: Arc::from(&*client), scopes, expires, from, id, certificate, signer })
    }

    /// Whether the times of a token that was verified before still hold.
    pub fn is_timely(&self, token: &VerifiedToken, now: Timestamp) -> bool {
        now < token.expires && token.from <= self.latest_start(now)
    }

    fn check_times(
        &self,
        exp: Option<NumericDate>,
        iat: Option<NumericDate>,
        nbf: Option<NumericDate>,
        now: Timestamp,
    ) -> Result<(Timestamp, Timestamp), Rejection> {
        let expires = exp.ok_or_else(|| missing("exp"))?.0;
        if now >= expires {
            return Err(Rejection::TokenExpired { at: now, expired: expires });
        }
        let issued = iat.ok_or_else(|| missing("iat"))?.0;
        let from = nbf.map_or(issued, |nbf| nbf.0.max(issued));
        if from > self.latest_start(now) {
            return Err(Rejection::TokenNotYetValid { at: now, from });
        }
        Ok((expires, from))
    }

    fn latest_start(&self, now: Timestamp) -> Timestamp {
        now.saturating_add(self.skew).unwrap_or(now)
    }
}

/// The key that a token's header means.
fn find_key<'k>(keys: &'k KeySet, header: &[u8]) -> Result<&'k TokenKey, Rejection> {
    let header: HeaderIn<'_> = serde_json::from_slice(header).map_err(|e| Rejection::TokenMalformed(json_error(&e)))?;
    let algorithm = header.alg.as_ref().ok_or(Rejection::TokenMalformed("its header has no alg".into()))?;
    // Pinned to the keys: the token does not choose (RFC 8725 section 3.1).
    let mut candidates = keys.of_algorithm(algorithm).peekable();
    if candidates.peek().is_none() {
        return Err(Rejection::AlgorithmForbidden(algorithm.chars().take(32).collect()));
    }
    header.check_type()?;
    let key = match &header.kid {
        Some(kid) => candidates.find(|key| key.kid == **kid),
        // One after the other would make each junk token as dear as all keys together.
        None => candidates.next().filter(|_| candidates.next().is_none()),
    };
    key.ok_or(Rejection::TokenSignature)
}

impl HeaderIn<'_> {
    /// That it is an access token's header, whatever its key.
    fn check_type(&self) -> Result<(), Rejection> {
        let typ = self.typ.as_ref().ok_or(Rejection::TokenType("typ is missing, wanted at+jwt".into()))?;
        // RFC 9068 section 4: both forms; media types are case-insensitive.
        if !typ.eq_ignore_ascii_case("at+jwt") && !typ.eq_ignore_ascii_case("application/at+jwt") {
            return Err(Rejection::TokenType("typ is not at+jwt".into()));
        }
        if self.crit {
            // RFC 7515 section 4.1.11: no extension is understood here, so any is a reason to refuse.
            return Err(Rejection::TokenType("crit names an extension that is not understood".into()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Claims, Confirmation, MAX_TOKEN_LEN, issue},
        *,
    };
    use crate::{
        error::Reason,
        key::{KeyType, LocalKey, Signer as _},
    };
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const NOW: i64 = 1_800_000_000;

    fn claims() -> Value {
        json!({"iss": "http://as", "sub": "alice", "client_id": "alice", "aud": "bob", "exp": NOW + 900, "iat": NOW, "jti": "1", "scope": "bob.user.read"})
    }

    fn now() -> Timestamp {
        Timestamp::from_second(NOW).unwrap()
    }

    fn verifier(key: &LocalKey) -> TokenVerifier {
        let key = PublicKey::from_spki_der(key.public_key().spki_der()).unwrap();
        TokenVerifier::new(key, "http://as".into(), "bob".into(), SignedDuration::from_secs(5))
    }

    fn sign(key: &LocalKey, header: &Value, claims: &Value) -> String {
        let b64 = |v: &Value| URL_SAFE_NO_PAD.encode(v.to_string());
        let signed = format!("{}.{}", b64(header), b64(claims));
        let signature = key.sign(key.public_key().key_type().algorithm(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn reason(key: &LocalKey, header: &Value, claims: &Value) -> Option<Reason> {
        verifier(key).verify(&sign(key, header, claims), now()).err().map(|r| r.reason())
    }

    #[test]
    fn issued_tokens_verify_here_and_with_jsonwebtoken() {
        for key_type in [KeyType::Rsa(2048), KeyType::EcP256, KeyType::EcP384, KeyType::Ed25519] {
            let key = LocalKey::generate(key_type).unwrap();
            let text = |name: &str| claims()[name].as_str().unwrap().to_owned();
            let issued = Claims {
                iss: text("iss"),
                sub: text("sub"),
                client_id: text("client_id"),
                aud: text("aud"),
                exp: 4_000_000_000,
                iat: NOW,
                jti: text("jti"),
                scope: text("scope"),
                cnf: Some(Confirmation::new(b"a certificate", &Serial::parse("0x0abc").unwrap())),
            };
            let token = issue(&key, &issued).unwrap();
            let verified = verifier(&key).verify(&token, now()).unwrap();
            assert_eq!((&*verified.client, verified.scopes.to_string().as_str()), ("alice", "bob.user.read"));
            assert_eq!(verified.certificate.unwrap().to_hex(), "0abc");

            let algorithm: jsonwebtoken::Algorithm = key_type.algorithm().jose_name().parse().unwrap();
            let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(key.public_key().to_jwk()).unwrap();
            let judge = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
            let mut validation = jsonwebtoken::Validation::new(algorithm);
            validation.set_audience(&["bob"]);
            let data = jsonwebtoken::decode::<Value>(&token, &judge, &validation).unwrap();
            assert_eq!(data.header.typ.as_deref(), Some("at+jwt"));
            assert_eq!(data.header.kid, Some(key.public_key().thumbprint()));
            let digest = URL_SAFE_NO_PAD.encode(crate::key::sha256(b"a certificate"));
            assert_eq!(data.claims["cnf"], json!({"x5t#S256": digest, "serial": "0abc"}));
        }
    }

    #[test]
    fn every_wrong_header_is_refused() {
        let key = LocalKey::generate(KeyType::EcP256).unwrap();
        let ok = json!({"alg": "ES256", "typ": "at+jwt"});
        assert_eq!(reason(&key, &ok, &claims()), None);
        assert_eq!(reason(&key, &json!({"alg": "ES256", "typ": "application/AT+JWT"}), &claims()), None);
        for (header, wanted) in [
            (json!({"alg": "none", "typ": "at+jwt"}), Reason::AlgorithmForbidden),
            (json!({"alg": "HS256", "typ": "at+jwt"}), Reason::AlgorithmForbidden),
            (json!({"alg": "RS256", "typ": "at+jwt"}), Reason::AlgorithmForbidden),
            (json!({"typ": "at+jwt"}), Reason::TokenMalformed),
            (json!({"alg": "ES256"}), Reason::TokenType),
            (json!({"alg": "ES256", "typ": "JWT"}), Reason::TokenType),
            (json!({"alg": "ES256", "typ": "at+jwt", "crit": ["exp"]}), Reason::TokenType),
            (json!({"alg": "ES256", "typ": "at+jwt", "crit": null}), Reason::TokenType),
            (json!({"alg": "ES256", "typ": "at+jwt", "kid": "other"}), Reason::TokenSignature),
            (json!(["ES256"]), Reason::TokenMalformed),
        ] {
            assert_eq!(reason(&key, &header, &claims()), Some(wanted), "{header}");
        }
    }

    #[test]
    fn every_wrong_claim_is_refused() {
        let key = LocalKey::generate(KeyType::EcP256).unwrap();
        let header = json!({"alg": "ES256", "typ": "at+jwt"});
        let digest = URL_SAFE_NO_PAD.encode([7; 32]);
        for (name, value, wanted) in [
            ("exp", json!(null), Some(Reason::TokenClaims)),
            ("exp", json!("tomorrow"), Some(Reason::TokenClaims)),
            ("exp", json!(NOW), Some(Reason::TokenExpired)),
            ("exp", json!(-1), Some(Reason::TokenClaims)),
            ("exp", json!(1e300), Some(Reason::TokenClaims)),
            ("exp", json!(u64::MAX), Some(Reason::TokenClaims)),
            ("exp", json!(1_800_000_900.75), None),
            ("iat", json!(NOW + 5), None),
            ("iat", json!(NOW + 6), Some(Reason::TokenNotYetValid)),
            ("nbf", json!(NOW + 6), Some(Reason::TokenNotYetValid)),
            ("iss", json!("http://other"), Some(Reason::TokenIssuer)),
            ("iss", json!(null), Some(Reason::TokenClaims)),
            ("aud", json!("eve"), Some(Reason::TokenAudience)),
            ("aud", json!(["eve", "bob"]), None),
            ("aud", json!([]), Some(Reason::TokenAudience)),
            ("aud", json!(null), Some(Reason::TokenClaims)),
            ("aud", json!(7), Some(Reason::TokenClaims)),
            ("client_id", json!(""), Some(Reason::TokenClaims)),
            ("sub", json!(null), Some(Reason::TokenClaims)),
            ("jti", json!(null), Some(Reason::TokenClaims)),
            ("scope", json!("a  b"), Some(Reason::TokenClaims)),
            ("scope", json!(null), None),
            ("cnf", json!({"serial": "0abc", "x5t#S256": digest}), None),
            ("cnf", json!({"serial": "0abc"}), None),
            ("cnf", json!(null), Some(Reason::TokenClaims)),
            ("cnf", json!({}), Some(Reason::TokenClaims)),
            ("cnf", json!("0abc"), Some(Reason::TokenClaims)),
            ("cnf", json!({"jkt": digest}), Some(Reason::TokenClaims)),
            ("cnf", json!({"x5t#S256": digest}), Some(Reason::TokenClaims)),
            ("cnf", json!({"serial": "0abc", "jkt": digest}), Some(Reason::TokenClaims)),
            ("cnf", json!({"serial": "0abc", "x5t#S256": "AAAA"}), Some(Reason::TokenClaims)),
            ("cnf", json!({"serial": "0abc", "x5t#S256": format!("{digest}A")}), Some(Reason::TokenClaims)),
            ("cnf", json!({"serial": "abc"}), Some(Reason::TokenClaims)),
            ("cnf", json!({"serial": "0ABC"}), Some(Reason::TokenClaims)),
            ("cnf", json!({"serial": 2748}), Some(Reason::TokenClaims)),
        ] {
            let mut changed = claims();
            changed[name] = value.clone();
            assert_eq!(reason(&key, &header, &changed), wanted, "{name}: {value}");
        }
    }

    #[test]
    fn a_changed_token_is_refused() {
        let key = LocalKey::generate(KeyType::EcP256).unwrap();
        let token = sign(&key, &json!({"alg": "ES256", "typ": "at+jwt"}), &claims());
        let verifier = verifier(&key);
        for i in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[i] = if changed[i] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(verifier.verify(&changed, now()).is_err(), "{i}");
        }
        assert!(verifier.verify(&format!("{token}="), now()).is_err());
        assert!(verifier.verify(&format!("{token}.x"), now()).is_err());
        let long = "a".repeat(MAX_TOKEN_LEN + 1);
        assert_eq!(verifier.verify(&long, now()).unwrap_err().reason(), Reason::CredentialTooLarge);
    }

    #[test]
    fn each_token_is_its_own_keys() {
        let types = [KeyType::EcP256, KeyType::EcP256, KeyType::Ed25519];
        let [a, b, c] = types.map(|key_type| LocalKey::generate(key_type).unwrap());
        let copy = |key: &LocalKey| PublicKey::from_spki_der(key.public_key().spki_der()).unwrap();
        let verifier = verifier(&a);
        let of = |key: &LocalKey, kid: Option<&str>| {
            let alg = key.public_key().key_type().algorithm().jose_name();
            let mut header = json!({"alg": alg, "typ": "at+jwt"});
            if let Some(kid) = kid {
                header["kid"] = kid.into();
            }
            sign(key, &header, &claims())
        };
        let kid = |key: &LocalKey| key.public_key().thumbprint();
        let reason = |token: &str| verifier.verify(token, now()).err().map(|r| r.reason());
        let [of_a, of_b, of_c] = [&a, &b, &c].map(|key| of(key, Some(&kid(key))));
        assert_eq!(
            [&of_a, &of_b, &of_c].map(|t| reason(t)),
            [None, Some(Reason::TokenSignature), Some(Reason::AlgorithmForbidden)]
        );
        assert_eq!([&of_a, &of_b, &of_c].map(|t| verifier.names_unknown_key(t)), [false, true, true]);

        verifier.set_keys(KeySet::new([copy(&a), copy(&b), copy(&c)]).unwrap());
        assert_eq!([&of_a, &of_b, &of_c].map(|t| reason(t)), [None, None, None]);
        assert_eq!(reason(&of(&b, Some(&kid(&a)))), Some(Reason::TokenSignature), "another key's identifier");
        assert_eq!(reason(&of(&c, Some(&kid(&a)))), Some(Reason::TokenSignature), "another key's algorithm");
        assert_eq!(reason(&of(&a, None)), Some(Reason::TokenSignature), "one of two keys");
        assert_eq!(reason(&of(&c, None)), None, "the only key for its algorithm");
        assert!(!verifier.names_unknown_key(&of_b));

        verifier.set_keys(KeySet::with_ids(vec![("new".into(), copy(&b))]).unwrap());
        assert_eq!(reason(&of_a), Some(Reason::TokenSignature));
        assert_eq!(reason(&of_b), Some(Reason::TokenSignature), "it has another name now");
        assert_eq!(reason(&of(&b, Some("new"))), None);
        assert_eq!(reason(&issue_with(&b, "new")), None);
    }

    /// A token whose header is written as [`issue`] writes it.
    fn issue_with(key: &LocalKey, kid: &str) -> String {
        let header = super::super::encode(&super::super::HeaderOut::new(key.public_key(), kid)).unwrap();
        let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims().to_string()));
        let signature = key.sign(key.public_key().key_type().algorithm(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    #[test]
    fn only_access_tokens_name_keys() {
        let key = LocalKey::generate(KeyType::EcP256).unwrap();
        let verifier = verifier(&key);
        let names = |header: Value| verifier.names_unknown_key(&sign(&key, &header, &claims()));
        assert!(names(json!({"alg": "RS256", "typ": "at+jwt", "kid": "k"})));
        assert!(!names(json!({"alg": "RS256", "typ": "at+jwt"})));
        assert!(!names(json!({"alg": "HS256", "typ": "at+jwt", "kid": "k"})));
        assert!(!names(json!({"alg": "RS256", "typ": "JWT", "kid": "k"})));
        assert!(!names(json!({"alg": "RS256", "typ": "at+jwt", "kid": "k", "crit": []})));
        assert!(!names(json!({"typ": "at+jwt", "kid": "k"})));
        for junk in ["", "a.b.c", "a.b", "....", &"a".repeat(MAX_TOKEN_LEN + 1)] {
            assert!(!verifier.names_unknown_key(junk), "{junk:.9}");
        }
    }

    proptest! {
        #[test]
        fn junk_never_panics(junk in "\\PC{0,200}", header in "\\PC{0,40}", payload in "\\PC{0,60}") {
            let key = LocalKey::generate(KeyType::Ed25519).unwrap();
            let verifier = verifier(&key);
            prop_assert!(verifier.verify(&junk, now()).is_err());
            let _ = verifier.names_unknown_key(&junk);
            let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
            let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(key.sign(crate::key::Algorithm::Ed25519, signed.as_bytes()).unwrap()));
            prop_assert!(verifier.verify(&token, now()).is_err());
        }
    }
}
