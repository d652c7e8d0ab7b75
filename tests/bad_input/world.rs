//! Credentials in a temporary directory, and the program run on them.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    io::Write as _,
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

pub(crate) const BIN: &str = env!("CARGO_BIN_EXE_certauthz");

/// A CA `primary` and its client `alice`, both on P-256.
pub(crate) struct World(pub(crate) tempfile::TempDir);

impl World {
    pub(crate) fn new() -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        world.run(&["ca", "create", "--name", "primary", "--key-type", "ec"]).succeeds();
        let client = ["client", "create", "--name", "alice", "--ca", "primary", "--scope", "bob.user.read"];
        world.run(&[&client[..], &["--key-type", "ec"]].concat()).succeeds();
        world
    }

    /// A file below the credentials.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(BIN);
        command.current_dir(self.0.path()).arg("--path").arg(self.0.path()).args(args);
        command.stdin(Stdio::null()).env_remove("CERTAUTHZ_PATH");
        command
    }

    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Told {
        self.feed(args, b"")
    }

    /// With `input` on standard input. A command that takes a minute is hung.
    pub(crate) fn feed<S: AsRef<OsStr>>(&self, args: &[S], input: &[u8]) -> Told {
        let shown = args.iter().map(|arg| arg.as_ref().to_string_lossy().chars().take(100).collect()).collect();
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = Instant::now();
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let output = thread::scope(|scope| {
            scope.spawn(move || drop(stdin.write_all(input)));
            child.wait_with_output().unwrap()
        });
        assert!(started.elapsed() < Duration::from_secs(60), "{shown:?}");
        Told::new(shown, output)
    }

    /// Every path with its mode and content: what "nothing changed" means.
    pub(crate) fn snapshot(&self) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
        let mut found = BTreeMap::new();
        let mut pending = vec![self.0.path().to_owned()];
        while let Some(directory) = pending.pop() {
            for entry in fs::read_dir(&directory).unwrap() {
                let (path, kind) = entry.map(|e| (e.path(), e.file_type().unwrap())).unwrap();
                let mode = fs::symlink_metadata(&path).unwrap().mode();
                let content = if kind.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
                if kind.is_dir() {
                    pending.push(path.clone());
                }
                found.insert(path, (mode, content));
            }
        }
        found
    }

    /// A command that fails with this code and these words, and changes nothing.
    pub(crate) fn fails<S: AsRef<OsStr>>(&self, args: &[S], code: i32, words: &[&str]) {
        let before = self.snapshot();
        self.run(args).fails(code, words);
        assert!(
            self.snapshot() == before,
            "something was changed by {:?}",
            args.iter().map(S::as_ref).collect::<Vec<_>>()
        );
    }
}

/// What a command said.
pub(crate) struct Told {
    args: Vec<String>,
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
    pub(crate) stdout: Vec<u8>,
}

impl Told {
    pub(crate) fn new(args: Vec<String>, output: Output) -> Self {
        let text = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned();
        assert!(!text.contains("panicked"), "{args:?}: {text}");
        Self { args, code: output.status.code(), text, stdout: output.stdout }
    }

    pub(crate) fn succeeds(&self) {
        assert_eq!(self.code, Some(0), "{:?}: {}", self.args, self.text);
    }

    pub(crate) fn fails(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{:?}: {}", self.args, self.text);
        for word in words {
            assert!(self.text.contains(word), "{:?}: no {word:?} in: {}", self.args, self.text);
        }
    }
}
