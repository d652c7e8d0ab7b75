//! The real program in a directory of its own, and what it answers.

use certauthz::store::{Credentials, Name};
use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_certauthz");

/// A CA `primary` and its clients `alice` and `bob`, with keys that are made at once.
pub(crate) struct World(TempDir);

impl World {
    pub(crate) fn new() -> Self {
        let world = Self(TempDir::new().unwrap());
        world.run(&["ca", "create", "--name", "primary", "--key-type", "ec"]);
        for (name, scope) in [("alice", "bob.user.read"), ("bob", "alice.user.read")] {
            world.run(&["client", "create", "--name", name, "--ca", "primary", "--key-type", "ec", "--scope", scope]);
        }
        world
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn credentials(&self) -> Credentials {
        Credentials::new(self.path())
    }

    /// What the program prints, whatever it makes of it.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Output {
        Command::new(PROGRAM).arg("--path").arg(self.path()).args(arguments).output().unwrap()
    }

    /// What it prints if all is well.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = self.ask(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// A fresh token of alice's, for bob.
    pub(crate) fn token(&self) -> String {
        self.run(&["token", "create", "--ca", "primary", "--client", "alice"]).trim().to_owned()
    }

    /// The serial number of a client's certificate in hex.
    pub(crate) fn serial(&self, client: &str) -> String {
        self.credentials().client(&Name::new(client).unwrap()).unwrap().certificate.serial.to_hex()
    }

    pub(crate) fn serve(&self, arguments: &[&str]) -> Served {
        let mut child = Command::new(PROGRAM)
            .arg("--path")
            .arg(self.path())
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Served { child, url }
    }
}

/// A resource server that runs.
pub(crate) struct Served {
    child: Child,
    url: String,
}

/// Its answer on `/token`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The reason of a refusal, or else who was let in.
    pub(crate) word: String,
    /// The header `certauthz-revocation`.
    pub(crate) revocation: Option<String>,
    pub(crate) retry_after: bool,
}

impl Answer {
    /// The two that most tests look at.
    pub(crate) fn short(&self) -> (u16, &str) {
        (self.status, &self.word)
    }
}

impl Served {
    pub(crate) fn ask(&self, token: &str) -> Answer {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let request = agent.get(format!("{}/token", self.url)).header("authorization", format!("Bearer {token}"));
        let mut answer = request.call().unwrap();
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (revocation, retry_after) = (header("certauthz-revocation"), header("retry-after").is_some());
        let body: serde_json::Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
        let word = body["reason"].as_str().or(body["client"].as_str()).unwrap_or_default().to_owned();
        Answer { status: answer.status().as_u16(), word, revocation, retry_after }
    }

    /// The answer that comes within some seconds: files are looked at every second.
    pub(crate) fn soon(&self, token: &str, wanted: (u16, &str)) {
        let start = Instant::now();
        loop {
            let answer = self.ask(token);
            if answer.short() == wanted {
                return;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "{answer:?}, wanted {wanted:?}");
            sleep(Duration::from_millis(50));
        }
    }

    /// The value of a metric, by its whole name with labels.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let text = ureq::get(format!("{}/metrics", self.url)).call().unwrap().body_mut().read_to_string().unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
