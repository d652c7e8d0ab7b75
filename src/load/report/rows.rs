//! The figures of the lanes beside each other: the same in the text report and on the page.

use super::{
    super::{
        comparison::{Comparison, FEWEST_PAIRS, Metric},
        plan::Schedule,
        statistics::Latencies,
    },
    ModeReport, Report,
    format::{bytes, grouped, percent, rate, seconds, time},
};

/// A figure of every lane.
#[derive(Debug)]
pub(super) struct Row {
    /// What it is.
    pub(super) name: &'static str,
    /// The same, as the head of a narrow column.
    pub(super) short: &'static str,
    /// One per lane.
    pub(super) values: Vec<String>,
}

/// Which latencies of a lane.
pub(super) type Times = fn(&ModeReport) -> &Latencies;

/// What to call the time from which a request counts to its answer.
pub(super) fn latency(report: &Report) -> &'static str {
    if is_open(report) { "Response time" } else { "Latency" }
}

pub(super) fn is_open(report: &Report) -> bool {
    matches!(report.generator.schedule, Schedule::Open { .. })
}

/// The percentile, unless it would be an anecdote.
pub(super) fn percentile(latencies: &Latencies, p: f64) -> String {
    time(latencies.supports(p).then(|| latencies.percentile(p)).flatten())
}

/// Mean latency and signing: what a request takes a client in all, in seconds.
pub(super) fn client_total(lane: &ModeReport) -> Option<f64> {
    Some(lane.tally.latencies.mean()?.as_secs_f64() + lane.signing_time_per_request?)
}

pub(super) fn rows(report: &Report) -> Vec<Row> {
    let open = is_open(report);
    let mut rows = Vec::new();
    let mut row = |name, short, value: &dyn Fn(&ModeReport) -> String| {
        rows.push(Row { name, short, values: report.modes.iter().map(value).collect() });
    };
    let latency = |closed, opened| if open { opened } else { closed };
    row(latency("Latency, average", "Response time, average"), "average", &|m| time(m.tally.latencies.mean()));
    let p50 = latency("Latency, p50", "Response time, p50");
    row(p50, "p50", &|m| percentile(&m.tally.latencies, 50.0));
    let p90 = latency("Latency, p90", "Response time, p90");
    row(p90, "p90", &|m| percentile(&m.tally.latencies, 90.0));
    let p99 = latency("Latency, p99", "Response time, p99");
    row(p99, "p99", &|m| percentile(&m.tally.latencies, 99.0));
    row(latency("Latency, slowest", "Response time, slowest"), "slowest", &|m| time(m.tally.latencies.slowest()));
    if open {
        row("Service time, average", "serv. avg", &|m| time(m.tally.service.mean()));
        row("Service time, p50", "serv. p50", &|m| percentile(&m.tally.service, 50.0));
        row("Service time, p99", "serv. p99", &|m| percentile(&m.tally.service, 99.0));
        row("Lateness of the generator, p99", "late p99", &|m| percentile(&m.tally.lateness, 99.0));
    }
    row("Requests per second", "req/s", &|m| rate(m.requests_per_second()));
    row("Server CPU per request", "server CPU", &|m| seconds(m.server_cpu_per_request));
    row("Client signing per request", "signing", &|m| seconds(m.signing_time_per_request));
    row("Client total, average (latency + signing)", "total", &|m| seconds(client_total(m)));
    row("Header bytes per request", "header B", &|m| bytes(m.header_bytes));
    row("Requests", "requests", &|m| grouped(m.tally.done()));
    row("Success rate", "success", &|m| percent(m.tally.success_rate()));
    let mut some = |name, short, of: fn(&ModeReport) -> u64| {
        if report.modes.iter().any(|lane| of(lane) > 0) {
            rows.push(Row { name, short, values: report.modes.iter().map(|lane| grouped(of(lane))).collect() });
        }
    };
    some("Never sent", "unsent", |m| m.tally.unsent);
    some("Unfinished", "unfinished", |m| m.tally.unfinished);
    some("Discarded after switches between lanes", "discarded", |m| m.tally.discarded);
    rows
}

/// What is compared, in the order of reports, as tables name it.
pub(super) const COMPARED: [(Metric, &str); 6] = [
    (Metric::Mean, "Latency, average"),
    (Metric::P50, "Latency, p50"),
    (Metric::P90, "Latency, p90"),
    (Metric::P99, "Latency, p99"),
    (Metric::RequestsPerSec, "Requests per second"),
    (Metric::ServerCpuPerRequest, "Server CPU per request"),
];

/// How the ratios of a comparison came about.
pub(super) fn method(comparison: &Comparison) -> String {
    let pairs = comparison.pairs;
    if pairs >= FEWEST_PAIRS {
        format!("geometric mean over {pairs} pairs of blocks, with its 95 % interval")
    } else if pairs > 0 {
        format!("of the totals; {pairs} pairs of blocks are too few for an interval, measure longer")
    } else {
        "of the totals; without pairs of blocks there is no interval".into()
    }
}
