//! Credentials, the program, its report, and what statistics are by definition.

use serde_json::Value;
use std::{
    panic::{self, AssertUnwindSafe},
    path::Path,
    process::{Command, Output},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tempfile::TempDir;

pub const BIN: &str = env!("CARGO_BIN_EXE_certauthz");

/// Held by a test while it measures: the others wait.
pub fn quiet() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Measures alone until one of five attempts holds. What else the machine does comes on top of every time, so a generator
/// that counts rightly may need a second one; one that counts wrongly fails in all of them.
pub fn measuring(attempt: impl Fn()) {
    let _turn = quiet();
    for _ in 0..4 {
        if panic::catch_unwind(AssertUnwindSafe(&attempt)).is_ok() {
            return;
        }
    }
    attempt();
}

fn certauthz(credentials: &Path, args: &[&str]) {
    let done = Command::new(BIN).arg("--path").arg(credentials).args(args).output().unwrap();
    assert!(done.status.success(), "{args:?}: {done:?}");
}

/// A client `alice` with a token, on P-256.
pub fn credentials() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    certauthz(directory.path(), &["ca", "create", "--name", "primary", "--key-type", "ec"]);
    let client = ["client", "create", "--ca", "primary", "--name", "alice", "--scope", "bob.user.read"];
    certauthz(directory.path(), &[client.as_slice(), &["--key-type", "ec"]].concat());
    directory
}

/// A load test of `url` with tokens and without warm-up, not started yet.
pub fn command(credentials: &Path, url: &str, args: &[&str]) -> Command {
    let mut command = Command::new(BIN);
    command.arg("--path").arg(credentials).args(["--format", "json", "loadtest", url, "--mode", "token"]);
    command.args(["--warmup", "0s", "--no-progress"]).args(args).env_remove("CERTAUTHZ_PATH");
    command
}

/// The report of one lane, and what surrounds it.
pub struct Found {
    pub output: Output,
    pub report: Value,
}

/// Runs a load test that must go well.
pub fn measured(url: &str, args: &[&str]) -> Found {
    let found = ended(url, args);
    assert!(found.output.status.success(), "{args:?}: {:?}", found.output);
    found
}

/// Runs a load test that must at least report.
pub fn ended(url: &str, args: &[&str]) -> Found {
    let credentials = credentials();
    let output = command(credentials.path(), url, args).output().unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{args:?}: {e}: {output:?}"));
    Found { output, report }
}

impl Found {
    pub fn lane(&self) -> &Value {
        &self.report["modes"]["token"]
    }

    pub fn summary(&self, key: &str) -> f64 {
        let value = &self.lane()["summary"][key];
        value.as_f64().unwrap_or_else(|| panic!("summary.{key} is {value}: {}", self.lane()))
    }

    pub fn count(&self, key: &str) -> u64 {
        let value = &self.lane()["summary"][key];
        value.as_u64().unwrap_or_else(|| panic!("summary.{key} is {value}: {}", self.lane()))
    }

    /// `of` is `latency`, `serviceTime` or `lateness`; in seconds.
    pub fn percentile(&self, of: &str, key: &str) -> f64 {
        let value = &self.lane()[format!("{of}Percentiles")][key];
        value.as_f64().unwrap_or_else(|| panic!("{of}Percentiles.{key} is {value}: {}", self.lane()))
    }

    pub fn status(&self, status: &str) -> u64 {
        self.lane()["statusCodeDistribution"][status].as_u64().unwrap_or(0)
    }

    /// How many requests failed without an answer, by reason.
    pub fn errors(&self) -> Vec<(&str, u64)> {
        let errors = self.lane()["errorDistribution"].as_object().unwrap();
        errors.iter().map(|(word, n)| (word.as_str(), n.as_u64().unwrap())).collect()
    }

    pub fn failed(&self) -> u64 {
        self.errors().iter().map(|(_, n)| n).sum()
    }

    /// Nothing failed, nothing is left: what was planned has been answered.
    pub fn complete(&self) {
        assert_eq!(self.errors(), [], "{}", self.lane());
        for key in ["unfinished", "unsent"] {
            assert_eq!(self.count(key), 0, "{key}: {}", self.lane());
        }
    }
}

/// The smallest of the values that at least `percent` of them do not exceed.
pub fn percentile(values: &[f64], percent: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (percent / 100.0 * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted[rank.min(sorted.len()) - 1]
}

pub fn seconds(durations: impl IntoIterator<Item = Duration>) -> Vec<f64> {
    durations.into_iter().map(|d| d.as_secs_f64()).collect()
}

/// Whether `reported` is at least `lower`, but for the histogram's digits, and at most `slack` seconds more.
pub fn just_above(what: &str, reported: f64, lower: f64, slack: f64) {
    assert!(reported >= lower * 0.998 - 2e-6, "{what}: {reported} reported, at least {lower} happened");
    assert!(reported <= lower * 1.002 + slack, "{what}: {reported} reported for {lower}");
}
