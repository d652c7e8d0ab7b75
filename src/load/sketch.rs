//! Latencies in a few hundred bytes: a histogram of 64 buckets per power of two that keeps only what is not empty.

use super::{
    number::{float, nanos, whole},
    statistics::{CEILING_NANOS, Latencies},
    varint,
};
use std::time::Duration;

/// Bits of a value below its highest that tell buckets apart: the middle of a bucket is within 0.8 % of its values.
const BITS: u32 = 6;

/// How often which latency occurred: the gap to the bucket before and the count, in turn, as variable-length numbers. The
/// latencies of a real server fill some hundred buckets, of two or three bytes each; all from 1 µs to 1 h are 2,100.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sketch(Vec<u8>);

/// The bucket of a value.
fn bucket(value: u64) -> u64 {
    match value.checked_ilog2() {
        Some(high) if high >= BITS => {
            let octave = high - BITS;
            (u64::from(octave) << BITS) + (value >> octave)
        }
        _ => value,
    }
}

/// The middle of a bucket.
fn middle(bucket: u64) -> u64 {
    let octave = (bucket >> BITS).saturating_sub(1);
    let lowest = (bucket - (octave << BITS)) << octave;
    lowest + ((1 << octave) >> 1)
}

impl Sketch {
    pub(super) fn of(latencies: &Latencies) -> Self {
        let Some(histogram) = latencies.histogram() else { return Self::default() };
        let mut counts: Vec<(u64, u64)> = Vec::new();
        for step in histogram.iter_recorded() {
            let bucket = bucket(histogram.median_equivalent(step.value_iterated_to()));
            match counts.last_mut() {
                Some((last, n)) if *last == bucket => *n += step.count_at_value(),
                _ => counts.push((bucket, step.count_at_value())),
            }
        }
        Self::from_counts(counts)
    }

    /// From buckets in rising order.
    fn from_counts(counts: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let (mut bytes, mut last) = (Vec::new(), 0);
        for (bucket, n) in counts {
            varint::write(bucket - last, &mut bytes);
            varint::write(n, &mut bytes);
            last = bucket;
        }
        bytes.shrink_to_fit();
        Self(bytes)
    }

    /// Buckets in rising order, and their counts.
    fn counts(&self) -> impl Iterator<Item = (u64, u64)> {
        let (mut bytes, mut bucket) = (self.0.as_slice(), 0u64);
        std::iter::from_fn(move || {
            bucket = bucket.saturating_add(varint::read(&mut bytes)?);
            Some((bucket, varint::read(&mut bytes)?))
        })
    }

    /// How many latencies there are.
    pub(super) fn count(&self) -> u64 {
        self.counts().fold(0, |sum, (_, n)| sum.saturating_add(n))
    }

    /// Adds those of `other`.
    pub(super) fn merge(&mut self, other: &Self) {
        if other.0.is_empty() {
            return;
        }
        let (mut own, mut others) = (self.counts().peekable(), other.counts().peekable());
        let merged = std::iter::from_fn(|| match (own.peek().copied(), others.peek().copied()) {
            (Some((a, n)), Some((b, m))) if a == b => {
                own.next();
                others.next();
                Some((a, n.saturating_add(m)))
            }
            (Some((a, _)), Some((b, _))) if b < a => others.next(),
            (Some(_), _) => own.next(),
            (None, _) => others.next(),
        });
        let merged = Self::from_counts(merged);
        drop(own);
        self.0 = merged.0;
    }

    /// The latency that `percent` (0 to 100) of them did not exceed, to within 1 % and never above `slowest`; none where
    /// fewer than ten lie beyond.
    pub(super) fn percentile(&self, percent: f64, slowest: Option<Duration>) -> Option<Duration> {
        let n = float(self.count());
        if n * (100.0 - percent) / 100.0 < 10.0 - 1e-6 {
            return None;
        }
        let rank = whole((n * percent / 100.0 - 1e-6).ceil()).max(1);
        let mut seen = 0u64;
        for (bucket, n) in self.counts() {
            seen = seen.saturating_add(n);
            if seen >= rank {
                let value = middle(bucket).min(slowest.map_or(u64::MAX, nanos));
                return Some(Duration::from_nanos(value));
            }
        }
        None
    }

    /// As it is kept, for a file.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// From what [`bytes`](Self::bytes) gave; `None` for anything that it does not give.
    pub(super) fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let (mut counts, mut last, highest) = (Vec::new(), None, bucket(CEILING_NANOS));
        while !bytes.is_empty() {
            let (gap, n) = (varint::read(&mut bytes)?, varint::read(&mut bytes)?);
            let next = last.map_or(Some(gap), |last: u64| if gap == 0 { None } else { last.checked_add(gap) })?;
            if next > highest || n == 0 {
                return None;
            }
            last = Some(next);
            counts.push((next, n));
        }
        Some(Self::from_counts(counts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn latencies(samples: &[u64]) -> Latencies {
        let mut latencies = Latencies::default();
        samples.iter().for_each(|nanos| latencies.record_nanos(*nanos));
        latencies
    }

    proptest! {
        #[test]
        fn percentiles_are_within_a_percent(
            left in prop::collection::vec(1_000u64..100_000_000_000, 1..1_500),
            right in prop::collection::vec(1_000u64..1_000_000, 0..1_500),
        ) {
            let mut all = latencies(&left);
            let mut sketch = Sketch::of(&all);
            sketch.merge(&Sketch::of(&latencies(&right)));
            all.merge(&latencies(&right));
            prop_assert_eq!(sketch.count(), all.count());
            for percent in [50.0, 99.0] {
                let wanted = all.supports(percent).then(|| all.percentile(percent)).flatten();
                let found = sketch.percentile(percent, all.slowest());
                prop_assert_eq!(found.is_some(), wanted.is_some());
                if let (Some(found), Some(wanted)) = (found, wanted) {
                    let ratio = found.as_secs_f64() / wanted.as_secs_f64();
                    // Below 100 µs the histogram's own unit of 0.5 µs counts.
                    prop_assert!((ratio - 1.0).abs() < 0.01 || found.abs_diff(wanted).as_nanos() < 1_024, "{found:?} {wanted:?}");
                }
            }
            prop_assert_eq!(Sketch::from_bytes(sketch.bytes()), Some(sketch));
        }

        #[test]
        fn whatever_a_file_holds_it_is_no_trouble(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(sketch) = Sketch::from_bytes(&bytes) {
                let _fits = (sketch.count(), sketch.percentile(50.0, None));
            }
        }

        #[test]
        fn a_bucket_holds_its_middle(value in 0u64..=CEILING_NANOS) {
            let middle = middle(bucket(value));
            prop_assert_eq!(bucket(middle), bucket(value));
            prop_assert!(middle.abs_diff(value) <= value / 127 + 1);
        }
    }

    #[test]
    fn all_buckets_are_a_few_kilobytes() {
        let mut all = Latencies::default();
        let mut value = 1_000.0;
        while value < 3.6e12 {
            (0..100).for_each(|_| all.record_nanos(whole(value)));
            value *= 1.005;
        }
        assert!(Sketch::of(&all).bytes().len() < 8_000);
        assert!(bucket(CEILING_NANOS) < 2_400);
    }
}
