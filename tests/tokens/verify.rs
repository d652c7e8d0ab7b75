//! `verify token` and revocation, and `token create` and the certificate's life.

use crate::world::World;
use serde_json::Value;

fn verify(world: &World, arguments: &[&str], token: &str) -> Value {
    let fixed = ["--format", "json", "verify", "token", "--audience", "bob"];
    let output = world.ask(&[&fixed[..], arguments, &[token]].concat());
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(if answer["valid"] == true { 0 } else { 1 }), "{answer}");
    answer
}

fn step(answer: &Value) -> (&str, &str) {
    let steps = answer["steps"].as_array().unwrap();
    let place = steps.iter().position(|step| step["step"] == "revocation").unwrap();
    assert_eq!(steps[place + 1]["step"], "scopes");
    (steps[place]["result"].as_str().unwrap(), steps[place]["detail"].as_str().unwrap())
}

#[test]
fn a_ca_given_by_name_brings_its_list_and_files_need_one() {
    let world = World::new();
    let token = world.token();
    let serial = world.serial("alice");
    let file = world.file("primary/ca.crt").display().to_string();
    let list = world.file("primary/ca.crl").display().to_string();
    let (by_name, by_file) = (["--ca", "primary"], ["--ca", file.as_str()]);

    let answer = verify(&world, &by_name, &token);
    assert_eq!((answer["valid"].as_bool(), answer["serial"].as_str()), (Some(true), Some(serial.as_str())));
    assert_eq!(step(&answer), ("passed", format!("0x{serial} is not revoked, list current").as_str()));
    assert_eq!(step(&verify(&world, &by_file, &token)), ("skipped", "not checked"));
    assert_eq!(step(&verify(&world, &[&by_file[..], &["--crl", &list]].concat(), &token)).0, "passed");

    world.run(&["crl", "revoke", "--ca", "primary", "--client", "alice"]);
    let answer = verify(&world, &by_name, &token);
    assert_eq!((answer["reason"].as_str(), step(&answer).0), (Some("certificate_revoked"), "failed"));
    let answer = verify(&world, &[&by_file[..], &["--crl", &list]].concat(), &token);
    assert_eq!(answer["reason"], "certificate_revoked");
    let answer = verify(&world, &[&by_name[..], &["--no-crl"]].concat(), &token);
    assert_eq!((answer["valid"].as_bool(), step(&answer)), (Some(true), ("skipped", "not checked")));

    // A list that the CA did not sign counts for nothing.
    let other = World::new();
    let foreign = other.file("primary/ca.crl").display().to_string();
    let answer = verify(&world, &[&by_name[..], &["--crl", &foreign]].concat(), &token);
    assert_eq!(answer["reason"], "revocation_unknown");
}

#[test]
fn the_explanation_has_the_step() {
    let world = World::new();
    let output = world.run(&["verify", "token", "--ca", "primary", "--audience", "bob", "--explain", &world.token()]);
    let line = output.lines().find(|line| line.contains("revocation")).unwrap();
    assert!(line.contains("passed") && line.contains("not revoked"), "{output}");
}

#[test]
fn a_token_does_not_outlive_the_certificate() {
    let world = World::new();
    let create =
        ["client", "create", "--name", "short", "--ca", "primary", "--key-type", "ec", "--scope", "bob.user.read"];
    world.run(&[&create[..], &["--expiration", "5m"]].concat());
    let token = ["--format", "json", "token", "create", "--ca", "primary", "--client", "short"];
    let certificate: Value =
        serde_json::from_str(&world.run(&["--format", "json", "client", "show", "--name", "short"])).unwrap();
    let end = certificate["not_after"].as_str().unwrap();
    let issued: Value = serde_json::from_str(&world.run(&token)).unwrap();
    assert_eq!(issued["expires"], end, "15 min would be longer than it has");
    let refused = world.ask(&[&token[..], &["--expiration", "10m"]].concat());
    assert_eq!(refused.status.code(), Some(3));
    let text = String::from_utf8_lossy(&refused.stderr);
    assert!(text.contains(&format!("the latest possible date is {end}")), "{text}");
}
