//! Access tokens: JWTs of the profile of RFC 9068, signed by the CA's key.
//!
//! Signing and verifying go through [`crate::key`], so that a token's key can live wherever a [`Signer`] can, and the
//! public key is parsed once. The time is an argument.

mod wire;

use crate::{
    error::Rejection,
    key::{KeyError, PublicKey, Signer},
    scope::Scopes,
    scratch::Scratch,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::sync::Arc;
use wire::{ClaimsIn, HeaderIn, NumericDate, Parts, decode, json_error, missing};

/// The longest token that is looked at, in bytes: a header line, with room for many scopes.
pub const MAX_TOKEN_LEN: usize = 16 * 1024;

/// The claims of an access token (RFC 9068 section 2.2). Times are seconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claims {
    /// The issuer identifier of the authorization server.
    pub iss: String,
    /// The subject: the client itself, as no user is involved.
    pub sub: String,
    /// The client.
    pub client_id: String,
    /// The service for which the token is made.
    pub aud: String,
    /// When the token ends.
    pub exp: i64,
    /// When it was made.
    pub iat: i64,
    /// Unique.
    pub jti: String,
    /// Space-delimited scopes.
    pub scope: String,
}

#[derive(Serialize)]
struct HeaderOut<'a> {
    alg: &'a str,
    typ: &'a str,
    kid: &'a str,
}

/// Signs an access token with the algorithm that the key dictates.
///
/// # Errors
/// [`KeyError`] where the key cannot sign.
pub fn issue(signer: &dyn Signer, claims: &Claims) -> Result<String, KeyError> {
    let key = signer.public_key();
    let mut token = encode(&HeaderOut::new(key, &key.thumbprint()))?;
    token.push('.');
    token.push_str(&encode(claims)?);
    let signature = signer.sign(key.key_type().algorithm(), token.as_bytes())?;
    token.push('.');
    token.push_str(&URL_SAFE_NO_PAD.encode(signature));
    Ok(token)
}

impl<'a> HeaderOut<'a> {
    fn new(key: &PublicKey, kid: &'a str) -> Self {
        Self { alg: key.key_type().algorithm().jose_name(), typ: "at+jwt", kid }
    }
}

/// A segment of a token.
pub(crate) fn encode(value: &impl Serialize) -> Result<String, KeyError> {
    let json = serde_json::to_vec(value).map_err(|_| KeyError::Malformed("claims that are not JSON"))?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

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
}

/// Checks access tokens of one issuer for one audience.
#[derive(Debug)]
pub struct TokenVerifier {
    key: PublicKey,
    kid: String,
    issuer: String,
    audience: String,
    skew: SignedDuration,
    /// The header that [`issue`] writes with this key. A token that has it need not have it read.
    usual_header: Option<String>,
}

impl TokenVerifier {
    /// A verifier for tokens that `key` signed, made by `issuer` for `audience`. A clock that runs ahead by up to `skew`
    /// is forgiven for `iat` and `nbf`; `exp` is exact.
    pub fn new(key: PublicKey, issuer: String, audience: String, skew: SignedDuration) -> Self {
        let kid = key.thumbprint();
        let usual_header = encode(&HeaderOut::new(&key, &kid)).ok();
        Self { key, kid, issuer, audience, skew, usual_header }
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
        mut passed: impl FnMut(&'static str),
    ) -> Result<VerifiedToken, Rejection> {
        let parts = Parts::split(token)?;
        passed("parse");
        let mut buffer = Scratch::new();
        if self.usual_header.as_deref() != Some(parts.header) {
            self.check_header(decode(parts.header, &mut buffer)?)?;
        }
        passed("header");
        let signature = decode(parts.signature, &mut buffer)?;
        self.key
            .verify(self.key.key_type().algorithm(), parts.signed.as_bytes(), signature)
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
        passed("claims");
        Ok(VerifiedToken { client: Arc::from(&*client), scopes, expires, from, id })
    }

    /// Whether the times of a token that was verified before still hold.
    pub fn is_timely(&self, token: &VerifiedToken, now: Timestamp) -> bool {
        now < token.expires && token.from <= self.latest_start(now)
    }

    fn check_header(&self, json: &[u8]) -> Result<(), Rejection> {
        let header: HeaderIn<'_> =
            serde_json::from_slice(json).map_err(|e| Rejection::TokenMalformed(json_error(&e)))?;
        let algorithm = header.alg.ok_or(Rejection::TokenMalformed("its header has no alg".into()))?;
        // Pinned to the key: the token does not choose (RFC 8725 section 3.1).
        if *algorithm != *self.key.key_type().algorithm().jose_name() {
            return Err(Rejection::AlgorithmForbidden(algorithm.chars().take(32).collect()));
        }
        let typ = header.typ.ok_or(Rejection::TokenType("typ is missing, wanted at+jwt".into()))?;
        // RFC 9068 section 4: both forms; media types are case-insensitive.
        if !typ.eq_ignore_ascii_case("at+jwt") && !typ.eq_ignore_ascii_case("application/at+jwt") {
            return Err(Rejection::TokenType("typ is not at+jwt".into()));
        }
        if header.crit {
            // RFC 7515 section 4.1.11: no extension is understood here, so any is a reason to refuse.
            return Err(Rejection::TokenType("crit names an extension that is not understood".into()));
        }
        match header.kid {
            Some(kid) if *kid != *self.kid => Err(Rejection::TokenSignature),
            _ => Ok(()),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        error::Reason,
        key::{KeyType, LocalKey},
    };
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
            };
            let token = issue(&key, &issued).unwrap();
            let verified = verifier(&key).verify(&token, now()).unwrap();
            assert_eq!((&*verified.client, verified.scopes.to_string().as_str()), ("alice", "bob.user.read"));

            let algorithm: jsonwebtoken::Algorithm = key_type.algorithm().jose_name().parse().unwrap();
            let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(key.public_key().to_jwk()).unwrap();
            let judge = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
            let mut validation = jsonwebtoken::Validation::new(algorithm);
            validation.set_audience(&["bob"]);
            let data = jsonwebtoken::decode::<Value>(&token, &judge, &validation).unwrap();
            assert_eq!(data.header.typ.as_deref(), Some("at+jwt"));
            assert_eq!(data.header.kid, Some(key.public_key().thumbprint()));
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

    proptest! {
        #[test]
        fn junk_never_panics(junk in "\\PC{0,200}", header in "\\PC{0,40}", payload in "\\PC{0,60}") {
            let key = LocalKey::generate(KeyType::Ed25519).unwrap();
            let verifier = verifier(&key);
            prop_assert!(verifier.verify(&junk, now()).is_err());
            let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
            let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(key.sign(crate::key::Algorithm::Ed25519, signed.as_bytes()).unwrap()));
            prop_assert!(verifier.verify(&token, now()).is_err());
        }
    }
}
