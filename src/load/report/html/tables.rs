//! Tables: the figures of the lanes, and the numbers behind every chart.

use super::{
    super::{
        PERCENTILES, Report,
        format::{NOTHING, plain, time},
        rows::{Times, is_open, percentile, rows},
    },
    escape::Escaped,
};
use std::fmt::Write as _;

/// With more lanes than this, they are rows.
pub(super) const MOST_COLUMNS: usize = 3;

/// A table with a head, and a name at the begin of each row.
pub(super) struct Table {
    head: Vec<String>,
    rows: Vec<(String, Vec<String>)>,
}

impl Table {
    /// One whose columns are the lanes.
    pub(super) fn new(first: &str, report: &Report) -> Self {
        let names = report.modes.iter().map(|lane| lane.name.clone());
        Self { head: std::iter::once(first.to_owned()).chain(names).collect(), rows: Vec::new() }
    }

    pub(super) fn with(head: &[&str]) -> Self {
        Self { head: head.iter().map(|name| (*name).to_owned()).collect(), rows: Vec::new() }
    }

    pub(super) fn row(&mut self, name: &str, values: Vec<String>) {
        self.rows.push((name.to_owned(), values));
    }

    /// In a box of its own, so that a wide table scrolls there and not the page.
    pub(super) fn write(&self, out: &mut String) {
        out.push_str("<div class=\"scroll\" tabindex=\"0\"><table>\n");
        if self.head.iter().any(|name| !name.is_empty()) {
            self.write_head(out);
        }
        self.write_rows(out);
        out.push_str("</table></div>\n");
    }

    fn write_head(&self, out: &mut String) {
        out.push_str("<thead><tr>");
        for name in &self.head {
            if name.is_empty() {
                out.push_str("<td></td>");
            } else {
                let _infallible = write!(out, "<th scope=\"col\">{}</th>", Escaped(name));
            }
        }
        out.push_str("</tr></thead>\n");
    }

    fn write_rows(&self, out: &mut String) {
        out.push_str("<tbody>\n");
        for (name, values) in &self.rows {
            let _infallible = write!(out, "<tr><th scope=\"row\">{}</th>", Escaped(name));
            for value in values {
                let _infallible = write!(out, "<td>{}</td>", Escaped(value));
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody>");
    }
}

/// The figures of all lanes side by side.
pub(super) fn figures(report: &Report) -> Table {
    let rows = rows(report);
    if report.modes.len() <= MOST_COLUMNS {
        let mut table = Table::new("", report);
        for row in rows {
            table.row(row.name, row.values);
        }
        return table;
    }
    let shorts: Vec<_> = std::iter::once("").chain(rows.iter().map(|row| row.short)).collect();
    let mut table = Table::with(&shorts);
    for (i, lane) in report.modes.iter().enumerate() {
        table.row(&lane.name, rows.iter().map(|row| row.values.get(i).cloned().unwrap_or_default()).collect());
    }
    table
}

/// The percentiles of all lanes, and in an open loop of all three times.
pub(super) fn percentiles(report: &Report) -> Table {
    let times: &[(&str, Times)] = if is_open(report) {
        &[
            ("response ", |m| &m.tally.latencies),
            ("service ", |m| &m.tally.service),
            ("lateness ", |m| &m.tally.lateness),
        ]
    } else {
        &[("", |m| &m.tally.latencies)]
    };
    let mut table = Table::new("requests up to", report);
    for (name, of) in times {
        for (p, _) in PERCENTILES {
            let values = report.modes.iter().map(|lane| percentile(of(lane), p)).collect();
            table.row(&format!("{name}{p} %"), values);
        }
        table.row(&format!("{name}slowest"), report.modes.iter().map(|lane| time(of(lane).slowest())).collect());
    }
    table
}

/// What became of the requests, by status and by error.
pub(super) fn outcomes(report: &Report) -> Table {
    let mut table = Table::new("", report);
    let of = |n: Option<&u64>| n.map_or_else(|| NOTHING.into(), |n| super::super::grouped(*n));
    let statuses: std::collections::BTreeSet<u16> =
        report.modes.iter().flat_map(|lane| lane.tally.statuses.keys().copied()).collect();
    for status in statuses {
        let values = report.modes.iter().map(|lane| of(lane.tally.statuses.get(&status))).collect();
        table.row(&format!("status {status}"), values);
    }
    let words: std::collections::BTreeSet<_> = report.modes.iter().flat_map(|lane| lane.tally.errors.keys()).collect();
    for word in words {
        let values = report.modes.iter().map(|lane| of(lane.tally.errors.get(word))).collect();
        table.row(&format!("error: {}", plain(word)), values);
    }
    table
}

/// Where and how it ran.
pub(super) fn environment(report: &Report) -> Table {
    let (generator, environment) = (&report.generator, &report.environment);
    let mut table = Table::with(&["", ""]);
    let mut row = |name: &str, value: String| table.row(name, vec![value]);
    for url in &report.urls {
        row("URL", url.clone());
    }
    row("Begin", report.started.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    row("Ended", report.ending.as_str().replace('_', " "));
    row("Load", super::super::notes::setting(report));
    for lane in &report.modes {
        let blocks = super::super::format::counted(lane.blocks, "block", "blocks");
        row(&format!("Measured, {}", lane.name), format!("{} in {blocks}", time(Some(lane.measured))));
    }
    if let Some(source) = report.modes.iter().find_map(|lane| lane.server_cpu_source) {
        let source = if source == "metrics" { "the server's metrics" } else { "the server's process" };
        row("Server CPU, from", source.into());
    }
    if !generator.ramp.is_zero() {
        row("Rise of the load (not counted)", super::super::format::round_time(generator.ramp.as_secs_f64()));
    }
    row("Time limit of a request", super::super::format::round_time(generator.timeout.as_secs_f64()));
    row("Generator's CPU per request", super::super::format::seconds(generator.cpu_per_request()));
    let percent = super::super::format::percent;
    row("Generator's threads computed", percent(generator.busy()));
    row("Generator's threads waited for a CPU", percent(generator.waiting()));
    row("CPU time that a hypervisor gave to others", generator.steal.map_or_else(|| NOTHING.into(), percent));
    row("Machine", format!("{} {}, {} CPUs", environment.os, environment.arch, environment.cpus));
    row("Processor", environment.cpu_model.clone().unwrap_or_else(|| NOTHING.into()));
    let build = if environment.debug_build { " (debug build)" } else { "" };
    row("Program", format!("certauthz {}{build}", environment.version));
    table
}
