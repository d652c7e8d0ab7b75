//! A histogram of fixed buckets.

use super::Counter;
use crate::number::{float, nanos};
use std::{array, time::Duration};

/// Upper bounds in nanoseconds: 10 µs to 10 s.
const BOUNDS: [u64; 19] = [
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
];

/// How many times fell between which bounds, and their sum.
#[derive(Debug)]
pub(super) struct Histogram {
    /// The last one is for what is longer than every bound.
    buckets: [Counter; BOUNDS.len() + 1],
    nanos: Counter,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: array::from_fn(|_| Counter::default()), nanos: Counter::default() }
    }
}

/// A histogram at one moment, in seconds.
#[derive(Debug, PartialEq)]
pub(super) struct Snapshot {
    pub(super) sum: f64,
    pub(super) count: u64,
    /// Upper bound (the last is infinite), and how many fell below it and above the one before.
    pub(super) buckets: Vec<(f64, u64)>,
}

impl Histogram {
    pub(super) fn record(&self, time: Duration) {
        let nanos = nanos(time);
        let place = BOUNDS.partition_point(|bound| *bound < nanos);
        if let Some(bucket) = self.buckets.get(place) {
            bucket.increment();
        }
        self.nanos.add(nanos);
    }
}

impl Snapshot {
    /// All of these as one. The count is that of the buckets as they were read, so they always agree.
    pub(super) fn of<'a>(all: impl Iterator<Item = &'a Histogram>) -> Self {
        let seconds = |nanos: u64| float(nanos) / 1e9;
        let bounds = BOUNDS.iter().map(|bound| seconds(*bound)).chain([f64::INFINITY]);
        let mut buckets: Vec<(f64, u64)> = bounds.map(|bound| (bound, 0)).collect();
        let mut nanos = 0u64;
        for histogram in all {
            for ((_, sum), bucket) in buckets.iter_mut().zip(&histogram.buckets) {
                *sum = sum.saturating_add(bucket.value());
            }
            nanos = nanos.saturating_add(histogram.nanos.value());
        }
        Self { sum: seconds(nanos), count: buckets.iter().map(|(_, count)| count).sum(), buckets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        let histogram = Histogram::default();
        for nanos in [0, 10_000, 10_001, 25_000, 10_000_000_000, 10_000_000_001] {
            histogram.record(Duration::from_nanos(nanos));
        }
        let seen = Snapshot::of([&histogram].into_iter());
        let filled: Vec<_> = seen.buckets.iter().filter(|(_, count)| *count > 0).copied().collect();
        assert_eq!(filled, [(10e-6, 2), (25e-6, 2), (10.0, 1), (f64::INFINITY, 1)]);
        assert_eq!((seen.count, seen.buckets.len()), (6, 20));
        assert!((seen.sum - 20.000_045_002).abs() < 1e-9, "{}", seen.sum);
    }

    #[test]
    fn a_time_beyond_all_bounds_is_no_overflow_of_the_buckets() {
        let histogram = Histogram::default();
        histogram.record(Duration::MAX);
        assert_eq!(Snapshot::of([&histogram].into_iter()).buckets.last(), Some(&(f64::INFINITY, 1)));
    }
}
