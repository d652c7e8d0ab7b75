//! Several lanes, schedules, and who looks on.

use super::*;
use std::sync::OnceLock;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn open(rate: f64, stop: Stop) -> Plan {
    Plan { schedule: Schedule::Open { rate }, ..plan(stop) }
}

#[test]
fn all_lanes_are_measured_the_same_and_compared_as_asked() {
    let server = Server::start(|_| Answer::Status(200));
    let subjects =
        vec![repeating("token", &server), signing("cert", &server, source("c")), repeating("token-again", &server)];
    let plan = Plan { compare: vec![(0, 1), (0, 2), (1, 2)], ..plan(Stop::Requests(1_300)) };
    let report = run_all(&plan, subjects).unwrap();
    assert_eq!(report.ending, Ending::Completed);
    let names: Vec<_> = report.modes.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names, ["token", "cert", "token-again"]);
    for lane in &report.modes {
        assert_eq!((lane.tally.done(), lane.tally.successes()), (1_300, 1_300), "{}", lane.name);
        assert_eq!(lane.tally.discarded, 4 * lane.blocks);
        assert!(lane.block_metrics.count() == lane.blocks && lane.header_bytes.unwrap() > 20.0);
    }
    let compared: Vec<_> = report.comparisons.iter().map(|c| (c.base.as_str(), c.other.as_str())).collect();
    assert_eq!(compared, [("token", "cert"), ("token", "token-again"), ("cert", "token-again")]);
    let blocks = report.modes[0].blocks as usize;
    assert!(report.comparisons.iter().all(|c| c.pairs == blocks && c.ratio(Metric::P50).is_some()));
    for (lane, name) in [(0, "token"), (2, "token-again")] {
        // And the probe.
        assert_eq!(server.seen(name), 1_300 + report.modes[lane].tally.discarded + 1);
    }
    assert_eq!(report.modes[0].signing_time_per_request, Some(0.0));
    assert!(report.modes[1].signing_time_per_request.unwrap() > 0.0);
}

#[test]
fn a_stall_is_felt_by_all_whose_turn_came_meanwhile() {
    // From 400 to 700 ms after the probe nothing is answered.
    let first = OnceLock::new();
    let server = Server::start(move |_| {
        let since = first.get_or_init(Instant::now).elapsed();
        if since > ms(400) { Answer::Late(ms(700).saturating_sub(since)) } else { Answer::Status(200) }
    });
    let report = run_all(&open(200.0, Stop::Duration(ms(1_500))), vec![repeating("token", &server)]).unwrap();
    let lane = &report.modes[0];
    assert_eq!((lane.tally.done(), lane.blocks), (300, 1));
    assert!(lane.measured >= ms(1_500), "{:?}", lane.measured);
    // The schedule says: 60 requests wait for 0 to 300 ms, and the slowest 30 of all 300 are half of these.
    let p = |latencies: &Latencies, percent| latencies.percentile(percent).unwrap();
    let response = p(&lane.tally.latencies, 90.0);
    assert!((ms(120)..ms(240)).contains(&response), "{response:?}");
    assert!(p(&lane.tally.latencies, 99.0) >= ms(250));
    // Only four were sent into the stall, and the generator is not to blame.
    assert!(p(&lane.tally.service, 90.0) < ms(60), "{:?}", p(&lane.tally.service, 90.0));
    assert!(p(&lane.tally.lateness, 90.0) < ms(60), "{:?}", p(&lane.tally.lateness, 90.0));
}

#[test]
fn one_request_a_second_is_three_in_three_seconds() {
    let check = |presign, lanes: fn(&Server) -> Vec<Subject>, stop| {
        let server = Server::start(|_| Answer::Status(200));
        let warm_up = WarmUp { requests: 200, duration: ms(300) };
        let plan = Plan { presign, warm_up, connections: 16, ..open(1.0, stop) };
        let report = run_all(&plan, lanes(&server)).unwrap();
        assert_eq!(report.ending, Ending::Completed);
        for lane in &report.modes {
            assert_eq!((lane.tally.successes(), lane.tally.done(), lane.tally.discarded), (3, 3, 0), "{presign:?}");
            assert!((ms(2_999)..ms(4_000)).contains(&lane.measured), "{:?}", lane.measured);
            assert!(lane.tally.latencies.slowest().unwrap() < ms(900));
        }
    };
    let time = Stop::Duration(Duration::from_secs(3));
    let both: fn(&Server) -> Vec<Subject> = |s| vec![repeating("token", s), signing("cert", s, source("n"))];
    let cert: fn(&Server) -> Vec<Subject> = |s| vec![signing("cert", s, source("n"))];
    thread::scope(|scope| {
        scope.spawn(|| check(Presign::Block, |s| vec![repeating("token", s)], time));
        scope.spawn(|| check(Presign::Block, |s| vec![repeating("token", s)], Stop::Requests(3)));
        scope.spawn(|| check(Presign::Block, cert, time));
        scope.spawn(|| check(Presign::All, cert, time));
        scope.spawn(|| check(Presign::Inline, cert, Stop::Requests(3)));
        scope.spawn(|| check(Presign::Block, both, time));
        scope.spawn(|| check(Presign::Inline, both, time));
    });
}

#[test]
fn what_is_due_and_not_answered_by_the_end_of_the_drain_is_counted() {
    let server = Server::start(|i| if i == 0 { Answer::Status(200) } else { Answer::Hang });
    let plan = Plan { drain: ms(200), ..open(50.0, Stop::Duration(ms(200))) };
    let report = run_all(&plan, vec![repeating("token", &server)]).unwrap();
    let tally = &report.modes[0].tally;
    assert_eq!((tally.done(), tally.unfinished, tally.unsent), (0, 4, 6));
    // All connections were in use: the server is to blame.
    assert_eq!((report.ending, report.generator.unsent_while_idle), (Ending::Completed, 0));
}

#[test]
fn ramp_and_warm_up_are_sent_and_not_counted() {
    for (rate, presign) in [(None, Presign::Block), (Some(400.0), Presign::Block), (Some(400.0), Presign::Inline)] {
        let server = Server::start(|_| Answer::Status(200));
        let plan = Plan {
            ramp: ms(300),
            warm_up: WarmUp { requests: 200, duration: ms(100) },
            presign,
            schedule: rate.map_or(Schedule::Closed, |rate| Schedule::Open { rate }),
            ..plan(Stop::Requests(200))
        };
        let report = run_all(&plan, vec![signing("cert", &server, source("n"))]).unwrap();
        let tally = &report.modes[0].tally;
        assert_eq!((tally.done(), tally.successes()), (200, 200));
        let uncounted = server.seen_once() - 200 - 1;
        match rate {
            // 60 in the ramp, 40 in the warm-up.
            Some(_) => assert_eq!(uncounted, 100, "{presign:?}"),
            None => assert!(uncounted > 4),
        }
    }
}

#[test]
fn pieces_and_series_cover_the_run() {
    let server = Server::start(|_| Answer::Status(200));
    let mut pieces = Vec::new();
    let mut intervals = |piece: &Piece<'_>| -> Result<()> {
        pieces.push((piece.lane.to_owned(), piece.start, piece.length, piece.tally.answered()));
        Ok(())
    };
    let watch = Watch { progress: Progress::Silent, intervals: Some(&mut intervals) };
    let plan = plan(Stop::Duration(ms(2_600)));
    let report = run(&plan, vec![repeating("token", &server)], watch, &Arc::default()).unwrap();
    let lane = &report.modes[0];
    assert_eq!((lane.blocks, pieces.iter().map(|piece| piece.3).sum::<u64>()), (1, lane.tally.answered()));
    assert!(pieces.len() >= 3 && pieces.iter().all(|piece| piece.0 == "token"));
    assert!(pieces.windows(2).all(|two| two[0].1 + two[0].2 == two[1].1), "{pieces:?}");
    let length: Duration = pieces.iter().map(|piece| piece.2).sum();
    assert!(length >= ms(2_500) && length <= lane.measured, "{length:?} of {:?}", lane.measured);
    assert_eq!(lane.series.intervals().iter().map(|i| i.answered).sum::<u64>(), lane.tally.answered());
    assert_eq!(lane.block_metrics.count(), pieces.len() as u64);
}

#[test]
fn whoever_looks_on_may_end_the_run() {
    let server = Server::start(|_| Answer::Status(200));
    let mut calls = 0;
    let mut full = |_: &Piece<'_>| -> Result<()> {
        calls += 1;
        Err(Error::invalid("disk", "d", "it is full", ""))
    };
    let watch = Watch { progress: Progress::Silent, intervals: Some(&mut full) };
    let (plan, start) = (plan(Stop::Duration(Duration::from_secs(60))), Instant::now());
    let error = run(&plan, vec![repeating("token", &server)], watch, &Arc::default()).unwrap_err();
    assert!(error.to_string().contains("it is full") && start.elapsed() < Duration::from_secs(20));
    assert_eq!(calls, 1);
}

#[test]
fn a_server_that_dies_ends_even_a_run_of_one_block() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let answer = |i| if i < 20 { Answer::Status(200) } else { Answer::Close };
        let counter = AtomicU64::new(0);
        thread::scope(|scope| {
            for stream in listener.incoming().take(5) {
                let counter = &counter;
                scope.spawn(move || serve(&stream.unwrap(), &answer, counter, &Mutex::default()));
            }
            drop(listener);
        });
    });
    let server = Server { address, nonces: Arc::default() };
    let plan = Plan { patience: ms(300), ..plan(Stop::Duration(Duration::from_secs(60))) };
    let start = Instant::now();
    let report = run_all(&plan, vec![repeating("token", &server)]).unwrap();
    assert_eq!(report.ending, Ending::ServerGone);
    assert!(start.elapsed() < Duration::from_secs(20));
    assert!(report.modes[0].tally.errors.contains_key("connect: refused"));
}

#[test]
fn requests_go_to_the_server_that_they_name() {
    let (one, two) = (Server::start(|_| Answer::Status(200)), Server::start(|_| Answer::Status(200)));
    let request = |server: &Server, nonce| {
        let url = format!("http://{}/x", server.address);
        Request::get(url).header("nonce", nonce).body(Bytes::new()).unwrap()
    };
    let requests = vec![request(&one, "1"), request(&two, "2"), request(&two, "2")];
    let subject = Subject {
        targets: vec![one.target(), two.target()],
        ..lane("token", Mode::Token, &one, Requests::Repeat(requests))
    };
    let report = run_all(&plan(Stop::Requests(600)), vec![subject]).unwrap();
    assert_eq!(report.urls, [one.target().url().to_string(), two.target().url().to_string()]);
    // In turn, for each of two workers; and the probes.
    let seen = (one.seen("1") - 1, two.seen("2") - 2);
    assert!(seen.0 + seen.1 == 600 && (198..=202).contains(&seen.0), "{seen:?}");
    assert_eq!((one.seen("2"), two.seen("1")), (0, 0));
}

#[test]
fn the_cpu_time_of_a_server_may_come_from_its_metrics_or_not_at_all() {
    let server = Server::start(|_| Answer::Status(200));
    let pages = server::metrics_page(&["process_cpu_seconds_total 1\n", "process_cpu_seconds_total 3\n"]);
    for (page, wanted) in [(pages.to_string(), Some(0.02)), ("127.0.0.1:1".to_owned(), None)] {
        let clock = ServerClock::Metrics(format!("http://{page}/metrics").parse().unwrap());
        let subject = Subject { server: Some(clock), ..repeating("token", &server) };
        let report = run_all(&plan(Stop::Requests(100)), vec![subject]).unwrap();
        let lane = &report.modes[0];
        assert_eq!((report.ending, lane.server_cpu_per_request), (Ending::Completed, wanted));
        assert_eq!(lane.server_cpu_source, Some("metrics"));
    }
}
