//! The keys of an issuer change.

use certauthz::{
    authz::BearerVerifier,
    error::Reason,
    key::{KeyType, LocalKey, PublicKey, Signer as _},
    scope::Scopes,
    token::{Claims, KeySet, TokenVerifier, issue},
};
use http::{HeaderMap, header::AUTHORIZATION};
use jiff::{SignedDuration, Timestamp};

const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

fn token(key: &LocalKey, id: &str) -> HeaderMap {
    let claims = Claims {
        iss: "http://as".into(),
        sub: "alice".into(),
        client_id: "alice".into(),
        aud: "bob".into(),
        exp: NOW.as_second() + 900,
        iat: NOW.as_second(),
        jti: id.into(),
        scope: "bob.user.read".into(),
        cnf: None,
    };
    let value = format!("Bearer {}", issue(key, &claims).unwrap()).parse().unwrap();
    HeaderMap::from_iter([(AUTHORIZATION, value)])
}

fn set(keys: &[&LocalKey]) -> KeySet {
    KeySet::new(keys.iter().map(|key| PublicKey::from_jwk(&key.public_key().to_jwk()).unwrap())).unwrap()
}

#[test]
fn both_keys_hold_while_they_change_and_the_old_one_dies_at_once() {
    for cache in [0, 100] {
        let [old, new] = [KeyType::Rsa(2048), KeyType::EcP256].map(|key_type| LocalKey::generate(key_type).unwrap());
        let tokens = TokenVerifier::with_keys(set(&[&old]), "http://as".into(), "bob".into(), SignedDuration::ZERO);
        let verifier = BearerVerifier::with_cache(tokens, cache);
        let (by_old, by_new) = (token(&old, "1"), token(&new, "2"));
        let required = Scopes::parse("bob.user.read").unwrap();
        let ask = |headers| verifier.verify(headers, &required, NOW).map(|_| ()).map_err(|r| r.reason());

        assert_eq!((ask(&by_old), ask(&by_new)), (Ok(()), Err(Reason::AlgorithmForbidden)));
        assert_eq!((verifier.names_unknown_key(&by_old), verifier.names_unknown_key(&by_new)), (false, true));
        verifier.set_keys(set(&[&old, &new]));
        assert_eq!([0; 2].map(|_| (ask(&by_old), ask(&by_new))), [(Ok(()), Ok(())); 2]);
        assert!(!verifier.names_unknown_key(&by_new));
        verifier.set_keys(set(&[&new, &old]));
        let hits = verifier.cache_counts().hits;
        assert_eq!((ask(&by_old), ask(&by_new)), (Ok(()), Ok(())));
        let remembered = if cache == 0 { 0 } else { 2 };
        assert_eq!(verifier.cache_counts().hits - hits, remembered, "the same keys in another order");

        verifier.set_keys(set(&[&new]));
        assert_eq!((ask(&by_old), ask(&by_new)), (Err(Reason::AlgorithmForbidden), Ok(())));
        verifier.set_keys(set(&[&old]));
        assert_eq!((ask(&by_old), ask(&by_new)), (Ok(()), Err(Reason::AlgorithmForbidden)));
    }
}

#[test]
fn keys_change_under_requests() {
    let keys = [(); 2].map(|()| LocalKey::generate(KeyType::Ed25519).unwrap());
    let tokens = TokenVerifier::with_keys(set(&[&keys[0]]), "http://as".into(), "bob".into(), SignedDuration::ZERO);
    let verifier = BearerVerifier::with_cache(tokens, 100);
    let headers: Vec<_> = keys.iter().map(|key| token(key, "1")).collect();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for round in 0..300 {
                    // Either answer is right in the meantime, but no other.
                    match verifier.verify(&headers[round % 2], &Scopes::default(), NOW) {
                        Ok(principal) => assert_eq!(&*principal.client, "alice"),
                        Err(rejection) => assert_eq!(rejection.reason(), Reason::TokenSignature),
                    }
                }
            });
        }
        for round in 0..100 {
            verifier.set_keys(set(&[&keys[round % 2]]));
        }
    });
    verifier.set_keys(set(&[&keys[1]]));
    let after = headers.iter().map(|headers| verifier.verify(headers, &Scopes::default(), NOW).is_ok());
    assert_eq!(after.collect::<Vec<_>>(), [false, true]);
}
