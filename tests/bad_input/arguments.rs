//! Arguments: names, values, things that do not exist, flags.

use crate::world::World;
use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt as _,
};

#[test]
fn names() {
    let world = World::new();
    let long = "x".repeat(300);
    let bad = ["", "/", "a/b", "..", "../alice", ".", ".hidden", "a\nb", "a b", "ä", "a\\b", "@x", long.as_str()];
    for name in bad {
        let shown = if name.is_empty() { "empty" } else { name };
        for args in [
            &["ca", "create", "--key-type", "ec"][..],
            &["client", "create", "--ca", "primary", "--scope", "a.b", "--key-type", "ec"],
            &["client", "show"],
            &["client", "renew"],
            &["ca", "show"],
        ] {
            world.fails(&[args, &["--name", name]].concat(), 2, &["--name", shown]);
        }
        world.fails(&["token", "create", "--ca", name, "--client", "alice"], 2, &["--ca"]);
        world.fails(&["crl", "revoke", "--ca", "primary", "--client", name], 2, &["--client"]);
    }
    // Not UTF-8: a usage error, not a panic. Paths may be anything.
    let raw = OsStr::from_bytes(b"\xff\xfe");
    let args = ["client", "show", "--name"].map(OsString::from);
    world.fails(&[&args[..], &[raw.to_owned()]].concat(), 2, &["UTF-8"]);
    let args = ["verify", "cert", "--ca", "primary"].map(OsString::from);
    world.fails(&[&args[..], &[raw.to_owned()]].concat(), 3, &["cannot open", "hint:"]);
}

#[test]
fn values() {
    let world = World::new();
    let create = ["client", "create", "--name", "bob", "--ca", "primary", "--key-type", "ec"];
    let long = "x".repeat(257);
    for scope in ["", "two words", "a\"b", "a\\b", "a\nb", "é", long.as_str()] {
        world.fails(&[&create[..], &["--scope", scope]].concat(), 2, &["--scope", "RFC 6749"]);
    }
    world.fails(&[&create[..], &["--scope", "a", "--scope", "a"]].concat(), 2, &["\"a\"", "given twice", "hint:"]);
    let create = [&create[..], &["--scope", "a.b"]].concat();
    for (expiration, words) in [
        ("1969-12-31T23:59:59Z", "before 1970"),
        ("10000-01-01T00:00:00Z", "from 1970 to 9999"),
        ("2020-01-01T00:00:00Z", "it has ended by now"),
        ("2030-12-31", "RFC 3339"),
        ("2030-02-30T00:00:00Z", "RFC 3339"),
        ("0s", "longer than zero"),
        ("-5s", "unexpected argument"),
        ("5", "a unit is missing"),
        ("1.5h", "whole number"),
        ("5 s", "whole number"),
        ("9000y", "after the year 9999"),
        ("99999999999999999999y", "longer than any time"),
    ] {
        world.fails(&[&create[..], &["--expiration", expiration]].concat(), 2, &[words]);
    }
    world.fails(&[&create[..], &["--expiration", "5000d"]].concat(), 3, &["outlive", "latest possible date", "hint:"]);
    for serial in [
        "0",
        "0x",
        "0xzz",
        "abc",
        "12:3",
        "1.5",
        "+1",
        "٣",
        &"9".repeat(60),
        "0x8000000000000000000000000000000000000000",
    ] {
        world.fails(&[&create[..], &["--serial-number", serial]].concat(), 2, &["serial"]);
        world.fails(&["crl", "revoke", "--ca", "primary", "--serial", serial], 2, &["--serial", "0x…"]);
    }
    for name in ["", "a\u{1b}[2J", &"x".repeat(65)] {
        world.fails(&[&create[..], &["--common-name", name]].concat(), 2, &["common name", "hint:"]);
        world.fails(&[&create[..], &["--organization", name]].concat(), 2, &["organization", "hint:"]);
    }
    for (kind, size) in [("rsa", "1024"), ("rsa", "2047"), ("ec", "521"), ("ed25519", "256"), ("dsa", "2048")] {
        let args = ["ca", "create", "--name", "new", "--key-type", kind, "--key-size", size];
        world.fails(&args, 2, &[if kind == "dsa" { "dsa" } else { size }]);
    }
    for at in ["1969-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "now", ""] {
        world.fails(&["verify", "cert", "--ca", "primary", "--at", at, "alice/client.crt"], 2, &["--at"]);
    }
    for (at, reason) in [("1970-01-01T00:00:00Z", "not_yet_valid"), ("9999-12-30T22:00:00Z", "expired")] {
        let args = ["verify", "cert", "--ca", "primary", "--at", at, "alice/client.crt"];
        world.fails(&args, 1, &[&format!("refused: certificate_{reason}")]);
    }
}

#[test]
fn what_does_not_exist_is_named() {
    let world = World::new();
    world.fails(&["crl", "revoke", "--ca", "primary", "--serial", "12345"], 3, &["0x3039", "hint:"]);
    world.fails(&["crl", "revoke", "--ca", "primary", "--client", "nobody"], 3, &["\"nobody\"", "hint:"]);
    world.fails(&["crl", "revoke", "--ca", "nobody", "--client", "alice"], 3, &["CA \"nobody\"", "hint:"]);
    world.fails(&["token", "create", "--ca", "primary", "--client", "nobody"], 3, &["\"nobody\"", "hint:"]);
    world.fails(&["token", "create", "--ca", "primary", "--client", "alice", "--scope", "x"], 3, &["\"x\"", "hint:"]);
    world.fails(&["client", "show", "--name", "nobody"], 3, &["\"nobody\"", "hint:"]);
    world.fails(&["ca", "show", "--name", "alice"], 3, &["CA \"alice\"", "hint:"]);
    world.fails(
        &["client", "create", "--name", "primary", "--ca", "primary", "--scope", "a", "--force"],
        3,
        &["hint:"],
    );
    world.fails(&["ca", "create", "--name", "alice", "--key-type", "ec", "--force"], 3, &["\"alice\"", "hint:"]);
    world.fails(&["client", "create", "--name", "alice", "--ca", "primary", "--scope", "a"], 3, &["--force"]);
    world.fails(&["ca", "create", "--name", "primary"], 3, &["already exists", "--force"]);
    for command in [
        &["verify", "cert", "--ca", "primary", "nowhere.pem"][..],
        &["verify", "crl", "--ca", "primary", "nowhere.pem"],
        &["verify", "request", "--ca", "primary", "nowhere.pem"],
        &["crl", "show", "nowhere.pem"],
        &["crl", "revoke", "--ca", "primary", "--cert", "nowhere.pem"],
        &["client", "create", "--name", "x", "--ca", "primary", "--scope", "a", "--csr", "nowhere.pem"],
        &["sign-request", "--client", "alice", "-d", "@nowhere.pem", "http://bob/"],
    ] {
        world.fails(command, 3, &["nowhere.pem", "hint:"]);
    }
}

#[test]
fn every_command_has_help_and_knows_its_flags() {
    let world = World::new();
    let mut pending = vec![Vec::<String>::new()];
    let mut seen = 0;
    while let Some(command) = pending.pop() {
        let with = |arg: &str| [&command[..], &[arg.to_owned()]].concat();
        let help = world.run(&with("--help"));
        help.succeeds();
        assert!(help.text.contains("Usage: certauthz"), "{command:?}");
        world.run(&with("-h")).succeeds();
        world.run(&with("--no-such-flag")).fails(2, &["--no-such-flag"]);
        seen += 1;
        let commands =
            help.text.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
        let names = commands.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        let names = names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
        pending.extend(names.map(&with));
    }
    assert!(seen >= 24, "{seen} commands");
    world.run(&["nonsense"]).fails(2, &["nonsense"]);
    world.run::<&str>(&[]).fails(2, &["Usage"]);
}
