//! What is counted while requests run: latencies, statuses and errors, in constant memory.

use super::number::{float, nanos, whole};
use hdrhistogram::Histogram;
use std::{collections::BTreeMap, time::Duration};

/// Below this a latency is recorded as this.
pub(super) const FLOOR_NANOS: u64 = 1_000;
/// Above this a latency is recorded as this, and counted as clamped. Timeouts are far shorter.
pub(super) const CEILING_NANOS: u64 = 3_600_000_000_000;
/// Significant decimal digits of the histogram.
pub(super) const DIGITS: u8 = 3;

/// Latencies of any number of requests in about 200 KiB (nothing while there are none): a histogram (1 µs floor, 3
/// digits) beside the exact sum, smallest and largest value of *the same* samples, so that mean and percentiles never
/// describe different sets.
#[derive(Debug, Clone)]
pub struct Latencies {
    /// Made with the first sample: of the three in each [`Tally`], a closed loop uses one.
    histogram: Option<Box<Histogram<u64>>>,
    sum_nanos: u128,
    fastest: u64,
    slowest: u64,
    clamped: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { histogram: None, sum_nanos: 0, fastest: u64::MAX, slowest: 0, clamped: 0 }
    }
}

/// What the buckets of a histogram do not keep: with these, [`Latencies`] written to a file come back exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exact {
    /// The sum of all samples, in nanoseconds.
    pub sum_nanos: u128,
    /// The smallest sample, in nanoseconds.
    pub fastest_nanos: u64,
    /// The largest sample, in nanoseconds.
    pub slowest_nanos: u64,
    /// How many were recorded as the largest possible value.
    pub clamped: u64,
}

/// An empty histogram with the bounds of every [`Latencies`].
pub(super) fn empty_histogram() -> Histogram<u64> {
    // The bounds are constants that hdrhistogram accepts (a test says so); the fallback grows on demand.
    Histogram::new_with_bounds(FLOOR_NANOS, CEILING_NANOS, DIGITS)
        .or_else(|_| Histogram::new(DIGITS))
        .unwrap_or_else(|_| unreachable!("3 digits are within hdrhistogram's 0 to 5"))
}

impl Latencies {
    /// From a histogram with the bounds of [`empty_histogram`] and what belongs to it.
    pub(super) fn from_parts(histogram: Histogram<u64>, exact: Exact) -> Self {
        Self {
            histogram: Some(Box::new(histogram)),
            sum_nanos: exact.sum_nanos,
            fastest: exact.fastest_nanos,
            slowest: exact.slowest_nanos,
            clamped: exact.clamped,
        }
    }

    /// The buckets, if there are samples.
    pub(super) fn histogram(&self) -> Option<&Histogram<u64>> {
        self.histogram.as_deref().filter(|histogram| !histogram.is_empty())
    }

    /// What belongs to the histogram; `None` without samples.
    pub fn exact(&self) -> Option<Exact> {
        self.histogram().map(|_| Exact {
            sum_nanos: self.sum_nanos,
            fastest_nanos: self.fastest,
            slowest_nanos: self.slowest,
            clamped: self.clamped,
        })
    }

    /// Adds one request.
    pub fn record(&mut self, latency: Duration) {
        self.record_nanos(nanos(latency));
    }

    pub(super) fn record_nanos(&mut self, latency: u64) {
        self.clamped += u64::from(latency > CEILING_NANOS);
        let latency = latency.clamp(FLOOR_NANOS, CEILING_NANOS);
        self.histogram.get_or_insert_with(|| Box::new(empty_histogram())).saturating_record(latency);
        self.sum_nanos += u128::from(latency);
        self.fastest = self.fastest.min(latency);
        self.slowest = self.slowest.max(latency);
    }

    /// Adds all samples of `other`.
    pub fn merge(&mut self, other: &Self) {
        let Some(added) = other.histogram() else { return };
        match &mut self.histogram {
            None => self.histogram = Some(Box::new(added.clone())),
            // All have the same bounds, so nothing can fall out of range.
            Some(own) => {
                if own.add(added).is_err() {
                    return;
                }
            }
        }
        self.sum_nanos = self.sum_nanos.saturating_add(other.sum_nanos);
        self.fastest = self.fastest.min(other.fastest);
        self.slowest = self.slowest.max(other.slowest);
        self.clamped = self.clamped.saturating_add(other.clamped);
    }

    /// Forgets all samples, and keeps the memory for new ones.
    pub fn clear(&mut self) {
        let histogram = self.histogram.take().map(|mut histogram| {
            if !histogram.is_empty() {
                histogram.reset();
            }
            histogram
        });
        *self = Self { histogram, ..Self::default() };
    }

    /// How many requests were recorded.
    pub fn count(&self) -> u64 {
        self.histogram.as_ref().map_or(0, |histogram| histogram.len())
    }

    /// How many were too long for the histogram (an hour) and were recorded as its largest value.
    pub fn clamped(&self) -> u64 {
        self.clamped
    }

    /// The smallest latency.
    pub fn fastest(&self) -> Option<Duration> {
        (self.count() > 0).then(|| Duration::from_nanos(self.fastest))
    }

    /// The largest latency.
    pub fn slowest(&self) -> Option<Duration> {
        (self.count() > 0).then(|| Duration::from_nanos(self.slowest))
    }

    /// The exact mean.
    pub fn mean(&self) -> Option<Duration> {
        let mean = self.sum_nanos.checked_div(u128::from(self.count()))?;
        Some(Duration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX)))
    }

    /// The smallest latency that at least `percent` (0 to 100) of the requests did not exceed, to 3 digits, and never
    /// outside of [`fastest`](Self::fastest) to [`slowest`](Self::slowest).
    pub fn percentile(&self, percent: f64) -> Option<Duration> {
        // The histogram rounds quantile times count up, where 0.999 * 20,000 may be a bit more than 19,980: half a request
        // less is not.
        let n = float(self.count());
        let rank = (n * percent / 100.0 - 1e-6).ceil().max(1.0);
        let value = self.histogram()?.value_at_quantile((rank - 0.5) / n);
        Some(Duration::from_nanos(value.clamp(self.fastest, self.slowest)))
    }

    /// Whether at least ten samples lie beyond that percentile. With fewer, the number is an anecdote about single
    /// requests.
    pub fn supports(&self, percent: f64) -> bool {
        // 1 - 99.9/100 is a little less than a thousandth: without the tolerance 10,000 samples would not do.
        float(self.count()) * (100.0 - percent) / 100.0 >= 10.0 - 1e-6
    }

    /// Requests per bin: equal widths from the fastest to the 99th percentile, and a last bin for what is slower, so that
    /// one outlier does not squeeze all others into the first bin. Each entry has the bin's upper edge; edges rise.
    pub fn bins(&self, bins: u32) -> Vec<(Duration, u64)> {
        let (Some(histogram), Some(p99), 2..) = (self.histogram(), self.percentile(99.0), bins) else {
            return Vec::new();
        };
        let width = (float(nanos(p99).saturating_sub(self.fastest)) / f64::from(bins - 1)).max(1.0);
        let edge = |i: u32| self.fastest + whole(width * f64::from(i));
        let mut counts: Vec<(Duration, u64)> = (1..bins).map(|i| (Duration::from_nanos(edge(i)), 0)).collect();
        counts.push((Duration::from_nanos(self.slowest.max(edge(bins - 1) + 1)), 0));
        for step in histogram.iter_recorded() {
            let value = histogram.median_equivalent(step.value_iterated_to()).clamp(self.fastest, self.slowest);
            let index = whole(float(value - self.fastest) / width).min(u64::from(bins) - 1);
            if let Some(bin) = counts.get_mut(super::number::length(index)) {
                bin.1 += step.count_at_value();
            }
        }
        counts
    }

    /// Requests between given limits, which rise: up to the first, above it up to the second and so on, and in the last
    /// entry those above all limits. Unlike [`bins`](Self::bins) it makes two sets of latencies comparable.
    pub fn between(&self, limits: &[Duration]) -> Vec<u64> {
        let mut counts = vec![0; limits.len() + 1];
        let Some(histogram) = self.histogram() else { return counts };
        for step in histogram.iter_recorded() {
            let value = histogram.median_equivalent(step.value_iterated_to()).clamp(self.fastest, self.slowest);
            let index = limits.partition_point(|limit| nanos(*limit) < value);
            if let Some(n) = counts.get_mut(index) {
                *n += step.count_at_value();
            }
        }
        counts
    }
}

/// Everything that happened to the requests of one block, or of a whole run.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Latencies of the requests that were answered, whatever the status: from the time at which they were due, which in
    /// a closed loop is the decision to send.
    pub latencies: Latencies,
    /// Open loop: from sending to the last byte of the answer, of the same requests.
    pub service: Latencies,
    /// Open loop: how much later than it could have the generator sent them.
    pub lateness: Latencies,
    /// Answers by status code.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests without an answer, by a short stable word for the reason.
    pub errors: BTreeMap<&'static str, u64>,
    /// Requests that were under way when the caller interrupted the run; they are neither a success nor an error.
    pub unfinished: u64,
    /// Prepared requests that became too old to be sent, and were thrown away.
    pub expired: u64,
    /// Open loop: requests that were due, and not sent by the end of the drain.
    pub unsent: u64,
    /// Requests that were sent right after a switch between lanes, and are not counted anywhere else.
    pub discarded: u64,
}

impl Tally {
    /// Forgets everything, and keeps the memory of the histograms.
    pub fn clear(&mut self) {
        let [mut latencies, mut service, mut lateness] =
            [&mut self.latencies, &mut self.service, &mut self.lateness].map(std::mem::take);
        latencies.clear();
        service.clear();
        lateness.clear();
        *self = Self { latencies, service, lateness, ..Self::default() };
    }

    /// Adds all that `other` counted.
    pub fn merge(&mut self, other: &Self) {
        self.latencies.merge(&other.latencies);
        self.service.merge(&other.service);
        self.lateness.merge(&other.lateness);
        for (status, n) in &other.statuses {
            *self.statuses.entry(*status).or_default() += n;
        }
        for (error, n) in &other.errors {
            *self.errors.entry(error).or_default() += n;
        }
        self.unfinished += other.unfinished;
        self.expired += other.expired;
        self.unsent += other.unsent;
        self.discarded += other.discarded;
    }

    /// Requests that got an answer.
    pub fn answered(&self) -> u64 {
        self.latencies.count()
    }

    /// Requests that got a 2xx answer.
    pub fn successes(&self) -> u64 {
        self.statuses.range(200..300).map(|(_, n)| n).sum()
    }

    /// Requests that failed without an answer.
    pub fn failed(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Requests whose outcome is known: answered or failed.
    pub fn done(&self) -> u64 {
        self.answered() + self.failed()
    }

    /// The part of the requests that got a 2xx answer, 0 to 1; 0 where there were none.
    pub fn success_rate(&self) -> f64 {
        if self.done() == 0 { 0.0 } else { float(self.successes()) / float(self.done()) }
    }
}

#[cfg(test)]
#[allow(clippy::as_conversions)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The oracle: the smallest value that at least `percent` of the sorted samples do not exceed.
    fn by_sorting(sorted: &[u64], percent: f64) -> u64 {
        let rank = (percent / 100.0 * sorted.len() as f64).ceil().max(1.0) as usize;
        sorted[rank.min(sorted.len()) - 1]
    }

    #[test]
    fn a_percentile_is_the_latency_of_its_rank() {
        for n in [1u64, 10, 999, 1_000, 20_000] {
            let mut latencies = Latencies::default();
            (1..=n).for_each(|i| latencies.record(Duration::from_micros(i)));
            for (percent, per_mille) in [(50.0, 500), (90.0, 900), (99.0, 990), (99.9, 999), (100.0, 1_000)] {
                let rank = (n * per_mille).div_ceil(1_000).max(1);
                let found = latencies.percentile(percent).unwrap();
                // To 3 digits, rounded up within its bucket.
                let wanted = Duration::from_micros(rank);
                assert!(
                    found >= wanted && found < wanted + wanted / 900 + Duration::from_micros(1),
                    "{n} {percent}: {found:?}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn percentiles_agree_with_sorting(mut samples in prop::collection::vec(1_000u64..60_000_000_000, 1..400), split in 0usize..400) {
            let (mut left, mut right) = (Latencies::default(), Latencies::default());
            for (i, nanos) in samples.iter().enumerate() {
                if i < split { left.record_nanos(*nanos) } else { right.record_nanos(*nanos) }
            }
            left.merge(&right);
            samples.sort_unstable();
            prop_assert_eq!(left.count(), samples.len() as u64);
            prop_assert_eq!(left.fastest().unwrap().as_nanos(), u128::from(samples[0]));
            prop_assert_eq!(left.slowest().unwrap().as_nanos(), u128::from(*samples.last().unwrap()));
            let mean = samples.iter().map(|n| u128::from(*n)).sum::<u128>() / samples.len() as u128;
            prop_assert_eq!(left.mean().unwrap().as_nanos(), mean);
            let mut last = 0;
            for percent in [10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99] {
                let got = left.percentile(percent).unwrap().as_nanos() as u64;
                let wanted = by_sorting(&samples, percent);
                let unit = 512.0_f64.max(wanted as f64 * 1e-3);
                prop_assert!((got as f64 - wanted as f64).abs() <= unit, "p{percent}: {got} for {wanted}");
                prop_assert!(got >= last);
                last = got;
            }
            let bins = left.bins(11);
            prop_assert_eq!(bins.len(), 11);
            prop_assert_eq!(bins.iter().map(|(_, n)| n).sum::<u64>(), samples.len() as u64);
            prop_assert!(bins.is_sorted_by(|a, b| a.0 < b.0));
            let limits: Vec<_> = bins.iter().map(|(edge, _)| *edge).collect();
            let between = left.between(&limits);
            prop_assert_eq!(between.iter().sum::<u64>(), samples.len() as u64);
            prop_assert_eq!((between.len(), between.last()), (12, Some(&0)));
        }
    }

    #[test]
    fn the_bounds_are_the_intended_ones_and_clamps_are_counted() {
        let mut latencies = Latencies::default();
        latencies.record(Duration::ZERO);
        assert!(!latencies.histogram().unwrap().is_auto_resize());
        latencies.record(Duration::from_secs(7_200));
        assert_eq!(latencies.fastest(), Some(Duration::from_micros(1)));
        assert_eq!(latencies.slowest(), Some(Duration::from_secs(3_600)));
        assert_eq!(latencies.percentile(100.0), Some(Duration::from_secs(3_600)));
        assert_eq!(latencies.clamped(), 1);
    }

    #[test]
    fn memory_comes_with_the_first_sample_and_stays_when_cleared() {
        let mut tally = Tally::default();
        tally.merge(&Tally::default());
        assert!(tally.latencies.histogram.is_none());
        tally.latencies.record(Duration::from_millis(3));
        tally.statuses.insert(200, 1);
        tally.clear();
        assert!(tally.latencies.histogram.is_some() && tally.service.histogram.is_none());
        assert_eq!((tally.answered(), tally.latencies.slowest(), tally.latencies.exact()), (0, None, None));
        assert!(tally.statuses.is_empty());
        tally.latencies.record(Duration::from_millis(5));
        assert_eq!(tally.latencies.fastest(), Some(Duration::from_millis(5)));
        assert_eq!(tally.latencies.mean(), Some(Duration::from_millis(5)));
    }

    #[test]
    fn nothing_is_said_about_no_samples() {
        let none = Latencies::default();
        assert_eq!((none.mean(), none.percentile(50.0), none.fastest(), none.slowest()), (None, None, None, None));
        assert!(none.bins(10).is_empty());
    }

    #[test]
    fn a_percentile_needs_ten_samples_beyond_it() {
        let mut latencies = Latencies::default();
        for _ in 0..999 {
            latencies.record(Duration::from_millis(1));
        }
        assert!(latencies.supports(95.0) && !latencies.supports(99.0));
        latencies.record(Duration::from_millis(1));
        assert!(latencies.supports(99.0) && !latencies.supports(99.9));
        for _ in 1_000..10_000 {
            latencies.record(Duration::from_millis(1));
        }
        assert!(latencies.supports(99.9) && !latencies.supports(99.99));
    }

    #[test]
    fn success_is_2xx_of_all_that_ended() {
        let mut tally = Tally::default();
        for status in [200, 204, 500, 302] {
            tally.latencies.record(Duration::from_millis(1));
            *tally.statuses.entry(status).or_default() += 1;
        }
        tally.errors.insert("timeout", 1);
        tally.unfinished = 7;
        let mut sum = Tally::default();
        sum.merge(&tally);
        sum.merge(&tally);
        assert_eq!((sum.done(), sum.successes(), sum.answered(), sum.failed()), (10, 4, 8, 2));
        assert!((sum.success_rate() - 0.4).abs() < 1e-12);
    }
}
