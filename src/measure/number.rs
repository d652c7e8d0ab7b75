//! Conversions between counts and fractions, in one place.

/// A count as a fraction. Exact up to 2^53; beyond that the nearest value, which is all that a rate or mean needs.
#[expect(clippy::as_conversions, reason = "the standard library has no other way from u64 to f64")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

/// The whole number nearest below; negative values and NaN become 0, too large ones the maximum.
#[expect(clippy::as_conversions, reason = "`as` saturates here, which is what is wanted")]
pub(crate) fn whole(value: f64) -> u64 {
    value as u64
}

/// A length as a count of 64 bits.
pub(crate) fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// A count as a length; what does not fit saturates.
pub(crate) fn length(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// A duration in whole nanoseconds, saturating after 584 years.
pub(crate) fn nanos(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
