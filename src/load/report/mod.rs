//! What a run found, for people ([`Report::text`], [`Report::html`]) and for programs ([`Report::json`]).

mod fields;
mod format;
mod html;
mod json;
mod limit;
mod notes;
mod read;
mod read_lane;
mod rows;
#[cfg(test)]
#[allow(clippy::as_conversions)]
pub(super) mod sample;
mod text;

pub use json::comparisons as comparison_json;
pub use limit::Limit;
pub use text::comparison_text;

pub(super) use format::{grouped, time};
pub(super) use json::environment;

use super::{
    comparison::Comparison,
    number::{count, float},
    plan::{Mode, Presign, Schedule},
    samples::BlockMetrics,
    series::Series,
    statistics::{Latencies, Tally},
};
use crate::measure::Environment;
use jiff::Timestamp;
use std::time::Duration;

/// The percentiles of every report, with their key in JSON.
pub(super) const PERCENTILES: [(f64, &str); 9] = [
    (10.0, "p10"),
    (25.0, "p25"),
    (50.0, "p50"),
    (75.0, "p75"),
    (90.0, "p90"),
    (95.0, "p95"),
    (99.0, "p99"),
    (99.9, "p99.9"),
    (99.99, "p99.99"),
];

/// Bars of the response time histogram.
pub(super) const BINS: u32 = 11;

/// The result of a run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// The URLs that the run was given.
    pub urls: Vec<String>,
    /// When it began.
    pub started: Timestamp,
    /// One entry per lane, in the order in which they were given.
    pub modes: Vec<ModeReport>,
    /// What was compared with what.
    pub comparisons: Vec<Comparison>,
    /// How the generator itself did.
    pub generator: Generator,
    /// Where this ran.
    pub environment: Environment,
    /// Why it ended.
    pub ending: Ending,
    /// What a reader should know who sees several runs in one: what differs between them, and what was left out.
    pub notes: Vec<String>,
}

impl Report {
    /// Whether a mode has no single 2xx answer: its latencies, if any, are those of refusals, and a program that ran
    /// this test should not say that it went well.
    pub fn all_failed(&self) -> bool {
        self.modes.iter().any(|mode| mode.tally.successes() == 0)
    }

    /// The report for a terminal, with a newline at the end.
    pub fn text(&self) -> String {
        text::render(self)
    }

    /// The report as a page: one HTML document that needs nothing else, neither the network nor JavaScript.
    pub fn html(&self) -> String {
        html::render(self)
    }

    /// The report as JSON; times are in seconds.
    pub fn json(&self) -> serde_json::Value {
        json::render(self)
    }
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// The plan was carried out.
    Completed,
    /// The caller interrupted it.
    Interrupted,
    /// The server answered nothing any more.
    ServerGone,
    /// The source had no more requests.
    SourceDry,
}

impl Ending {
    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Interrupted => "interrupted",
            Self::ServerGone => "server_gone",
            Self::SourceDry => "source_dry",
        }
    }
}

/// What was found about one mode.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ModeReport {
    /// What the lane is called, unique within the run: `token`, `cert-ec-256`.
    pub name: String,
    /// How its requests authenticate.
    pub mode: Mode,
    /// Latencies, statuses, errors.
    pub tally: Tally,
    /// The time in which its requests were on their way.
    pub measured: Duration,
    /// The number of blocks in which they were sent.
    pub blocks: u64,
    /// How it went over time.
    pub series: Series,
    /// The metrics of its blocks, for the comparison with another run.
    pub block_metrics: BlockMetrics,
    /// CPU time of the server per answered request, in seconds (user and system, all threads).
    pub server_cpu_per_request: Option<f64>,
    /// Where that was read: `process` or `metrics`.
    pub server_cpu_source: Option<&'static str>,
    /// Time that preparing (in mode `cert`: signing) a request took the client's thread, in seconds.
    pub signing_time_per_request: Option<f64>,
    /// CPU time of that, in seconds.
    pub signing_cpu_per_request: Option<f64>,
    /// Mean size of request line and headers, in bytes on the wire.
    pub header_bytes: Option<f64>,
}

impl ModeReport {
    /// Answers per second.
    pub fn requests_per_second(&self) -> f64 {
        if self.measured.is_zero() { 0.0 } else { float(self.tally.answered()) / self.measured.as_secs_f64() }
    }
}

/// What the load generator itself used.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Generator {
    /// Who decided when a request starts.
    pub schedule: Schedule,
    /// When signed requests were signed.
    pub presign: Presign,
    /// The part of all CPU time of this machine that a hypervisor gave to others during the run, 0 to 1 (Linux).
    pub steal: Option<f64>,
    /// The time in which the load rose.
    pub ramp: Duration,
    /// How much longer than until the end requests had.
    pub drain: Duration,
    /// Open loop: how much later than it could have the generator sent requests, all lanes together.
    pub lateness: Latencies,
    /// Open loop: whether in some lane that is much in proportion to the response times.
    pub late: bool,
    /// Open loop: requests that were due and not sent although connections had nothing to do.
    pub unsent_while_idle: u64,
    /// Connections.
    pub connections: usize,
    /// Threads that sent.
    pub threads: usize,
    /// After this a request counted as failed.
    pub timeout: Duration,
    /// CPU time of the sending threads.
    pub cpu: Duration,
    /// Time in which sending threads were ready to run but had no CPU (Linux; elsewhere 0).
    pub waited: Duration,
    /// Time in which requests were on their way, all modes together.
    pub measured: Duration,
    /// Requests that ended.
    pub requests: u64,
}

impl Generator {
    /// Above this part of busy or waiting time the generator had no idle moments left that would prove it fast enough.
    const LIMITED: f64 = 0.9;

    /// Less than this is what any machine's scheduler takes.
    const PUNCTUAL: Duration = Duration::from_millis(1);

    pub(super) fn new(
        schedule: Schedule,
        presign: Presign,
        connections: usize,
        threads: usize,
        timeout: Duration,
    ) -> Self {
        let zero = Duration::ZERO;
        Self {
            schedule,
            presign,
            steal: None,
            ramp: zero,
            drain: zero,
            lateness: Latencies::default(),
            late: false,
            unsent_while_idle: 0,
            connections,
            threads,
            timeout,
            cpu: zero,
            waited: zero,
            measured: zero,
            requests: 0,
        }
    }

    pub(super) fn add(&mut self, cpu: Duration, waited: Duration, measured: Duration, requests: u64) {
        self.cpu += cpu;
        self.waited += waited;
        self.measured += measured;
        self.requests += requests;
    }

    /// CPU time of the generator per request, in seconds.
    pub fn cpu_per_request(&self) -> Option<f64> {
        (self.requests > 0).then(|| self.cpu.as_secs_f64() / float(self.requests))
    }

    fn part(&self, time: Duration) -> f64 {
        let available = self.measured.as_secs_f64() * float(count(self.threads));
        if available > 0.0 { (time.as_secs_f64() / available).min(1.0) } else { 0.0 }
    }

    /// The part of the time in which its threads were computing, 0 to 1.
    pub fn busy(&self) -> f64 {
        self.part(self.cpu)
    }

    /// The part of the time in which its threads waited for a CPU, 0 to 1.
    pub fn waiting(&self) -> f64 {
        self.part(self.waited)
    }

    /// Notes how a lane's schedule was kept, in `measured` time.
    pub(super) fn note_lane(&mut self, tally: &Tally, measured: Duration) {
        self.lateness.merge(&tally.lateness);
        let late = &tally.lateness;
        let late = if late.supports(99.0) { late.percentile(99.0) } else { late.slowest() }.unwrap_or_default();
        let response = tally.latencies.percentile(50.0).unwrap_or_default();
        self.late |= late > Self::PUNCTUAL.max(response / 10);
        // By Little's law: how many connections were in use on average.
        let in_use = tally.service.mean().unwrap_or_default().as_secs_f64() * float(tally.answered());
        let available = measured.as_secs_f64() * float(count(self.connections));
        // Requests that hang have no service time, and hold their connections.
        let held = tally.unfinished >= count(self.connections);
        if in_use < available * Self::LIMITED && !held {
            self.unsent_while_idle += tally.unsent;
        }
    }

    /// Whether the generator, not the server, may have set the pace. Closed loop: its threads were hardly ever idle. Open
    /// loop: it sent much later than it could have, or not at all.
    pub fn limited(&self) -> bool {
        match self.schedule {
            Schedule::Closed => self.busy() + self.waiting() >= Self::LIMITED,
            Schedule::Open { .. } => self.late || self.unsent_while_idle > 0,
        }
    }
}
