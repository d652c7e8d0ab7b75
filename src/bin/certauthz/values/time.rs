//! Durations (`90s 15m 24h 8766h 30d 1y`) and RFC 3339 times.

use certauthz::{bench::MAX_BUDGET, cert::Lifetime, load::rehearsal::Outage};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

const UNITS: &[(&str, u64)] = &[
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
    ("w", 7 * 86_400_000),
    ("y", 365 * 86_400_000),
];

const FORM: &str = "a duration is a whole number with a unit (ms, s, m, h, d, w, y), like 90s, 15m, 24h, 30d or 1h30m";

/// Reads a duration; several in a row are added. A year has 365 days.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let mut rest = text;
    let mut total: u64 = 0;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        if !number.is_empty() && unit.is_empty() {
            return Err(format!("a unit is missing; {FORM}"));
        }
        let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
        let (false, Some(factor)) = (number.is_empty(), factor) else { return Err(FORM.to_owned()) };
        total = number
            .parse()
            .ok()
            .and_then(|number: u64| number.checked_mul(factor)?.checked_add(total))
            .ok_or_else(|| "longer than any time that can be written".to_owned())?;
        if tail.is_empty() {
            return Ok(Duration::from_millis(total));
        }
        rest = tail;
    }
}

/// Reads a duration that is not zero.
pub(crate) fn positive_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("it must be longer than zero".to_owned()),
        duration => Ok(duration),
    }
}

/// Reads how often something is asked for: not more than once a second.
pub(crate) fn interval(text: &str) -> Result<Duration, String> {
    let interval = duration(text)?;
    if interval < Duration::from_secs(1) {
        return Err("it must be at least 1s".to_owned());
    }
    Ok(interval)
}

/// Reads a time to measure for, up to the library's limit: a number of seconds like `3` or `0.5`, or a duration.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.strip_suffix('s').unwrap_or(text);
    // No sign, exponent, infinity or NaN, all of which the standard library's parser would take.
    let plain = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let parsed = match number.parse::<f64>() {
        Ok(number) if plain => Duration::try_from_secs_f64(number).unwrap_or(Duration::MAX),
        _ => duration(text).map_err(|_| "it is a number of seconds, like 3 or 0.5, or a duration, like 500ms or 1m")?,
    };
    match parsed {
        Duration::ZERO => Err("it must be longer than zero".to_owned()),
        parsed if parsed > MAX_BUDGET => Err(format!("it must be at most {} seconds", MAX_BUDGET.as_secs())),
        parsed => Ok(parsed),
    }
}

/// Reads an outage: when it begins and when it ends.
pub(crate) fn outage(text: &str) -> Result<Outage, String> {
    let (from, to) = text.split_once("..").ok_or_else(|| "an outage is begin..end, like 5s..15s".to_owned())?;
    let end = |name, text| duration(text).map_err(|why| format!("its {name}: {why}"));
    Outage::new(end("begin", from)?, end("end", to)?).map_err(|error| super::reason(&error))
}

/// Reads an RFC 3339 time from 1970 to 9999.
pub(crate) fn timestamp(text: &str) -> Result<Timestamp, String> {
    let time: Timestamp = text
        .parse()
        .map_err(|_| "a time is written as in RFC 3339, from 1970 to 9999, like 2030-12-31T23:59:59Z".to_owned())?;
    if time < Timestamp::UNIX_EPOCH { Err("a time before 1970 cannot be used".to_owned()) } else { Ok(time) }
}

/// Reads a duration, or the RFC 3339 time of the end.
pub(crate) fn lifetime(text: &str) -> Result<Lifetime, String> {
    // A time has the dash of its date behind the year (even one of five digits); no duration has one.
    if text.find('-').is_some_and(|dash| dash >= 4) {
        return timestamp(text).map(Lifetime::Until);
    }
    let span =
        positive_duration(text).map_err(|why| format!("{why}; or an RFC 3339 time like 2030-12-31T23:59:59Z"))?;
    // Where exactly it ends is the library's to decide, by the clock; this much never fits.
    SignedDuration::try_from(span)
        .ok()
        .filter(|span| Timestamp::UNIX_EPOCH.checked_add(*span).is_ok())
        .map(Lifetime::For)
        .ok_or_else(|| "it would end after the year 9999".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations() {
        for (text, seconds) in [
            ("90s", 90),
            ("15m", 900),
            ("24h", 86_400),
            ("8766h", 31_557_600),
            ("30d", 2_592_000),
            ("1y", 31_536_000),
            ("2w", 1_209_600),
            ("1h30m", 5_400),
            ("0s", 0),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        for bad in [
            "",
            "90",
            "s",
            "-5s",
            "+5s",
            "1.5h",
            "5 s",
            "5S",
            "1h30",
            "1e3s",
            "٣s",
            "99999999999999999999s",
            "9999999999999y",
        ] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert!(duration("90").unwrap_err().contains("unit is missing"));
        assert!(positive_duration("0h0s").is_err());
        assert!(interval("999ms").is_err());
        assert_eq!(interval("1s"), Ok(Duration::from_secs(1)));
    }

    #[test]
    fn numbers_of_seconds() {
        for (text, millis) in [
            ("3", 3_000),
            ("0.5", 500),
            (".5", 500),
            ("2s", 2_000),
            ("0.25s", 250),
            ("100ms", 100),
            ("1m", 60_000),
            ("3600", 3_600_000),
        ] {
            assert_eq!(seconds(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for bad in [
            "",
            "s",
            ".",
            "0",
            "0s",
            "0.0",
            "-1",
            "+1",
            "1e3",
            "inf",
            "NaN",
            "1.5.2",
            "1,5",
            "3601",
            "2h",
            "1e400",
            "0.0000000001",
            "1ss",
            &"9".repeat(400),
        ] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn lifetimes() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let end = |text: &str| lifetime(text).unwrap().end(now).unwrap().to_string();
        assert_eq!(end("1y"), "2027-01-01T00:00:00Z");
        assert_eq!(end("2030-12-31T23:59:59+01:00"), "2030-12-31T22:59:59Z");
        for bad in [
            "1969-12-31T23:59:59Z",
            "10000-01-01T00:00:00Z",
            "9000y",
            "2030-12-31",
            "2030-12-31T23:59:59",
            "0s",
            "never",
        ] {
            assert!(lifetime(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn outages() {
        let read = |text: &str| outage(text).map(|outage| (outage.from().as_millis(), outage.to().as_millis()));
        assert_eq!(read("5s..15s"), Ok((5_000, 15_000)));
        assert_eq!(read("1500ms..1m"), Ok((1_500, 60_000)));
        for bad in
            ["", "..", "5s", "5s..", "..5s", "5s..5s", "6s..5s", "0s..5s", "5..15", "5s...15s", "1s..2s..3s", "5s-15s"]
        {
            assert!(outage(bad).is_err(), "{bad}");
        }
        assert!(outage("6s..5s").unwrap_err().contains("ends before it begins"));
    }

    proptest! {
        #[test]
        fn junk_never_panics(text in any::<String>()) {
            let _ = (duration(&text), lifetime(&text), timestamp(&text), seconds(&text), outage(&text));
        }

        #[test]
        fn outages_are_read_back(from in 1u64..100_000_000, length in 1u64..100_000_000) {
            let read = outage(&format!("{from}ms..{}ms", from + length)).unwrap();
            prop_assert_eq!(read.from(), Duration::from_millis(from));
            prop_assert_eq!(read.length(), Duration::from_millis(length));
        }

        #[test]
        fn near_misses_never_panic(text in "[0-9]{0,22}(ms|s|m|h|d|w|y|-|T|:|Z|é){0,3}[0-9]{0,4}") {
            let _ = (duration(&text), lifetime(&text), timestamp(&text));
        }

        #[test]
        fn sums_are_exact(d in 0u64..40_000, h in 0u64..100, m in 0u64..100, s in 0u64..100, ms in 0u64..5_000) {
            let total = Duration::from_millis(((d * 24 + h) * 60 + m) * 60_000 + s * 1_000 + ms);
            prop_assert_eq!(duration(&format!("{d}d{h}h{m}m{s}s{ms}ms")), Ok(total));
        }

        #[test]
        fn times_are_read_back(second in 0i64..253_402_000_000) {
            let time = Timestamp::from_second(second).unwrap();
            prop_assert_eq!(timestamp(&time.to_string()), Ok(time));
            prop_assert_eq!(lifetime(&time.to_string()), Ok(Lifetime::Until(time)));
        }
    }
}
