//! Values of the load test.

use super::{count, duration, reason};
use certauthz::load::Threshold;
use http::HeaderValue;
use std::{fmt, num::NonZeroUsize, time::Duration};

/// Requests per second: a finite number in the range of [`rate`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rate(f64);

impl Rate {
    /// The slowest: a request in a quarter of an hour.
    const MIN: f64 = 0.001;
    /// More than any machine sends.
    const MAX: f64 = 10_000_000.0;

    /// Requests per second.
    pub(crate) fn per_second(self) -> f64 {
        self.0
    }

    /// Requests per second, where that is a whole number.
    pub(crate) fn whole(self) -> Option<u32> {
        // Every whole number of the range is shown without a fraction.
        self.0.to_string().parse().ok().filter(|rate| *rate > 0)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Reads a rate: a decimal number like `500` or `0.5`.
pub(crate) fn rate(text: &str) -> Result<Rate, String> {
    // No sign, exponent, infinity or NaN, all of which the standard library's parser would take.
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let number = text.parse::<f64>().ok().filter(|_| plain);
    match number {
        Some(number) if (Rate::MIN..=Rate::MAX).contains(&number) => Ok(Rate(number)),
        Some(_) => Err(format!("a rate is {} to {} requests per second", Rate::MIN, Rate::MAX)),
        None => Err("a rate is a number of requests per second, like 500 or 0.5; to be quiet, say --quiet".to_owned()),
    }
}

/// Reads what must hold.
pub(crate) fn threshold(text: &str) -> Result<Threshold, String> {
    text.parse().map_err(|error| reason(&error))
}

/// Reads how many clients to make: each has a key, a directory and a certificate.
pub(crate) fn clients(text: &str) -> Result<NonZeroUsize, String> {
    const MOST: usize = 10_000;
    match count(text)? {
        count if count.get() > MOST => Err(format!("it must be at most {MOST}")),
        count => Ok(count),
    }
}

/// Reads the age up to which signatures are taken: no signature may live longer than 300 s, and half of the age must be
/// a second for signing and sending at least.
pub(crate) fn signature_age(text: &str) -> Result<Duration, String> {
    let age = duration(text)?;
    if !(Duration::from_secs(2)..=certauthz::client::MAX_WINDOW).contains(&age) || age.subsec_nanos() != 0 {
        return Err("it must be 2s to 300s, in whole seconds".to_owned());
    }
    Ok(age)
}

/// Reads the value of a header, which may not be empty.
pub(crate) fn header_value(text: &str) -> Result<HeaderValue, String> {
    let value = super::header(&format!("x: {text}"))?.value;
    if value.is_empty() { Err("it must not be empty".to_owned()) } else { Ok(value) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rates() {
        for (text, per_second, whole) in [
            ("1", 1.0, Some(1)),
            ("0.5", 0.5, None),
            (".5", 0.5, None),
            ("1000", 1e3, Some(1_000)),
            ("1.0", 1.0, Some(1)),
            ("0.001", 0.001, None),
            ("10000000", 1e7, Some(10_000_000)),
        ] {
            let rate = rate(text).unwrap();
            assert_eq!((rate.per_second(), rate.whole()), (per_second, whole), "{text}");
        }
        for bad in ["", "0", "0.0", ".", "-1", "+1", "1e3", "inf", "NaN", "1k", "1,5", "0.0001", "10000001", "1 "] {
            assert!(rate(bad).is_err(), "{bad}");
        }
        assert!(rate("--format").unwrap_err().contains("--quiet"));
    }

    #[test]
    fn ages_of_signatures() {
        assert_eq!(signature_age("60s"), Ok(Duration::from_secs(60)));
        assert_eq!(signature_age("5m"), Ok(Duration::from_secs(300)));
        for bad in ["1s", "0s", "301s", "2500ms", "60"] {
            assert!(signature_age(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_of_clients() {
        assert_eq!(clients("10000").map(NonZeroUsize::get), Ok(10_000));
        for bad in ["0", "10001", "-1", "many"] {
            assert!(clients(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn content_types() {
        assert_eq!(header_value(" application/json ").unwrap(), "application/json");
        for bad in ["", " ", "a\nb", "é"] {
            assert!(header_value(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn junk_never_panics(text in any::<String>()) {
            let _ = (rate(&text), clients(&text), signature_age(&text), header_value(&text));
        }

        #[test]
        fn rates_are_read_back(number in 1u32..10_000_000) {
            prop_assert_eq!(rate(&number.to_string()).unwrap().whole(), Some(number));
            prop_assert_eq!(rate(&format!("{}.5", number - 1)).unwrap().whole(), None);
        }
    }
}
