//! Instead of looking at tokens, the resource server asks about them.

use crate::{
    authority::{StandIn, Way},
    world::{Answer, Served, World},
};
use certauthz::{
    key::{PublicKey, Signer as _},
    store::Name,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

const ISSUER: &str = "http://127.0.0.1:8586";

fn active() -> Value {
    json!({"active": true, "client_id": "alice", "sub": "alice", "scope": "bob.user.read bob.user.write", "aud": "bob",
        "iss": ISSUER, "exp": Timestamp::now().as_second() + 900, "iat": Timestamp::now().as_second()})
}

fn with(name: &str, value: Value) -> Value {
    let mut answer = active();
    answer[name] = value;
    answer
}

fn serve(world: &World, authority: &StandIn, more: &[&str]) -> Served {
    let url = authority.url();
    world.serve(&[&["--introspect", &url, "--introspect-client", "bob"], more].concat())
}

/// The answer, and how long it took.
fn timed(server: &Served, token: &str) -> (Answer, Duration) {
    let start = Instant::now();
    (server.ask(token), start.elapsed())
}

const UNAVAILABLE: (u16, &str) = (503, "introspection_unavailable");

#[test]
fn a_token_counts_as_what_the_authorization_server_says() {
    let (world, authority) = (World::new(), StandIn::new(Way::Says(active())));
    let server = serve(&world, &authority, &[]);
    // Not one of ours, and not even a JWT.
    assert_eq!(server.ask("opaque/+~token==").short(), (200, "alice"));
    let asked = authority.asked();
    let question = &asked[0];
    let get = |name: &str| question.get(name).map_or("", String::as_str);
    assert_eq!((asked.len(), get(":method"), get(":path")), (1, "POST", "/oauth/introspect"));
    assert_eq!((get("token"), get("token_type_hint")), ("opaque/+~token==", "access_token"));
    assert_eq!(get("header content-type"), "application/x-www-form-urlencoded");
    assert_eq!(get("client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let bob = world.credentials().client(&Name::new("bob").unwrap()).unwrap();
    assertion_is_sound(get("client_assertion"), bob.signer().unwrap().public_key());

    for (number, (changed, answer)) in [
        (with("active", json!(false)), (401, "token_inactive")),
        (with("aud", json!("carol")), (401, "token_audience")),
        (with("aud", json!(null)), (401, "token_claims")),
        (with("iss", json!("http://other")), (401, "token_issuer")),
        (with("exp", json!(null)), (401, "token_claims")),
        (with("exp", json!(7)), (401, "token_expired")),
        (with("nbf", json!(Timestamp::now().as_second() + 60)), (401, "token_not_yet_valid")),
        (with("client_id", json!(null)), (401, "token_claims")),
        (with("scope", json!("bob.user.write")), (403, "insufficient_scope")),
        (with("token_type", json!("DPoP")), (401, "token_type")),
    ]
    .into_iter()
    .enumerate()
    {
        authority.will(Way::Says(changed.clone()));
        assert_eq!(server.ask(&format!("of-{number}")).short(), answer, "{changed}");
    }
}

fn assertion_is_sound(assertion: &str, key: &PublicKey) {
    let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(key.to_jwk()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
    validation.set_audience(&[ISSUER]);
    validation.set_issuer(&["bob"]);
    validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    let key = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
    let claims = jsonwebtoken::decode::<Value>(assertion, &key, &validation).unwrap().claims;
    assert_eq!(claims["sub"], "bob");
    assert!(claims["exp"].as_i64().unwrap() - Timestamp::now().as_second() <= 300);
}

#[test]
fn answers_are_remembered_for_a_while_or_not_at_all() {
    let (world, authority) = (World::new(), StandIn::new(Way::Says(active())));
    let server = serve(&world, &authority, &["--introspect-cache", "2s"]);
    for _ in 0..20 {
        assert_eq!(server.ask("a").status, 200);
    }
    assert_eq!(authority.asked().len(), 1);
    assert_eq!(server.metric("certauthz_introspections_total{result=\"answered\"}"), 1);
    assert_eq!(server.metric("certauthz_introspections_total{result=\"remembered\"}"), 19);
    authority.will(Way::Says(json!({"active": false})));
    assert_eq!(server.ask("a").status, 200);
    server.soon("a", (401, "token_inactive"));
    // What is not in force is remembered as well: a flood of one bad token is one question.
    let since = Instant::now();
    let asked = (0..50).map(|_| server.ask("bad").word).collect::<HashSet<_>>();
    assert_eq!(asked, HashSet::from(["token_inactive".to_owned()]));
    let questions = authority.asked().iter().filter(|question| question["token"] == "bad").count();
    assert!(questions == 1 || since.elapsed() > Duration::from_secs(2), "{questions}");

    let forgetful = serve(&world, &authority, &["--introspect-cache", "0s"]);
    assert_eq!([0; 3].map(|_| forgetful.ask("b").status), [401; 3]);
    let asked = authority.asked();
    assert_eq!(asked.len(), 3);
    let ids: HashSet<_> = asked.iter().map(|question| question["client_assertion"].clone()).collect();
    assert_eq!(ids.len(), 3, "no assertion is used twice");
}

#[test]
fn an_answer_does_not_outlive_its_token() {
    let soon = Timestamp::now().as_second() + 3;
    let (world, authority) = (World::new(), StandIn::new(Way::Says(with("exp", json!(soon)))));
    let server = serve(&world, &authority, &[]);
    assert_eq!(server.ask("a").status, 200);
    server.soon("a", (401, "token_expired"));
    assert!(Timestamp::now().as_second() <= soon + 1);
}

#[test]
fn without_an_answer_nobody_is_let_in_and_nobody_waits_for_long() {
    let (world, authority) = (World::new(), StandIn::new(Way::Hangs));
    let server = serve(&world, &authority, &[]);
    let (answer, time) = timed(&server, "a");
    assert_eq!((answer.short(), answer.retry_after), (UNAVAILABLE, true));
    assert!((Duration::from_millis(1900)..Duration::from_secs(4)).contains(&time), "{time:?}");
    let text = |text: &str| text.to_owned();
    for (way, at_most) in [
        (Way::Answers(500, text("{\"active\":true}")), 1000),
        (Way::Answers(401, text("{\"error\":\"invalid_client\"}")), 1000),
        (Way::Answers(302, text("")), 1000),
        (Way::Answers(200, text("<html>")), 1000),
        (Way::Answers(200, text("{\"active\":\"true\",\"client_id\":\"alice\"}")), 1000),
        (Way::Answers(200, text("{\"active\":true,\"client_id\":\"alice\",\"active\":true}")), 1000),
        (Way::Answers(200, format!("{{\"active\":false,\"x\":\"{}\"}}", "x".repeat(1 << 20))), 1000),
        (Way::Endless, 2500),
        (Way::Slowly(active(), Duration::from_secs(5)), 2500),
    ] {
        authority.will(way.clone());
        let (answer, time) = timed(&server, "a");
        assert_eq!(answer.short(), UNAVAILABLE, "{way:?}");
        assert!(time < Duration::from_millis(2 * at_most), "{way:.80?}: {time:?}");
    }
    // Nothing of that is remembered.
    authority.will(Way::Says(active()));
    assert_eq!(server.ask("a").short(), (200, "alice"));

    // It goes away, connections that were kept with it, and comes back.
    let address = authority.address();
    drop(authority);
    thread::sleep(Duration::from_millis(300));
    let back = StandIn::at(address, Way::Says(active()));
    server.soon("b", (200, "alice"));
    assert!(!back.asked().is_empty());
    // One that closes connections without a word, and none at all.
    let rude = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", rude.local_addr().unwrap());
    thread::spawn(move || rude.incoming().for_each(drop));
    let server = world.serve(&["--introspect", &url, "--introspect-client", "bob"]);
    let (answer, time) = timed(&server, "a");
    assert_eq!(answer.short(), UNAVAILABLE);
    assert!(time < Duration::from_secs(1), "{time:?}");
    let nobody = { TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap() };
    let url = format!("http://{nobody}/");
    let lonely = world.serve(&["--introspect", &url, "--introspect-client", "bob"]);
    let (answer, time) = timed(&lonely, "a");
    assert_eq!(answer.short(), UNAVAILABLE);
    assert!(time < Duration::from_secs(1), "{time:?}");
}

#[test]
fn many_requests_with_one_token_are_one_question() {
    let (world, authority) = (World::new(), StandIn::new(Way::Slowly(active(), Duration::from_millis(700))));
    let server = serve(&world, &authority, &["--introspect-cache", "0s"]);
    let answers: Vec<_> = thread::scope(|scope| {
        let asking: Vec<_> = (0..20).map(|_| scope.spawn(|| server.ask("one").status)).collect();
        asking.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(answers, [200; 20]);
    assert_eq!(authority.asked().len(), 1);
}

#[test]
fn a_flood_of_tokens_takes_no_more_than_its_share() {
    let (world, authority) = (World::new(), StandIn::new(Way::Hangs));
    let server = serve(&world, &authority, &[]);
    for impossible in ["a,b", "{}", "a=b", "\"x\""] {
        assert_eq!(server.ask(impossible).short(), (401, "token_malformed"));
    }
    assert_eq!(authority.asked().len(), 0);
    let times: Vec<_> = thread::scope(|scope| {
        let server = &server;
        let ask = |number: usize| timed(server, &format!("junk{number}"));
        let asking: Vec<_> = (0..200).map(|number| scope.spawn(move || ask(number))).collect();
        asking.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(times.iter().all(|(answer, _)| answer.short() == UNAVAILABLE));
    assert!(times.iter().all(|(_, time)| *time < Duration::from_secs(5)));
    let asked = authority.asked().len();
    assert!((1..=64).contains(&asked), "{asked}");
    assert!(server.metric("certauthz_introspections_total{result=\"shed\"}") >= 100);
}

#[test]
fn the_list_has_the_last_word() {
    let (world, authority) = (World::new(), StandIn::new(Way::Says(active())));
    let named = with("cnf", json!({"serial": world.serial("alice")}));
    authority.will(Way::Says(named));
    let server = serve(&world, &authority, &[]);
    assert_eq!(server.ask("a").short(), (200, "alice"));
    // Also for an answer that is remembered.
    world.run(&["crl", "revoke", "--ca", "primary", "--client", "alice"]);
    server.soon("a", (401, "certificate_revoked"));
    assert_eq!(authority.asked().len(), 1);
    // Without a list its word is all there is, and it is fresh.
    std::fs::remove_file(world.file("primary/ca.crl")).unwrap();
    let server = serve(&world, &authority, &[]);
    assert_eq!(server.ask("a").short(), (200, "alice"));
}

#[test]
fn it_must_be_known_who_asks() {
    let world = World::new();
    let url = "http://127.0.0.1:1/";
    for (arguments, code) in [
        (&["--introspect", url][..], 2),
        (&["--introspect-client", "bob"], 2),
        (&["--introspect-cache", "1s"], 2),
        (&["--introspect", url, "--introspect-client", "nobody"], 3),
        (&["--introspect", "ftp://x/", "--introspect-client", "bob"], 2),
    ] {
        let output = world.ask(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
