//! A directory that may be read but not written: a mounted secret.

use crate::{World, name, now};
use certauthz::store::{CRL_LIFETIME, Credentials};
use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Credentials that all may read and none may write, and the program run on them by a user who is not above that.
struct Mounted {
    _world: World,
    root: PathBuf,
    program: PathBuf,
    setpriv: bool,
}

impl Mounted {
    fn new() -> Option<Self> {
        let world = World::with_ca();
        world.client("alice");
        let program = world.dir.path().join("certauthz");
        let built = env!("CARGO_BIN_EXE_certauthz");
        fs::hard_link(built, &program).or_else(|_| fs::copy(built, &program).map(drop)).unwrap();
        let root = world.credentials.root().to_owned();
        let setpriv = fs::metadata(&root).unwrap().uid() == 0;
        let mounted = Self { _world: world, root, program, setpriv };
        fs::set_permissions(mounted._world.dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        mounted.set_modes(0o555, 0o444);
        let version = mounted.try_run(&["--version"]);
        if !version.as_ref().is_ok_and(|told| told.status.success()) {
            println!("skipped: root may write everywhere, and cannot become somebody else here ({version:?})");
            return None;
        }
        Some(mounted)
    }

    fn set_modes(&self, directory: u32, file: u32) {
        let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        set(&self.root, 0o755);
        for place in ["primary", "alice"].map(|name| self.root.join(name)) {
            set(&place, 0o755);
            fs::read_dir(&place).unwrap().for_each(|entry| set(&entry.unwrap().path(), file));
            set(&place, directory);
        }
        set(&self.root, directory);
    }

    fn try_run(&self, args: &[&str]) -> std::io::Result<Output> {
        let mut command = match self.setpriv {
            true => Command::new("setpriv"),
            false => Command::new(&self.program),
        };
        if self.setpriv {
            command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]).arg(&self.program);
        }
        command.current_dir("/").env_remove("CERTAUTHZ_PATH").arg("--path").arg(&self.root).args(args).output()
    }

    /// Exit code, then what it printed on both streams.
    fn run(&self, args: &[&str]) -> (Option<i32>, String) {
        let told = self.try_run(args).unwrap();
        (told.status.code(), String::from_utf8([told.stdout, told.stderr].concat()).unwrap())
    }

    fn reads(&self) {
        for (args, wanted) in [
            (&["ca", "show", "--name", "primary"][..], "alice"),
            (&["ca", "show", "--name", "primary", "--jwks"], "keys"),
            (&["ca", "list"], "primary"),
            (&["client", "show", "--name", "alice"], "valid"),
            (&["client", "list"], "alice"),
            (&["token", "create", "--ca", "primary", "--client", "alice"], "ey"),
        ] {
            let (code, text) = self.run(args);
            assert!(code == Some(0) && text.contains(wanted), "{args:?}: {code:?} {text}");
            for unwanted in ["unusable", "unknown", "warning"] {
                assert!(!text.contains(unwanted), "{args:?}: {text}");
            }
        }
        let certificate = self.root.join("alice/client.crt");
        let (code, text) = self.run(&["verify", "cert", "--ca", "primary", certificate.to_str().unwrap()]);
        assert_eq!(code, Some(0), "{text}");
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        self.set_modes(0o755, 0o644);
    }
}

#[test]
fn what_only_reads_works() {
    let Some(mounted) = Mounted::new() else { return };
    mounted.reads();
    // What an unclean copy may have beside it.
    fs::set_permissions(mounted.root.join("primary"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(mounted.root.join("primary/ca.db-wal"), "").unwrap();
    mounted.set_modes(0o555, 0o444);
    mounted.reads();
}

#[test]
fn what_writes_says_why_it_cannot() {
    let Some(mounted) = Mounted::new() else { return };
    let root = mounted.root.to_str().unwrap();
    let scope = ["--ca", "primary", "--scope", "a.b", "--key-type", "ec"];
    for args in [
        &["crl", "create", "--ca", "primary"][..],
        &["crl", "revoke", "--ca", "primary", "--client", "alice"],
        &[&["client", "create", "--name", "bob"], &scope[..]].concat(),
        &["client", "renew", "--name", "alice"],
        &["ca", "create", "--name", "second", "--key-type", "ec"],
    ] {
        let (code, text) = mounted.run(args);
        assert_eq!(code, Some(3), "{args:?}: {text}");
        assert!(text.contains("check") && text.contains("owner and mode") || text.contains("read-only"), "{text}");
        assert!(text.contains("hint: ") && text.contains(root) && !text.contains("backup"), "{args:?}: {text}");
    }
    let count = |place: &str| fs::read_dir(mounted.root.join(place)).unwrap().count();
    assert_eq!((count(""), count("primary"), count("alice")), (2, 5, 4));
}

/// What is committed is in the log; an answer without it would be out of date.
#[test]
fn a_log_is_not_passed_over() {
    let Some(mounted) = Mounted::new() else { return };
    mounted.set_modes(0o755, 0o644);
    let open = rusqlite::Connection::open(mounted.root.join("primary/ca.db")).unwrap();
    open.execute("UPDATE meta SET value = 'http://new.example' WHERE key = 'issuer'", []).unwrap();
    mounted.set_modes(0o555, 0o444);
    // With the log's index there it is read, as beside a running writer.
    let (code, text) = mounted.run(&["ca", "show", "--name", "primary"]);
    assert!(code == Some(0) && text.contains("http://new.example"), "{text}");
    mounted.set_modes(0o755, 0o644);
    fs::remove_file(mounted.root.join("primary/ca.db-shm")).unwrap();
    mounted.set_modes(0o555, 0o444);
    let (code, text) = mounted.run(&["ca", "show", "--name", "primary"]);
    assert!(code == Some(3) && text.contains("read-only for this user"), "{text}");
    mounted.set_modes(0o755, 0o644);
    drop(open);
}

#[test]
fn a_directory_that_may_not_be_read_is_not_empty() {
    let Some(mounted) = Mounted::new() else { return };
    for (directory, file) in [(0o700, 0o600), (0o555, 0o400)] {
        mounted.set_modes(directory, file);
        let (code, text) = mounted.run(&["ca", "show", "--name", "primary"]);
        assert!(code == Some(3) && text.contains("Permission denied") && !text.contains("there is no"), "{text}");
        let (code, text) = mounted.run(&["ca", "show", "--name", "primary", "--jwks"]);
        assert!(code == Some(3) && text.contains("Permission denied") && !text.contains("there is no"), "{text}");
    }
    // The certificates alone: what a verifier reads. A database that it may not read is no reason to guess the issuer.
    mounted.set_modes(0o555, 0o444);
    fs::set_permissions(mounted.root.join("primary/ca.db"), fs::Permissions::from_mode(0o600)).unwrap();
    let (code, text) = mounted.run(&["ca", "show", "--name", "primary", "--jwks"]);
    assert!(code == Some(3) && text.contains("ca.db: Permission denied"), "{text}");
}

#[test]
fn readers_in_the_same_process_as_a_writer() {
    let world = World::with_ca();
    let mut ca = world.authority();
    let readers = Credentials::new(world.credentials.root());
    for _ in 0..3 {
        ca.publish_crl(CRL_LIFETIME, now()).unwrap();
        assert!(readers.ca_facts(&name("primary")).unwrap().issuer_url.is_some());
    }
}
