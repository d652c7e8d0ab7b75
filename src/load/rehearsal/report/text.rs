//! The report for a terminal: the answer first, then the figures, then the chart.

use super::{
    super::{
        super::{
            plan::Mode,
            report::{Ending, grouped, time},
        },
        analysis::PhaseReport,
    },
    Report, chart,
};
use std::{fmt::Write as _, time::Duration};

const PERCENTILES: [f64; 4] = [50.0, 90.0, 99.0, 99.9];

/// Writing to a string cannot fail.
fn line(out: &mut String, args: std::fmt::Arguments<'_>) {
    let _infallible = out.write_fmt(args);
    out.push('\n');
}

macro_rules! line {
    ($out:expr) => { $out.push('\n') };
    ($out:expr, $($arg:tt)*) => { line($out, format_args!($($arg)*)) };
}

pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    headline(&mut out, report);
    figures(&mut out, report);
    phases(&mut out, report);
    chart::render(&mut out, report);
    failures(&mut out, report);
    footer(&mut out, report);
    out
}

fn headline(out: &mut String, report: &Report) {
    let what = match report.plan.outage {
        Some(outage) => {
            format!("Outage of the authority ({}), {outage} of {:?}", report.setting.outage_kind, report.plan.duration)
        }
        None => format!("{:?} without an outage", report.plan.duration),
    };
    let verdict = report.verdict();
    match (report.ending, verdict.is_empty()) {
        (Ending::Interrupted, _) => line!(out, "{what}: interrupted; this is what was measured until then."),
        (_, true) => line!(out, "{what}: passed."),
        (_, false) => line!(out, "{what}: FAILED."),
    }
    for complaint in &verdict {
        line!(out, "  - {complaint}");
    }
    if report.environment.debug_build {
        line!(out, "This is a debug build: its numbers say little. Build with --release.");
    }
    line!(out);
}

fn figures(out: &mut String, report: &Report) {
    let found = &report.findings;
    let percent =
        |mode| found.all.share(mode).map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", share * 100.0));
    let mut row = |name: &str, value: String| line!(out, "{name:<46}{value:>12}");
    row("Requests", grouped(found.all.requests));
    row("Requests failed", grouped(found.all.failed));
    row("With a token", percent(Mode::Token));
    row("With a certificate", percent(Mode::Cert));
    if report.plan.outage.is_some() {
        let switch = found.switch.as_ref();
        row("Outage to the first certificate", time(switch.map(|switch| switch.first_certificate)));
        row("Outage until nobody waited any more", time(switch.map(|switch| switch.settled)));
        row("Slowest request of the switch", time(switch.and_then(|switch| switch.phase.latencies.slowest())));
        let recovery = found.recovery;
        row("End of the outage until the authority is ready", time(recovery.map(|recovery| recovery.ready)));
        row("Ready to the first token", time(recovery.and_then(|recovery| recovery.first_token)));
        row("Ready to the last certificate", time(recovery.map(|recovery| recovery.last_certificate)));
        let ratio = |percent| found.ratio(percent).map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2} x"));
        row("Settled over undisturbed certificates, p50", ratio(50.0));
        row("Settled over undisturbed certificates, p99", ratio(99.0));
    }
    line!(out);
}

fn phases(out: &mut String, report: &Report) {
    let found = &report.findings;
    line!(
        out,
        "{:<25}{:>9}{:>8}{:>9}{:>13}{:>10}{:>10}{:>10}{:>10}{:>10}",
        "Latency from being due",
        "requests",
        "failed",
        "token",
        "certificate",
        "p50",
        "p90",
        "p99",
        "p99.9",
        "slowest"
    );
    let mut row = |name: &str, phase: Option<&PhaseReport>| {
        let Some(phase) = phase else { return };
        let [requests, failed, token, certificate] =
            [phase.requests, phase.failed, phase.token, phase.certificate].map(grouped);
        let percentiles: String =
            PERCENTILES.iter().map(|percent| format!("{:>10}", time(phase.percentile(*percent)))).collect();
        let slowest = time(phase.latencies.slowest());
        line!(out, "{name:<25}{requests:>9}{failed:>8}{token:>9}{certificate:>13}{percentiles}{slowest:>10}");
    };
    row("certificates undisturbed", found.undisturbed.as_ref());
    if report.plan.outage.is_some() {
        row("before", Some(&found.before));
        row("during", found.during.as_ref());
        row("  the switch", found.switch.as_ref().map(|switch| &switch.phase));
        row("  settled", found.settled.as_ref());
        row("after", found.after.as_ref());
    }
    row("all", Some(&found.all));
    line!(out, "(- where fewer than ten requests lie beyond: raise --rate, or rehearse longer)");
    line!(out);
}

fn failures(out: &mut String, report: &Report) {
    let found = &report.findings;
    if found.all.failed == 0 {
        return;
    }
    line!(out, "Outcomes:");
    for (status, n) in &found.statuses {
        line!(out, "  [{status}] {} responses", grouped(*n));
    }
    for (why, n) in &found.errors {
        line!(out, "  [{}] {}", grouped(*n), why.escape_debug());
    }
    line!(out);
}

fn footer(out: &mut String, report: &Report) {
    let (plan, setting) = (&report.plan, &report.setting);
    line!(
        out,
        "{}: open loop, {} requests/s on {} connections. Tokens live {}; a call may take {} for a credential; a probe \
         follows after {} to {}.",
        report.url,
        plan.rate,
        plan.connections,
        short(setting.token_lifetime),
        short(setting.budget),
        short(setting.probe_interval.0),
        short(setting.probe_interval.1)
    );
}

/// Round durations as they were chosen.
fn short(duration: Duration) -> String {
    format!("{duration:?}")
}
