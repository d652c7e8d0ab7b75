//! The report for a terminal, in the layout that users of hey and oha know; two modes begin with a table side by side.

use super::{
    super::{
        comparison::{FEWEST_PAIRS, Metric, Ratio},
        number::{float, length, whole},
        plan::Mode,
    },
    BINS, Ending, ModeReport, PERCENTILES, Report,
};
use std::{fmt::Write as _, time::Duration};

/// Characters of the longest bar.
const BAR: f64 = 40.0;

pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    notes(&mut out, report);
    match report.modes.as_slice() {
        [token, cert] => {
            table(&mut out, report, token, cert);
            percentiles(&mut out, &[token, cert]);
        }
        modes => {
            for mode in modes {
                summary(&mut out, mode);
            }
        }
    }
    for mode in &report.modes {
        histogram(&mut out, mode, report.modes.len() > 1);
        if report.modes.len() == 1 {
            percentiles(&mut out, &[mode]);
        }
        distributions(&mut out, mode);
    }
    footer(&mut out, report);
    out
}

/// Writing to a string cannot fail.
fn line(out: &mut String, args: std::fmt::Arguments<'_>) {
    let _infallible = out.write_fmt(args);
    out.push('\n');
}

macro_rules! line {
    ($out:expr) => { $out.push('\n') };
    ($out:expr, $($arg:tt)*) => { line($out, format_args!($($arg)*)) };
}

/// What a reader must know before believing a number.
fn notes(out: &mut String, report: &Report) {
    let before = out.len();
    match report.ending {
        Ending::Completed => {}
        Ending::Interrupted => line!(out, "Interrupted: this is what was measured until then."),
        Ending::ServerGone => line!(out, "The server stopped answering, so the run ended early."),
        Ending::SourceDry => line!(out, "There were no more requests to send, so the run ended early."),
    }
    let generator = &report.generator;
    if generator.limited() {
        line!(
            out,
            "The load generator itself may have set the pace: its threads computed {:.0} % and waited for a CPU {:.0} % of the \
             time. Latencies include that wait; the server alone may be faster. Run it on another machine, or with fewer \
             connections; compare server CPU per request rather than latency.",
            generator.busy() * 100.0,
            generator.waiting() * 100.0
        );
    }
    if report.environment.debug_build {
        line!(out, "This is a debug build: its numbers say little. Build with --release.");
    }
    for mode in &report.modes {
        let tally = &mode.tally;
        if tally.failed() > 0 {
            line!(
                out,
                "{}: {} requests got no answer; latencies do not include them.",
                mode.mode,
                grouped(tally.failed())
            );
        }
        if tally.answered() > tally.successes() {
            let other = tally.answered() - tally.successes();
            line!(out, "{}: {} answers were not 2xx; latencies include them.", mode.mode, grouped(other));
        }
    }
    if out.len() > before {
        line!(out);
    }
}

fn summary(out: &mut String, mode: &ModeReport) {
    let latencies = &mode.tally.latencies;
    line!(out, "Summary ({}):", mode.mode);
    line!(out, "  Success rate: {:.2} %", mode.tally.success_rate() * 100.0);
    line!(out, "  Requests:     {}", grouped(mode.tally.done()));
    line!(out, "  Total:        {}", time(Some(mode.measured)));
    line!(out, "  Slowest:      {}", time(latencies.slowest()));
    line!(out, "  Fastest:      {}", time(latencies.fastest()));
    line!(out, "  Average:      {}", time(latencies.mean()));
    line!(out, "  Requests/sec: {:.1}", mode.requests_per_second());
    line!(out);
    line!(out, "  Server CPU per request:     {}", seconds(mode.server_cpu_per_request));
    line!(out, "  Client signing per request: {}", seconds(mode.signing_time_per_request));
    line!(out, "  Header bytes per request:   {}", bytes(mode.header_bytes));
    line!(out);
}

fn table(out: &mut String, report: &Report, token: &ModeReport, cert: &ModeReport) {
    let ratio = |metric| report.comparisons.first().and_then(|found| found.ratio(metric)).map(ratio);
    let mut row = |name: &str, token: String, cert: String, ratio: Option<String>| {
        line!(out, "{name:<28}{token:>12}{cert:>12}   {}", ratio.unwrap_or_else(|| "-".into()));
    };
    let both = |value: &dyn Fn(&ModeReport) -> String| (value(token), value(cert));
    row("", token.mode.to_string(), cert.mode.to_string(), Some("cert / token".into()));
    let (left, right) = both(&|m| time(m.tally.latencies.mean()));
    row("Latency, average", left, right, ratio(Metric::Mean));
    for (name, p, metric) in
        [("Latency, p50", 50.0, Metric::P50), ("Latency, p95", 95.0, Metric::P95), ("Latency, p99", 99.0, Metric::P99)]
    {
        let (left, right) = both(&|m| percentile(m, p));
        row(name, left, right, ratio(metric));
    }
    let (left, right) = both(&|m| grouped(whole(m.requests_per_second().round())));
    row("Requests per second", left, right, ratio(Metric::RequestsPerSec));
    let (left, right) = both(&|m| seconds(m.server_cpu_per_request));
    row("Server CPU per request", left, right, ratio(Metric::ServerCpuPerRequest));
    let (left, right) = both(&|m| seconds(m.signing_time_per_request));
    row("Client signing per request", left, right, None);
    let (left, right) = both(&|m| bytes(m.header_bytes));
    let headers = token.header_bytes.zip(cert.header_bytes).map(|(token, cert)| format!("{:.2} x", cert / token));
    row("Header bytes per request", left, right, headers);
    let (left, right) = both(&|m| grouped(m.tally.done()));
    row("Requests", left, right, None);
    let (left, right) = both(&|m| format!("{:.2} %", m.tally.success_rate() * 100.0));
    row("Success rate", left, right, None);
    line!(out);
    let pairs = report.comparisons.first().map_or(0, |found| found.pairs);
    if pairs >= FEWEST_PAIRS {
        line!(out, "Ratios: geometric mean over {pairs} pairs of blocks in random order, with their 95 % interval.");
    } else {
        line!(out, "Ratios: of the totals. {pairs} pairs of blocks are too few for an interval; measure longer.");
    }
    line!(out);
}

fn ratio(ratio: Ratio) -> String {
    match ratio.interval {
        None => format!("{:.2} x", ratio.estimate),
        Some((low, high)) if ratio.differs() == Some(false) => {
            format!("no detectable difference ({low:.2} to {high:.2})")
        }
        Some((low, high)) => format!("{:.2} x ({low:.2} to {high:.2})", ratio.estimate),
    }
}

fn histogram(out: &mut String, mode: &ModeReport, named: bool) {
    let bins = mode.tally.latencies.bins(BINS);
    let most = bins.iter().map(|(_, n)| *n).max().unwrap_or(0);
    if most == 0 {
        return;
    }
    let which = if named { mode.mode.to_string() + ", " } else { String::new() };
    line!(out, "Response time histogram ({which}requests up to each time; the last bar is the slowest 1 %):");
    let width = grouped(most).len();
    for (edge, n) in bins {
        let bar = "■".repeat(length(whole((float(n) / float(most) * BAR).ceil())));
        line!(out, "  {:>9} [{:>width$}] |{bar}", time(Some(edge)), grouped(n));
    }
    line!(out);
}

fn percentiles(out: &mut String, modes: &[&ModeReport]) {
    line!(out, "Response time distribution:");
    if modes.len() > 1 {
        let names: String = modes.iter().map(|m| format!("{:>12}", m.mode.as_str())).collect();
        line!(out, "          {names}");
    }
    for (p, _) in PERCENTILES {
        let values: String = modes.iter().map(|m| format!("{:>12}", percentile(m, p))).collect();
        line!(out, "  {p:>6.2} %{values}");
    }
    if PERCENTILES.iter().any(|(p, _)| modes.iter().any(|m| !m.tally.latencies.supports(*p))) {
        line!(out, "  (- where fewer than ten requests lie beyond)");
    }
    line!(out);
}

fn distributions(out: &mut String, mode: &ModeReport) {
    let name = mode.mode;
    if !mode.tally.statuses.is_empty() {
        line!(out, "Status code distribution ({name}):");
        for (status, n) in &mode.tally.statuses {
            line!(out, "  [{status}] {} responses", grouped(*n));
        }
        line!(out);
    }
    if !mode.tally.errors.is_empty() {
        line!(out, "Error distribution ({name}):");
        for (word, n) in &mode.tally.errors {
            line!(out, "  [{}] {word}", grouped(*n));
        }
        line!(out);
    }
    if mode.tally.unfinished > 0 {
        line!(out, "{} requests were under way when the run was interrupted ({name}).", grouped(mode.tally.unfinished));
        line!(out);
    }
}

fn footer(out: &mut String, report: &Report) {
    let generator = &report.generator;
    line!(
        out,
        "{}: closed loop, {} connections on {} threads; {} CPU per request in the generator.",
        report.urls.join(" "),
        grouped(super::count(generator.connections)),
        generator.threads,
        seconds(generator.cpu_per_request())
    );
    if report.modes.iter().any(|mode| mode.mode == Mode::Cert) {
        line!(out, "Requests were signed between blocks: neither durations nor latencies include it.");
    }
}

/// The percentile, unless it would be an anecdote.
fn percentile(mode: &ModeReport, percent: f64) -> String {
    let latencies = &mode.tally.latencies;
    time(latencies.supports(percent).then(|| latencies.percentile(percent)).flatten())
}

pub(in super::super) fn time(duration: Option<Duration>) -> String {
    seconds(duration.map(|duration| duration.as_secs_f64()))
}

/// Four digits with the unit that fits.
fn seconds(value: Option<f64>) -> String {
    let Some(value) = value else { return "-".into() };
    let (scaled, unit) = match value {
        v if v < 999.95e-6 => (v * 1e6, "µs"),
        v if v < 999.95e-3 => (v * 1e3, "ms"),
        v => (v, "s"),
    };
    let digits = if scaled < 9.9995 {
        3
    } else if scaled < 99.995 {
        2
    } else {
        1
    };
    format!("{scaled:.digits$} {unit}")
}

fn bytes(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), |value| grouped(whole(value.round())))
}

/// Thousands are set off by commas.
pub(in super::super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        let times = [1e-6, 12.346e-6, 999.94e-6, 999.99e-6, 0.0123456, 1.5, 123.456].map(|s| seconds(Some(s)));
        assert_eq!(times, ["1.000 µs", "12.35 µs", "999.9 µs", "1.000 ms", "12.35 ms", "1.500 s", "123.5 s"]);
        assert_eq!(seconds(None), "-");
    }

    #[test]
    fn a_ratio_that_may_be_one_is_no_difference() {
        let of = |interval| ratio(Ratio { estimate: 1.3, interval, pairs: 9, detectable: None });
        assert_eq!(of(None), "1.30 x");
        assert_eq!(of(Some((1.2, 1.4))), "1.30 x (1.20 to 1.40)");
        assert_eq!(of(Some((0.9, 1.4))), "no detectable difference (0.90 to 1.40)");
    }
}
