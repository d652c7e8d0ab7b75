//! Access tokens: as they come, and signed here, so that what lies behind the signature is reached too.

use super::fixtures::{CLIENTS, NOW, now, sign_as_client};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use certauthz::{
    authz::BearerVerifier,
    cert::facts::Facts,
    key::PublicKey,
    scope::Scopes,
    token::{TokenVerifier, VerifiedToken},
};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use jiff::SignedDuration;
use serde_json::Value;
use std::sync::LazyLock;

static VALID: [&str; 4] = [
    include_str!("../seeds/token/valid-rsa"),
    include_str!("../seeds/token/valid-p256"),
    include_str!("../seeds/token/valid-p384"),
    include_str!("../seeds/token/valid-ed25519"),
];

/// One for each key, the Ed25519 one last, and the last one as servers use it.
static VERIFIERS: LazyLock<(Vec<TokenVerifier>, BearerVerifier)> = LazyLock::new(|| {
    let verifier = |certificate: &&[u8]| {
        let facts = Facts::from_der(certificate).expect("a fixture");
        let key = PublicKey::from_spki_der(&facts.spki).expect("a fixture");
        TokenVerifier::new(key, "http://as.example".into(), "bob".into(), SignedDuration::from_secs(5))
    };
    let verifiers: Vec<_> = CLIENTS.iter().map(verifier).collect();
    for (verifier, token) in verifiers.iter().zip(VALID) {
        verifier.verify(token, now()).expect("a fixture");
    }
    (verifiers, BearerVerifier::new(verifier(&CLIENTS[3])))
});

/// Accepted is a fixture, or what was signed here and says what a token must say.
pub fn token(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match text.split_once('\n') {
        Some((header, claims)) if header.starts_with('{') => signed_here(header, claims),
        _ => as_it_is(text),
    }
}

fn as_it_is(text: &str) {
    let (verifiers, bearer) = &*VERIFIERS;
    for (verifier, valid) in verifiers.iter().zip(VALID) {
        match verifier.verify(text, now()) {
            Ok(_) => assert_eq!(text, valid, "accepted, although nobody signed it"),
            Err(rejection) => assert!(rejection.to_string().len() <= 2 * text.len() + 1024),
        }
    }
    let Ok(value) = HeaderValue::try_from(format!("Bearer {text}")) else { return };
    let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
    if bearer.verify(&headers, &Scopes::default(), now()).is_ok() {
        assert_eq!(text.trim(), VALID[3]);
    }
}

fn signed_here(header: &str, claims: &str) {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(sign_as_client(signed.as_bytes())));
    if let Ok(verified) = VERIFIERS.0[3].verify(&token, now()) {
        // Members without a meaning here are passed over: unlike a general reader, with any escape, number or depth.
        if let (Ok(header), Ok(claims)) = (serde_json::from_str(header), serde_json::from_str(claims)) {
            check(&header, &claims, &verified);
        }
    }
}

/// The profile, read from a general JSON value.
fn check(header: &Value, claims: &Value, verified: &VerifiedToken) {
    assert_eq!(header["alg"], "EdDSA");
    let typ = header["typ"].as_str().expect("typ").to_ascii_lowercase();
    assert!(typ == "at+jwt" || typ == "application/at+jwt");
    assert!(header.get("crit").is_none());
    assert_eq!(claims["iss"], "http://as.example");
    match &claims["aud"] {
        Value::Array(many) => assert!(many.contains(&"bob".into())),
        one => assert_eq!(*one, "bob"),
    }
    let seconds = |name: &str| claims[name].as_f64().expect("a number").trunc();
    assert_eq!(seconds("exp"), verified.expires.as_second() as f64);
    assert!(verified.expires > now());
    for name in ["iat", "nbf"] {
        let absent = name == "nbf" && claims.get(name).is_none_or(Value::is_null);
        assert!(absent || (0.0..=(NOW + 5) as f64).contains(&seconds(name)), "{name}");
    }
    assert_eq!(claims["client_id"], *verified.client);
    assert_eq!(claims["jti"], *verified.id);
    assert_eq!(claims["scope"].as_str().unwrap_or_default(), verified.scopes.to_string());
    for name in ["sub", "client_id", "jti"] {
        assert!(claims[name].as_str().is_some_and(|text| !text.is_empty()), "{name}");
    }
}
