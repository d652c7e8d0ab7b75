//! A signed request is accepted once, as it was signed, and every way in which it can be wrong has its reason.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod common;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use certauthz::{
    authz::{Authorities, CertificateVerifier, Credential, Policy, RevocationCheck},
    crl::{RevocationStore, StalePolicy, Staleness},
    error::Reason,
    key::{Algorithm, KeyType, Signer as _},
    scope::Scopes,
    signature::{Component, LABEL, Parameters, SignatureHeaders, digest::BodyDigest, sign},
};
use common::{Ca, Client, NOW, Request, at, now, scopes, verifier, verifier_with};
use jiff::SignedDuration;
use proptest::prelude::*;

const URI: &str = "http://bob.example/cert?b=2";

fn verdict(verifier: &CertificateVerifier, request: &Request) -> Result<String, Reason> {
    verdict_at(verifier, request, NOW)
}

fn verdict_at(verifier: &CertificateVerifier, request: &Request, second: i64) -> Result<String, Reason> {
    let required = scopes("bob.user.read");
    let result = verifier.verify(&request.parts(), &request.body, &required, at(second));
    result.map(|principal| principal.client.to_string()).map_err(|rejection| rejection.reason())
}

fn world() -> (Ca, Client, CertificateVerifier) {
    let ca = Ca::root("Primary CA");
    let alice = ca.client("alice", KeyType::EcP256, "bob.user.read bob.user.write");
    let verifier = verifier(&ca);
    (ca, alice, verifier)
}

/// Signs anew with other components and parameters than the library's client would use.
fn resign(client: &Client, request: &mut Request, covered: &[&str], change: impl FnOnce(&mut Parameters<'_>)) {
    let mut parameters = Parameters {
        created: Some(NOW),
        expires: Some(NOW + 60),
        nonce: Some("0123456789abcdef".into()),
        tag: Some("certauthz".into()),
        ..Parameters::default()
    };
    change(&mut parameters);
    let algorithm = match parameters.alg.as_deref() {
        Some("rsa-pss-sha512") => Algorithm::RsaPssSha512,
        _ => client.key.public_key().key_type().algorithm(),
    };
    let components: Vec<_> = covered.iter().map(|name| Component::new(name)).collect();
    let SignatureHeaders { signature_input, signature } =
        sign(&client.key, algorithm, &request.parts(), LABEL, &components, &parameters).unwrap();
    request.set("signature-input", &signature_input);
    request.set("signature", &signature);
}

const COVERED: [&str; 5] = ["@method", "@authority", "@path", "@query", "x-client-cert"];

#[test]
fn every_key_type_is_accepted_once() {
    let ca = Ca::root("Primary CA");
    let verifier = verifier(&ca);
    for key_type in [KeyType::Rsa(2048), KeyType::EcP256, KeyType::EcP384, KeyType::Ed25519] {
        let client = ca.client("alice", key_type, "bob.user.read");
        let request = client.request("POST", URI, b"{\"a\":1}");
        assert_eq!(verdict(&verifier, &request), Ok("alice".to_owned()), "{key_type}");
        assert_eq!(verdict(&verifier, &request), Err(Reason::NonceReused), "{key_type}");
    }
}

#[test]
fn whatever_is_changed_breaks_it() {
    let (_, alice, verifier) = world();
    let signed = alice.request("POST", URI, b"{\"a\":1}");
    let changed = |change: &dyn Fn(&mut Request)| {
        let mut request = signed.clone();
        change(&mut request);
        verdict(&verifier, &request)
    };
    assert_eq!(changed(&|r| r.method = "PUT".parse().unwrap()), Err(Reason::SignatureInvalid));
    assert_eq!(changed(&|r| r.uri = "http://bob.example/cert?b=3".parse().unwrap()), Err(Reason::SignatureInvalid));
    assert_eq!(changed(&|r| r.uri = "http://bob.example/admin?b=2".parse().unwrap()), Err(Reason::SignatureInvalid));
    assert_eq!(changed(&|r| r.uri = "http://bob.example/cert".parse().unwrap()), Err(Reason::SignatureInvalid));
    assert_eq!(changed(&|r| r.uri = "http://carol.example/cert?b=2".parse().unwrap()), Err(Reason::AuthorityMismatch));
    assert_eq!(changed(&|r| r.body.push(b' ')), Err(Reason::DigestMismatch));
    assert_eq!(changed(&|r| r.body.clear()), Err(Reason::DigestMismatch));
    assert_eq!(changed(&|r| drop(r.headers.remove("content-digest"))), Err(Reason::DigestMissing));
    assert_eq!(changed(&|r| drop(r.headers.remove("signature"))), Err(Reason::SignatureMissing));
    assert_eq!(changed(&|r| drop(r.headers.remove("signature-input"))), Err(Reason::SignatureMissing));
    assert_eq!(changed(&|r| drop(r.headers.remove("x-client-cert"))), Err(Reason::CredentialMissing));
    assert_eq!(changed(&|r| r.set("x-client-cert", "not base64")), Err(Reason::CredentialMalformed));
    assert_eq!(changed(&|r| r.set("x-client-cert", "AAAA")), Err(Reason::CredentialMalformed));
    assert_eq!(changed(&|r| r.set("x-client-cert", &"A".repeat(50_000))), Err(Reason::CredentialTooLarge));
    assert_eq!(changed(&|r| r.set("signature-input", &"a".repeat(9_000))), Err(Reason::CredentialTooLarge));
    assert_eq!(changed(&|r| r.set("signature-input", "nonsense=1")), Err(Reason::SignatureMalformed));
    assert_eq!(changed(&|r| r.set("signature", "certauthz=:AAAA:")), Err(Reason::SignatureInvalid));
    assert_eq!(changed(&|r| r.set("signature", "other=:AAAA:")), Err(Reason::SignatureMalformed));
    // And nothing of all that used up the nonce.
    assert_eq!(verdict(&verifier, &signed), Ok("alice".to_owned()));
}

#[test]
fn headers_that_stand_twice_are_refused() {
    let (_, alice, verifier) = world();
    for (name, wanted) in [
        ("x-client-cert", Reason::CredentialMalformed),
        ("signature", Reason::SignatureMalformed),
        ("signature-input", Reason::SignatureMalformed),
    ] {
        let mut request = alice.request("GET", URI, b"");
        let value = request.headers[name].clone();
        request.headers.append(name, value);
        assert_eq!(verdict(&verifier, &request), Err(wanted), "{name}");
    }
    // Another signature beside ours is a proxy's business, on a line of its own or not.
    let mut request = alice.request("GET", URI, b"");
    request.headers.append("signature-input", "proxy=(\"@method\");created=1;keyid=\"p\"".parse().unwrap());
    request.headers.append("signature", "proxy=:AAAA:".parse().unwrap());
    assert_eq!(verdict(&verifier, &request), Ok("alice".to_owned()));
    // Two with our tag are not.
    let mut request = alice.request("GET", URI, b"");
    let (input, signature) = (request.header("signature-input").to_owned(), request.header("signature").to_owned());
    request.headers.append("signature-input", input.replacen("certauthz=", "second=", 1).parse().unwrap());
    request.headers.append("signature", signature.replacen("certauthz=", "second=", 1).parse().unwrap());
    assert_eq!(verdict(&verifier, &request), Err(Reason::SignatureMalformed));
}

#[test]
fn coverage_is_required_component_by_component() {
    let (_, alice, verifier) = world();
    let fresh = || alice.request("GET", URI, b"");
    for left_out in COVERED {
        let mut request = fresh();
        let covered: Vec<_> = COVERED.into_iter().filter(|name| *name != left_out).collect();
        resign(&alice, &mut request, &covered, |_| {});
        assert_eq!(verdict(&verifier, &request), Err(Reason::SignatureCoverage), "{left_out}");
    }
    let mut request = fresh();
    resign(&alice, &mut request, &[], |_| {});
    assert_eq!(verdict(&verifier, &request), Err(Reason::SignatureCoverage));
    // More may be covered, also the other derived components.
    let mut request = fresh();
    request.set("x-more", "  spaced   value ");
    let more = [&COVERED[..], &["@target-uri", "@scheme", "@request-target", "x-more"]].concat();
    resign(&alice, &mut request, &more, |p| p.nonce = Some("n".repeat(64).into()));
    assert_eq!(verdict(&verifier, &request), Ok("alice".to_owned()));
    request.set("x-more", "other");
    assert_eq!(verdict(&verifier, &request), Err(Reason::SignatureInvalid));
    // Components that are not known or not there are refused, not ignored.
    for bad in ["\"@status\"", "\"@query-param\"", "\"absent\"", "\"@method\";req", "\"Upper\""] {
        let mut request = fresh();
        let input = request.header("signature-input").replacen("(\"@method\"", &format!("({bad} \"@method\""), 1);
        request.set("signature-input", &input);
        assert_eq!(verdict(&verifier, &request), Err(Reason::SignatureCoverage), "{bad}");
    }
    // A body needs its digest covered.
    let mut request = alice.request("POST", URI, b"x");
    resign(&alice, &mut request, &COVERED, |_| {});
    assert_eq!(verdict(&verifier, &request), Err(Reason::SignatureCoverage));
}

#[test]
fn the_time_window_is_exact() {
    let (_, alice, verifier) = world();
    let mut n = 0;
    let mut check = |created: i64, expires: i64| {
        let mut request = alice.request("GET", URI, b"");
        n += 1;
        resign(&alice, &mut request, &COVERED, |p| {
            (p.created, p.expires) = (Some(created), Some(expires));
            p.nonce = Some(format!("nonce-number-{n:08}").into());
        });
        verdict(&verifier, &request).map(|_| ())
    };
    assert_eq!(check(NOW, NOW + 300), Ok(()));
    assert_eq!(check(NOW, NOW + 301), Err(Reason::SignatureWindow));
    assert_eq!(check(NOW, NOW), Err(Reason::SignatureWindow));
    assert_eq!(check(NOW, NOW - 1), Err(Reason::SignatureWindow));
    assert_eq!(check(NOW + 5, NOW + 60), Ok(()));
    assert_eq!(check(NOW + 6, NOW + 60), Err(Reason::SignatureNotYetValid));
    assert_eq!(check(NOW - 60, NOW + 60), Ok(()));
    assert_eq!(check(NOW - 61, NOW + 60), Err(Reason::SignatureExpired));
    assert_eq!(check(NOW - 10, NOW), Ok(()));
    assert_eq!(check(NOW - 10, NOW - 1), Err(Reason::SignatureExpired));
    for hostile in [-1, i64::MIN / 20_000, -999_999_999_999_999, 999_999_999_999_999] {
        assert!(check(hostile, hostile.saturating_add(60)).is_err(), "{hostile}");
        assert!(check(hostile, NOW).is_err(), "{hostile}");
        assert!(check(NOW, hostile).is_err(), "{hostile}");
    }
}

#[test]
fn parameters_are_required_and_bounded() {
    let (_, alice, verifier) = world();
    let check = |change: &dyn Fn(&mut Parameters<'_>)| {
        let mut request = alice.request("GET", URI, b"");
        resign(&alice, &mut request, &COVERED, change);
        verdict(&verifier, &request).map(|_| ())
    };
    assert_eq!(check(&|p| p.created = None), Err(Reason::SignatureMalformed));
    assert_eq!(check(&|p| p.expires = None), Err(Reason::SignatureMalformed));
    assert_eq!(check(&|p| p.nonce = None), Err(Reason::SignatureMalformed));
    assert_eq!(check(&|p| p.nonce = Some("short".into())), Err(Reason::SignatureMalformed));
    assert_eq!(check(&|p| p.nonce = Some("n".repeat(65).into())), Err(Reason::SignatureMalformed));
    assert_eq!(check(&|p| p.tag = None), Err(Reason::SignatureMissing));
    assert_eq!(check(&|p| p.tag = Some("other".into())), Err(Reason::SignatureMissing));
    assert_eq!(check(&|p| p.alg = Some("hmac-sha256".into())), Err(Reason::AlgorithmForbidden));
    assert_eq!(check(&|p| p.alg = Some("rsa-v1_5-sha256".into())), Err(Reason::AlgorithmForbidden));
    assert_eq!(check(&|p| p.alg = Some("ecdsa-p256-sha256".into())), Ok(()));
}

#[test]
fn rsa_signs_with_pss_where_alg_says_so() {
    let ca = Ca::root("Primary CA");
    let (client, verifier) = (ca.client("alice", KeyType::Rsa(2048), "bob.user.read"), verifier(&ca));
    let mut request = client.request("GET", URI, b"");
    resign(&client, &mut request, &COVERED, |p| p.alg = Some("rsa-pss-sha512".into()));
    assert_eq!(verdict(&verifier, &request), Ok("alice".to_owned()));
}

#[test]
fn scopes_decide_last() {
    let ca = Ca::root("Primary CA");
    let verifier = verifier(&ca);
    let bob = ca.client("bob", KeyType::EcP256, "alice.user.read");
    assert_eq!(verdict(&verifier, &bob.request("GET", URI, b"")), Err(Reason::InsufficientScope));
    let principal = verifier.verify(&bob.request("GET", URI, b"").parts(), b"", &Scopes::default(), now()).unwrap();
    assert_eq!((&*principal.client, principal.scopes.to_string().as_str()), ("bob", "alice.user.read"));
    assert_eq!(principal.credential, Credential::Certificate { revocation: Staleness::Current });
}

#[test]
fn another_ca_is_not_trusted_and_an_intermediate_needs_its_chain() {
    let (ca, _, verifier) = world();
    let stranger = Ca::root("Primary CA").client("alice", KeyType::EcP256, "bob.user.read");
    assert_eq!(verdict(&verifier, &stranger.request("GET", URI, b"")), Err(Reason::CertificateUntrusted));

    let sub = ca.intermediate("Sub CA");
    let policy = Policy::new(Authorities::new(["bob.example"]).unwrap());
    let both = verifier_with(&ca, &[&ca, &sub], policy, 100);
    let mut dave = sub.client("dave", KeyType::Ed25519, "bob.user.read");
    assert_eq!(verdict(&both, &dave.request("GET", URI, b"")), Err(Reason::CertificateUntrusted));
    dave.chain = vec![sub.facts.der.clone()];
    assert_eq!(verdict(&both, &dave.request("GET", URI, b"")), Ok("dave".to_owned()));
    assert_eq!(verdict(&verifier, &dave.request("GET", URI, b"")), Err(Reason::RevocationUnknown), "no list of Sub CA");
    // The chain is covered where it is sent.
    let mut request = dave.request("GET", URI, b"");
    resign(&dave, &mut request, &COVERED, |_| {});
    assert_eq!(verdict(&both, &request), Err(Reason::SignatureCoverage));
    let five = vec![STANDARD.encode(&sub.facts.der); 5].join(",");
    request.set("x-client-cert-chain", &five);
    assert_eq!(verdict(&both, &request), Err(Reason::CredentialMalformed));
    // A revoked intermediate takes its clients with it.
    let mut lists = RevocationStore::new();
    lists.offer(ca.crl(2, &[&sub.facts])).unwrap();
    lists.offer(sub.crl(1, &[])).unwrap();
    both.set_lists(lists);
    assert_eq!(verdict(&both, &dave.request("GET", URI, b"")), Err(Reason::CertificateRevoked));
}

#[test]
fn a_remembered_certificate_answers_like_a_new_one() {
    let ca = Ca::root("Primary CA");
    let alice = ca.client("alice", KeyType::EcP256, "bob.user.read");
    let policy = Policy::new(Authorities::new(["bob.example"]).unwrap());
    let end = alice.facts.not_after.as_second();
    for cache in [0, 100] {
        let mut open = policy.clone();
        open.revocation = RevocationCheck::Required(StalePolicy::FailOpen);
        let verifier = verifier_with(&ca, &[&ca], open, cache);
        for _ in 0..2 {
            assert_eq!(verdict(&verifier, &alice.request("GET", URI, b"")), Ok("alice".to_owned()));
        }
        // Past its end the remembered one is no better; before its start neither.
        let late = alice.request_at("GET", URI, b"", end + 1);
        assert_eq!(verdict_at(&verifier, &late, end + 1), Err(Reason::CertificateExpired), "cache {cache}");
        let early = alice.request_at("GET", URI, b"", NOW - 120);
        assert_eq!(verdict_at(&verifier, &early, NOW - 120), Err(Reason::CertificateNotYetValid), "cache {cache}");
        let last = alice.request_at("GET", URI, b"", end);
        assert_eq!(verdict_at(&verifier, &last, end), Ok("alice".to_owned()), "cache {cache}");
        // A new list counts from the next request on.
        let mut lists = RevocationStore::new();
        lists.offer(ca.crl(2, &[&alice.facts])).unwrap();
        verifier.set_lists(lists);
        assert_eq!(verdict(&verifier, &alice.request("GET", URI, b"")), Err(Reason::CertificateRevoked));
        verifier.set_lists(RevocationStore::new());
        assert_eq!(verdict(&verifier, &alice.request("GET", URI, b"")), Err(Reason::RevocationUnknown));
    }
}

#[test]
fn a_stale_list_is_handled_as_the_policy_says() {
    let ca = Ca::root("Primary CA");
    let alice = ca.client("alice", KeyType::EcP256, "bob.user.read");
    let late = NOW + 3600 + 600;
    for (stale, wanted) in [
        (StalePolicy::FailClosed, Err(Reason::RevocationUnknown)),
        (StalePolicy::Grace(SignedDuration::from_mins(15)), Ok("alice".to_owned())),
        (StalePolicy::Grace(SignedDuration::from_mins(5)), Err(Reason::RevocationUnknown)),
        (StalePolicy::FailOpen, Ok("alice".to_owned())),
    ] {
        let mut policy = Policy::new(Authorities::new(["bob.example"]).unwrap());
        policy.revocation = RevocationCheck::Required(stale);
        let verifier = verifier_with(&ca, &[&ca], policy, 100);
        assert_eq!(verifier.stale_policy(now()), None);
        assert_eq!(verifier.stale_policy(at(late)), Some(stale));
        assert_eq!(verdict_at(&verifier, &alice.request_at("GET", URI, b"", late), late), wanted, "{stale:?}");
    }
}

#[test]
fn what_was_signed_before_the_start_is_refused() {
    let ca = Ca::root("Primary CA");
    let alice = ca.client("alice", KeyType::EcP256, "bob.user.read");
    let mut policy = Policy::new(Authorities::new(["bob.example"]).unwrap());
    policy.started = Some(now());
    let verifier = verifier_with(&ca, &[&ca], policy, 100);
    assert_eq!(verdict(&verifier, &alice.request_at("GET", URI, b"", NOW - 1)), Err(Reason::SignatureExpired));
    assert_eq!(verdict(&verifier, &alice.request_at("GET", URI, b"", NOW)), Ok("alice".to_owned()));
}

#[test]
fn a_body_that_outlasts_its_request_is_no_way_around_the_replay_memory() {
    let (_, alice, verifier) = world();
    let required = scopes("bob.user.read");
    let request = alice.request("GET", URI, b"");
    let head = |second| verifier.check_head(&request.parts(), false, at(second), &mut ()).unwrap();
    let finish = |head, second| verifier.check_body(head, BodyDigest::new(), &required, at(second), &mut ());
    // Heads are sent in time, their bodies end when the nonce is forgotten.
    let (first, second, third) = (head(NOW), head(NOW + 60), head(NOW + 60));
    assert!(finish(first, NOW).is_ok());
    for (late, second) in [(second, NOW + 61), (third, NOW + 80)] {
        assert_eq!(finish(late, second).unwrap_err().reason(), Reason::SignatureExpired);
    }
}

#[test]
fn a_certificate_of_another_client_with_my_signature_is_not_mine() {
    let (ca, alice, verifier) = world();
    let mallory = ca.client("mallory", KeyType::EcP256, "bob.user.read");
    let mut request = mallory.request("GET", URI, b"");
    request.set("x-client-cert", &STANDARD.encode(&alice.facts.der));
    assert_eq!(verdict(&verifier, &request), Err(Reason::SignatureInvalid));
    resign(&mallory, &mut request, &COVERED, |_| {});
    assert_eq!(verdict(&verifier, &request), Err(Reason::SignatureInvalid));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn hostile_headers_never_panic_and_never_pass(
        certificate in proptest::option::of("[ -~]{0,80}"),
        input in "[ -~]{0,120}",
        signature in "[ -~]{0,80}",
        flip in any::<prop::sample::Index>(),
    ) {
        let (_, alice, verifier) = world();
        let mut request = alice.request("GET", URI, b"");
        if let Some(certificate) = certificate {
            request.set("x-client-cert", &certificate);
        } else {
            let mut der = alice.facts.der.clone();
            let at = flip.index(der.len());
            der[at] ^= 0x55;
            request.set("x-client-cert", &STANDARD.encode(der));
        }
        prop_assert!(verdict(&verifier, &request).is_err());
        request.set("signature-input", &input);
        prop_assert!(verdict(&verifier, &request).is_err());
        request.set("signature", &signature);
        prop_assert!(verdict(&verifier, &request).is_err());
    }
}
