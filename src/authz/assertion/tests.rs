use super::*;
use crate::{error::Reason, scope::Scopes};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: i64 = 1_800_000_000;
const AUDIENCE: &str = "http://127.0.0.1:8586/oauth/token";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn verifier() -> AssertionVerifier {
    AssertionVerifier::new(vec!["http://as".into(), AUDIENCE.into()], at(NOW - 10), 1000).unwrap()
}

fn registry(key: &LocalKey) -> Registry {
    let life = (at(NOW - 100), at(NOW + 1000));
    let other = LocalKey::generate(KeyType::Ed25519).unwrap();
    Registry::default().with(("alice", "alice.example"), key.public_key(), "bob.user.read", 7, life).with(
        ("bob", "bob"),
        other.public_key(),
        "alice.x",
        8,
        life,
    )
}

fn claims() -> Value {
    json!({"iss": "alice", "sub": "alice", "aud": AUDIENCE, "exp": NOW + 60, "iat": NOW, "jti": "1"})
}

fn sign(key: &LocalKey, header: &Value, claims: &Value) -> String {
    let b64 = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", b64(header), b64(claims));
    let signature = key.sign(key.public_key().key_type().algorithm(), signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn header(key: &LocalKey) -> Value {
    json!({"alg": key.public_key().key_type().algorithm().jose_name()})
}

/// `None` if it is accepted.
fn reason(key: &LocalKey, header: &Value, claims: &Value) -> Option<Reason> {
    verifier().verify(&sign(key, header, claims), None, &registry(key), at(NOW)).err().map(|r| r.reason())
}

fn with(name: &str, value: Value) -> Value {
    let mut changed = claims();
    changed[name] = value;
    changed
}

#[test]
fn every_kind_of_key_is_accepted_once() {
    for key_type in [KeyType::Rsa(2048), KeyType::EcP256, KeyType::EcP384, KeyType::Ed25519] {
        let key = LocalKey::generate(key_type).unwrap();
        let (verifier, registry) = (verifier(), registry(&key));
        let mut both = claims();
        (both["iss"], both["sub"], both["jti"]) = ("alice.example".into(), "alice.example".into(), "2".into());
        for claims in [claims(), both] {
            let assertion = sign(&key, &header(&key), &claims);
            let client = verifier.verify(&assertion, claims["iss"].as_str(), &registry, at(NOW)).unwrap();
            assert_eq!((&**client.name(), client.scopes()), ("alice", &Scopes::parse("bob.user.read").unwrap()));
            let again = verifier.verify(&assertion, None, &registry, at(NOW + 59)).unwrap_err();
            assert_eq!(again, Rejection::NonceReused, "{key_type}");
        }
        assert_eq!(verifier.used().len(), 2);
    }
}

#[test]
fn every_wrong_header_is_refused() {
    let key = LocalKey::generate(KeyType::EcP256).unwrap();
    for (header, wanted) in [
        (json!({"alg": "ES256"}), None),
        (json!({"alg": "ES256", "typ": "jwt", "kid": "whatever"}), None),
        (json!({"alg": "ES256", "typ": "client-authentication+jwt"}), None),
        (json!({"alg": "ES256", "typ": "at+jwt"}), Some(Reason::TokenType)),
        (json!({"alg": "ES256", "crit": []}), Some(Reason::TokenType)),
        (json!({"alg": "none"}), Some(Reason::AlgorithmForbidden)),
        (json!({"alg": "HS256"}), Some(Reason::AlgorithmForbidden)),
        (json!({"alg": "PS512"}), Some(Reason::AlgorithmForbidden)),
        (json!({"alg": "ES384"}), Some(Reason::TokenSignature)),
        (json!({"alg": "RS256"}), Some(Reason::TokenSignature)),
        (json!({"typ": "JWT"}), Some(Reason::TokenMalformed)),
        (json!(7), Some(Reason::TokenMalformed)),
    ] {
        assert_eq!(reason(&key, &header, &claims()), wanted, "{header}");
    }
}

#[test]
fn every_wrong_claim_is_refused() {
    let key = LocalKey::generate(KeyType::EcP256).unwrap();
    for (name, value, wanted) in [
        ("aud", json!(["x", "http://as"]), None),
        ("aud", json!("http://as/"), Some(Reason::TokenAudience)),
        ("aud", json!([]), Some(Reason::TokenAudience)),
        ("aud", json!(null), Some(Reason::TokenClaims)),
        ("iss", json!("bob"), Some(Reason::TokenClaims)),
        ("sub", json!(null), Some(Reason::TokenClaims)),
        ("exp", json!(null), Some(Reason::TokenClaims)),
        ("exp", json!(NOW), Some(Reason::TokenExpired)),
        ("exp", json!(NOW + 305), None),
        ("exp", json!(NOW + 306), Some(Reason::TokenClaims)),
        ("exp", json!(-1), Some(Reason::TokenClaims)),
        ("exp", json!(i64::MAX), Some(Reason::TokenClaims)),
        ("iat", json!(null), None),
        ("iat", json!(NOW + 5), None),
        ("iat", json!(NOW + 6), Some(Reason::TokenNotYetValid)),
        ("iat", json!(NOW - 10), None),
        ("iat", json!(NOW - 11), Some(Reason::SignatureExpired)),
        ("nbf", json!(NOW + 6), Some(Reason::TokenNotYetValid)),
        ("nbf", json!(NOW - 1000), None),
        ("jti", json!(null), Some(Reason::TokenClaims)),
        ("jti", json!(""), Some(Reason::TokenClaims)),
        ("jti", json!("é".repeat(256)), None),
        ("jti", json!("é".repeat(257)), Some(Reason::TokenClaims)),
        ("jti", json!(1), Some(Reason::TokenClaims)),
    ] {
        assert_eq!(reason(&key, &header(&key), &with(name, value.clone())), wanted, "{name}: {value}");
    }
}

#[test]
fn who_is_not_the_client_is_refused_and_nothing_is_remembered() {
    let (key, thief) = (LocalKey::generate(KeyType::EcP256).unwrap(), LocalKey::generate(KeyType::EcP256).unwrap());
    let (verifier, known) = (verifier(), registry(&key));
    let refused = |key: &LocalKey, claims: &Value, client_id, registry: &Registry, now| {
        verifier.verify(&sign(key, &header(key), claims), client_id, registry, now).unwrap_err().reason()
    };
    let named = |name: &str| {
        let mut claims = claims();
        (claims["iss"], claims["sub"]) = (name.into(), name.into());
        claims
    };
    assert_eq!(refused(&thief, &claims(), None, &known, at(NOW)), Reason::TokenSignature);
    assert_eq!(refused(&key, &claims(), Some("bob"), &known, at(NOW)), Reason::TokenClaims);
    for name in ["bob", "nobody", "", "Alice"] {
        assert_eq!(refused(&key, &named(name), None, &known, at(NOW)), Reason::TokenSignature, "{name}");
    }
    let revoked = known.clone().without(7);
    assert_eq!(refused(&key, &claims(), None, &revoked, at(NOW)), Reason::CertificateUntrusted);
    let later = with("exp", json!(NOW + 1060));
    assert_eq!(refused(&key, &later, None, &known, at(NOW + 1001)), Reason::CertificateUntrusted);
    assert!(verifier.used().is_empty());
}

#[test]
fn a_full_memory_is_said_to_be_full() {
    let key = LocalKey::generate(KeyType::Ed25519).unwrap();
    let verifier = AssertionVerifier::new(vec![AUDIENCE.into()], at(NOW), 16).unwrap();
    let registry = registry(&key);
    let outcomes: Vec<_> = (0..200)
        .map(|id| {
            verifier.verify(&sign(&key, &header(&key), &with("jti", json!(id.to_string()))), None, &registry, at(NOW))
        })
        .collect();
    assert!(outcomes.iter().any(|outcome| matches!(outcome, Err(Rejection::ReplayMemoryFull))));
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(_) | Err(Rejection::ReplayMemoryFull))));
}

#[test]
fn audiences_are_the_issuer_and_every_authority() {
    let own = Authorities::new(["127.0.0.1:8586", "as.example"]).unwrap();
    let audiences = assertion_audiences("https://as.example/", &own);
    for wanted in [
        "https://as.example/",
        "https://as.example",
        "https://as.example/oauth/token",
        "http://127.0.0.1:8586/oauth/token",
    ] {
        assert!(audiences.iter().any(|audience| audience == wanted), "{wanted} {audiences:?}");
    }
}

#[test]
fn what_is_too_long_is_not_read() {
    let key = LocalKey::generate(KeyType::Ed25519).unwrap();
    let long = with("x", json!("y".repeat(20_000)));
    assert_eq!(reason(&key, &header(&key), &long), Some(Reason::CredentialTooLarge));
}

proptest! {
    #[test]
    fn junk_never_panics(text in "\\PC{0,80}", parts in proptest::collection::vec("[A-Za-z0-9_-]{0,60}", 3)) {
        let key = LocalKey::generate(KeyType::Ed25519).unwrap();
        let (verifier, registry) = (verifier(), registry(&key));
        for junk in [text, parts.join(".")] {
            prop_assert!(verifier.verify(&junk, None, &registry, at(NOW)).is_err());
        }
    }

    #[test]
    fn strange_json_never_panics(head in "[ -~]{0,40}", payload in "[ -~]{0,80}", value in any::<f64>(), name in 0usize..7) {
        let key = LocalKey::generate(KeyType::Ed25519).unwrap();
        let (verifier, registry) = (verifier(), registry(&key));
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let assertion = format!("{}.{}.AA", part(&head), part(&payload));
        prop_assert!(verifier.verify(&assertion, None, &registry, at(NOW)).is_err());
        let name = ["iss", "sub", "aud", "exp", "iat", "nbf", "jti"][name];
        let _ = verifier.verify(&sign(&key, &header(&key), &with(name, json!(value))), None, &registry, at(NOW));
    }

    #[test]
    fn no_changed_assertion_is_accepted(place in 0usize..400, byte in "[A-Za-z0-9_.-]") {
        let key = LocalKey::generate(KeyType::Ed25519).unwrap();
        let (verifier, registry) = (verifier(), registry(&key));
        let assertion = sign(&key, &header(&key), &claims());
        let place = place % assertion.len();
        let mut changed = assertion.clone();
        changed.replace_range(place..=place, &byte);
        prop_assert_eq!(verifier.verify(&changed, None, &registry, at(NOW)).is_ok(), changed == assertion);
    }
}
