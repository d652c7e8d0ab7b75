//! When requests are signed.

use super::*;
use std::collections::HashMap;

fn presigned(presign: Presign, stop: Stop) -> Plan {
    Plan { presign, ..plan(stop) }
}

/// A source with that many requests, each once.
fn bounded(most: u64) -> impl RequestSource + 'static {
    let (left, inner) = (AtomicU64::new(most), source("n"));
    move |count: usize| -> Result<Vec<PreparedRequest>> {
        let mut given = 0;
        let _ = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            given = left.min(count as u64);
            Some(left - given)
        });
        inner.prepare(given as usize)
    }
}

#[test]
fn every_way_to_sign_sends_each_request_once() {
    for presign in [Presign::Block, Presign::All, Presign::Inline] {
        for lanes in [1, 2] {
            for rate in [None, Some(2_000.0)] {
                let server = Server::start(|_| Answer::Status(200));
                let schedule = rate.map_or(Schedule::Closed, |rate| Schedule::Open { rate });
                let warm_up = WarmUp { requests: 20, duration: Duration::from_secs(5) };
                let plan = Plan { schedule, warm_up, ..presigned(presign, Stop::Requests(450)) };
                let names = [("a", source("a")), ("b", source("b"))];
                let subjects =
                    names.into_iter().take(lanes).map(|(name, source)| signing(name, &server, source)).collect();
                let report = run_all(&plan, subjects).unwrap();
                let mut sent = 0;
                for lane in &report.modes {
                    let what = format!("{presign:?}, {lanes} lanes, {rate:?}: {:?}", lane.tally);
                    assert_eq!((lane.tally.done(), lane.tally.successes()), (450, 450), "{what}");
                    assert!(lane.signing_time_per_request.unwrap() > 0.0 && lane.header_bytes.unwrap() > 20.0);
                    sent += 450 + lane.tally.discarded + 20 + 1;
                }
                assert_eq!((report.ending, server.seen_once()), (Ending::Completed, sent), "{presign:?} {rate:?}");
            }
        }
    }
}

#[test]
fn a_pool_that_runs_dry_ends_the_run() {
    for presign in [Presign::Block, Presign::All, Presign::Inline] {
        for (most, sent) in [(100, 100), (1, 1)] {
            let server = Server::start(|_| Answer::Status(200));
            let subjects = vec![signing("cert", &server, bounded(most))];
            let report = run_all(&presigned(presign, Stop::Requests(5_000)), subjects).unwrap();
            assert_eq!(report.ending, Ending::SourceDry, "{presign:?}");
            // Nothing is sent of what was signed before the run where that is not enough.
            let expected = if presign == Presign::All { 1 } else { sent };
            assert_eq!(server.seen_once(), expected, "{presign:?}");
        }
    }
}

#[test]
fn signing_everything_needs_a_number_that_fits() {
    let server = Server::start(|_| Answer::Status(200));
    let slow = || {
        let inner = source("n");
        move |count: usize| -> Result<Vec<PreparedRequest>> {
            thread::sleep(Duration::from_millis(5) * count as u32);
            inner.prepare(count)
        }
    };
    let of = |plan: Plan| run_all(&plan, vec![signing("cert", &server, slow())]).unwrap_err();
    let error = of(presigned(Presign::All, Stop::Duration(Duration::from_secs(1))));
    assert!(error.is_usage() && error.to_string().contains("nobody knows how many"), "{error}");
    let error = of(presigned(Presign::All, Stop::Requests(1_000_001)));
    assert!(error.is_usage() && error.to_string().contains("at most 1000000"), "{error}");
    assert_eq!(server.seen_once(), 0);

    // 1,000 of 5 ms on two threads are 2.5 s, and half of the window is 1 s.
    let window = Duration::from_secs(2);
    let error = of(Plan { window, ..presigned(Presign::All, Stop::Requests(1_000)) });
    assert!(error.is_usage() && error.to_string().contains("signing all 1000 requests takes about"), "{error}");
    let hint = error.hint().unwrap().to_string();
    let fit: u64 = hint.split(' ').next().unwrap().parse().unwrap();
    assert!((200..=420).contains(&fit), "{hint}");
    let schedule = Schedule::Open { rate: 100.0 };
    let plan = presigned(Presign::All, Stop::Duration(Duration::from_secs(2)));
    let error = of(Plan { window, schedule, ..plan });
    assert!(error.to_string().starts_with("duration \"2s\""), "{error}");
}

#[test]
fn nothing_older_than_half_the_window_is_sent() {
    let window = Duration::from_millis(600);
    for (presign, rate) in [(Presign::Block, None), (Presign::Block, Some(100.0)), (Presign::Inline, Some(100.0))] {
        let server = Server::start(|_| Answer::Late(Duration::from_millis(20)));
        let made = Arc::new(Mutex::new(HashMap::new()));
        let (next, log) = (AtomicU64::new(0), Arc::clone(&made));
        let stamped = move |count: usize| -> Result<Vec<PreparedRequest>> {
            let one = || {
                let nonce = next.fetch_add(1, Ordering::Relaxed).to_string();
                log.lock().unwrap().insert(nonce.clone(), Instant::now());
                Request::get("/x").header("nonce", nonce).body(Bytes::new()).unwrap()
            };
            Ok((0..count).map(|_| one()).collect())
        };
        let schedule = rate.map_or(Schedule::Closed, |rate| Schedule::Open { rate });
        let plan = Plan { window, schedule, connections: 2, ..presigned(presign, Stop::Requests(100)) };
        let report = run_all(&plan, vec![signing("cert", &server, stamped)]).unwrap();
        assert_eq!((report.ending, report.modes[0].tally.successes()), (Ending::Completed, 100));
        let (made, arrived) = (made.lock().unwrap(), server.nonces.lock().unwrap());
        let age = arrived.iter().map(|(nonce, at)| at[0].duration_since(made[nonce])).max().unwrap();
        // And the way to the server's thread.
        assert!(age < window / 2 + Duration::from_millis(100), "{presign:?} {rate:?}: {age:?}");
        let expired = report.modes[0].tally.expired;
        assert_eq!(made.len() as u64, 101 + expired, "{presign:?} {rate:?}: what was made was sent, or had expired");
    }
}
