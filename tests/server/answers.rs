//! Statuses, reasons and the headers that belong to them.

use crate::{
    common::Ca,
    world::{Message, World, accepted, limits, refused},
};
use certauthz::{
    authz::{CertificateVerifier, RevocationCheck},
    cert::chain::Anchors,
    crl::{RevocationStore, StalePolicy},
    key::KeyType,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

#[test]
fn success_says_who_was_let_in() {
    let world = World::new();
    let answer = world.ask(world.with_token().bytes());
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.json(), json!({"client": "alice", "scopes": ["bob.user.read"], "credential": "token"}));
    let answer = world.ask(world.cert().bytes());
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let scopes = ["bob.user.read", "bob.user.write"];
    assert_eq!(answer.json(), json!({"client": "alice", "scopes": scopes, "credential": "certificate"}));
    for absent in ["www-authenticate", "accept-signature", "retry-after", "certauthz-revocation"] {
        assert_eq!(answer.header(absent), None, "{absent}");
    }
    let answer = world.ask("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!((answer.status, answer.json()), (200, json!({"status": "ok"})));
}

#[test]
fn a_refusal_is_a_problem_with_its_reason_and_challenge_and_nothing_else() {
    let world = World::new();
    let answer = world.ask("GET /token HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.json(), json!({"title": "Unauthorized", "status": 401, "reason": "credential_missing"}));
    // RFC 6750 section 3.1: no error code where no credential was sent.
    assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"certauthz\""));
    assert_eq!(answer.header("accept-signature"), None);

    let answer = world.ask(world.with_token().set("authorization", "Bearer a.b.c").bytes());
    assert_eq!(answer.verdict(), refused(401, "token_malformed"));
    assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"certauthz\", error=\"invalid_token\""));

    let poor = format!("Bearer {}", world.token("other"));
    let answer = world.ask(world.with_token().set("authorization", &poor).bytes());
    assert_eq!(answer.verdict(), refused(403, "insufficient_scope"));
    let wanted = "Bearer realm=\"certauthz\", error=\"insufficient_scope\", scope=\"bob.user.read\"";
    assert_eq!(answer.header("www-authenticate"), Some(wanted));

    let answer = world.ask("GET /cert HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!(answer.json(), json!({"title": "Unauthorized", "status": 401, "reason": "credential_missing"}));
    let wanted = "Certauthz realm=\"certauthz\", error=\"credential_missing\"";
    assert_eq!(answer.header("www-authenticate"), Some(wanted));
    let signature = answer.header("accept-signature").unwrap();
    for part in ["@method", "@authority", "@path", "@query", "x-client-cert", ";created;expires;", "tag=\"certauthz\""]
    {
        assert!(signature.contains(part), "{part} in {signature}");
    }
    assert!(!signature.contains("content-digest"), "{signature}");
    let answer = world.ask("POST /cert HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\nx");
    assert!(answer.header("accept-signature").unwrap().contains("\"content-digest\")"), "a body has to be covered");

    let answer = world.ask(world.cert().set("x-client-cert", &"A".repeat(50_000)).bytes());
    assert_eq!(answer.verdict(), refused(431, "credential_too_large"));
    assert_eq!(world.verdict(&Message::new("GET /nowhere HTTP/1.1").header("host", "x")), refused(404, ""));
}

#[test]
fn a_certificate_without_the_scope_is_forbidden() {
    let ca = Ca::root_at("Primary CA", Timestamp::now());
    let bob = ca.client("bob", KeyType::Ed25519, "alice.user.read");
    let world = World::serve(ca, limits(), None, |ca, policy| crate::common::verifier_with(ca, &[ca], policy, 100));
    let answer = world.ask(Message::signed_by(&bob, "GET", "http://bob.example/cert", b"").bytes());
    assert_eq!(answer.verdict(), refused(403, "insufficient_scope"));
    assert!(answer.header("www-authenticate").unwrap().contains("scope=\"bob.user.read\""));
}

#[test]
fn unavailable_says_when_to_come_again() {
    let ca = Ca::root_at("Primary CA", Timestamp::now());
    let world = World::serve(ca, limits(), None, |ca, policy| {
        let anchors = Anchors::new([ca.facts.der.clone()]).unwrap();
        CertificateVerifier::new(anchors, policy, RevocationStore::new(), 100, 100)
    });
    let answer = world.ask(world.cert().bytes());
    assert_eq!(answer.verdict(), refused(503, "revocation_unknown"));
    assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() > 0);
    assert_eq!(answer.header("www-authenticate"), None);
}

#[test]
fn a_full_replay_memory_refuses_and_forgets_nothing() {
    let ca = Ca::root_at("Primary CA", Timestamp::now());
    let world = World::serve(ca, limits(), None, |ca, policy| {
        let mut lists = RevocationStore::new();
        lists.offer(ca.crl(1, &[])).unwrap();
        let anchors = Anchors::new([ca.facts.der.clone()]).unwrap();
        CertificateVerifier::new(anchors, policy, lists, 100, 16)
    });
    let first = world.cert();
    assert_eq!(world.verdict(&first), accepted());
    let full = (0..100).map(|_| world.ask(world.cert().bytes())).find(|answer| answer.status != 200).unwrap();
    assert_eq!(full.verdict(), refused(503, "replay_memory_full"));
    assert!(full.header("retry-after").is_some());
    assert_eq!(world.verdict(&first), refused(401, "nonce_reused"));
}

#[test]
fn each_policy_for_a_stale_list_is_named_in_the_answer() {
    for (policy, verdict, named) in [
        (StalePolicy::FailClosed, refused(503, "revocation_unknown"), "fail-closed"),
        (StalePolicy::Grace(SignedDuration::from_mins(15)), accepted(), "grace"),
        (StalePolicy::Grace(SignedDuration::from_mins(1)), refused(503, "revocation_unknown"), "grace"),
        (StalePolicy::FailOpen, accepted(), "fail-open"),
    ] {
        // Its list was good for an hour: it has been stale for ten minutes.
        let ca = Ca::root_at("Primary CA", Timestamp::now() - SignedDuration::from_mins(70));
        let world = World::serve(ca, limits(), None, move |ca, mut all| {
            all.revocation = RevocationCheck::Required(policy);
            crate::common::verifier_with(ca, &[ca], all, 100)
        });
        let answer = world.ask(world.cert().bytes());
        assert_eq!(answer.verdict(), verdict, "{policy:?}");
        let header = answer.header("certauthz-revocation").unwrap();
        assert_eq!(header, format!("stale; policy={named}"));
        assert_eq!(answer.header("retry-after").is_some(), answer.status == 503);
        // Tokens know no list.
        assert_eq!(world.ask(world.with_token().bytes()).header("certauthz-revocation"), None);
    }
}
