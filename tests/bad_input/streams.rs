//! Where the output goes, and who else is running.

use crate::world::{BIN, Told, World};
use std::{
    fs::{self, File},
    process::{Command, Output, Stdio},
    thread,
};

#[test]
fn wherever_the_output_goes() {
    let world = World::new();
    let before = world.snapshot();
    let commands: &[&[&str]] = &[
        &["ca", "list"],
        &["ca", "show", "--name", "primary"],
        &["ca", "show", "--name", "primary", "--jwks"],
        &["client", "show", "--name", "alice"],
        &["crl", "show", "primary/ca.crl"],
        &["verify", "cert", "--ca", "primary", "alice/client.crt"],
        &["sign-request", "--client", "alice", "--count", "200", "http://bob/"],
        &["completions", "zsh"],
        &["serve", "--listen", "127.0.0.1:0"],
        &["--help"],
        &["--version"],
    ];
    for command in commands {
        let full = world.command(command).stdout(File::create("/dev/full").unwrap()).output().unwrap();
        Told::new(vec![format!("{command:?} > /dev/full")], full).fails(3, &["cannot write to standard output"]);
    }
    // A reader that leaves after one byte: no message, and the code is that of the command.
    for command in commands.iter().filter(|command| command[0] != "serve") {
        let mut head =
            Command::new("head").args(["-c", "1"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let told = world.command(command).stdout(head.stdin.take().unwrap()).output().unwrap();
        head.wait().unwrap();
        assert_eq!((told.status.code(), told.stderr.as_slice()), (Some(0), &b""[..]), "{command:?} | head -c 1");
    }
    // Started without any of the three streams.
    let mut closed = Command::new("sh");
    closed.args(["-c", "exec \"$0\" \"$@\" <&- >&- 2>&-", BIN, "--path"]).arg(world.0.path());
    assert!(closed.args(["client", "show", "--name", "alice"]).status().unwrap().success());
    assert!(world.snapshot() == before, "reading changes nothing");
    let escape = |told: Output| told.stdout.contains(&0x1b) || told.stderr.contains(&0x1b);
    assert!(!escape(world.command(&["client", "show", "--name", "nobody"]).env("NO_COLOR", "1").output().unwrap()));
}

#[test]
fn many_begin_at_once() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("credentials");
    let init = || Command::new(BIN).arg("--path").arg(&path).arg("init").output().unwrap();
    let told: Vec<_> = thread::scope(|scope| {
        let started: Vec<_> = (0..4).map(|_| scope.spawn(init)).collect();
        started.into_iter().map(|one| Told::new(vec![], one.join().unwrap())).collect()
    });
    assert_eq!(told.iter().filter(|told| told.code == Some(0)).count(), 1);
    told.iter().filter(|told| told.code != Some(0)).for_each(|told| told.fails(3, &["already exists", "hint:"]));
    for client in ["alice", "bob"] {
        let certificate = path.join(client).join("client.crt");
        let mut command = Command::new(BIN);
        command.arg("--path").arg(&path).args(["verify", "cert", "--ca", "primary"]).arg(certificate);
        Told::new(vec![], command.output().unwrap()).succeeds();
    }
    let left: Vec<_> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}
