//! An outage of the authority, rehearsed by the program itself: whatever way it goes away, no request fails.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

fn loadtest(temporary: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_certauthz"));
    command.args(["--format", "json", "loadtest", "--mode", "auto", "--no-progress", "--key-type", "ec"]);
    command.args(arguments).env("TMPDIR", temporary).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Processes that work in this directory.
fn processes_in(directory: &Path) -> Vec<String> {
    let directory = directory.to_str().unwrap();
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let command = |entry: fs::DirEntry| String::from_utf8(fs::read(entry.path().join("cmdline")).ok()?).ok();
    processes.filter_map(|entry| command(entry.ok()?)).filter(|command| command.contains(directory)).collect()
}

fn left_nothing(temporary: &Path) {
    assert_eq!(processes_in(temporary), Vec::<String>::new());
    let left: Vec<_> = fs::read_dir(temporary).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// A second and a half without the authority.
fn rehearse(kind: &str) -> Value {
    let temporary = tempfile::tempdir().unwrap();
    let times = ["-z", "4500ms", "--outage", "1s..2500ms", "--warmup", "300ms", "--rate", "100", "-c", "8"];
    let output = loadtest(temporary.path(), &times).args(["--outage-kind", kind]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{kind}: {}", told(&output));
    left_nothing(temporary.path());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stderr[..], &output.stdout[..]].concat()).into_owned()
}

fn float(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn nobody_notices(kind: &str) {
    let report = rehearse(kind);
    let summary = || serde_json::to_string_pretty(&without_series(&report)).unwrap();
    assert_eq!((&report["passed"], &report["verdict"]), (&true.into(), &Value::Array(Vec::new())), "{}", summary());
    assert_eq!((report["requests"].as_u64(), report["failed"].as_u64()), (Some(450), Some(0)), "{}", summary());
    assert_eq!(report["plan"]["outage"]["kind"], kind);
    // Tokens before, certificates in between, tokens after.
    assert_eq!(report["phases"]["before"]["certificate"], 0, "{}", summary());
    assert_eq!(report["phases"]["settled"]["token"], 0, "{}", summary());
    assert!(float(&report["share"]["certificate"]) > 0.05, "{}", summary());
    let states: Vec<_> = report["transitions"].as_array().unwrap().iter().map(|t| t["to"].as_str().unwrap()).collect();
    assert_eq!((states.first(), states.last()), (Some(&"open"), Some(&"closed")), "{}", summary());
    let probe = float(&report["plan"]["probeInterval"][1]);
    assert!(float(&report["recovery"]["firstToken"]) <= probe + 1.0, "{}", summary());
    // The series adds up.
    let series = report["timeline"]["series"].as_array().unwrap();
    assert_eq!((float(&report["timeline"]["step"]), series.len()), (0.1, 45));
    let sum = |key: &str| series.iter().map(|slot| slot[key].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("requests"), sum("token") + sum("certificate"), sum("failed")), (450, 450, 0));
}

fn without_series(report: &Value) -> Value {
    let mut report = report.clone();
    report.as_object_mut().unwrap().remove("timeline");
    report
}

#[test]
fn nobody_notices_that_it_was_killed() {
    nobody_notices("kill");
}

#[test]
fn nobody_notices_that_it_hangs() {
    nobody_notices("hang");
}

#[test]
fn nobody_notices_that_it_resets_connections() {
    nobody_notices("reset");
}

#[test]
fn nobody_notices_that_it_fails() {
    nobody_notices("error500");
}

#[test]
fn without_an_outage_there_are_only_tokens() {
    let temporary = tempfile::tempdir().unwrap();
    let output = loadtest(temporary.path(), &["-z", "1s", "--warmup", "200ms", "--rate", "50"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((report["requests"].as_u64(), report["phases"]["all"]["token"].as_u64()), (Some(50), Some(50)));
    assert_eq!((&report["plan"]["outage"], &report["switch"]), (&Value::Null, &Value::Null));
}

#[test]
fn an_outage_that_the_tokens_outlive_is_no_rehearsal() {
    let temporary = tempfile::tempdir().unwrap();
    let times = ["-z", "1500ms", "--outage", "300ms..350ms", "--warmup", "200ms", "--rate", "50"];
    let output = loadtest(temporary.path(), &times).output().unwrap();
    assert_eq!(output.status.code(), Some(99), "{}", told(&output));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("no request in the outage used a certificate"), "{stderr}");
    left_nothing(temporary.path());
}

#[test]
fn a_signal_in_the_middle_leaves_nothing_even_of_a_server_that_hangs() {
    for kind in ["hang", "error500"] {
        let temporary = tempfile::tempdir().unwrap();
        let times = ["-z", "60s", "--outage", "1s..50s", "--warmup", "200ms", "--outage-kind", kind];
        let child = loadtest(temporary.path(), &times).spawn().unwrap();
        let begin = Instant::now();
        while processes_in(temporary.path()).len() < 2 {
            assert!(begin.elapsed() < Duration::from_secs(20), "no two servers");
            thread::sleep(Duration::from_millis(20));
        }
        // The undisturbed certificates take the longest time there is for them: 10 s. Then comes the second before.
        thread::sleep(Duration::from_secs(13));
        let signalled = Instant::now();
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(signalled.elapsed() < Duration::from_secs(10), "{kind}: {:?}", signalled.elapsed());
        assert_eq!(output.status.code(), Some(3), "{kind}: {}", told(&output));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((report["ending"].as_str(), report["passed"].as_bool()), (Some("interrupted"), Some(false)));
        assert!(report["outage"]["from"].is_number(), "{}", without_series(&report));
        left_nothing(temporary.path());
    }
}

#[test]
fn what_cannot_be_rehearsed_is_said_at_once() {
    let temporary = tempfile::tempdir().unwrap();
    let cases: &[(&[&str], &str)] = &[
        (&["--outage", "5s..15s", "-z", "15s"], "leaves no second to recover in"),
        (&["--outage", "15s..5s"], "it ends before it begins"),
        (&["--outage", "0s..5s"], "it begins before the first request"),
        (&["--outage", "5s"], "an outage is begin..end, like 5s..15s"),
        (&["--outage-kind", "hang"], "--outage <FROM..TO>"),
        (&["--outage", "5s..15s", "--outage-kind", "fire"], "kill, hang, reset, error500"),
        (&["-n", "5"], "--mode auto takes no -n"),
        (&["--rate", "0"], "a rate is 0.001 to 10000000 requests per second"),
        (&["-q", "0.5"], "a whole number of requests in a second, and -q says 0.5"),
        (&["--rate", "10000000"], "more requests than can be kept"),
        (&["-c", "513"], "at most 512"),
    ];
    for (arguments, why) in cases {
        let output = loadtest(temporary.path(), arguments).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && stderr.contains(why), "{arguments:?}: {stderr}");
    }
    let url = ["loadtest", "--mode", "auto", "http://127.0.0.1:1/"];
    let others = ["loadtest", "--outage", "5s..15s", "--mode", "cert"];
    for (arguments, why) in [(&url[..], "--mode auto takes no URL"), (&others, "--outage belongs to --mode auto")] {
        let output = Command::new(env!("CARGO_BIN_EXE_certauthz")).args(arguments).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && stderr.contains(why), "{arguments:?}: {stderr}");
    }
    left_nothing(temporary.path());
}
