//! Whole rehearsals with a caller and an authority that only pretend, and reports of runs that never were.

use super::{
    super::{
        Progress,
        report::Ending,
        tests::server::{Answer, Server},
    },
    worker::{Outcome, Sample, sample},
    *,
};
use crate::measure::Environment;
use http::Request;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// What the caller and the authority share: the network between them.
#[derive(Clone, Default)]
struct Wire {
    away: Arc<AtomicBool>,
    /// When it comes back, it is not yet ready.
    slow: Arc<Mutex<Option<Instant>>>,
    refuses: bool,
}

impl Authority for Wire {
    fn take_away(&mut self) -> Result<()> {
        if self.refuses {
            return Err(crate::error::Error::invalid("authority", "x", "it stays", ""));
        }
        self.away.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn bring_back(&mut self) -> Result<()> {
        *self.slow.lock().unwrap() = Some(Instant::now() + millis(60));
        Ok(())
    }

    fn is_ready(&mut self) -> bool {
        let ready = self.slow.lock().unwrap().is_some_and(|at| Instant::now() >= at);
        if ready {
            self.away.store(false, Ordering::Relaxed);
        }
        ready
    }
}

/// Blocks for 100 ms at the first request of the outage, then uses certificates until it is over.
struct Pretender {
    wire: Wire,
    journal: Journal,
    open: Mutex<bool>,
    certificates_only: bool,
    /// Whether it gives up instead of falling back.
    stubborn: bool,
}

impl Pretender {
    fn new(wire: &Wire, journal: &Journal) -> Self {
        let (wire, journal) = (wire.clone(), journal.clone());
        Self { wire, journal, open: Mutex::new(false), certificates_only: false, stubborn: false }
    }
}

impl Caller for Pretender {
    fn request(&self) -> std::result::Result<Ready, Box<dyn std::error::Error + Send + Sync>> {
        let request = || Request::get("/x").body(bytes::Bytes::new()).unwrap();
        let away = self.wire.away.load(Ordering::Relaxed);
        if away && self.stubborn {
            return Err("no token to be had".into());
        }
        let mut open = self.open.lock().unwrap();
        if away && !*open {
            thread::sleep(millis(100));
            self.journal.note(Circuit::Open);
        } else if !away && *open {
            self.journal.note(Circuit::HalfOpen);
            self.journal.note(Circuit::Closed);
        }
        *open = away;
        let mode = if away || self.certificates_only { Mode::Cert } else { Mode::Token };
        Ok(Ready { request: request(), mode })
    }
}

fn plan() -> Plan {
    let outage = Outage::new(millis(300), millis(700)).unwrap();
    Plan { connections: 4, undisturbed: millis(200), warm_up: millis(50), ..Plan::new(millis(1_800), Some(outage)) }
}

fn rehearse(plan: &Plan, caller: &Pretender, server: &Server, interrupted: &AtomicBool) -> Result<Report> {
    let certificates = Pretender { certificates_only: true, ..Pretender::new(&Wire::default(), &Journal::new()) };
    let (target, mut authority) = (server.target(), caller.wire.clone());
    let cast = Cast {
        target: &target,
        auto: caller,
        certificates: &certificates,
        authority: Some(&mut authority),
        journal: &caller.journal,
    };
    run(plan, Setting::default(), cast, Progress::Silent, interrupted)
}

#[test]
fn a_rehearsal_tells_the_switch_and_the_way_back() {
    let server = Server::start(|_| Answer::Status(200));
    let caller = Pretender::new(&Wire::default(), &Journal::new());
    let report = rehearse(&plan(), &caller, &server, &AtomicBool::new(false)).unwrap();
    assert!(report.passed(), "{}", report.text());
    let found = &report.findings;
    // 200 a second for 1.8 s, whatever happened meanwhile; and 40 certificates before.
    assert_eq!((found.all.requests, found.all.failed), (360, 0));
    assert_eq!(found.undisturbed.as_ref().unwrap().certificate, 40);
    assert!(found.all.token > 100 && found.all.certificate > 10, "{}", report.text());
    let switch = found.switch.as_ref().unwrap();
    assert!(switch.first_certificate >= millis(95) && switch.settled >= switch.first_certificate, "{switch:?}");
    // Those that had to wait for the caller are as slow as they felt.
    assert!(switch.phase.latencies.slowest().unwrap() >= millis(80), "{switch:?}");
    let recovery = found.recovery.unwrap();
    assert!(recovery.ready >= millis(55) && recovery.first_token.is_some(), "{recovery:?}");
    let states: Vec<_> = report.transitions.iter().map(|transition| transition.to).collect();
    assert_eq!(states, [Circuit::Open, Circuit::HalfOpen, Circuit::Closed]);
    assert!(report.marks.outage.unwrap() >= millis(300) && report.marks.restored.unwrap() >= millis(700));
}

#[test]
fn who_gives_up_fails_and_every_failure_is_counted() {
    let server = Server::start(|_| Answer::Status(200));
    let caller = Pretender { stubborn: true, ..Pretender::new(&Wire::default(), &Journal::new()) };
    let report = rehearse(&plan(), &caller, &server, &AtomicBool::new(false)).unwrap();
    assert!(!report.passed());
    let failed = report.findings.all.failed;
    assert!(failed > 10, "{}", report.text());
    assert_eq!(report.findings.errors, [("no token to be had".to_owned(), failed)].into());
    assert_eq!(report.verdict().len(), 2, "{:?}", report.verdict());
}

#[test]
fn refusals_of_the_resource_server_are_failures() {
    let server = Server::start(|n| Answer::Status(if n == 150 { 401 } else { 200 }));
    let caller = Pretender::new(&Wire::default(), &Journal::new());
    let report = rehearse(&plan(), &caller, &server, &AtomicBool::new(false)).unwrap();
    assert_eq!(report.findings.all.failed, 1, "{}", report.text());
    assert_eq!(report.verdict(), ["1 of 360 requests failed"]);
}

#[test]
fn a_world_in_which_nothing_works_is_an_error_at_once() {
    let server = Server::start(|_| Answer::Status(401));
    let caller = Pretender::new(&Wire::default(), &Journal::new());
    let error = rehearse(&plan(), &caller, &server, &AtomicBool::new(false)).unwrap_err().to_string();
    assert!(error.contains("all requests with a certificate were answered 401"), "{error}");
}

#[test]
fn an_authority_that_cannot_be_taken_away_ends_the_run() {
    let server = Server::start(|_| Answer::Status(200));
    let caller = Pretender::new(&Wire { refuses: true, ..Wire::default() }, &Journal::new());
    let begin = Instant::now();
    let error = rehearse(&plan(), &caller, &server, &AtomicBool::new(false)).unwrap_err();
    assert!(error.to_string().contains("it stays"), "{error}");
    assert!(begin.elapsed() < millis(1_500));
}

#[test]
fn an_interruption_ends_it_soon_with_what_there_is() {
    let server = Server::start(|_| Answer::Status(200));
    let caller = Pretender::new(&Wire::default(), &Journal::new());
    let interrupted = AtomicBool::new(false);
    let begin = Instant::now();
    let report = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(millis(800));
            interrupted.store(true, Ordering::Relaxed);
        });
        rehearse(&plan(), &caller, &server, &interrupted).unwrap()
    });
    assert!(begin.elapsed() < millis(1_700), "{:?}", begin.elapsed());
    assert_eq!(report.ending, Ending::Interrupted);
    assert!(!report.passed() && report.verdict().is_empty(), "{:?}", report.verdict());
    assert!(report.text().contains("interrupted; this is what was measured until then"));
}

#[test]
fn without_an_outage_nothing_is_taken_away() {
    let server = Server::start(|_| Answer::Status(200));
    let caller = Pretender::new(&Wire::default(), &Journal::new());
    let plan = Plan { connections: 2, warm_up: Duration::ZERO, ..Plan::new(millis(300), None) };
    let report = rehearse(&plan, &caller, &server, &AtomicBool::new(false)).unwrap();
    assert!(report.passed());
    assert_eq!((report.findings.all.token, report.marks), (60, Marks::default()));
    assert!(report.findings.undisturbed.is_none());
    let text = report.text();
    assert!(text.starts_with("300ms without an outage: passed.") && !text.contains("the switch"), "{text}");
}

/// 100 a second for 8 s; away from 2 s to 5 s; tokens until 2.5 s, from 5.6 s on tokens again.
fn made_up(failing: bool) -> Report {
    let samples: Vec<_> = (0..800)
        .map(|i| match i * 10 {
            due @ 2_500..2_700 => sample(due, 2_700, 2_702, Mode::Cert, 200),
            due @ 2_700..5_600 => sample(due, due + 1, due + 3, Mode::Cert, 200),
            6_000 if failing => Sample {
                outcome: Outcome::Failure("closed before response".into()),
                ..sample(6_000, 6_000, 6_004, Mode::Token, 0)
            },
            6_010 if failing => sample(6_010, 6_010, 6_012, Mode::Token, 401),
            due => sample(due, due, due + 2, Mode::Token, 200),
        })
        .collect();
    let undisturbed: Vec<_> = (0..300).map(|i| sample(i * 10, i * 10, i * 10 + 3, Mode::Cert, 200)).collect();
    let marks = Marks { outage: Some(millis(2_000)), restored: Some(millis(5_000)), ready: Some(millis(5_240)) };
    let transition = |at, to| Transition { at: millis(at), to };
    let outage = Outage::new(millis(2_000), millis(5_000)).unwrap();
    Report {
        url: "http://127.0.0.1:8585/cert".into(),
        plan: Plan { rate: 100, connections: 8, ..Plan::new(millis(8_000), Some(outage)) },
        setting: Setting {
            outage_kind: "kill",
            token_lifetime: millis(1_000),
            budget: millis(2_000),
            probe_interval: (millis(500), millis(1_000)),
        },
        findings: Findings::new(&samples, &undisturbed, marks),
        marks,
        transitions: vec![
            transition(2_700, Circuit::Open),
            transition(5_580, Circuit::HalfOpen),
            transition(5_590, Circuit::Closed),
        ],
        environment: Environment { debug_build: false, ..Environment::here() },
        ending: Ending::Completed,
        samples,
    }
}

#[test]
fn the_text_of_a_rehearsal_that_went_well() {
    let expected = include_str!("tests/passed.txt");
    let text = made_up(false).text();
    assert!(text == expected, "{text}");
}

#[test]
fn the_text_of_one_that_did_not() {
    let expected = include_str!("tests/failed.txt");
    let text = made_up(true).text();
    assert!(text == expected, "{text}");
}

#[test]
fn the_json_says_the_same() {
    let report = made_up(false);
    let json = report.json();
    assert_eq!(json["passed"], true);
    assert_eq!(json["verdict"], serde_json::json!([]));
    assert_eq!((json["requests"].as_u64(), json["failed"].as_u64()), (Some(800), Some(0)));
    assert_eq!(json["plan"]["outage"], serde_json::json!({"kind": "kill", "from": 2.0, "to": 5.0}));
    assert_eq!(json["switch"]["firstCertificate"], 0.7);
    assert_eq!(json["recovery"], serde_json::json!({"ready": 0.24, "firstToken": 0.36, "lastCertificate": 0.351}));
    assert_eq!(json["settledOverUndisturbed"]["p50"], 1.0);
    assert_eq!(json["settledOverUndisturbed"]["p99"], serde_json::Value::Null);
    assert_eq!(json["phases"]["before"]["latencyPercentiles"]["p99"], serde_json::Value::Null);
    assert_eq!(json["phases"]["undisturbedCertificates"]["certificate"], 300);
    assert_eq!(json["transitions"][0], serde_json::json!({"at": 2.7, "to": "open"}));
    let series = json["timeline"]["series"].as_array().unwrap();
    assert_eq!((json["timeline"]["step"].as_f64(), series.len()), (Some(0.1), 80));
    let sum = |key: &str| series.iter().map(|slot| slot[key].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("requests"), sum("token") + sum("certificate"), sum("failed")), (800, 800, 0));
    let failed = made_up(true).json();
    assert_eq!(failed["passed"], false);
    assert_eq!(failed["errorDistribution"], serde_json::json!({"closed before response": 1}));
    assert_eq!(failed["statusCodeDistribution"], serde_json::json!({"200": 798, "401": 1}));
}
