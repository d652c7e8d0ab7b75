//! How a lane did over time, in constant memory: intervals that become longer as the run does.

use super::statistics::Tally;
use std::time::Duration;

/// Some time of a run in which a lane was measured.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Interval {
    /// From the begin of the run to the begin of the interval.
    pub start: Duration,
    /// How long requests of the lane were on their way in it.
    pub measured: Duration,
    /// Requests that were answered.
    pub answered: u64,
    /// Requests that failed without an answer.
    pub failed: u64,
    /// Median latency.
    pub p50: Option<Duration>,
    /// The latency that 99 % of the requests did not exceed; none where fewer than ten lie beyond.
    pub p99: Option<Duration>,
    /// The largest latency.
    pub slowest: Option<Duration>,
}

/// A bounded number of intervals.
#[derive(Debug, Clone, Default)]
pub struct Series {
    intervals: Vec<Interval>,
}

impl Series {
    /// Adds what happened from `start` (after the begin of the run) on, in `measured` time.
    pub fn add(&mut self, start: Duration, measured: Duration, tally: &Tally) {
        let _ = (start, measured, tally);
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
}
