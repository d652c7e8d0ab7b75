//! The report for a terminal, in the layout that users of hey and oha know; several lanes begin with a table side by
//! side.

use super::{
    super::{
        comparison::Comparison,
        number::{float, length, whole},
        statistics::Latencies,
    },
    BINS, ModeReport, PERCENTILES, Report,
    format::{NOTHING, bytes, detectable, estimate, grouped, interval, percent, plain, rate, seconds, sentence, time},
    notes,
    rows::{self, COMPARED, client_total, is_open, percentile},
};
use std::fmt::Write as _;

/// Characters of the longest bar.
const BAR: f64 = 40.0;
/// Characters of a line of a table. Columns that do not fit go into a further table.
const WIDTH: usize = 100;
/// With more lanes, histograms would hide everything else.
const MOST_HISTOGRAMS: usize = 2;

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
    let notes = notes::notes(report);
    for note in &notes {
        line!(&mut out, "{note}");
    }
    if !notes.is_empty() {
        out.push('\n');
    }
    match report.modes.as_slice() {
        [] => {}
        [lane] => summary(&mut out, report, lane),
        _ => side_by_side(&mut out, report),
    }
    comparisons(&mut out, &report.comparisons);
    if report.modes.len() <= MOST_HISTOGRAMS {
        for lane in &report.modes {
            histogram(&mut out, report, lane);
        }
    }
    distributions(&mut out, report);
    for lane in &report.modes {
        outcomes(&mut out, lane);
    }
    footer(&mut out, report);
    out
}

/// Comparisons of reports, with what is to be known about them: the output of `loadtest compare`.
pub fn comparison_text(found: &[Comparison], notes: &[String]) -> String {
    let mut out = String::new();
    for note in notes {
        line!(&mut out, "{}", sentence(note));
    }
    if !notes.is_empty() {
        out.push('\n');
    }
    comparisons(&mut out, found);
    out
}

fn summary(out: &mut String, report: &Report, lane: &ModeReport) {
    let tally = &lane.tally;
    line!(out, "Summary ({}):", plain(&lane.name));
    line!(out, "  Success rate: {}", percent(tally.success_rate()));
    line!(out, "  Requests:     {}", grouped(tally.done()));
    line!(out, "  Total:        {}", time(Some(lane.measured)));
    line!(out, "  Slowest:      {}", time(tally.latencies.slowest()));
    line!(out, "  Fastest:      {}", time(tally.latencies.fastest()));
    line!(out, "  Average:      {}", time(tally.latencies.mean()));
    line!(out, "  Requests/sec: {}", rate(lane.requests_per_second()));
    line!(out);
    if is_open(report) {
        line!(out, "  Service time, average:      {}", time(tally.service.mean()));
    }
    line!(out, "  Server CPU per request:     {}", seconds(lane.server_cpu_per_request));
    line!(out, "  Client signing per request: {}", seconds(lane.signing_time_per_request));
    line!(out, "  Client total, average (latency + signing): {}", seconds(client_total(lane)));
    line!(out, "  Header bytes per request:   {}", bytes(lane.header_bytes));
    for (name, n) in [("Discarded after switches", tally.discarded), ("Never sent", tally.unsent)] {
        if n > 0 {
            line!(out, "  {:<28}{}", format!("{name}:"), grouped(n));
        }
    }
    line!(out);
}

/// Lanes as columns, or, where they are too many for the width, as rows.
fn side_by_side(out: &mut String, report: &Report) {
    let rows = rows::rows(report);
    let names: Vec<_> = report.modes.iter().map(|lane| plain(&lane.name)).collect();
    let upright: Vec<Vec<String>> =
        std::iter::once(head("", &names)).chain(rows.iter().map(|row| head(row.name, &row.values))).collect();
    if upright.first().is_some_and(|_| widths(&upright).iter().sum::<usize>() <= WIDTH) {
        table(out, &upright);
    } else {
        let shorts: Vec<_> = rows.iter().map(|row| row.short.to_owned()).collect();
        let mut lanes = vec![head("", &shorts)];
        for (i, name) in names.iter().enumerate() {
            let values: Vec<_> = rows.iter().map(|row| row.values.get(i).cloned().unwrap_or_default()).collect();
            lanes.push(head(name, &values));
        }
        table(out, &lanes);
    }
    if is_open(report) {
        line!(out, "{}", notes::TWO_TIMES);
        line!(out);
    }
}

fn head(first: &str, rest: &[String]) -> Vec<String> {
    std::iter::once(first.to_owned()).chain(rest.iter().cloned()).collect()
}

/// The width of each column: of its longest cell, and two to set it off.
fn widths(rows: &[Vec<String>]) -> Vec<usize> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |i: usize| {
        rows.iter().filter_map(|row| row.get(i)).map(|cell: &String| cell.chars().count()).max().unwrap_or(0)
    };
    (0..columns).map(|i| width(i) + 2 * usize::from(i > 0)).map(|width| width.max(9)).collect()
}

/// A table, cut into several where it is too wide; each has the first column.
fn table(out: &mut String, rows: &[Vec<String>]) {
    let widths = widths(rows);
    let first = widths.first().copied().unwrap_or(0);
    let mut begin = 1;
    while begin < widths.len() {
        let mut end = begin;
        let mut used = first;
        while let Some(width) = widths.get(end).filter(|width| end == begin || used + **width <= WIDTH) {
            used += width;
            end += 1;
        }
        for row in rows {
            let mut text = format!("{:<first$}", row.first().map_or("", String::as_str));
            for (cell, width) in row.iter().zip(&widths).take(end).skip(begin) {
                let _infallible = write!(text, "{cell:>width$}");
            }
            line!(out, "{}", text.trim_end());
        }
        line!(out);
        begin = end;
    }
}

fn comparisons(out: &mut String, found: &[Comparison]) {
    for comparison in found {
        line!(
            out,
            "Comparison, {} / {}: {}",
            plain(&comparison.other),
            plain(&comparison.base),
            rows::method(comparison)
        );
        if COMPARED.iter().all(|(metric, _)| comparison.ratio(*metric).is_none()) {
            line!(out, "  too few answers to compare");
            line!(out);
            continue;
        }
        line!(out, "{:<24}{:>12}{:>17}{:>15}", "", "ratio", "95 % interval", "would show");
        let mut foreseen = false;
        for (metric, name) in COMPARED {
            let Some(ratio) = comparison.ratio(metric) else {
                line!(out, "  {name:<22}{NOTHING:>12}");
                continue;
            };
            let effect = detectable(&ratio);
            foreseen |= effect.is_some();
            let text = format!(
                "  {name:<22}{:>12}{:>17}{:>15}   {}",
                format!("{} x", estimate(&ratio)),
                interval(&ratio, " to ").unwrap_or_else(|| NOTHING.into()),
                effect.map_or_else(|| NOTHING.into(), |effect| format!("from {effect}")),
                if ratio.differs() == Some(false) { "no detectable difference" } else { "" }
            );
            line!(out, "{}", text.trim_end());
        }
        if foreseen {
            line!(out, "  (would show: the smallest effect that this run could have shown)");
        }
        line!(out);
    }
}

fn histogram(out: &mut String, report: &Report, lane: &ModeReport) {
    let bins = lane.tally.latencies.bins(BINS);
    let most = bins.iter().map(|(_, n)| *n).max().unwrap_or(0);
    if most == 0 {
        return;
    }
    let which = if report.modes.len() > 1 { plain(&lane.name) + ", " } else { String::new() };
    line!(out, "Response time histogram ({which}requests up to each time; the last bar is the slowest 1 %):");
    let width = grouped(most).len();
    for (edge, n) in bins {
        let bar = "■".repeat(length(whole((float(n) / float(most) * BAR).ceil())));
        line!(out, "  {:>9} [{:>width$}] |{bar}", time(Some(edge)), grouped(n));
    }
    line!(out);
}

/// The percentiles of every lane, and in an open loop of all three times.
fn distributions(out: &mut String, report: &Report) {
    let open = is_open(report);
    match report.modes.as_slice() {
        [lane] if open => {
            let tally = &lane.tally;
            line!(out, "Response time distribution:");
            let times = [("response", &tally.latencies), ("service", &tally.service), ("lateness", &tally.lateness)];
            distribution(out, &times.map(|(name, latencies)| (name.to_owned(), latencies)));
            line!(out, "{}", notes::TWO_TIMES);
            line!(out);
        }
        lanes => {
            let times: [(&str, rows::Times); 3] = [
                ("Response time distribution:", |m| &m.tally.latencies),
                ("Service time distribution:", |m| &m.tally.service),
                ("Lateness of the generator:", |m| &m.tally.lateness),
            ];
            for (title, of) in times.into_iter().take(if open { 3 } else { 1 }) {
                line!(out, "{title}");
                let columns: Vec<_> = lanes.iter().map(|lane| (plain(&lane.name), of(lane))).collect();
                distribution(out, &columns);
            }
        }
    }
}

fn distribution(out: &mut String, columns: &[(String, &Latencies)]) {
    let percents: Vec<_> = PERCENTILES.iter().map(|(p, _)| format!("{p:.2} %")).collect();
    let upright: Vec<Vec<String>> = if columns.len() > 1 {
        vec![head("", &columns.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>())]
    } else {
        Vec::new()
    };
    let of = |p: f64| columns.iter().map(|(_, latencies)| percentile(latencies, p)).collect::<Vec<_>>();
    let rows = PERCENTILES.iter().map(|(p, _)| head(&format!("  {p:>6.2} %"), &of(*p)));
    let upright: Vec<_> = upright.into_iter().chain(rows).collect();
    if widths(&upright).iter().sum::<usize>() <= WIDTH {
        table(out, &upright);
    } else {
        let lanes = columns.iter().map(|(name, latencies)| {
            head(name, &PERCENTILES.iter().map(|(p, _)| percentile(latencies, *p)).collect::<Vec<_>>())
        });
        table(out, &std::iter::once(head("", &percents)).chain(lanes).collect::<Vec<_>>());
    }
    let missing = |p: f64| columns.iter().any(|(_, latencies)| !latencies.supports(p));
    if PERCENTILES.iter().any(|(p, _)| missing(*p)) {
        // Right below the table.
        out.truncate(out.trim_end_matches('\n').len() + 1);
        line!(out, "  (- where fewer than ten requests lie beyond)");
        line!(out);
    }
}

fn outcomes(out: &mut String, lane: &ModeReport) {
    let name = plain(&lane.name);
    if !lane.tally.statuses.is_empty() {
        line!(out, "Status code distribution ({name}):");
        for (status, n) in &lane.tally.statuses {
            line!(out, "  [{status}] {} responses", grouped(*n));
        }
        line!(out);
    }
    if !lane.tally.errors.is_empty() {
        line!(out, "Error distribution ({name}):");
        for (word, n) in &lane.tally.errors {
            line!(out, "  [{}] {}", grouped(*n), plain(word));
        }
        line!(out);
    }
}

fn footer(out: &mut String, report: &Report) {
    let urls: Vec<_> = report.urls.iter().map(|url| plain(url)).collect();
    line!(
        out,
        "{}: {}; {} CPU per request in the generator.",
        urls.join(" "),
        notes::setting(report),
        seconds(report.generator.cpu_per_request())
    );
    if let Some(signing) = notes::signing(report) {
        line!(out, "{signing}");
    }
}
