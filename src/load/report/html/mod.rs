//! The report as one page: HTML, CSS and SVG in a single file, no network, no script. The markup is well-formed XML too,
//! so that a test can check it.

mod axis;
mod chart;
mod escape;
mod forest;
mod histogram;
mod page;
mod percentiles;
mod style;
mod tables;
#[cfg(test)]
mod tests;
mod timeline;

use super::{
    super::number::{count, float},
    Report,
    format::plain,
    notes,
    rows::is_open,
};
use escape::Escaped;
use std::fmt::Write as _;

/// Nothing is loaded, and nothing runs: what a name or an URL smuggled in would have no effect.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The characters of a text.
fn chars(text: &str) -> f64 {
    float(count(text.chars().count()))
}

pub(super) fn render(report: &Report) -> String {
    let mut out = String::with_capacity(64 << 10);
    let title = title(report);
    let _infallible = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n<title>{}</title>\n<style>{}</style>\n</head>\n\
         <body>\n<main>\n",
        Escaped(&title),
        style::SHEET
    );
    head(&mut out, report, &title);
    out.push_str("<div class=\"cards\">\n");
    let wide = if report.modes.len() > tables::MOST_COLUMNS { "full" } else { "" };
    section(&mut out, "Key figures", wide, &tables::figures(report));
    for comparison in &report.comparisons {
        if let Some(figure) = forest::figure(comparison) {
            figure.write(&mut out);
        }
    }
    let figures =
        [percentiles::figure(report), histogram::figure(report), timeline::latencies(report), timeline::rates(report)];
    for figure in figures.into_iter().flatten() {
        figure.write(&mut out);
    }
    if report.modes.iter().any(|lane| lane.tally.done() > 0) {
        section(&mut out, "Answers and errors", "", &tables::outcomes(report));
    }
    section(&mut out, "How and where", "facts", &tables::environment(report));
    explain(&mut out, report);
    out.push_str("</div>\n</main>\n</body>\n</html>\n");
    out
}

fn title(report: &Report) -> String {
    match report.urls.as_slice() {
        [] => "Load test".into(),
        [one] => format!("Load test of {}", plain(one)),
        [first, rest @ ..] => format!("Load test of {} and {} more", plain(first), rest.len()),
    }
}

/// What was measured, what to know before believing it, and what it says.
fn head(out: &mut String, report: &Report, title: &str) {
    let _infallible = write!(
        out,
        "<header>\n<h1>{}</h1>\n<p class=\"meta\">{}, {}</p>\n",
        Escaped(title),
        Escaped(&report.started.strftime("%Y-%m-%d %H:%M UTC").to_string()),
        Escaped(&notes::setting(report))
    );
    let notes = notes::notes(report);
    if !notes.is_empty() {
        out.push_str("<ul class=\"notes\" role=\"note\" aria-label=\"Warnings\">\n");
        for note in &notes {
            let _infallible = writeln!(out, "<li>{}</li>", Escaped(note));
        }
        out.push_str("</ul>\n");
    }
    for sentence in notes::verdict(report) {
        let _infallible = writeln!(out, "<p class=\"verdict\">{}</p>", Escaped(&sentence));
    }
    out.push_str("</header>\n");
}

fn section(out: &mut String, title: &str, class: &str, table: &tables::Table) {
    let _infallible = writeln!(out, "<section class=\"card {class}\">\n<h2>{}</h2>", Escaped(title));
    table.write(out);
    out.push_str("</section>\n");
}

/// What the words mean: short, for somebody who sees such a page for the first time.
fn explain(out: &mut String, report: &Report) {
    let mut terms = vec![
        (
            "p50, p99",
            "Half of the requests took at most p50; one in a hundred took longer than p99. A percentile is not shown \
             where fewer than ten requests lie beyond it: it would be an anecdote.",
        ),
        (
            "Which requests count",
            "Latencies are those of all answers, whatever their status. Requests without an answer are counted beside \
             them.",
        ),
    ];
    if is_open(report) {
        terms.push(("Open loop", notes::TWO_TIMES));
    } else {
        terms.push((
            "Closed loop",
            "Each connection sends its next request when the last answer is complete. That tells what the server can do, \
             not what users feel when requests keep coming while it stalls.",
        ));
    }
    if !report.comparisons.is_empty() {
        terms.push((
            "Ratios and their intervals",
            "Lanes take turns in short blocks, in random order; each ratio is a mean over pairs of neighbouring blocks. \
             Where the interval holds 1, the run shows no difference, which does not prove that there is none: only one \
             larger than the smallest effect would have been seen.",
        ));
    }
    terms.extend(notes::signing(report).map(|signing| ("Signing", signing)));
    out.push_str("<section class=\"card\">\n<h2>How to read this</h2>\n<dl>\n");
    for (term, meaning) in terms {
        let _infallible = writeln!(out, "<dt>{}</dt><dd>{}</dd>", Escaped(term), Escaped(meaning));
    }
    out.push_str("</dl>\n</section>\n");
}
