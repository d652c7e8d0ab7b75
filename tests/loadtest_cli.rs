//! `loadtest` as a command: whom it asks, what it writes, how it exits.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]
#![cfg(unix)]

use serde_json::Value;
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

fn certauthz(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_certauthz"));
    command.current_dir(directory).env_remove("CERTAUTHZ_PATH").args(arguments).stdin(Stdio::null());
    command
}

/// A short run in a temporary world with fast keys.
fn loadtest(directory: &Path, arguments: &[&str]) -> Output {
    let short = ["--format", "json", "loadtest", "--warmup", "50ms", "-c", "4"];
    certauthz(directory, &[&short, arguments].concat()).output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", told(output)))
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn lanes(report: &Value) -> Vec<&str> {
    report["modes"].as_object().unwrap().keys().map(String::as_str).collect()
}

fn files(directory: &Path) -> Vec<String> {
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| name(entry.unwrap())).collect();
    names.sort();
    names
}

#[test]
fn several_clients_take_turns() {
    let directory = tempfile::tempdir().unwrap();
    let output = loadtest(directory.path(), &["--key-type", "ed25519", "--clients", "12", "-n", "60"]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let report = report(&output);
    assert_eq!(lanes(&report), ["token", "cert"]);
    for lane in ["token", "cert"] {
        assert_eq!(report["modes"][lane]["statusCodeDistribution"], serde_json::json!({"200": 60}), "{report:#}");
    }
}

#[test]
fn a_mode_against_itself() {
    let directory = tempfile::tempdir().unwrap();
    let output = loadtest(directory.path(), &["--key-type", "ec", "--mode", "cert", "--aa", "-n", "40"]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let report = report(&output);
    assert_eq!(lanes(&report), ["cert", "cert-again"]);
    assert_eq!(report["comparison"]["of"], "cert-again/cert");
}

#[test]
fn types_of_keys_beside_one_another() {
    let directory = tempfile::tempdir().unwrap();
    let output = loadtest(directory.path(), &["--matrix", "--mode", "cert", "-n", "20"]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let report = report(&output);
    assert_eq!(lanes(&report), ["cert-rsa-2048", "cert-ec-256", "cert-ed25519"]);
    assert_eq!(report["urls"].as_array().unwrap().len(), 3);
}

/// A resource server, ended when dropped.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(directory: &Path) -> Self {
        let mut process =
            certauthz(directory, &["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        Self { process, url }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn world() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let make = |line: &str| {
        let output = certauthz(directory.path(), &line.split(' ').collect::<Vec<_>>()).output().unwrap();
        assert!(output.status.success(), "{}", told(&output));
    };
    make("ca create --name primary --key-type ec");
    for client in ["alice", "carol"] {
        make(&format!("client create --name {client} --ca primary --scope bob.user.read --key-type ed25519"));
    }
    directory
}

#[test]
fn given_servers_clients_token_and_body() {
    let world = world();
    let (one, two) = (Server::start(world.path()), Server::start(world.path()));
    fs::write(world.path().join("body"), [0, 159, 146, 150, b'\n']).unwrap();
    let metrics = format!("{}/metrics", one.url);
    let both = ["--url", &two.url, "--client", "alice", "--client", "carol", "-n", "40"];
    let output = loadtest(
        world.path(),
        &[&[one.url.as_str(), "-D", "body", "-T", "application/x-bytes", "--server-metrics", &metrics], &both[..]]
            .concat(),
    );
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    for lane in ["token", "cert"] {
        assert_eq!(report(&output)["modes"][lane]["summary"]["successRate"], 1.0);
    }
    let token = "credentials/alice/token.jwt";
    let output = loadtest(world.path(), &[&one.url, "--mode", "token", "--token", token, "-n", "10"]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    fs::write(world.path().join("empty"), "\n").unwrap();
    for (arguments, code, why) in [
        (&["--mode", "token", "--token", "empty"][..], 2, "it is empty"),
        (&["--mode", "token", "--token", "body"], 3, "it holds no token"),
        (&["--client", "nobody"], 3, "nobody"),
        (&["--server-metrics", &one.url], 3, "no counter process_cpu_seconds_total was found there"),
    ] {
        let output = loadtest(world.path(), &[&[one.url.as_str(), "-n", "10"], arguments].concat());
        assert_eq!((output.status.code(), told(&output).contains(why)), (Some(code), true), "{}", told(&output));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn files_appear_whole_and_a_place_that_cannot_be_written_is_told_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let run = ["--key-type", "ec", "-n", "20"];
    let outputs = ["-o", "a.json", "--report", "a.html", "--csv", "a.csv", "--hdr-log", "a.hlog"];
    let output = loadtest(directory.path(), &[&run[..], &outputs].concat());
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert_eq!(read(&directory.path().join("a.json")), report(&output));
    let page = fs::read_to_string(directory.path().join("a.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"), "{page}");
    let csv = fs::read_to_string(directory.path().join("a.csv")).unwrap();
    assert!(csv.lines().count() > 2 && csv.contains("token") && csv.contains("cert"), "{csv}");
    let log = fs::read_to_string(directory.path().join("a.hlog")).unwrap();
    assert!(log.starts_with("#[") && log.lines().last().unwrap().contains("Tag="), "{log}");
    assert_eq!(files(directory.path()), ["a.csv", "a.hlog", "a.html", "a.json"]);
    let begin = std::time::Instant::now();
    for option in ["-o", "--report", "--csv", "--hdr-log"] {
        let output = loadtest(directory.path(), &["-z", "60s", option, "nowhere/a"]);
        assert_eq!(output.status.code(), Some(3), "{option}: {}", told(&output));
        assert!(told(&output).contains("cannot write nowhere/a"), "{option}: {}", told(&output));
    }
    assert!(begin.elapsed().as_secs() < 20);
}
