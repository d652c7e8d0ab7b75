//! Values of the command line, parsed once into types that cannot hold a wrong one.
//!
//! Every function is a clap value parser. Its error is one sentence, which clap puts behind the value and the option
//! that it was given for: why it cannot be used and what would be accepted.

mod load;
mod request;
mod time;

pub(crate) use load::{Rate, clients, header_value, rate, signature_age, threshold};
pub(crate) use request::{Data, Header, HttpUrl, authority, data, header, listen, method, source, url};
pub(crate) use time::{duration, interval, lifetime, outage, positive_duration, seconds, timestamp};

use certauthz::{
    cert::{Serial, extension::Oid},
    crl::{RevocationReason, StalePolicy},
    error::Error,
    scope::Scope,
    store::Name,
};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::SignedDuration;
use std::num::NonZeroUsize;

/// Reads a scope.
pub(crate) fn scope(text: &str) -> Result<Scope, String> {
    Scope::new(text).map_err(|error| reason(&error))
}

/// Reads the name of a CA or client.
pub(crate) fn name(text: &str) -> Result<Name, String> {
    Name::new(text).map_err(|error| reason(&error))
}

/// Reads a serial number.
pub(crate) fn serial(text: &str) -> Result<Serial, String> {
    Serial::parse(text).map_err(|error| reason(&error))
}

/// Reads an object identifier.
pub(crate) fn oid(text: &str) -> Result<Oid, String> {
    Oid::parse(text).map_err(|error| reason(&error))
}

/// Reads a revocation reason, and lists those there are for help and completion.
pub(crate) fn revocation_reason() -> impl TypedValueParser<Value = RevocationReason> {
    PossibleValuesParser::new(RevocationReason::ALL.iter().map(|reason| reason.as_str()))
        .try_map(|text| RevocationReason::parse(&text))
}

/// The library's reason without the value, which clap has named already.
fn reason(error: &Error) -> String {
    match error {
        Error::InvalidValue { why, hint, .. } if !hint.is_empty() => format!("{why}; {hint}"),
        Error::InvalidValue { why, .. } => why.to_string(),
        other => other.to_string(),
    }
}

/// Reads a number from 1.
pub(crate) fn count(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "it must be a whole number from 1".to_owned())
}

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ByteSize(pub(crate) usize);

/// Reads `1048576`, `64KiB`, `1MiB`, `10MB`.
pub(crate) fn size(text: &str) -> Result<ByteSize, String> {
    const UNITS: &[(&str, usize)] = &[
        ("", 1),
        ("B", 1),
        ("kB", 1_000),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
    ];
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = UNITS.iter().find(|(name, _)| *name == unit.trim_start()).map(|(_, factor)| *factor);
    let (Ok(number), Some(factor)) = (number.parse::<usize>(), factor) else {
        return Err("a size is a whole number of bytes, or one with a unit, like 1048576, 64KiB or 1MiB".to_owned());
    };
    number.checked_mul(factor).map(ByteSize).ok_or_else(|| "larger than this machine can address".to_owned())
}

/// Reads `fail-closed`, `grace=15m` or `fail-open`.
pub(crate) fn stale_crl(text: &str) -> Result<StalePolicy, String> {
    match (text, text.strip_prefix("grace=")) {
        ("fail-closed", _) => Ok(StalePolicy::FailClosed),
        ("fail-open", _) => Ok(StalePolicy::FailOpen),
        (_, Some(span)) => {
            let span = SignedDuration::try_from(positive_duration(span)?).map_err(|e| e.to_string())?;
            Ok(StalePolicy::Grace(span))
        }
        _ => Err("a policy is fail-closed, grace=DURATION (like grace=15m) or fail-open".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes() {
        for (text, bytes) in
            [("1048576", 1 << 20), ("64KiB", 64 << 10), ("1MiB", 1 << 20), ("0", 0), ("2 MB", 2_000_000)]
        {
            assert_eq!(size(text), Ok(ByteSize(bytes)), "{text}");
        }
        for bad in ["", "MiB", "-1", "1.5MiB", "1mib", "1 1", "99999999999999999999", "99999999999GiB", "1MiB "] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn stale_policies() {
        assert_eq!(stale_crl("fail-closed"), Ok(StalePolicy::FailClosed));
        assert_eq!(stale_crl("fail-open"), Ok(StalePolicy::FailOpen));
        assert_eq!(stale_crl("grace=15m"), Ok(StalePolicy::Grace(SignedDuration::from_mins(15))));
        for bad in ["", "grace", "grace=", "grace=0s", "grace=5", "open", "Fail-Open"] {
            assert!(stale_crl(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn junk_never_panics(text in any::<String>()) {
            let _ = (size(&text), stale_crl(&text));
        }

        #[test]
        fn plain_numbers_are_bytes(bytes in any::<usize>()) {
            prop_assert_eq!(size(&bytes.to_string()), Ok(ByteSize(bytes)));
        }
    }
}
