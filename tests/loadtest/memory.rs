//! Memory does not grow with the run.

use crate::{
    peer::{Asked, Peer, ok},
    world,
};
use std::{
    fs,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

/// Resident memory in MB.
fn resident(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

/// Resident memory `early` and `late` after the start of a run.
fn between(early: Duration, late: Duration, args: &[&str]) {
    let _turn = world::quiet();
    let peer = Peer::start(|_: &Asked| vec![ok()]);
    let credentials = world::credentials();
    let time = format!("{}s", late.as_secs() + 1);
    let mut command = world::command(credentials.path(), &peer.url(), args);
    let begin = Instant::now();
    let mut child = command.args(["-z", &time]).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap();
    thread::sleep(early);
    let first = resident(child.id());
    thread::sleep(late.saturating_sub(begin.elapsed()));
    let last = resident(child.id());
    assert!(child.wait().unwrap().success());
    let requests = peer.exchanges().len();
    println!("{first:.1} MB after {early:?}, {last:.1} MB after {late:?}, {requests} requests, {args:?}");
    assert!((last - first).abs() <= 5.0, "{first:.1} MB after {early:?}, {last:.1} MB after {late:?}");
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "reads /proc")]
fn memory_is_flat() {
    let seconds = Duration::from_secs;
    between(seconds(2), seconds(7), &["-c", "16"]);
    between(seconds(2), seconds(5), &["-c", "4", "-q", "500"]);
}

/// `CERTAUTHZ_SECONDS=600 cargo test --release --test loadtest -- --ignored memory --nocapture`
#[test]
#[ignore = "a minute, or as long as CERTAUTHZ_SECONDS says"]
fn memory_is_flat_for_as_long_as_you_like() {
    let late = std::env::var("CERTAUTHZ_SECONDS").map_or(60, |text| text.parse().unwrap());
    between(Duration::from_secs(10), Duration::from_secs(late), &["-c", "16"]);
}
