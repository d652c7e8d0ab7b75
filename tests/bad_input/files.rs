//! Files: cut off, of another kind, without their counterpart, without end; and the modes of those that are written.

use crate::world::{BIN, Told, World};
use std::{
    fs::{self, File},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    process::Command,
    thread,
};

#[test]
fn files_that_were_cut_off() {
    let world = World::new();
    for (file, command) in [
        ("alice/client.crt", &["client", "show", "--name", "alice"][..]),
        ("alice/client.key", &["sign-request", "--client", "alice", "http://bob/"]),
        ("primary/ca.crt", &["crl", "create", "--ca", "primary"]),
        ("primary/ca.key", &["crl", "create", "--ca", "primary"]),
    ] {
        let whole = fs::read(world.at(file)).unwrap();
        // The last byte is the end of a line, which nobody needs.
        for len in (0..whole.len() - 1).step_by(whole.len() / 10).chain([whole.len() - 2]) {
            fs::write(world.at(file), &whole[..len]).unwrap();
            world.fails(command, 3, &[file, "hint:"]);
        }
        // Cut off within: the frame is whole, the content is not.
        let text = String::from_utf8(whole.clone()).unwrap();
        let mut lines: Vec<_> = text.lines().collect();
        lines.remove(1);
        fs::write(world.at(file), lines.join("\n")).unwrap();
        world.fails(command, 3, &[file, "hint:"]);
        fs::write(world.at(file), &whole).unwrap();
        world.run(command).succeeds();
    }
}

#[test]
fn files_that_do_not_belong_together() {
    let world = World::new();
    let args = ["client", "create", "--name", "bob", "--ca", "primary", "--scope", "a.b", "--key-type", "ec"];
    world.run(&args).succeeds();
    let key = fs::read(world.at("alice/client.key")).unwrap();
    fs::copy(world.at("bob/client.key"), world.at("alice/client.key")).unwrap();
    for command in [
        &["sign-request", "--client", "alice", "http://bob/"][..],
        &["client", "show", "--name", "alice"],
        &["client", "renew", "--name", "alice"],
        &["client", "request", "--name", "alice", "--mode", "cert", "http://127.0.0.1:9/"],
    ] {
        world.fails(command, 3, &["alice/client.key", "does not belong to the certificate", "hint:"]);
    }
    fs::write(world.at("alice/client.key"), key).unwrap();
    fs::copy(world.at("bob/client.key"), world.at("primary/ca.key")).unwrap();
    let create = [&args[..3], &["carol"], &args[4..]].concat();
    for command in [
        &create[..],
        &["crl", "create", "--ca", "primary"],
        &["crl", "revoke", "--ca", "primary", "--client", "alice"],
        &["token", "create", "--ca", "primary", "--client", "alice"],
    ] {
        world.fails(command, 3, &["primary/ca.key", "does not belong to the certificate", "hint:"]);
    }
}

#[test]
fn a_ca_without_its_database() {
    let world = World::new();
    let path = world.at("primary/ca.db");
    let whole = fs::read(&path).unwrap();
    for broken in [None, Some(&b""[..]), Some(&[0x5a; 20_000]), Some(&whole[..9000]), Some(b"SQLite format 3\0")] {
        match broken {
            None => fs::remove_file(&path).unwrap(),
            Some(bytes) => fs::write(&path, bytes).unwrap(),
        }
        for command in [
            &["ca", "show", "--name", "primary"][..],
            &["client", "create", "--name", "bob", "--ca", "primary", "--scope", "a.b", "--key-type", "ec"],
            &["client", "renew", "--name", "alice"],
            &["crl", "create", "--ca", "primary"],
            &["crl", "revoke", "--ca", "primary", "--client", "alice"],
            &["token", "create", "--ca", "primary", "--client", "alice"],
        ] {
            world.fails(command, 3, &["primary/ca.db", "hint:", "backup"]);
        }
        world.run(&["client", "list"]).succeeds();
        world.run(&["ca", "list"]).succeeds();
    }
    fs::write(&path, whole).unwrap();
    world.run(&["ca", "show", "--name", "primary"]).succeeds();
}

#[test]
fn files_of_other_kinds() {
    let world = World::new();
    let large = world.at("large");
    File::create(&large).unwrap().set_len(100 << 20).unwrap();
    let token = ["verify", "token", "--ca", "primary", "--audience", "bob", "-"];
    for command in [
        &["verify", "cert", "--ca", "primary"][..],
        &["verify", "request", "--ca", "primary"],
        &["crl", "revoke", "--ca", "primary", "--cert"],
        &["client", "create", "--name", "x", "--ca", "primary", "--scope", "a", "--csr"],
    ] {
        world.run(&[command, &["primary"]].concat()).fails(3, &["primary", "directory", "hint:"]);
        for endless in ["/dev/zero", "large"] {
            world.run(&[command, &[endless]].concat()).fails(3, &[endless, "larger than", "hint:"]);
        }
    }
    world.run(&["verify", "cert", "--ca", "primary", "/dev/null"]).fails(1, &["refused: credential_malformed"]);
    world.run(&["verify", "request", "--ca", "primary", "/dev/null"]).fails(1, &["refused: credential_malformed"]);
    world.run(&["verify", "crl", "--ca", "primary", "/dev/null"]).fails(1, &["refused: credential_malformed"]);
    world.run(&["verify", "crl", "--ca", "primary", "large"]).fails(1, &["refused: credential_malformed"]);
    world.run(&["crl", "show", "large"]).fails(3, &["large", "hint:"]);
    world.run(&["crl", "revoke", "--ca", "primary", "--cert", "/dev/null"]).fails(3, &["/dev/null", "hint:"]);
    world.run(&["verify", "cert", "--ca", "large", "alice/client.crt"]).fails(3, &["large", "hint:"]);
    world.run(&["verify", "cert", "--ca", "/dev/null", "alice/client.crt"]).fails(3, &["/dev/null", "hint:"]);
    world.run(&["sign-request", "--client", "alice", "-d", "@/dev/zero", "http://bob/"]).fails(3, &["larger than"]);
    world.run(&token).fails(1, &["refused: token_malformed"]);
    world.feed(&token, &vec![b'a'; 5 << 20]).fails(3, &["standard input", "larger than"]);
    // A pipe is as good as a file, if somebody writes into it.
    let fifo = world.at("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let certificate = fs::read(world.at("alice/client.crt")).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| fs::write(&fifo, certificate).unwrap());
        world.run(&["verify", "cert", "--ca", "primary", "fifo"]).succeeds();
    });
    // A file where a directory should be.
    for path in ["/dev/null", "alice/client.crt", "alice/client.crt/below"] {
        let args = ["--path", path, "ca", "create", "--name", "x", "--key-type", "ec"];
        let told = Command::new(BIN).args(args).current_dir(world.0.path()).output().unwrap();
        Told::new(vec![path.to_owned()], told).fails(3, &[path, "hint:"]);
    }
}

#[test]
fn modes_under_a_generous_umask() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("deep/credentials");
    let run = |args: &[&str]| {
        let mut command = Command::new("sh");
        command.args(["-c", "umask 000; exec \"$0\" \"$@\"", BIN, "--path"]).arg(&path).args(args);
        Told::new(vec![], command.output().unwrap()).succeeds();
    };
    run(&["ca", "create", "--name", "primary", "--key-type", "ec"]);
    run(&["client", "create", "--name", "alice", "--ca", "primary", "--scope", "bob.x", "--key-type", "ec"]);
    run(&["client", "renew", "--name", "alice"]);
    run(&["crl", "revoke", "--ca", "primary", "--client", "alice"]);
    // An open database has side files with what is in it.
    let database = path.join("primary/ca.db");
    let reader = rusqlite::Connection::open(&database).unwrap();
    reader.query_row("SELECT count(*) FROM certificates", [], |row| row.get::<_, i64>(0)).unwrap();
    run(&["crl", "create", "--ca", "primary"]);
    assert!(path.join("primary/ca.db-wal").exists());
    let mut pending = vec![root.path().join("deep")];
    let mut seen = 0;
    while let Some(path) = pending.pop() {
        let mode = fs::metadata(&path).unwrap().mode() & 0o7777;
        let public = path.extension().is_some_and(|e| ["crt", "pub", "crl"].iter().any(|public| e == *public));
        let wanted = if path.is_dir() {
            0o700
        } else if public {
            0o644
        } else {
            0o600
        };
        assert_eq!(mode, wanted, "{}: {mode:o}", path.display());
        seen += 1;
        if path.is_dir() {
            pending.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    assert!(seen >= 14, "{seen}");
    drop(reader);
}

#[test]
fn secrets_are_not_told() {
    let world = World::new();
    let secrets: Vec<String> = ["alice/client.key", "primary/ca.key", "alice/token.jwt"]
        .iter()
        .map(|file| fs::read_to_string(world.at(file)).unwrap())
        .map(|text| text.lines().max_by_key(|line| line.len()).unwrap()[20..60].to_owned())
        .collect();
    for command in [
        &["-vvv", "client", "renew", "--name", "alice"][..],
        &["-vvv", "sign-request", "--client", "alice", "http://bob/"],
        &["-vvv", "client", "request", "--name", "alice", "http://127.0.0.1:9/"],
        &["-vvv", "client", "request", "--name", "alice", "--mode", "cert", "http://127.0.0.1:9/"],
        &["-vvv", "crl", "create", "--ca", "primary"],
        &["-vvv", "--format", "json", "client", "show", "--name", "alice"],
        // A key where a certificate is expected, and the other way round.
        &["-vvv", "verify", "cert", "--ca", "primary", "alice/client.key"],
        &["-vvv", "verify", "cert", "--ca", "primary/ca.key", "alice/client.crt"],
        &["-vvv", "crl", "show", "primary/ca.key"],
        &["-vvv", "crl", "revoke", "--ca", "primary", "--cert", "alice/client.key"],
    ] {
        let told = world.run(command);
        for secret in &secrets {
            assert!(!told.text.contains(secret.as_str()), "{command:?}: {}", told.text);
        }
    }
    let key = fs::read_to_string(world.at("alice/client.key")).unwrap();
    fs::write(world.at("alice/client.crt"), &key).unwrap();
    world.fails(&["client", "show", "--name", "alice"], 3, &["alice/client.crt", "PRIVATE KEY", "hint:"]);
}

/// "There is none" would be a wrong answer, with a wrong next step.
#[test]
fn a_directory_of_somebody_else() {
    let world = World::new();
    let set_mode = |mode| fs::set_permissions(world.0.path(), fs::Permissions::from_mode(mode)).unwrap();
    set_mode(0o000);
    if fs::read_dir(world.0.path()).is_ok() {
        println!("skipped: this user may read everything");
    } else {
        for command in [
            &["ca", "show", "--name", "primary"][..],
            &["client", "show", "--name", "alice"],
            &["client", "list"],
            &["client", "create", "--name", "bob", "--ca", "primary", "--scope", "a", "--key-type", "ec"],
        ] {
            let told = Command::new(BIN).arg("--path").arg(world.0.path()).args(command).output().unwrap();
            Told::new(vec![format!("{command:?}")], told).fails(3, &["Permission denied", "hint: check the owner"]);
        }
    }
    set_mode(0o700);
}
