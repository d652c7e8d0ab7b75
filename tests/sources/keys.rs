//! The keys of tokens from a JWK set.

use crate::{
    common::{Ca, verifier_with},
    lists::tokens,
    peer::Answer,
    stand_in::{Does, StandIn, status},
    world::{World, accepted, refused},
};
use certauthz::{
    key::{KeyType, LocalKey, Signer as _},
    server::{Limits, Source, Sources},
    token::{self, Claims},
};
use jiff::Timestamp;
use serde_json::json;
use std::{
    fs, thread,
    time::{Duration, Instant},
};

const HOUR: Duration = Duration::from_secs(3600);
const INTERVAL: Duration = Duration::from_millis(150);

fn key() -> LocalKey {
    LocalKey::generate(KeyType::EcP256).unwrap()
}

fn set(keys: &[&LocalKey]) -> Vec<u8> {
    let keys: Vec<_> = keys.iter().map(|key| key.public_key().to_jwk()).collect();
    json!({"keys": keys}).to_string().into_bytes()
}

fn token(key: &LocalKey) -> String {
    let now = Timestamp::now().as_second();
    let claims = Claims {
        iss: "http://as".into(),
        sub: "alice".into(),
        client_id: "alice".into(),
        aud: "bob".into(),
        exp: now + 900,
        iat: now,
        jti: "1".into(),
        scope: "bob.user.read".into(),
        cnf: None,
    };
    token::issue(key, &claims).unwrap()
}

fn serve(keys: Source, interval: Duration) -> World {
    let ca = Ca::root_at("Primary CA", Timestamp::now());
    let sources = Sources::new([], Vec::new(), interval).with_keys(keys);
    World::serve(ca, Limits::default(), sources, |ca, policy| verifier_with(ca, &[ca], policy, 100))
}

fn ask(world: &World, key: &LocalKey) -> Answer {
    let token = token(key);
    world.ask(format!("GET /token HTTP/1.1\r\nhost: bob.example\r\nauthorization: Bearer {token}\r\n\r\n"))
}

fn becomes(world: &World, key: &LocalKey, wanted: &(u16, String)) {
    let start = Instant::now();
    while ask(world, key).verdict() != *wanted {
        assert!(start.elapsed() < Duration::from_secs(5), "still not {wanted:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn forged() -> (u16, String) {
    refused(401, "token_signature")
}

#[test]
fn the_ca_key_holds_until_a_set_was_read() {
    let stand_in = StandIn::new(Does::Closes);
    let world = serve(Source::Url(stand_in.url()), INTERVAL);
    assert_eq!(ask(&world, &world.ca.key).verdict(), accepted());
    let own = key();
    stand_in.does(Does::Serves(set(&[&own]), "1"));
    becomes(&world, &own, &accepted());
    becomes(&world, &world.ca.key, &forged());
    thread::sleep(3 * INTERVAL);
    assert!(stand_in.not_modified() > 0);
}

#[test]
fn keys_in_use_are_never_lost() {
    let (one, two) = (key(), key());
    let stand_in = StandIn::new(Does::Serves(set(&[&one]), "1"));
    let world = serve(Source::Url(stand_in.url()), INTERVAL);
    becomes(&world, &one, &accepted());
    let long = [b"{\"keys\":[".as_slice(), &vec![b' '; 65 * 1024], b"]}"].concat();
    let too_many: Vec<LocalKey> = (0..17).map(|_| key()).collect();
    let answers = [
        Does::Serves(b"{\"keys\":[]}".to_vec(), "2"),
        Does::Serves(b"{}".to_vec(), "3"),
        Does::Serves(b"<html>".to_vec(), "4"),
        Does::Serves(Vec::new(), "5"),
        Does::Serves(long, "6"),
        Does::Serves(set(&too_many.iter().collect::<Vec<_>>()), "7"),
        Does::Serves(br#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#.to_vec(), "8"),
        Does::Sends(status("500 Oops", "", &set(&[&two]))),
        Does::Sends(status("301 Elsewhere", "", &set(&[&two]))),
        Does::Repeats(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b' '; 64 * 1024], Duration::ZERO),
        Does::Closes,
    ];
    for does in answers {
        let asked = stand_in.asked();
        stand_in.does(does);
        let start = Instant::now();
        while stand_in.asked() < asked + 2 {
            assert!(start.elapsed() < Duration::from_secs(5));
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(ask(&world, &one).verdict(), accepted());
        assert_eq!(ask(&world, &two).verdict(), forged());
    }
    stand_in.does(Does::Serves(set(&[&one, &two]), "9"));
    becomes(&world, &two, &accepted());
    assert_eq!(ask(&world, &one).verdict(), accepted());
}

/// A server whose keys were read once, and are not due for an hour.
fn settled(does: Does, known: &LocalKey) -> (World, StandIn) {
    let stand_in = StandIn::new(does);
    let world = serve(Source::Url(stand_in.url()), HOUR);
    becomes(&world, known, &accepted());
    // Whether that was the first reading, or the one that this request caused, is settled by now.
    (world, stand_in)
}

#[test]
fn a_new_key_is_known_with_the_first_request() {
    let (one, two) = (key(), LocalKey::generate(KeyType::Ed25519).unwrap());
    let stand_in = StandIn::new(Does::Serves(set(&[&one]), "1"));
    let ca = Ca::root_at("Primary CA", Timestamp::now());
    let mut sources = Sources::new([], Vec::new(), HOUR).with_keys(Source::Url(stand_in.url()));
    let verifier = tokens(&ca);
    assert!(sources.load(&mut Default::default(), &verifier, Duration::from_secs(5)).keys.is_none());
    assert_eq!(verifier.tokens().keys().keys().count(), 1);
    drop(verifier);
    let world = World::serve(ca, Limits::default(), sources, |ca, policy| verifier_with(ca, &[ca], policy, 100));
    // The verifier of this server still has the CA's key only: the next reading is due in an hour.
    stand_in.does(Does::Serves(set(&[&two]), "2"));
    // Another kind of key, too. Many at once notice it, and cause one reading.
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| assert_eq!(ask(&world, &two).verdict(), accepted()));
        }
    });
    assert_eq!(stand_in.asked(), 2);
}

#[test]
fn a_flood_of_unknown_keys_leads_to_one_reading() {
    let known = key();
    let (world, stand_in) = settled(Does::Serves(set(&[&known]), "1"), &known);
    let before = stand_in.asked();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let stranger = LocalKey::generate(KeyType::Ed25519).unwrap();
                    let verdict = ask(&world, &stranger).verdict();
                    // As ever: no key is for this algorithm.
                    assert_eq!(verdict, refused(401, "algorithm_forbidden"));
                    assert_eq!(ask(&world, &key()).verdict(), forged());
                }
            });
        }
    });
    assert!(stand_in.asked() <= before + 1, "{} more", stand_in.asked() - before);
    assert_eq!(ask(&world, &known).verdict(), accepted());
}

#[test]
fn unknown_keys_lead_to_one_reading_per_interval_and_not_more() {
    let known = key();
    let stand_in = StandIn::new(Does::Serves(set(&[&known]), "1"));
    let interval = Duration::from_secs(1);
    let world = serve(Source::Url(stand_in.url()), interval);
    becomes(&world, &known, &accepted());
    let (start, before) = (Instant::now(), stand_in.asked());
    while start.elapsed() < 4 * interval {
        assert_eq!(ask(&world, &key()).verdict(), forged());
    }
    // One by the clock and one by request in each.
    let more = stand_in.asked() - before;
    assert!((4..=10).contains(&more), "{more}");
}

#[test]
fn nobody_waits_long_for_a_set_that_does_not_come() {
    let known = key();
    let (world, stand_in) = settled(Does::Serves(set(&[&known]), "1"), &known);
    stand_in.does(Does::Hangs);
    let took = thread::scope(|scope| {
        let strangers: Vec<_> = (0..10)
            .map(|_| {
                scope.spawn(|| {
                    let start = Instant::now();
                    assert_eq!(ask(&world, &key()).verdict(), forged());
                    start.elapsed()
                })
            })
            .collect();
        // Others do not notice.
        for _ in 0..20 {
            let start = Instant::now();
            assert_eq!(ask(&world, &known).verdict(), accepted());
            assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
        }
        strangers.into_iter().map(|stranger| stranger.join().unwrap()).max().unwrap()
    });
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[test]
fn a_file_is_read_again_when_it_changes() {
    let (one, two) = (key(), key());
    let dir = tempfile::TempDir::new().unwrap();
    let path = dir.path().join("jwks.json");
    fs::write(&path, set(&[&one])).unwrap();
    let world = serve(Source::File(path.clone()), HOUR);
    becomes(&world, &one, &accepted());
    for bad in [&b"{\"keys\":[]}"[..], b"", b"garbage"] {
        fs::write(&path, bad).unwrap();
        thread::sleep(Duration::from_millis(1200));
        assert_eq!(ask(&world, &one).verdict(), accepted());
    }
    fs::remove_file(&path).unwrap();
    thread::sleep(Duration::from_millis(1200));
    assert_eq!(ask(&world, &one).verdict(), accepted());
    fs::write(&path, set(&[&two])).unwrap();
    becomes(&world, &two, &accepted());
    assert_eq!(ask(&world, &one).verdict(), forged());
}
