//! Whole runs against a small server that misbehaves on order.

mod lanes;
mod presign;
pub(super) mod server;

use super::*;
use crate::error::{Error, Result};
use bytes::Bytes;
use http::Request;
use server::{Answer, Server, serve};
use std::{
    net::TcpListener,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Each request has its own nonce.
fn source(prefix: &'static str) -> impl RequestSource + 'static {
    let next = AtomicU64::new(0);
    move |count: usize| -> Result<Vec<PreparedRequest>> {
        let one = || {
            let nonce = format!("{prefix}{}", next.fetch_add(1, Ordering::Relaxed));
            Request::get("/x").header("nonce", nonce).body(Bytes::new()).unwrap()
        };
        Ok((0..count).map(|_| one()).collect())
    }
}

/// Four connections on two threads, no warm-up.
fn plan(stop: Stop) -> Plan {
    let warm_up = WarmUp { requests: 0, duration: Duration::ZERO };
    Plan { connections: 4, threads: 2, warm_up, ..Plan::new(stop) }
}

fn lane(name: &str, mode: Mode, server: &Server, supply: Requests) -> Subject {
    Subject { name: name.into(), mode, targets: vec![server.target()], supply, server: None }
}

/// A lane whose requests are sent once each.
fn signing(name: &str, server: &Server, source: impl RequestSource + 'static) -> Subject {
    lane(name, Mode::Cert, server, Requests::Sign(Arc::new(source)))
}

/// A lane that sends the same request again and again.
fn repeating(name: &str, server: &Server) -> Subject {
    let request = Request::get("/x").header("nonce", name).body(Bytes::new()).unwrap();
    lane(name, Mode::Token, server, Requests::Repeat(vec![request]))
}

fn run_all(plan: &Plan, subjects: Vec<Subject>) -> Result<Report> {
    run(plan, subjects, Watch::SILENT, &Arc::default())
}

fn run_one(plan: &Plan, server: &Server) -> Result<Report> {
    run_all(plan, vec![signing("cert", server, source("n"))])
}

#[test]
fn exactly_the_wanted_number_is_sent_and_counted() {
    for (n, warm_up) in [(1, 0), (7, 0), (7, 20), (1_003, 20)] {
        let server = Server::start(|_| Answer::Status(200));
        let warm_up = WarmUp { requests: warm_up, duration: Duration::from_secs(30) };
        let report = run_one(&Plan { warm_up, ..plan(Stop::Requests(n)) }, &server).unwrap();
        let tally = &report.modes[0].tally;
        assert_eq!((tally.done(), tally.successes(), tally.latencies.count()), (n, n, n));
        // And the probe.
        assert_eq!(server.seen_once(), n + warm_up.requests + 1);
        assert_eq!(report.ending, Ending::Completed);
    }
}

#[test]
fn refusals_are_counted_by_status() {
    let server = Server::start(|i| Answer::Status(if i % 4 == 1 { 500 } else { 200 }));
    let report = run_one(&plan(Stop::Requests(400)), &server).unwrap();
    let tally = &report.modes[0].tally;
    assert_eq!(tally.statuses, [(200, 300), (500, 100)].into());
    assert!((tally.success_rate() - 0.75).abs() < 1e-12 && !report.all_failed());
    assert!(report.text().contains("100 answers were not 2xx"), "{}", report.text());
}

#[test]
fn nothing_but_refusals_is_a_failed_run() {
    let server = Server::start(|i| Answer::Status(if i == 0 { 200 } else { 503 }));
    let report = run_one(&plan(Stop::Requests(20)), &server).unwrap();
    assert!(report.all_failed());
}

#[test]
fn broken_answers_are_errors_with_a_word_and_never_repeated() {
    let cases = [
        (Answer::Close, "closed before response"),
        (Answer::Raw("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab"), "closed in body"),
        (Answer::Raw("SMTP hello\r\n\r\n"), "malformed response"),
    ];
    for (broken, word) in cases {
        let server = Server::start(move |i| if i % 5 == 4 { broken } else { Answer::Status(200) });
        let report = run_one(&plan(Stop::Requests(200)), &server).unwrap();
        let tally = &report.modes[0].tally;
        assert_eq!((tally.done(), tally.answered()), (200, 160), "{word}");
        // A server that closes with unread data in its buffers resets.
        let named: u64 = tally.errors.iter().filter(|(w, _)| **w == word || **w == "reset").map(|(_, n)| n).sum();
        assert_eq!(named, 40, "{word}: {:?}", tally.errors);
        assert_eq!(server.seen_once(), 201);
    }
}

#[test]
fn a_server_that_closes_after_each_answer_is_no_error() {
    let server = Server::start(|_| Answer::Last);
    let report = run_one(&plan(Stop::Requests(100)), &server).unwrap();
    let tally = &report.modes[0].tally;
    assert_eq!((tally.successes(), server.seen_once()), (100, 101), "{:?}", tally.errors);
}

#[test]
fn requests_under_way_at_the_deadline_are_awaited_and_counted() {
    let late = Duration::from_millis(400);
    let server = Server::start(move |i| if i == 0 { Answer::Status(200) } else { Answer::Late(late) });
    let report = run_one(&plan(Stop::Duration(Duration::from_millis(50))), &server).unwrap();
    let tally = &report.modes[0].tally;
    assert_eq!((tally.successes(), tally.failed()), (4, 0));
    assert!(tally.latencies.fastest().unwrap() >= late);
    assert!(report.modes[0].measured >= late);
}

#[test]
fn a_request_without_answer_is_a_timeout() {
    let server = Server::start(|i| if i == 3 { Answer::Hang } else { Answer::Status(200) });
    let report = run_one(&Plan { timeout: Duration::from_millis(300), ..plan(Stop::Requests(50)) }, &server).unwrap();
    let tally = &report.modes[0].tally;
    assert_eq!((tally.done(), tally.errors.get("timeout")), (50, Some(&1)), "{:?}", tally.errors);
}

#[test]
fn a_server_that_is_not_there_or_refuses_is_an_error_that_says_so() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gone = Server { address: closed, nonces: Arc::default() };
    let error = run_one(&plan(Stop::Requests(1)), &gone).unwrap_err();
    assert!(matches!(error, Error::Network { .. }) && error.hint().is_some());
    let text = error.to_string();
    assert!(text.contains(&format!("http://{closed}/x")) && text.contains("connect: refused"), "{text}");

    let server = Server::start(|_| Answer::Status(401));
    let text = run_one(&plan(Stop::Requests(1)), &server).unwrap_err().to_string();
    assert!(text.contains("/x: the first request was answered 401") && text.ends_with(": h l"), "{text:?}");
}

#[test]
fn a_server_that_dies_ends_the_run() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let answer = |i| if i < 20 { Answer::Status(200) } else { Answer::Close };
        let counter = AtomicU64::new(0);
        // The probe's connection and four more; then nobody listens.
        thread::scope(|scope| {
            for stream in listener.incoming().take(5) {
                let counter = &counter;
                scope.spawn(move || serve(&stream.unwrap(), &answer, counter, &Mutex::default()));
            }
            drop(listener);
        });
    });
    let server = Server { address, nonces: Arc::default() };
    let plan = Plan { patience: Duration::from_millis(300), ..plan(Stop::Requests(10_000_000)) };
    let report = run_one(&plan, &server).unwrap();
    assert_eq!(report.ending, Ending::ServerGone);
    assert!(report.modes[0].tally.errors.contains_key("connect: refused"));
    assert!(report.text().starts_with("The server stopped answering"));
}

#[test]
fn both_modes_take_turns_and_are_compared() {
    let server = Server::start(|_| Answer::Status(200));
    let clock = Some(ServerClock::Process(std::process::id()));
    let token = Subject { mode: Mode::Token, server: clock.clone(), ..signing("token", &server, source("t")) };
    let cert = Subject { server: clock, ..signing("cert", &server, source("c")) };
    let warm_up = WarmUp { requests: 50, duration: Duration::from_secs(30) };
    let plan = Plan { warm_up, ..plan(Stop::Duration(Duration::from_millis(800))) };
    let (mut calls, mut last) = (0, 0.0);
    let mut progress = |_: Phase<'_>, part: f64| {
        calls += 1;
        assert!((0.0..=1.0).contains(&part));
        last = part;
    };
    let watch = Watch { progress: Progress::Call(&mut progress), intervals: None };
    let report = run(&plan, vec![token, cert], watch, &Arc::default()).unwrap();
    assert!(calls > 0 && last > 0.0);
    assert_eq!(report.modes.iter().map(|m| m.mode).collect::<Vec<_>>(), [Mode::Token, Mode::Cert]);
    let done: u64 = report.modes.iter().map(|m| m.tally.successes()).sum();
    let discarded: u64 = report.modes.iter().map(|m| m.tally.discarded).sum();
    assert_eq!(server.seen_once(), done + discarded + 2 * (50 + 1));
    let comparison = report.comparisons.first().unwrap();
    assert!(comparison.pairs >= 1 && comparison.ratio(Metric::P50).unwrap().estimate > 0.0);
    check_json(&report);
    let text = report.text();
    for row in ["Latency, p50", "Requests per second", "Server CPU per request", "cert / token", "99.99 %", "[200]"] {
        assert!(text.contains(row), "{row} is missing in\n{text}");
    }
}

fn check_json(report: &Report) {
    let json = report.json();
    for mode in ["token", "cert"] {
        let found = &json["modes"][mode];
        for key in ["successRate", "total", "slowest", "fastest", "average", "requestsPerSec"] {
            assert!(found["summary"][key].as_f64().unwrap() > 0.0, "{key}");
        }
        assert_eq!(found["summary"]["successRate"], 1.0);
        let percentiles = found["latencyPercentiles"].as_object().unwrap();
        let keys: Vec<_> = percentiles.keys().map(String::as_str).collect();
        assert_eq!(keys, ["p10", "p25", "p50", "p75", "p90", "p95", "p99", "p99.9", "p99.99"]);
        // The last ones have too few requests beyond them.
        let values: Vec<_> = percentiles.values().map_while(serde_json::Value::as_f64).collect();
        assert!(values.len() >= 3 && values[0] > 0.0 && values.is_sorted(), "{values:?}");
        assert!(percentiles.values().skip(values.len()).all(serde_json::Value::is_null), "{percentiles:?}");
        let total: u64 =
            found["responseTimeHistogram"].as_object().unwrap().values().map(|v| v.as_u64().unwrap()).sum();
        assert_eq!(found["statusCodeDistribution"]["200"], total);
        assert_eq!(found["errorDistribution"].as_object().unwrap().len(), 0);
        assert!(found["headerBytes"].as_f64().unwrap() > 20.0 && found["signingTimePerRequest"].is_f64());
    }
    assert!(json["comparison"]["ratios"]["p50"]["ratio"].is_f64());
    assert!(json["generator"]["cpuPerRequest"].is_f64() && json["environment"]["cpus"].is_u64());
}

#[test]
fn a_count_holds_for_each_of_two_modes() {
    let server = Server::start(|_| Answer::Status(200));
    let subjects = vec![signing("token", &server, source("t")), signing("cert", &server, source("c"))];
    let report = run_all(&plan(Stop::Requests(777)), subjects).unwrap();
    assert_eq!(report.modes.iter().map(|m| m.tally.done()).collect::<Vec<_>>(), [777, 777]);
    // Each of four connections discards its first of each block.
    let blocks: u64 = report.modes.iter().map(|m| m.blocks).sum();
    assert_eq!(report.modes.iter().map(|m| m.tally.discarded).sum::<u64>(), 4 * blocks);
    assert_eq!(server.seen_once(), 2 * 778 + 4 * blocks);
}

#[test]
fn lanes_that_cannot_be_told_apart_or_measured_are_usage_errors() {
    let server = Server::start(|_| Answer::Status(200));
    let named = |name: &str| signing(name, &server, source("n"));
    let many = |n: usize| (0..n).map(|i| named(&format!("lane-{i}"))).collect::<Vec<_>>();
    let empty = lane("token", Mode::Token, &server, Requests::Repeat(Vec::new()));
    let nowhere = Subject { targets: Vec::new(), ..named("cert") };
    let https = ServerClock::Metrics("https://localhost/metrics".parse().unwrap());
    let scraped = Subject { server: Some(https), ..named("cert") };
    for subjects in [
        vec![],
        many(17),
        vec![named("cert"), named("cert")],
        vec![named("a.b")],
        vec![named("a/b")],
        vec![named("")],
        vec![empty],
        vec![nowhere],
        vec![scraped],
    ] {
        let result = run_all(&plan(Stop::Requests(1)), subjects);
        assert!(result.unwrap_err().is_usage());
    }
    for compare in [vec![(0, 2)], vec![(1, 1)]] {
        let plan = Plan { compare, ..plan(Stop::Requests(1)) };
        assert!(run_all(&plan, many(2)).unwrap_err().is_usage());
    }
    assert_eq!(server.seen_once(), 0);
}

#[test]
fn an_interrupted_run_reports_what_there_is() {
    let server = Server::start(|i| if i < 10 { Answer::Status(200) } else { Answer::Hang });
    let interrupted = Arc::new(AtomicBool::new(false));
    let subjects = vec![signing("cert", &server, source("n"))];
    let flag = Arc::clone(&interrupted);
    let helper = thread::spawn(move || {
        thread::sleep(Duration::from_millis(600));
        flag.store(true, Ordering::Relaxed);
    });
    let start = Instant::now();
    let report = run(&plan(Stop::Requests(1_000)), subjects, Watch::SILENT, &interrupted).unwrap();
    helper.join().unwrap();
    assert!(start.elapsed() < Duration::from_secs(10));
    let tally = &report.modes[0].tally;
    assert_eq!((report.ending, tally.answered(), tally.failed()), (Ending::Interrupted, 9, 0));
    assert_eq!(tally.unfinished, 4);
    assert!(report.text().starts_with("Interrupted"));
}

#[test]
fn signing_can_be_interrupted() {
    let server = Server::start(|_| Answer::Status(200));
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    let calls = AtomicU64::new(0);
    let slow = move |count: usize| -> Result<Vec<PreparedRequest>> {
        if calls.fetch_add(1, Ordering::Relaxed) == 3 {
            flag.store(true, Ordering::Relaxed);
        }
        Ok((0..count).map(|_| Request::new(Bytes::new())).collect())
    };
    let subjects = vec![signing("cert", &server, slow)];
    let report = run(&plan(Stop::Requests(100_000)), subjects, Watch::SILENT, &interrupted).unwrap();
    assert_eq!((report.ending, report.modes[0].tally.done()), (Ending::Interrupted, 0));
}

#[test]
fn a_dry_source_ends_the_run_and_nothing_is_reused() {
    let server = Server::start(|_| Answer::Status(200));
    let left = AtomicU64::new(100);
    let inner = source("n");
    let few = move |count: usize| -> Result<Vec<PreparedRequest>> {
        let mut given = 0;
        let _ = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            given = left.min(count as u64);
            Some(left - given)
        });
        inner.prepare(given as usize)
    };
    let report = run_all(&plan(Stop::Requests(5_000)), vec![signing("cert", &server, few)]).unwrap();
    assert_eq!((report.ending, report.modes[0].tally.successes()), (Ending::SourceDry, 99));
    assert_eq!(server.seen_once(), 100);
}

#[test]
fn a_failing_source_fails_the_run() {
    let server = Server::start(|_| Answer::Status(200));
    let calls = AtomicU64::new(0);
    let broken = move |count: usize| -> Result<Vec<PreparedRequest>> {
        if calls.fetch_add(1, Ordering::Relaxed) > 2 {
            return Err(Error::invalid("key", "k", "the signer is gone", ""));
        }
        Ok((0..count).map(|_| Request::new(Bytes::new())).collect())
    };
    let result = run_all(&plan(Stop::Requests(5_000)), vec![signing("cert", &server, broken)]);
    assert!(result.unwrap_err().to_string().contains("the signer is gone"));
}

#[test]
fn workers_follow_any_pacer() {
    /// One request per `gap`.
    #[derive(Debug)]
    struct Constant {
        gap: Duration,
        stop_after: Duration,
    }

    impl pacer::Pacer for Constant {
        fn pace(&self, _elapsed: Duration, sent: u64) -> pacer::Pace {
            let due = self.gap.saturating_mul(u32::try_from(sent).unwrap_or(u32::MAX));
            if due < self.stop_after { pacer::Pace::At(due) } else { pacer::Pace::Stop }
        }
    }

    let server = Server::start(|_| Answer::Status(200));
    let source = source("n");
    let (target, no) = (server.target(), Arc::new(AtomicBool::new(false)));
    let routes = source::Routes::new(std::slice::from_ref(&target), &mut Vec::new());
    let order =
        source::Order { source: &source, routes: &routes, count: 1_000, chunk: 1, threads: 1, interrupted: &no };
    let (chunks, ..) = source::prepare(order).unwrap();
    let crew = worker::Crew::start(&[target], 1, 1, &no).unwrap();
    let pacer = Constant { gap: Duration::from_millis(20), stop_after: Duration::from_millis(200) };
    let supply = stock::Supply::Stock(stock::Stock::new(chunks));
    let block = Arc::new(stretch::Block::new(supply, Box::new(pacer), stretch::Limits::new(Duration::from_secs(5))));
    let mut answered = 0;
    let end = crew
        .run(&block, |event| {
            if let worker::Event::Share(share) = event {
                answered += share.tally.answered()
            }
        })
        .unwrap();
    assert_eq!((answered, end.sent, end.next, end.dry), (10, 10, 10, false));
    let stock::Supply::Stock(stock) = &block.supply else { unreachable!() };
    let left: u64 = stock.drain().iter().map(|chunk| chunk.requests.len() as u64).sum();
    assert_eq!(left + answered, 1_000);
}
