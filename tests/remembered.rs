//! What is remembered changes no answer: a verifier with a cache and one without decide alike about whatever happens.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use certauthz::{
    authz::{Authorities, BearerVerifier, CertificateVerifier, Policy, Principal, RevocationCheck},
    cert::{chain::Anchors, extension::SCOPES_OID},
    crl::{RevocationStore, StalePolicy},
    error::{Reason, Rejection},
    key::{KeyType, LocalKey, PublicKey, Signer as _},
    token::{Claims, TokenVerifier, issue},
};
use common::{Ca, Client, NOW, at, scopes, template};
use http::{HeaderMap, header::AUTHORIZATION};
use jiff::SignedDuration;
use proptest::prelude::*;
use std::{collections::HashSet, sync::Arc};

const DAY: i64 = 86_400;
/// Around the ends of a day-long, a year-long and an intermediate's certificate, and of the CA's.
const TIMES: [i64; 9] =
    [0, 3600, DAY - 90, DAY + 90, 300 * DAY, 365 * DAY + 90, 999 * DAY, 1000 * DAY + 90, 3650 * DAY + 90];

struct World {
    roots: [Ca; 2],
    middle: Ca,
    clients: Vec<Client>,
}

impl World {
    fn new() -> Self {
        let roots = [Ca::root("Primary CA"), Ca::root("Secondary CA")];
        let middle = roots[0].intermediate("Middle CA");
        let mut alice = roots[0].client("alice", KeyType::EcP256, "bob.user.read bob.user.write");
        let brief = Arc::new(LocalKey::generate(KeyType::EcP256).unwrap());
        let granted = scopes("bob.user.read");
        let one_day = template("brief", 1);
        let facts =
            roots[0].issuer().client(&one_day, brief.public_key(), &granted, &SCOPES_OID, common::now()).unwrap();
        let brief = Client { facts, chain: Vec::new(), key: brief };
        // Scopes under another identifier are none.
        let other_oid = "1.2.3.4".parse().unwrap();
        let key = Arc::new(LocalKey::generate(KeyType::Ed25519).unwrap());
        let template = template("none", 365);
        let facts = roots[0].issuer().client(&template, key.public_key(), &granted, &other_oid, common::now()).unwrap();
        let none = Client { facts, chain: Vec::new(), key };
        let mut below = middle.client("below", KeyType::Ed25519, "bob.user.read");
        below.chain = vec![middle.facts.der.clone()];
        let foreign = roots[1].client("foreign", KeyType::EcP256, "bob.user.read");
        alice.chain = Vec::new();
        Self { roots, middle, clients: vec![alice, brief, none, below, foreign] }
    }

    fn anchors(&self, which: usize) -> Anchors {
        let ders = |roots: &[Ca]| roots.iter().map(|ca| ca.facts.der.clone()).collect::<Vec<_>>();
        Anchors::new(match which {
            0 => ders(&self.roots),
            1 => ders(&self.roots[..1]),
            _ => ders(&self.roots[1..]),
        })
        .unwrap()
    }

    /// Bit by bit: alice, below and the middle CA are revoked, the middle CA has no list.
    fn lists(&self, bits: u8) -> RevocationStore {
        let revoked = |bit: u8, facts| (bits & bit != 0).then_some(facts);
        let by_root: Vec<_> =
            revoked(1, &self.clients[0].facts).into_iter().chain(revoked(4, &self.middle.facts)).collect();
        let by_middle: Vec<_> = revoked(2, &self.clients[3].facts).into_iter().collect();
        let mut store = RevocationStore::new();
        store.offer(self.roots[0].crl(1, &by_root)).unwrap();
        store.offer(self.roots[1].crl(1, &[])).unwrap();
        if bits & 8 == 0 {
            store.offer(self.middle.crl(1, &by_middle)).unwrap();
        }
        store
    }

    fn verifier(&self, cache: usize) -> CertificateVerifier {
        let mut policy = Policy::new(Authorities::new(["bob.example"]).unwrap());
        // The years of this test are longer than any list is fresh.
        policy.revocation = RevocationCheck::Required(StalePolicy::FailOpen);
        CertificateVerifier::new(self.anchors(0), policy, self.lists(0), cache, 10_000)
    }
}

#[derive(Debug, Clone)]
enum Event {
    Time(usize),
    Lists(u8),
    Anchors(usize),
    /// Client, form of the chain, flaw, whether it needs a scope that not all have, whether it is sent twice.
    Request(usize, usize, usize, bool, bool),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        1 => (0..TIMES.len()).prop_map(Event::Time),
        1 => (0..16u8).prop_map(Event::Lists),
        1 => (0..3usize).prop_map(Event::Anchors),
        6 => (0..5usize, 0..9usize, 0..9usize, any::<bool>(), any::<bool>())
            .prop_map(|(client, chain, flaw, write, again)| Event::Request(client, chain, flaw, write, again)),
    ]
}

fn told(verdict: Result<Principal, Rejection>) -> Result<Principal, Reason> {
    verdict.map_err(|rejection| rejection.reason())
}

fn chain_text(world: &World, form: usize) -> Option<String> {
    let (middle, root) = (STANDARD.encode(&world.middle.facts.der), STANDARD.encode(&world.roots[0].facts.der));
    match form {
        0 => None,
        1 => Some(String::new()),
        2 => Some(format!("{middle},{root}")),
        3 => Some(format!("{middle}, {root}")),
        4 => Some(format!("{root},{middle}")),
        5 => Some(format!("{middle}, AAAA")),
        6 => Some(format!("{middle}\t ,{root}")),
        _ => Some(middle),
    }
}

fn remembered_and_new_agree(events: &[Event]) -> Result<HashSet<Option<Reason>>, TestCaseError> {
    let world = World::new();
    // Few places, so that some things are forgotten.
    let (remembering, forgetful) = (world.verifier(3), world.verifier(0));
    let mut now = NOW;
    let mut seen = HashSet::new();
    for event in events {
        match *event {
            Event::Time(which) => now = NOW + TIMES[which],
            Event::Lists(bits) => [&remembering, &forgetful].iter().for_each(|v| v.set_lists(world.lists(bits))),
            Event::Anchors(which) => {
                [&remembering, &forgetful].iter().for_each(|v| v.set_anchors(world.anchors(which)))
            }
            Event::Request(client, chain, flaw, write, again) => {
                let client = &world.clients[client];
                let mut request = client.request_at("GET", "http://bob.example/cert", b"", now);
                if let Some(text) = chain_text(&world, chain) {
                    // Signed by nobody where the client has none: refused, but only after the certificate was looked up.
                    request.set("x-client-cert-chain", &text);
                }
                match flaw {
                    0 => request.set("signature", "certauthz=:AAAA:"),
                    1 => request.set("x-client-cert", &STANDARD.encode(&world.clients[0].facts.der)),
                    2 => request.set("x-client-cert", "%"),
                    _ => {}
                }
                let required = scopes(if write { "bob.user.write" } else { "bob.user.read" });
                for _ in 0..=usize::from(again) {
                    let ask = |verifier: &CertificateVerifier| {
                        told(verifier.verify(&request.parts(), b"", &required, at(now)))
                    };
                    let (known, new) = (ask(&remembering), ask(&forgetful));
                    seen.insert(known.as_ref().err().copied());
                    prop_assert_eq!(known, new);
                }
            }
        }
    }
    prop_assert!(remembering.cache_counts().entries <= 3);
    Ok(seen)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn a_certificate_cache_changes_no_answer(events in proptest::collection::vec(event(), 1..60)) {
        remembered_and_new_agree(&events)?;
    }
}

/// The same on a path that is known to matter: everything is first remembered, then what it rests on changes.
#[test]
fn what_a_remembered_client_rests_on_is_asked_each_time() {
    use Event::{Anchors, Lists, Request, Time};
    let all = |events: &mut Vec<Event>| {
        events.extend([0, 1, 3, 4].map(|client| Request(client, if client == 3 { 7 } else { 0 }, 8, false, false)))
    };
    let mut events = Vec::new();
    for change in [Lists(1), Lists(2), Lists(4), Lists(8), Lists(0), Anchors(1), Anchors(2), Anchors(0)] {
        all(&mut events);
        all(&mut events);
        events.push(change);
        all(&mut events);
    }
    for time in 0..TIMES.len() {
        events.push(Time(time));
        all(&mut events);
        all(&mut events);
    }
    let seen = remembered_and_new_agree(&events).unwrap();
    for reason in [
        Reason::CertificateRevoked,
        Reason::RevocationUnknown,
        Reason::CertificateUntrusted,
        Reason::CertificateExpired,
    ] {
        assert!(seen.contains(&Some(reason)), "{reason} never came");
    }
    assert!(seen.contains(&None));
}

#[test]
fn hits_are_counted_and_other_anchors_begin_anew() {
    let world = World::new();
    let verifier = world.verifier(10);
    let ask = || {
        let request = world.clients[0].request("GET", "http://bob.example/", b"");
        verifier.verify(&request.parts(), b"", &scopes("bob.user.read"), common::now()).unwrap();
    };
    ask();
    ask();
    ask();
    let counts = verifier.cache_counts();
    assert_eq!((counts.hits, counts.misses, counts.entries), (2, 1, 1));
    verifier.set_anchors(world.anchors(1));
    assert_eq!(verifier.cache_counts().entries, 0);
    ask();
    assert_eq!(verifier.cache_counts().misses, 1);
}

#[test]
fn junk_beside_a_valid_certificate_is_not_remembered() {
    let world = World::new();
    let verifier = world.verifier(10);
    let leaf = STANDARD.encode(&world.clients[3].facts.der);
    for form in 2..9 {
        let chain = chain_text(&world, form).unwrap();
        verifier.client(leaf.as_bytes(), Some(chain.as_bytes()), common::now()).unwrap();
    }
    // The path's own certificates in their order, with or without the root or a space.
    assert_eq!(verifier.cache_counts().entries, 3);
}

fn tokens() -> (PublicKey, Vec<String>) {
    let key = LocalKey::generate(KeyType::EcP256).unwrap();
    let other = LocalKey::generate(KeyType::EcP256).unwrap();
    let claims = |aud: &str, from: i64, life: i64, scope: &str| Claims {
        iss: "http://as".into(),
        sub: "alice".into(),
        client_id: "alice".into(),
        aud: aud.into(),
        exp: NOW + from + life,
        iat: NOW + from,
        jti: "1".into(),
        scope: scope.into(),
        cnf: None,
    };
    let both = "bob.user.read bob.user.write";
    let good = issue(&key, &claims("bob", 0, 900, both)).unwrap();
    let cut = good[..good.len() - 1].to_owned();
    let all = vec![
        good,
        issue(&key, &claims("bob", 0, 60, "bob.user.read")).unwrap(),
        issue(&key, &claims("bob", 600, 900, both)).unwrap(),
        issue(&key, &claims("carol", 0, 900, both)).unwrap(),
        issue(&other, &claims("bob", 0, 900, both)).unwrap(),
        cut,
    ];
    (PublicKey::from_spki_der(key.public_key().spki_der()).unwrap(), all)
}

fn bearer(key: &PublicKey, cache: usize) -> BearerVerifier {
    let key = PublicKey::from_spki_der(key.spki_der()).unwrap();
    let tokens = TokenVerifier::new(key, "http://as".into(), "bob".into(), SignedDuration::from_secs(5));
    BearerVerifier::with_cache(tokens, cache)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn a_token_cache_changes_no_answer(events in proptest::collection::vec((0..6usize, -10..1600i64, any::<bool>()), 1..60)) {
        let (key, tokens) = tokens();
        let (remembering, forgetful) = (bearer(&key, 2), bearer(&key, 0));
        for (token, second, write) in events {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, format!("Bearer {}", tokens[token]).parse().unwrap());
            let required = scopes(if write { "bob.user.write" } else { "bob.user.read" });
            let ask = |verifier: &BearerVerifier| told(verifier.verify(&headers, &required, at(NOW + second)));
            prop_assert_eq!(ask(&remembering), ask(&forgetful));
        }
    }
}

#[test]
fn a_remembered_token_ends_to_the_second() {
    let (key, tokens) = tokens();
    let verifier = bearer(&key, 2);
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, format!("Bearer {}", tokens[1]).parse().unwrap());
    let ask = |second| told(verifier.verify(&headers, &scopes("bob.user.read"), at(NOW + second)));
    assert!(ask(0).is_ok() && ask(1).is_ok() && ask(59).is_ok());
    assert_eq!(verifier.cache_counts().hits, 2);
    assert_eq!(ask(60), Err(Reason::TokenExpired));
    assert_eq!(ask(-6), Err(Reason::TokenNotYetValid));
    // What is out of time is forgotten, and found good again only by its signature.
    assert!(ask(0).is_ok());
}
