//! The same on the command line: `client request --mode auto`, `client token`, `client renew --authority`.

use crate::{
    authority::{StandIn, Way},
    services::{is_token, reply, service},
    world::{World, scopes},
};
use serde_json::Value;
use std::{
    process::{Command, Output},
    time::Duration,
};

fn certauthz(world: &World, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_certauthz"));
    command.arg("--path").arg(world.own.root()).args(arguments).env("NO_COLOR", "1");
    command.output().unwrap()
}

fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn err(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn a_request_says_which_credential_it_had() {
    let world = World::new();
    let mut authority = StandIn::start(&world);
    let (bob, heads) = service(|_, _| reply(200, ""));
    let (url, target) = (authority.url(), format!("{bob}/token?x"));
    let request = ["client", "request", "--name", "alice", "--mode", "auto", "--authority", &url, &target];
    let output = certauthz(&world, &request);
    assert_eq!((output.status.code(), out(&output)), (Some(0), "ok"));
    assert!(err(&output).starts_with("credential: token, breaker: closed\n"), "{}", err(&output));

    authority.be(Way::Refused);
    let output = certauthz(&world, &request);
    assert_eq!((output.status.code(), out(&output)), (Some(0), "ok"));
    assert!(err(&output).contains("credential: certificate, breaker: open\n"), "{}", err(&output));
    let output = certauthz(&world, &[&["--format", "json"], &request[..]].concat());
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&document["credential"], &document["breaker"]), (&"certificate".into(), &"open".into()));
    let heads = heads.lock().unwrap();
    assert!(heads[0].starts_with("GET /token?x ") && is_token(&heads[0]), "{heads:?}");
    assert!(heads[1].starts_with("GET /cert?x ") && !is_token(&heads[1]), "{heads:?}");

    let output = certauthz(&world, &["client", "request", "--name", "alice", "--authority", &url, &target]);
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    assert!(err(&output).contains("there is no token") && err(&output).contains("hint:"), "{}", err(&output));
}

#[test]
fn the_switch_is_seen_live() {
    let world = World::new();
    let mut authority = StandIn::start(&world);
    authority.be(Way::Refused);
    let (bob, _) = service(|_, _| reply(200, ""));
    let (url, path) = (authority.url(), world.own.root().to_owned());
    let mut command = Command::new(env!("CARGO_BIN_EXE_certauthz"));
    command
        .arg("--path")
        .arg(path)
        .args(["--format", "json", "client", "request", "--name", "alice", "--mode", "auto"]);
    command.args(["--authority", &url, "--repeat", "70", "--interval", "100ms", &format!("{bob}/")]);
    let child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1_500));
    authority.be(Way::Healthy);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let lines: Vec<Value> = out(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 70);
    assert!(lines.iter().all(|line| line["status"] == 200), "{lines:?}");
    assert_eq!((&lines[0]["credential"], &lines[0]["breaker"]), (&"certificate".into(), &"open".into()));
    assert_eq!((&lines[69]["credential"], &lines[69]["breaker"]), (&"token".into(), &"closed".into()));
}

#[test]
fn several_requests_have_one_exit_code() {
    let world = World::new();
    let authority = StandIn::start(&world);
    let url = authority.url();
    for (status, code) in [(200, 0), (403, 1), (500, 3)] {
        let (bob, heads) = service(move |_, _| reply(status, ""));
        let arguments =
            ["client", "request", "--name", "alice", "--mode", "cert", "--repeat", "3", "--interval", "1ms"];
        for authority in [&["--authority", url.as_str()][..], &[]] {
            let output = certauthz(&world, &[&arguments[..], authority, &[bob.as_str()]].concat());
            assert_eq!(output.status.code(), Some(code), "{}", err(&output));
            let lines: Vec<_> = out(&output).lines().collect();
            assert!(lines.len() == 3 && lines.iter().all(|line| line.contains(&format!("  {status}  "))), "{lines:?}");
        }
        assert_eq!(heads.lock().unwrap().len(), 6);
    }
}

#[test]
fn a_token_goes_to_standard_output_alone() {
    let world = World::new();
    let mut authority = StandIn::start(&world);
    let url = authority.url();
    let token = ["client", "token", "--name", "alice", "--authority", &url];
    let output = certauthz(&world, &token);
    assert_eq!((output.status.code(), err(&output)), (Some(0), ""));
    assert!(out(&output).starts_with("eyJ") && out(&output).lines().count() == 1);
    let more = ["--format", "json", "--scope", "bob.user.read", "--audience", "carol"];
    let output = certauthz(&world, &[&token[..], &more].concat());
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&document["client"], &document["scopes"][0]), (&"alice".into(), &"bob.user.read".into()));

    authority.be(Way::Refuses("invalid_client"));
    let output = certauthz(&world, &token);
    assert_eq!((output.status.code(), out(&output)), (Some(1), ""));
    assert!(err(&output).contains("refused: invalid_client"), "{}", err(&output));
    authority.be(Way::Refused);
    let output = certauthz(&world, &token);
    assert_eq!((output.status.code(), out(&output)), (Some(3), ""));
    let nonsense = certauthz(&world, &["client", "token", "--name", "alice", "--authority", "auth.example"]);
    assert_eq!(nonsense.status.code(), Some(2), "{}", err(&nonsense));
}

#[test]
fn a_certificate_is_renewed_by_the_authorization_server() {
    let world = World::new();
    let mut authority = StandIn::start(&world);
    let url = authority.url();
    *world.certificate_scopes.lock().unwrap() = Some(scopes("bob.user.read"));
    let before = world.own.client(&world.alice).unwrap().certificate;
    let renew = ["client", "renew", "--name", "alice", "--authority", &url];
    let output = certauthz(&world, &[&["--format", "json"], &renew[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let after = world.own.client(&world.alice).unwrap().certificate;
    assert_ne!(after.serial, before.serial);
    assert_eq!(document["scopes"], serde_json::json!(["bob.user.read"]));

    authority.be(Way::Status(503));
    let output = certauthz(&world, &renew);
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    assert_eq!(world.own.client(&world.alice).unwrap().certificate, after);
}

#[test]
fn options_that_make_no_sense_together_are_refused() {
    let world = World::new();
    let auto = certauthz(&world, &["client", "request", "--name", "alice", "--mode", "auto", "http://127.0.0.1:1/"]);
    assert_eq!(auto.status.code(), Some(2));
    assert!(err(&auto).contains("needs --authority URL"), "{}", err(&auto));
    for more in [["--scope", "x"], ["--expiration", "1d"]] {
        let renew = ["client", "renew", "--name", "alice", "--authority", "http://127.0.0.1:1"];
        assert_eq!(certauthz(&world, &[&renew[..], &more].concat()).status.code(), Some(2));
    }
    let alone = ["client", "request", "--name", "alice", "--interval", "2s", "http://127.0.0.1:1/"];
    assert_eq!(certauthz(&world, &alone).status.code(), Some(2));
}
