//! Reports made by hand, for the tests of this room.

use super::{
    super::{
        comparison::{Comparison, Metric, Ratio},
        plan::{Mode, Presign, Schedule},
        random::Random,
        series::{Interval, Series},
        statistics::{Latencies, Tally},
    },
    Ending, Generator, ModeReport, Report,
};
use crate::measure::Environment;
use jiff::Timestamp;
use std::time::Duration;

/// Latencies with a tail: `typical` seconds at the median, and now and then much more.
pub(super) fn latencies(n: u64, typical: f64, random: &mut Random) -> Latencies {
    let mut latencies = Latencies::default();
    for _ in 0..n {
        let uniform = (random.below(1 << 32) as f64 + 1.0) / 4_294_967_297.0;
        // A lognormal body by the logistic function, a Pareto tail for one in a hundred.
        let body = typical * (0.18 * (uniform / (1.0 - uniform)).ln()).exp();
        let tail = if random.below(100) == 0 { typical / uniform.powf(0.45) } else { 0.0 };
        latencies.record(Duration::from_secs_f64((body + tail).min(3_000.0)));
    }
    latencies
}

/// A lane whose name begins with its mode.
pub(super) fn lane(name: &str, n: u64, typical: f64) -> ModeReport {
    let mut random = Random(n ^ name.bytes().map(u64::from).sum::<u64>());
    let mode = if name.starts_with("cert") { Mode::Cert } else { Mode::Token };
    let mut tally = Tally { latencies: latencies(n, typical, &mut random), ..Tally::default() };
    if n > 0 {
        tally.statuses.insert(200, n);
    }
    let seconds = 30.0;
    ModeReport {
        name: name.into(),
        mode,
        tally,
        measured: Duration::from_secs_f64(seconds),
        blocks: 60,
        series: series(n, typical, seconds, &mut random),
        server_cpu_per_request: Some(if mode == Mode::Cert { 39.9e-6 } else { 34.9e-6 }),
        signing_time_per_request: Some(if mode == Mode::Cert { 402e-6 } else { 0.3e-6 }),
        signing_cpu_per_request: None,
        header_bytes: Some(if mode == Mode::Cert { 2_210.0 } else { 712.0 }),
        block_metrics: Default::default(),
        server_cpu_source: Some("process"),
    }
}

fn series(n: u64, typical: f64, seconds: f64, random: &mut Random) -> Series {
    let mut noise = |around: f64| around * (0.85 + 0.3 * random.below(1_000) as f64 / 1e3);
    let time = |seconds: f64| Some(Duration::from_secs_f64(seconds));
    let intervals = (0..60u32).map(|i| Interval {
        start: Duration::from_secs_f64(f64::from(i)),
        end: Duration::from_secs_f64(f64::from(i) + 1.0),
        measured: Duration::from_secs_f64(seconds / 60.0),
        answered: noise(n as f64 / 60.0) as u64,
        failed: u64::from(i == 41),
        p50: time(noise(typical)),
        p99: (n > 60_000 || i != 3).then(|| time(noise(typical * 2.6))).flatten(),
        slowest: time(noise(typical * 6.0) * if i % 17 == 9 { 5.0 } else { 1.0 }),
    });
    Series::of(if n > 0 { intervals.collect() } else { Vec::new() })
}

/// A report of these lanes, closed loop, nothing compared.
pub(super) fn report(modes: Vec<ModeReport>) -> Report {
    let mut generator = Generator::new(Schedule::Closed, Presign::Block, 16, 2, Duration::from_secs(20));
    generator.requests = modes.iter().map(|lane| lane.tally.done()).sum();
    generator.cpu = Duration::from_secs(11);
    generator.measured = Duration::from_secs(30) * u32::try_from(modes.len()).unwrap();
    let environment = Environment {
        version: "1.0.0",
        debug_build: false,
        os: "linux",
        arch: "x86_64",
        cpus: 2,
        cpu_model: Some("Example CPU @ 2.00 GHz".into()),
    };
    Report {
        urls: vec!["https://127.0.0.1:8585/token".into(), "https://127.0.0.1:8585/cert".into()],
        started: "2026-11-23T12:34:56Z".parse::<Timestamp>().unwrap(),
        modes,
        comparisons: Vec::new(),
        generator,
        environment,
        ending: Ending::Completed,
    }
}

/// `other` over `base` with the ratios of a plausible run.
pub(super) fn comparison(base: &str, other: &str) -> Comparison {
    Comparison::of(base, other, 34, |metric| {
        let (estimate, spread) = match metric {
            Metric::Mean => (1.09, 1.03),
            Metric::P50 => (1.06, 1.02),
            Metric::P90 => (1.11, 1.05),
            Metric::P95 => (1.08, 1.06),
            Metric::P99 => (1.04, 1.13),
            Metric::RequestsPerSec => (0.92, 1.03),
            Metric::ServerCpuPerRequest => (1.143, 1.024),
        };
        let interval = Some((estimate / spread, estimate * spread));
        Some(Ratio { estimate, interval, pairs: 34, detectable: Some(spread * 1.01) })
    })
}

/// Two lanes in a closed loop, compared.
pub(super) fn closed() -> Report {
    let mut report = report(vec![lane("token", 400_000, 640e-6), lane("cert", 370_000, 690e-6)]);
    report.comparisons = vec![comparison("token", "cert")];
    report
}

/// The same in an open loop.
pub(super) fn open() -> Report {
    let mut report = closed();
    report.generator.schedule = Schedule::Open { rate: 5_000.0 };
    for (i, lane) in report.modes.iter_mut().enumerate() {
        let mut random = Random(i as u64);
        let n = lane.tally.latencies.count();
        lane.tally.service = latencies(n, 410e-6, &mut random);
        lane.tally.lateness = latencies(n, 40e-6, &mut random);
    }
    report
}

/// Tokens and certificates with three kinds of keys.
pub(super) fn matrix() -> Report {
    let keys = [("rsa-2048", 640e-6), ("ec-p256", 720e-6), ("ed25519", 600e-6)];
    let lanes = keys.iter().flat_map(|(key, typical)| {
        [lane(&format!("token-{key}"), 90_000, *typical), lane(&format!("cert-{key}"), 80_000, typical * 1.1)]
    });
    let mut report = report(lanes.collect());
    report.comparisons =
        keys.iter().map(|(key, _)| comparison(&format!("token-{key}"), &format!("cert-{key}"))).collect();
    report
}

/// A run in which much went wrong, with names as nasty as a file can hold them.
pub(super) fn failed() -> Report {
    let mut report = report(vec![lane("token", 0, 1e-3), lane("cert", 3, 1e-3)]);
    report.urls = vec!["http://x/\"><script>alert(1)</script>?a=1&b='2'\u{202e}".into()];
    report.modes[0].name = "</title><b onload=\"x\">".into();
    report.modes[0].tally.errors = [("connect: refused", 1_234), ("<img src=x>", 2)].into();
    report.modes[1].tally.statuses = [(503, 3)].into();
    report.modes[1].tally.unsent = 77;
    report.modes[1].tally.unfinished = 1;
    report.comparisons = vec![Comparison::of("token", "]]><svg/onload=1>", 1, |_| None)];
    report.generator.steal = Some(0.123);
    report.environment.debug_build = true;
    report.environment.cpu_model = Some("<b>&amp;".into());
    report.ending = Ending::ServerGone;
    report
}
