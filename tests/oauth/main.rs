//! The authorization server's decisions over HTTP: the real program, and another process that revokes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs, unreachable_pub)]

mod world;

use serde_json::{Value, json};
use std::{
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};
use world::{Answer, PROGRAM, World, read};

const EC: &[&str] = &["--key-type", "ec"];
/// A revocation takes effect within this time after the command that makes it.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Asks until the answer is what it should become.
fn within(time: Duration, mut ask: impl FnMut() -> Answer, wanted: impl Fn(&Answer) -> bool) -> Duration {
    let start = Instant::now();
    loop {
        let answer = ask();
        if wanted(&answer) {
            return start.elapsed();
        }
        assert!(start.elapsed() < time, "{answer:?}");
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_revocation_by_another_process_counts_at_once() {
    let world = World::new(EC);
    let issued = world.token("alice");
    assert_eq!((issued.status, issued.header("cache-control")), (200, Some("no-store")), "{issued:?}");
    let token = issued.json()["access_token"].as_str().unwrap().to_owned();
    let introspect =
        || world.form("/oauth/introspect", &format!("token={token}&{}", world.authentication("bob", |_| {})));
    assert_eq!(introspect().json()["active"], json!(true));
    assert_eq!(world.renew("alice").status, 200);

    world.run(&["crl", "revoke", "--ca", "primary", "--client", "alice"]);
    let took = within(AT_ONCE, || world.token("alice"), |answer| answer.status == 401);
    println!("no token {took:?} after the revocation");
    within(AT_ONCE, introspect, |answer| answer.body == "{\"active\":false}");
    within(AT_ONCE, || world.renew("alice"), |answer| answer.verdict() == (401, "certificate_revoked".to_owned()));
    assert_eq!(world.token("bob").status, 200);
}

#[test]
fn other_scopes_and_new_clients_are_known_at_once() {
    let world = World::new(EC);
    world.run(&["client", "renew", "--name", "alice", "--scope", "bob.audit"]);
    within(AT_ONCE, || world.token("alice"), |answer| answer.json()["scope"] == json!("bob.audit"));
    assert_eq!(world.renew("alice").json()["scopes"], json!(["bob.audit"]));
    let carol = ["client", "create", "--ca", "primary", "--key-type", "ed25519", "--scope", "bob.read"];
    world.run(&[&carol[..], &["--name", "carol"]].concat());
    within(AT_ONCE, || world.token("carol"), |answer| answer.status == 200);
}

#[test]
fn invalid_client_is_the_same_to_the_last_byte() {
    let world = World::new(EC);
    let now = jiff::Timestamp::now().as_second();
    let changed = |name: &'static str, value: Value| {
        let authentication = world.authentication("alice", |claims| claims[name] = value);
        format!("grant_type=client_credentials&{authentication}")
    };
    let named = |name: &'static str| {
        let authentication =
            world.authentication("alice", |claims| (claims["iss"], claims["sub"]) = (name.into(), name.into()));
        format!("grant_type=client_credentials&{authentication}")
    };
    let used = world.token_form("alice");
    assert_eq!(world.form("/oauth/token", &used).status, 200);
    let forms = [
        used,
        named("nobody"),
        named("bob"),
        named("primary"),
        changed("exp", json!(now)),
        changed("exp", json!(now + 4000)),
        changed("exp", json!("never")),
        changed("iat", json!(now + 600)),
        changed("aud", json!("http://elsewhere")),
        changed("jti", json!("")),
        changed("sub", json!(7)),
        "grant_type=client_credentials".to_owned(),
        world.token_form("alice").replace("bearer", "nothing"),
        world.token_form("alice") + "&client_id=bob",
        world.token_form("alice") + "A",
    ];
    let answers: Vec<_> = forms.iter().map(|form| world.form("/oauth/token", form)).collect();
    assert_eq!((answers[0].status, &*answers[0].body), (401, "{\"error\":\"invalid_client\"}"));
    assert!(answers[0].header("www-authenticate").is_some());
    for (form, answer) in forms.iter().zip(&answers) {
        assert_eq!(answer, &answers[0], "{form}");
    }
    // Its memory of assertions does not reach back: whoever signs anew is served.
    let old = world.form("/oauth/token", &changed("iat", json!(now - 4000)));
    assert_eq!((old.status, old.header("retry-after")), (503, Some("1")));
}

#[test]
fn requests_that_are_no_forms() {
    let world = World::new(EC);
    for path in ["/oauth/token", "/oauth/introspect", "/certificates/renew"] {
        let answer = world.ask(&format!("GET {path}"), "", b"");
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{path}");
    }
    let form = world.token_form("alice");
    let length = format!("content-length: {}\r\n", form.len());
    for headers in ["", "content-type: application/json\r\n", "content-type: text/plain\r\n"] {
        let answer = world.ask("POST /oauth/token", &format!("{headers}{length}"), form.as_bytes());
        assert_eq!(answer.verdict(), (400, "invalid_request".to_owned()), "{headers}");
    }
    for more in [70_000, 3_000_000] {
        let answer = world.form("/oauth/token", &format!("{form}&x={}", "y".repeat(more)));
        assert_eq!(answer.verdict(), (400, "invalid_request".to_owned()), "{more}");
    }
    assert_eq!(world.form("/oauth/token", &form).status, 200);
}

#[test]
fn a_flood_is_refused_and_those_who_fit_in_are_served() {
    let world = World::new(&["--key-type", "rsa", "--key-size", "4096"]);
    let forms: Vec<_> = (0..600).map(|_| world.token_form("alice")).collect();
    let begun: Vec<_> = forms.iter().map(|form| world.begin_form("/oauth/token", form)).collect();
    let answers: Vec<_> = begun.into_iter().map(read).collect();
    let served = answers.iter().filter(|answer| answer.status == 200).count();
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status != 200).collect();
    println!("{served} served, {} refused", refused.len());
    assert!(served >= 256);
    assert!(refused.iter().all(|answer| (answer.status, answer.header("retry-after")) == (503, Some("1"))));
    assert_eq!(world.token("alice").status, 200);
}

#[test]
fn with_curl_and_openssl_alone() {
    for tool in ["curl", "openssl"] {
        if Command::new(tool).arg(if tool == "curl" { "--version" } else { "version" }).output().is_err() {
            println!("skipped: no {tool}");
            return;
        }
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/authority_with_curl.sh");
    let done = Command::new("sh").arg(script).arg(PROGRAM).env_remove("CERTAUTHZ_PATH").output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{text}");
    print!("{text}");
}
