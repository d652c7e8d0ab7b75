//! A load test that is told to end leaves no temporary world, with its private keys, behind.

use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

fn only_entry(directory: &Path) -> Option<PathBuf> {
    fs::read_dir(directory).unwrap().next().map(|entry| entry.unwrap().path())
}

fn within(patience: Duration, what: &str, mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < patience, "{what} within {patience:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Sends `signal` once the temporary world is there, `later` after that.
fn interrupted(signal: Signal, later: Duration) -> Output {
    let temporary = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_certauthz"))
        .args(["loadtest", "--key-type", "ec", "-z", "60s", "-c", "2", "--warmup", "0s", "--no-progress"])
        .env("TMPDIR", temporary.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    within(Duration::from_secs(20), "a temporary world", || only_entry(temporary.path()).is_some());
    let mode = fs::metadata(only_entry(temporary.path()).unwrap()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    thread::sleep(later);
    kill_process(Pid::from_child(&child), signal).unwrap();
    within(Duration::from_secs(30), "the end", || child.try_wait().unwrap().is_some());
    assert_eq!(only_entry(temporary.path()), None, "{signal:?}");
    child.wait_with_output().unwrap()
}

#[test]
fn a_signal_before_anything_was_measured() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let output = interrupted(signal, Duration::ZERO);
        assert_eq!(output.status.code(), Some(3), "{signal:?}: {output:?}");
        assert!(output.stdout.is_empty(), "{signal:?}: {output:?}");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains("interrupted before anything was measured"), "{signal:?}: {told}");
    }
}

#[test]
fn a_signal_later_prints_what_there_is() {
    let output = interrupted(Signal::TERM, Duration::from_secs(4));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("Interrupted: "), "{output:?}");
}
