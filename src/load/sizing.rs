//! How long a block is: long enough to mean something, short enough that neighbours see the same machine, that its
//! requests are still fresh when they are sent, and that they fit into memory.

use super::{
    number::{count, float, whole},
    plan::Stop,
};
use std::time::Duration;

/// Prepared requests kept at a time, per mode: about 1.5 KiB each.
const MAX_STOCK: u64 = 20_000;
/// Preparing a block takes at most about this long; a third of what a request may age, since two modes are prepared
/// before the first is sent.
const MAX_PREPARATION_SECONDS: f64 = 8.0;
/// A block of one mode alone.
const BLOCK: Duration = Duration::from_secs(1);
/// A block of a pair.
const SHORTEST_PAIRED: Duration = Duration::from_millis(100);
const LONGEST_PAIRED: Duration = Duration::from_millis(500);
/// A block has at least as many requests of a pair, where that many are asked for.
const FEWEST_PAIRED: f64 = 200.0;
/// The number of pairs aimed at in a run.
const PAIRS: u32 = 30;
/// A block is at least that many mean latencies long, so that the wait for the last answers is a small part of it.
const LATENCIES: u32 = 20;
/// No block runs longer, however slow the server is.
const LONGEST: Duration = Duration::from_secs(5);
/// Time blocks are stocked with that much more than the last rate needs.
const RESERVE: f64 = 1.25;

/// What is known about a mode before its next block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation {
    pub(super) stop: Stop,
    pub(super) connections: usize,
    /// Whether another mode takes turns with this one.
    pub(super) paired: bool,
    /// Requests that ended, and the time that they took.
    pub(super) done: u64,
    pub(super) measured: Duration,
    /// Requests per second of this mode, and of the fastest one.
    pub(super) rate: f64,
    pub(super) fastest_rate: f64,
    /// Requests prepared per second.
    pub(super) preparation_rate: Option<f64>,
    pub(super) mean: Duration,
    /// Between blocks it is checked whether the server is gone: they should not be longer than that takes.
    pub(super) patience: Duration,
}

/// The next block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    /// Requests to have ready.
    pub(super) requests: u64,
    /// No request starts after this.
    pub(super) limit: Duration,
}

impl Situation {
    /// The part of the mode that is done, 0 to 1.
    pub(super) fn part(&self) -> f64 {
        let part = match self.stop {
            Stop::Requests(n) => float(self.done) / float(n.max(1)),
            Stop::Duration(duration) => self.measured.as_secs_f64() / duration.as_secs_f64().max(1e-9),
        };
        part.clamp(0.0, 1.0)
    }

    /// The next block; `None` when the mode has been measured enough.
    pub(super) fn next_block(&self) -> Option<Size> {
        match self.stop {
            Stop::Requests(n) => {
                let left = n.checked_sub(self.done).filter(|left| *left > 0)?;
                let requests = self.by_count(n).min(self.cap());
                // No last block of a few requests only: it would be a poor pair.
                let whole = left <= requests + requests / 2 && left <= self.cap();
                Some(Size {
                    requests: if whole { left } else { requests.min(left) },
                    limit: LONGEST.min(self.patience),
                })
            }
            Stop::Duration(duration) => {
                let left = duration.saturating_sub(self.measured);
                if left < Duration::from_millis(1) {
                    return None;
                }
                let wanted = self.stretched(self.by_time(duration));
                let limit = if left < wanted + wanted / 2 { left } else { wanted };
                let expected = whole(self.rate * limit.as_secs_f64() * RESERVE);
                Some(Size { requests: expected.saturating_add(count(self.connections)).min(self.cap()), limit })
            }
        }
    }

    fn by_count(&self, total: u64) -> u64 {
        if !self.paired {
            return whole(self.rate * BLOCK.as_secs_f64()).max(whole(FEWEST_PAIRED));
        }
        // The same number for both modes, from the rate of the faster one, so that its blocks are long enough too.
        let fewest = (self.fastest_rate * SHORTEST_PAIRED.as_secs_f64()).max(FEWEST_PAIRED);
        let pairs = (float(total) / fewest).floor().clamp(1.0, f64::from(PAIRS));
        let most = (self.fastest_rate * LONGEST_PAIRED.as_secs_f64()).max(fewest);
        whole((float(total) / pairs).ceil().min(most)).max(1)
    }

    fn by_time(&self, total: Duration) -> Duration {
        if self.paired { (total / PAIRS).clamp(SHORTEST_PAIRED, LONGEST_PAIRED) } else { BLOCK }
    }

    fn stretched(&self, block: Duration) -> Duration {
        block.max(self.mean.saturating_mul(LATENCIES).min(LONGEST))
    }

    fn cap(&self) -> u64 {
        let signable = self.preparation_rate.map_or(MAX_STOCK, |rate| whole(rate * MAX_PREPARATION_SECONDS));
        signable.clamp(1, MAX_STOCK)
    }
}

/// How many requests a connection takes at a time: few enough that all connections finish together.
pub(super) fn chunk(requests: u64, connections: usize) -> u64 {
    (requests / count(connections).max(1) / 8).clamp(1, 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn situation(stop: Stop, paired: bool) -> Situation {
        Situation {
            stop,
            connections: 16,
            paired,
            done: 0,
            measured: Duration::ZERO,
            rate: 10_000.0,
            fastest_rate: 20_000.0,
            preparation_rate: Some(5_000.0),
            mean: Duration::from_micros(500),
            patience: Duration::from_secs(5),
        }
    }

    #[test]
    fn ten_seconds_of_both_modes_are_thirty_pairs() {
        let size = situation(Stop::Duration(Duration::from_secs(10)), true).next_block().unwrap();
        assert_eq!(size.limit.as_millis(), 333);
        assert!((4_100..4_300).contains(&size.requests), "{size:?}");
    }

    #[test]
    fn a_slow_signer_shortens_blocks_and_a_slow_server_stretches_them() {
        let slow =
            Situation { preparation_rate: Some(40.0), ..situation(Stop::Duration(Duration::from_secs(10)), true) };
        assert_eq!(slow.next_block().unwrap().requests, 320);
        let slow = Situation { mean: Duration::from_millis(100), ..slow };
        assert_eq!(slow.next_block().unwrap().limit, Duration::from_secs(2));
    }

    #[test]
    fn one_request_is_one_block_of_one() {
        for paired in [false, true] {
            assert_eq!(situation(Stop::Requests(1), paired).next_block().unwrap().requests, 1);
        }
    }

    proptest! {
        #[test]
        fn blocks_add_up_to_exactly_what_was_asked_for(n in 1u64..300_000, paired: bool, rate in 1.0f64..200_000.0, signing in 0.5f64..100_000.0) {
            let mut now = Situation { rate, fastest_rate: rate, preparation_rate: Some(signing), ..situation(Stop::Requests(n), paired) };
            let mut blocks = 0u64;
            while let Some(size) = now.next_block() {
                prop_assert!((1..=MAX_STOCK).contains(&size.requests) && !size.limit.is_zero());
                now.done += size.requests;
                blocks += 1;
                if blocks > 2_000 { return Ok(()); }
            }
            prop_assert_eq!(now.done, n);
            prop_assert!((now.part() - 1.0).abs() < 1e-12);
        }

        #[test]
        fn time_blocks_never_exceed_the_duration(millis in 1u64..60_000, paired: bool, rate in 0.0f64..200_000.0) {
            let total = Duration::from_millis(millis);
            let mut now = Situation { rate, fastest_rate: rate, ..situation(Stop::Duration(total), paired) };
            while let Some(size) = now.next_block() {
                prop_assert!(size.requests >= 1 && !size.limit.is_zero());
                now.measured += size.limit;
            }
            prop_assert_eq!(now.measured, total);
        }
    }
}
