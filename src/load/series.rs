//! How a lane did over time, in constant memory: intervals that become longer as the run does.

use super::{
    number::{count, float, whole},
    sketch::Sketch,
    statistics::Tally,
};
use std::{collections::BTreeMap, time::Duration};

/// Intervals that are kept; when more come, neighbours are merged.
pub(super) const MOST_INTERVALS: usize = 240;

/// Some time of a run in which a lane was measured.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Interval {
    /// From the begin of the run to the begin of the interval.
    pub start: Duration,
    /// From the begin of the run to the end of the interval.
    pub end: Duration,
    /// How long requests of the lane were on their way in it: less than from start to end where other lanes had their
    /// turn, or requests were signed.
    pub measured: Duration,
    /// Requests that were answered.
    pub answered: u64,
    /// Requests that failed without an answer.
    pub failed: u64,
    /// Median latency, within 1 %.
    pub p50: Option<Duration>,
    /// The latency that 99 % of the requests did not exceed, within 1 %; none where fewer than ten lie beyond.
    pub p99: Option<Duration>,
    /// The largest latency.
    pub slowest: Option<Duration>,
}

impl Interval {
    const EMPTY: Self = Self {
        start: Duration::ZERO,
        end: Duration::ZERO,
        measured: Duration::ZERO,
        answered: 0,
        failed: 0,
        p50: None,
        p99: None,
        slowest: None,
    };

    /// Answers per second.
    pub fn requests_per_second(&self) -> f64 {
        if self.measured.is_zero() { 0.0 } else { float(self.answered) / self.measured.as_secs_f64() }
    }
}

/// At most 240 intervals, in less than 2 MB however long the run.
#[derive(Debug, Clone, Default)]
pub struct Series {
    intervals: Vec<Interval>,
    /// The latencies of each interval, so that percentiles of merged ones are theirs, and no averages of percentiles.
    sketches: Vec<Sketch>,
    /// Once intervals were merged: how long new ones become before the next begins.
    width: Duration,
}

impl Series {
    /// Adds what happened from `start` (after the begin of the run) on, in `measured` time.
    pub fn add(&mut self, start: Duration, measured: Duration, tally: &Tally) {
        if measured.is_zero() && tally.done() == 0 {
            return;
        }
        let interval = Interval {
            start,
            end: start.saturating_add(measured),
            measured,
            answered: tally.answered(),
            failed: tally.failed(),
            p50: None,
            p99: None,
            slowest: tally.latencies.slowest(),
        };
        self.append(interval, Sketch::of(&tally.latencies));
        if self.intervals.len() > MOST_INTERVALS {
            self.merge_neighbours();
        }
    }

    /// In the order of time.
    pub fn intervals(&self) -> &[Interval] {
        &self.intervals
    }

    /// A series of these intervals.
    #[cfg(test)]
    pub(super) fn of(intervals: Vec<Interval>) -> Self {
        Self { intervals, ..Self::default() }
    }

    /// The intervals with their latencies, for a file.
    pub(super) fn parts(&self) -> impl Iterator<Item = (&Interval, &Sketch)> {
        self.intervals.iter().zip(&self.sketches)
    }

    /// From what a file holds, in the order of time.
    pub(super) fn from_parts(parts: impl IntoIterator<Item = (Interval, Sketch)>) -> Self {
        let mut series = Self::default();
        for (interval, sketch) in parts {
            series.begin(interval, sketch);
            if series.intervals.len() > MOST_INTERVALS {
                series.merge_neighbours();
            }
        }
        series
    }

    /// Runs at the same time, each with how much later than the first it began: intervals that fall into the same part of
    /// the whole time are added.
    pub(super) fn side_by_side(runs: &[(Duration, Self)]) -> Self {
        let all = || {
            runs.iter()
                .enumerate()
                .flat_map(|(run, (later, series))| series.parts().map(move |part| (run, *later, part)))
        };
        let end = all().map(|(_, later, (interval, _))| later + interval.end).max().unwrap_or_default();
        let cells =
            runs.iter().map(|(_, series)| series.intervals.len()).max().unwrap_or(0).clamp(1, MOST_INTERVALS / 2);
        let width = (end.as_secs_f64() / float(count(cells))).max(1e-9);
        let mut sums: BTreeMap<u64, (Interval, Sketch, Vec<Duration>)> = BTreeMap::new();
        for (run, later, (interval, sketch)) in all() {
            let middle = later + (interval.start + interval.end) / 2;
            let cell = whole(middle.as_secs_f64() / width).min(count(cells) - 1);
            let empty = || {
                (
                    Interval { start: later + interval.start, ..Interval::EMPTY },
                    Sketch::default(),
                    vec![Duration::ZERO; runs.len()],
                )
            };
            let (sum, latencies, measured) = sums.entry(cell).or_insert_with(empty);
            sum.start = sum.start.min(later + interval.start);
            sum.end = sum.end.max(later + interval.end);
            sum.answered = sum.answered.saturating_add(interval.answered);
            sum.failed = sum.failed.saturating_add(interval.failed);
            sum.slowest = sum.slowest.max(interval.slowest);
            latencies.merge(sketch);
            if let Some(own) = measured.get_mut(run) {
                *own += interval.measured;
            }
        }
        Self::from_parts(sums.into_values().map(|(mut sum, latencies, measured)| {
            sum.measured = measured.into_iter().max().unwrap_or_default();
            (sum, latencies)
        }))
    }

    /// Adds to the last interval while that is short, else begins a new one.
    fn append(&mut self, interval: Interval, sketch: Sketch) {
        match (self.intervals.last_mut(), self.sketches.last_mut()) {
            (Some(last), Some(sum)) if last.measured.saturating_add(interval.measured / 2) < self.width => {
                sum.merge(&sketch);
                last.start = last.start.min(interval.start);
                last.end = last.end.max(interval.end);
                last.measured = last.measured.saturating_add(interval.measured);
                last.answered = last.answered.saturating_add(interval.answered);
                last.failed = last.failed.saturating_add(interval.failed);
                last.slowest = last.slowest.max(interval.slowest);
                describe(last, sum);
            }
            _ => self.begin(interval, sketch),
        }
    }

    fn begin(&mut self, mut interval: Interval, sketch: Sketch) {
        describe(&mut interval, &sketch);
        self.intervals.push(interval);
        self.sketches.push(sketch);
    }

    /// About halves the number of intervals: neighbours become one while that is as long as two were on average.
    fn merge_neighbours(&mut self) {
        let total: Duration =
            self.intervals.iter().map(|interval| interval.measured).fold(Duration::ZERO, Duration::saturating_add);
        // Of two neighbours, at least one and half the other reach the width: no more than 200 are left.
        self.width = (total / 100).max(Duration::from_nanos(1));
        let (intervals, sketches) = (std::mem::take(&mut self.intervals), std::mem::take(&mut self.sketches));
        for (interval, sketch) in intervals.into_iter().zip(sketches) {
            self.append(interval, sketch);
        }
    }
}

fn describe(interval: &mut Interval, sketch: &Sketch) {
    let percentile = |percent| sketch.percentile(percent, interval.slowest);
    (interval.p50, interval.p99) = (percentile(50.0), percentile(99.0));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(i: u64) -> Tally {
        let mut tally = Tally::default();
        for k in 0..1_000 {
            tally.latencies.record(Duration::from_micros(1_000 + k));
        }
        // One slow request in a second that is no multiple of the width.
        tally.latencies.record(Duration::from_millis(if i == 777 { 5_000 } else { 3 }));
        tally.errors.insert("timeout", 2);
        tally
    }

    #[test]
    fn a_long_run_keeps_its_sums_and_its_outliers() {
        let mut series = Series::default();
        for i in 0..10_000 {
            series.add(Duration::from_secs(2 * i), Duration::from_secs(1), &second(i));
        }
        let intervals = series.intervals();
        assert!((100..=MOST_INTERVALS).contains(&intervals.len()), "{}", intervals.len());
        assert_eq!(intervals.iter().map(|i| i.answered).sum::<u64>(), 10_010_000);
        assert_eq!(intervals.iter().map(|i| i.failed).sum::<u64>(), 20_000);
        assert_eq!(intervals.iter().map(|i| i.measured).sum::<Duration>(), Duration::from_secs(10_000));
        assert!(intervals.is_sorted_by(|a, b| a.end <= b.start));
        let slow: Vec<_> = intervals.iter().filter(|i| i.slowest == Some(Duration::from_secs(5))).collect();
        assert!(
            matches!(slow.as_slice(), [one] if one.start <= Duration::from_secs(1_554) && one.end >= Duration::from_secs(1_555))
        );
        for interval in intervals {
            assert!((interval.requests_per_second() - 1_001.0).abs() < 1e-9);
            let (p50, p99) = (interval.p50.unwrap().as_secs_f64(), interval.p99.unwrap().as_secs_f64());
            assert!((p50 / 1.5e-3 - 1.0).abs() < 0.011 && (p99 / 1.99e-3 - 1.0).abs() < 0.011, "{interval:?}");
        }
        let bytes: usize = series.sketches.iter().map(|sketch| sketch.bytes().len()).sum();
        assert!(bytes < 2_000_000);
    }

    #[test]
    fn runs_side_by_side_add_up() {
        let mut run = Series::default();
        (0..50).for_each(|i| run.add(Duration::from_secs(2 * i), Duration::from_secs(1), &second(i)));
        let both = Series::side_by_side(&[(Duration::ZERO, run.clone()), (Duration::from_millis(300), run)]);
        assert!((40..=51).contains(&both.intervals().len()), "{}", both.intervals().len());
        assert_eq!(both.intervals().iter().map(|i| i.answered).sum::<u64>(), 100_100);
        let full = both.intervals().iter().filter(|i| (i.requests_per_second() - 2_002.0).abs() < 1e-6).count();
        assert!(full > 40, "{full}");
        assert!(Series::side_by_side(&[]).intervals().is_empty());
    }

    #[test]
    fn a_short_run_is_kept_as_it_was() {
        let mut series = Series::default();
        series.add(Duration::ZERO, Duration::ZERO, &Tally::default());
        for i in 0..3 {
            series.add(Duration::from_secs(i), Duration::from_millis(900), &second(i));
        }
        series.add(Duration::from_secs(3), Duration::from_secs(1), &Tally::default());
        assert_eq!(series.intervals().len(), 4);
        let last = series.intervals().last().unwrap();
        assert_eq!((last.answered, last.p50, last.slowest, last.end), (0, None, None, Duration::from_secs(4)));
    }

    #[test]
    fn blocks_of_any_length_stay_few() {
        let mut series = Series::default();
        let mut at = Duration::ZERO;
        for i in 0..5_000u64 {
            let length = Duration::from_millis(1 + i * 37 % 900);
            series.add(at, length, &Tally::default());
            at += length;
            assert!(series.intervals().len() <= MOST_INTERVALS);
        }
        assert!(series.intervals().len() >= MOST_INTERVALS / 4);
    }
}
