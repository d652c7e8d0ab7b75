//! The report for a terminal: a row for each operation, a column for each key.

use super::{Choice, KeyReport, Operation, Report};
use crate::bench::Figure;
use std::fmt::Write as _;

/// Columns of a label; the longest is `signed request, warm`, two columns in.
const LABEL: usize = 22;
/// Columns of a key.
const CELL: usize = 13;
/// So many keys fit beside a label into 100 columns; more get tables of their own.
const KEYS: usize = 6;

pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    if report.environment.debug_build {
        out.push_str("This is a debug build: its numbers say little. Build with --release.\n\n");
    }
    for (table, keys) in report.keys.chunks(KEYS).enumerate() {
        names(&mut out, keys, table * KEYS);
        heading(&mut out, "Time in µs", keys, table * KEYS);
        for operation in Operation::ALL {
            row(&mut out, operation.title(), keys, |key| key.figure(operation).map(time));
        }
        out.push('\n');
        heading(&mut out, "Times one verify", keys, table * KEYS);
        for operation in Operation::ALL.into_iter().filter(|operation| *operation != Operation::Verify) {
            row(&mut out, operation.title(), keys, |key| key.figure(operation).map(ratio));
        }
        out.push('\n');
        heading(&mut out, "Bytes of headers", keys, table * KEYS);
        row(&mut out, "JWT", keys, |key| Some(key.header_bytes.token.to_string()));
        row(&mut out, "signed request", keys, |key| Some(key.header_bytes.signed_request.to_string()));
        out.push('\n');
    }
    verdict(&mut out, report);
    legend(&mut out, report);
    out
}

/// Which key a column stands for, where the type alone does not say it.
fn names(out: &mut String, keys: &[KeyReport], before: usize) {
    let named = keys.iter().enumerate().filter_map(|(index, key)| Some((index, key.name.as_deref()?)));
    // Names of files may hold anything, also what a terminal would obey.
    let shown = |name: &str| name.replace(char::is_control, "\u{fffd}");
    let lines: String = named.map(|(index, name)| format!("[{}] {}\n", before + index + 1, shown(name))).collect();
    if !lines.is_empty() {
        out.push_str(&lines);
        out.push('\n');
    }
}

fn heading(out: &mut String, title: &str, keys: &[KeyReport], before: usize) {
    let mut line = format!("{title:<LABEL$}");
    for (index, key) in keys.iter().enumerate() {
        pad(&mut line, &column(key, before + index));
    }
    out.push_str(&line);
    out.push('\n');
}

/// The head of a column: the key's type, and where it has a name the number under which that was told.
fn column(key: &KeyReport, index: usize) -> String {
    match key.name {
        Some(_) => format!("[{}] {}", index + 1, key.key_type),
        None => key.key_type.to_string(),
    }
}

fn row(out: &mut String, title: &str, keys: &[KeyReport], cell: impl Fn(&KeyReport) -> Option<String>) {
    let mut line = format!("  {title:<width$}", width = LABEL - 2);
    for key in keys {
        pad(&mut line, &cell(key).unwrap_or_else(|| "-".to_owned()));
    }
    out.push_str(&line);
    out.push('\n');
}

/// Right-aligned.
fn pad(line: &mut String, cell: &str) {
    let _infallible = write!(line, "{cell:>CELL$}");
}

/// Median, and the spread in per cent of it.
fn time(figure: &Figure) -> String {
    let median = figure.median_ns / 1e3;
    let decimals = if median < 100.0 { 2 } else { usize::from(median < 1000.0) };
    let percent = figure.spread_ns / figure.median_ns.max(f64::MIN_POSITIVE) * 100.0;
    // A disturbed machine has any spread; a column has not any width.
    let spread = match percent {
        p if p < 9.95 => format!("{p:.1}%"),
        p if p < 99.5 => format!("{p:.0}%"),
        _ => ">99%".to_owned(),
    };
    format!("{median:.decimals$} ±{spread}")
}

fn ratio(figure: &Figure) -> String {
    let decimals = if figure.ratio < 100.0 { 2 } else { 1 };
    format!("{:.decimals$}", figure.ratio)
}

fn verdict(out: &mut String, report: &Report) {
    let name = |choice: &Choice<'_>| {
        let index = report.keys.iter().position(|key| std::ptr::eq(key, choice.key)).unwrap_or(0);
        column(choice.key, index)
    };
    let micros = |choice: &Choice<'_>| format!("{:.1} µs", choice.figure.median_ns / 1e3);
    if let Some(choice) = report.cheapest_for_client() {
        let _infallible =
            writeln!(out, "Cheapest to sign requests with, for the client: {}, {}.", name(&choice), micros(&choice));
    }
    if let Some(choice) = report.cheapest_for_server() {
        let what = if choice.figure.operation == Operation::Jwt { "a JWT" } else { "a signed request" };
        let _infallible =
            writeln!(out, "Cheapest to verify, for the server: {what} by {}, {}.", name(&choice), micros(&choice));
    }
    if let Some(choice) = report.cheapest(&[Operation::RequestWarm]) {
        let _infallible =
            writeln!(out, "Cheapest signed request, for the server: by {}, {}.", name(&choice), micros(&choice));
    }
    out.push('\n');
}

fn legend(out: &mut String, report: &Report) {
    let rounds = report.keys.iter().map(|key| key.rounds).min().unwrap_or(0);
    let _infallible = write!(
        out,
        "Medians of {rounds} rounds or more, ± half the distance between the quartiles; ratios within rounds.\n\
         sign, verify: bare, 600 bytes. JWT, signed request: the whole decision. Cold: never seen before.\n"
    );
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use crate::{bench::KEY_TYPES, key::KeyType};

    fn widest(text: &str) -> usize {
        text.lines().map(|line| line.chars().count()).max().unwrap()
    }

    #[test]
    fn six_keys_fit_into_100_columns() {
        for (verify, spread) in [(1.0, 1e9), (20_000.0, 900.0), (99_999.9, 1e5), (123_456.0, 3e4), (9_999_999.0, 1e7)] {
            let mut report = report(&KEY_TYPES.map(|key_type| (key_type, None, verify)));
            report.keys.iter_mut().flat_map(|key| &mut key.figures).for_each(|figure| figure.spread_ns = spread);
            let text = report.text();
            assert!(widest(&text) <= 100, "{}\n{text}", widest(&text));
            assert_eq!(text.matches("Time in µs").count(), 1);
        }
    }

    #[test]
    fn columns_of_given_keys_are_numbered_through() {
        let keys: Vec<_> = (0..8).map(|_| (KeyType::Rsa(2048), Some("alice/client.key"), 20_000.0)).collect();
        let text = report(&keys).text();
        assert!(widest(&text) <= 100, "{text}");
        for line in [
            "[8] alice/client.key\n",
            " [7] RSA-2048",
            "by [1] RSA-2048, 20.8 µs",
            "20.00 ±1.0%",
            "\n  JWT                          1.04",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        assert_eq!(text.matches("Time in µs").count(), 2);
    }
}
