//! Numbers and names as people read them: the same in the text report and on the page.

use super::super::{comparison::Ratio, number::whole, plan::Mode};
use std::{fmt::Write as _, time::Duration};

/// Characters of a lane's name, an error's word or a URL that are shown; a report that was read from a file may hold
/// anything.
const LONGEST: usize = 200;
/// Characters of a sentence from elsewhere.
const LONGEST_SENTENCE: usize = 1_000;

/// What nobody measured.
pub(super) const NOTHING: &str = "-";

/// A duration with four digits and the unit that fits.
pub(in super::super) fn time(duration: Option<Duration>) -> String {
    seconds(duration.map(|duration| duration.as_secs_f64()))
}

/// Four digits with the unit that fits.
pub(super) fn seconds(value: Option<f64>) -> String {
    let Some(value) = value.filter(|value| value.is_finite()) else { return NOTHING.into() };
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

/// A time that is a round number, without needless zeros: `50 µs`, `2.5 ms`.
pub(super) fn round_time(seconds: f64) -> String {
    // A tick of 1000 µs is 1 ms, whatever the last bit of the product says.
    let (scaled, unit) = match seconds.abs() {
        0.0 => return "0".into(),
        v if v < 0.9999e-6 => (seconds * 1e9, "ns"),
        v if v < 0.9999e-3 => (seconds * 1e6, "µs"),
        v if v < 0.9999 => (seconds * 1e3, "ms"),
        _ => (seconds, "s"),
    };
    format!("{} {unit}", round(scaled))
}

/// A round number without needless zeros, in thousands: `1,500`, `0.25`.
pub(super) fn round(value: f64) -> String {
    if value >= 1e3 {
        return grouped(whole(value.round()));
    }
    let text = format!("{value:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() || text == "-0" { "0".into() } else { text.into() }
}

/// Bytes, rounded.
pub(super) fn bytes(value: Option<f64>) -> String {
    value.map_or_else(|| NOTHING.into(), |value| grouped(whole(value.round())))
}

/// A rate of requests: whole numbers, except for the slowest.
pub(super) fn rate(value: f64) -> String {
    if value < 99.95 { format!("{value:.1}") } else { grouped(whole(value.round())) }
}

/// A part of one in percent, rounded down: 999,999 of a million are not all.
pub(super) fn percent(part: f64) -> String {
    // The tolerance is for parts like 0.29, which is a little less in binary.
    format!("{:.2} %", (part * 1e4 + 1e-6).floor() / 1e2)
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

/// `1 request`, `2 requests`.
pub(super) fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}

/// How many decimals a ratio and its bounds need: enough to tell them apart, and from 1.
fn decimals(ratio: &Ratio) -> usize {
    match ratio.interval {
        _ if ratio.estimate >= 99.95 => 0,
        Some((low, high)) if high - low < 0.02 => 3,
        _ => 2,
    }
}

/// The ratio alone.
pub(super) fn estimate(ratio: &Ratio) -> String {
    format!("{:.*}", decimals(ratio), ratio.estimate)
}

/// The bounds of its interval.
pub(super) fn interval(ratio: &Ratio, between: &str) -> Option<String> {
    let digits = decimals(ratio);
    ratio.interval.map(|(low, high)| format!("{low:.digits$}{between}{high:.digits$}"))
}

/// The smallest effect that could have been shown: `3.1 %`, or from twice on a ratio.
pub(super) fn detectable(ratio: &Ratio) -> Option<String> {
    let factor = ratio.detectable.filter(|factor| factor.is_finite() && *factor >= 1.0)?;
    Some(if factor < 2.0 { format!("{:.1} %", (factor - 1.0) * 100.0) } else { format!("{factor:.1} x") })
}

/// A name from elsewhere on one line: what a terminal would obey, or a reader be misled by, is escaped, and the end of
/// what is too long is left out.
pub(super) fn plain(name: &str) -> String {
    shortened(name, LONGEST)
}

/// Likewise a sentence.
pub(super) fn sentence(text: &str) -> String {
    shortened(text, LONGEST_SENTENCE)
}

fn shortened(text: &str, most: usize) -> String {
    let mut out = String::new();
    for (i, c) in text.chars().enumerate() {
        if i == most {
            out.push('…');
            break;
        }
        let hidden = c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        if hidden {
            let _infallible = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// What one request of a mode is.
pub(super) const fn kind(mode: Mode) -> &'static str {
    match mode {
        Mode::Token => "a request with a token",
        Mode::Cert => "a signed request",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        let times = [1e-6, 12.346e-6, 999.94e-6, 999.99e-6, 0.0123456, 1.5, 123.456].map(|s| seconds(Some(s)));
        assert_eq!(times, ["1.000 µs", "12.35 µs", "999.9 µs", "1.000 ms", "12.35 ms", "1.500 s", "123.5 s"]);
        assert_eq!((seconds(None), seconds(Some(f64::NAN))), ("-".into(), "-".into()));
        let ticks = [0.0, 5e-7, 50e-6, 1e-3, 2.5e-3, 0.2, 1.0, 1500.0].map(round_time);
        assert_eq!(ticks, ["0", "500 ns", "50 µs", "1 ms", "2.5 ms", "200 ms", "1 s", "1,500 s"]);
        assert_eq!([0.0, 0.25, 10.0, 20_000.0].map(round), ["0", "0.25", "10", "20,000"]);
        assert_eq!([0.0, 12.34, 99.96, 43_210.5].map(rate), ["0.0", "12.3", "100", "43,211"]);
        assert_eq!(
            (counted(1, "answer", "answers"), counted(2_000, "answer", "answers")),
            ("1 answer".into(), "2,000 answers".into())
        );
    }

    #[test]
    fn nearly_all_is_not_all() {
        assert_eq!([1.0, 0.999_999, 0.29, 0.0].map(percent), ["100.00 %", "99.99 %", "29.00 %", "0.00 %"]);
    }

    #[test]
    fn ratios_show_as_many_digits_as_they_have() {
        let of = |estimate, interval, detectable| Ratio { estimate, interval, pairs: 9, detectable };
        let wide = of(1.3, Some((1.2, 1.4)), Some(1.031));
        assert_eq!((estimate(&wide), interval(&wide, " to ")), ("1.30".into(), Some("1.20 to 1.40".into())));
        assert_eq!(detectable(&wide).unwrap(), "3.1 %");
        let narrow = of(1.003, Some((1.001, 1.005)), Some(2.5));
        assert_eq!((estimate(&narrow), interval(&narrow, "–")), ("1.003".into(), Some("1.001–1.005".into())));
        assert_eq!(detectable(&narrow).unwrap(), "2.5 x");
        assert_eq!(detectable(&of(1.0, None, Some(f64::INFINITY))), None);
    }

    proptest! {
        #[test]
        fn names_from_elsewhere_stay_on_their_line(name: String) {
            let shown = plain(&name);
            let misleading = shown.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{202e}'));
            prop_assert!(!misleading);
            prop_assert!(shown.chars().count() <= LONGEST * 10 + 1);
        }
    }
}
