//! What a reader must know before believing a number, and what the run says in one sentence.

use super::{
    super::{
        comparison::{Comparison, Metric},
        plan::{Mode, Presign, Schedule},
    },
    Ending, Limit, ModeReport, Report,
    format::{counted, estimate, interval, kind, percent, plain, rate, seconds, sentence, time},
};

/// Less steal than this is everyday life on a virtual machine.
const STEAL: f64 = 0.01;

/// The notes, the gravest first: one line each.
pub(super) fn notes(report: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    // A server that went away is the graver news: a generator that found nobody to talk to is busy with that.
    if report.ending == Ending::ServerGone {
        notes.push("The server stopped answering, so the run ended early.".into());
    }
    notes.extend(report.limit().map(|limit| limited(&limit)));
    match report.ending {
        Ending::Completed | Ending::ServerGone => {}
        Ending::Interrupted => notes.push("Interrupted: this is what was measured until then.".into()),
        Ending::SourceDry => notes.push("There were no more requests to send, so the run ended early.".into()),
    }
    if report.environment.debug_build {
        notes.push("This is a debug build: its numbers say little. Build with --release.".into());
    }
    for lane in &report.modes {
        of_lane(&mut notes, lane);
    }
    if let Some(steal) = report.generator.steal.filter(|steal| *steal > STEAL) {
        notes.push(format!(
            "A hypervisor gave {} of this machine's CPU time to others during the run: absolute times are longer than \
             they would be; ratios suffer less.",
            percent(steal)
        ));
    }
    notes.extend(report.notes.iter().map(|note| sentence(note)));
    notes
}

fn limited(limit: &Limit) -> String {
    match limit {
        Limit::Busy { computing, waiting } => format!(
            "The load generator itself may have set the pace: its threads computed {:.0} % and waited for a CPU {:.0} % \
             of the time. Latencies include that wait; the server alone may be faster. Run it on another machine, or \
             with fewer connections; compare server CPU per request rather than latency.",
            computing * 100.0,
            waiting * 100.0
        ),
        Limit::Late { lane, lateness, of, response } => format!(
            "The load generator itself limited this run: in {} it sent {} late ({of}), which is part of \
             a median response time of {}. Lower the rate, or run it on another machine.",
            plain(lane),
            time(Some(*lateness)),
            time(Some(*response))
        ),
        Limit::Unsent(n) => format!(
            "The load generator itself limited this run: {} due and never sent although connections had nothing to do. \
             Lower the rate, or run it on another machine.",
            counted(*n, "request was", "requests were")
        ),
    }
}

fn of_lane(notes: &mut Vec<String>, lane: &ModeReport) {
    let (tally, name) = (&lane.tally, plain(&lane.name));
    let mut note = |n: u64, one: &str, many: &str, then: &str| {
        if n > 0 {
            notes.push(format!("{name}: {} {then}", counted(n, one, many)));
        }
    };
    note(tally.failed(), "request", "requests", "got no answer; latencies do not include them.");
    let refused = tally.answered().saturating_sub(tally.successes());
    note(refused, "answer was", "answers were", "not 2xx; latencies include them.");
    note(
        tally.unsent,
        "request was",
        "requests were",
        "due and never sent. Latencies do not include them, and would be longer: unless the generator was the limit, the \
         server cannot keep up with this rate, or it takes more connections.",
    );
    note(
        tally.unfinished,
        "request was",
        "requests were",
        "still under way at the end; latencies do not include them.",
    );
    note(
        tally.expired,
        "signed request",
        "signed requests",
        "became too old for the server's freshness window and were not sent.",
    );
    note(
        tally.latencies.clamped(),
        "latency",
        "latencies",
        "of more than an hour counted as an hour; the average is too low.",
    );
}

/// What the run says in a sentence or two: of each comparison, or where there is none of each lane.
pub(super) fn verdict(report: &Report) -> Vec<String> {
    if report.comparisons.is_empty() {
        return report.modes.iter().map(|lane| found(report, lane)).collect();
    }
    report.comparisons.iter().map(|comparison| compared(report, comparison)).collect()
}

fn found(report: &Report, lane: &ModeReport) -> String {
    let (name, latencies) = (plain(&lane.name), &lane.tally.latencies);
    if lane.tally.answered() == 0 {
        return format!("{name}: not one request was answered.");
    }
    let what = match report.generator.schedule {
        Schedule::Closed => "latency",
        Schedule::Open { .. } => "response time",
    };
    let typical = |p: f64| latencies.supports(p).then(|| latencies.percentile(p)).flatten();
    let figures = match (typical(50.0), typical(99.0)) {
        (Some(p50), Some(p99)) => format!("p50 {}, p99 {}", time(Some(p50)), time(Some(p99))),
        (Some(p50), None) => format!("p50 {}, slowest {}", time(Some(p50)), time(latencies.slowest())),
        (None, _) => {
            format!("average {} (too few requests for percentiles)", time(latencies.mean()))
        }
    };
    let cpu = lane.server_cpu_per_request.map(|cpu| format!(", {} of server CPU each", seconds(Some(cpu))));
    format!(
        "{name}: {} requests/s, {what} {figures}{}; {} succeeded.",
        rate(lane.requests_per_second()),
        cpu.unwrap_or_default(),
        percent(lane.tally.success_rate())
    )
}

/// Server CPU first, since it moves least with noise, then the median latency.
fn compared(report: &Report, comparison: &Comparison) -> String {
    let (other, base) = (subject(report, &comparison.other), subject(report, &comparison.base));
    let told: Vec<_> = [(Metric::ServerCpuPerRequest, "server CPU"), (Metric::P50, "median latency")]
        .into_iter()
        .filter_map(|(metric, what)| {
            let ratio = comparison.ratio(metric)?;
            let known = interval(&ratio, "–").map(|interval| format!(" ({interval})")).unwrap_or_default();
            Some(match ratio.differs() {
                Some(false) => format!("no detectable difference in {what}{known}"),
                _ => format!("{} ×{known} the {what}", estimate(&ratio)),
            })
        })
        .collect();
    if told.is_empty() {
        return format!("{other} against {base}: too few answers to compare.");
    }
    let text = format!("{other} against {base}: {}.", told.join("; "));
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// `a signed request` for the lane `cert`; the name of any other lane.
fn subject(report: &Report, name: &str) -> String {
    match report.modes.iter().find(|lane| lane.name == name) {
        Some(lane) if lane.mode.as_str() == name => kind(lane.mode).into(),
        _ => plain(name),
    }
}

/// How the load was made, in a sentence.
pub(super) fn setting(report: &Report) -> String {
    let generator = &report.generator;
    let schedule = match generator.schedule {
        Schedule::Closed => "closed loop".into(),
        Schedule::Open { rate: wanted } => format!("open loop at {} requests/s", rate(wanted)),
    };
    format!(
        "{schedule}, {} on {}",
        counted(super::count(generator.connections), "connection", "connections"),
        counted(super::count(generator.threads), "thread", "threads")
    )
}

/// When signed requests were signed; nothing where none were.
pub(super) fn signing(report: &Report) -> Option<&'static str> {
    let signed = report.modes.iter().any(|lane| lane.mode == Mode::Cert);
    signed.then_some(match report.generator.presign {
        Presign::Block => "Requests were signed between blocks: neither durations nor latencies include it.",
        Presign::All => {
            "All requests were signed before the first was sent: neither durations nor latencies include it."
        }
        Presign::Inline => {
            "Requests were signed while others were on their way, before they were due; where that took too long, \
             response times include it."
        }
    })
}

/// What the percentiles of an open loop count from.
pub(super) const TWO_TIMES: &str = "Response time counts from when the request was due, service time from when it was sent; lateness is how much later \
     than it could the generator sent it.";
