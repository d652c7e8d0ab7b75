//! How long a block is: long enough to mean something, short enough that neighbours see the same machine, that its
//! requests are still fresh when they are sent, and that they fit into memory.

use super::{
    number::{count, float, whole},
    plan::{Plan, Presign, Stop},
};
use std::time::Duration;

/// Requests kept at a time that are signed block by block, per lane: about 1.5 KiB each.
const MAX_STOCK: u64 = 20_000;
/// Signing a block takes at most this part of the time that a request may age, all lanes of a round together.
const PREPARATION: f64 = 0.3;
/// Sending it takes at most this part: the rest is for a server that hesitates.
const SENDING: f64 = 0.8;
/// A block of a signing lane alone, in a closed loop.
const BLOCK: Duration = Duration::from_secs(1);
/// A block of a pair.
const SHORTEST_PAIRED: Duration = Duration::from_millis(100);
const LONGEST_PAIRED: Duration = Duration::from_millis(500);
/// A block has at least as many requests of a pair, where that many are asked for.
const FEWEST_PAIRED: f64 = 200.0;
/// With so many a block has a 99th percentile of its own: ten beyond it, and some for the rate's ups and downs.
const PERCENTILE_PAIRED: f64 = 1_200.0;
/// The number of pairs aimed at in a run.
const PAIRS: u32 = 30;
/// With fewer pairs there is no interval: no block gets so long that not even these fit.
const FEWEST_PAIRS: u32 = 6;
/// A block is at least that many mean latencies long, so that the wait for the last answers is a small part of it.
const LATENCIES: u32 = 20;
/// No block of a closed loop among several runs longer, however slow the server is.
const LONGEST: Duration = Duration::from_secs(5);
/// Blocks by time are stocked with that much more than the last rate needs.
const RESERVE: f64 = 1.25;
/// A connection's first request after a switch of lanes is only worth discarding where this many follow.
const WORTH_DISCARDING: u64 = 4;

/// When the requests of a lane are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Making {
    /// When they are needed: repeated, or signed one by one.
    Endless,
    /// Before each block.
    PerBlock,
    /// Before the run.
    Before,
}

impl Making {
    pub(super) const fn of(presign: Presign) -> Self {
        match presign {
            Presign::Block => Self::PerBlock,
            Presign::All => Self::Before,
            Presign::Inline => Self::Endless,
        }
    }
}

/// What is known about a lane before its next block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation<'a> {
    pub(super) plan: &'a Plan,
    /// Lanes that take turns, this one included, and how many of them sign before each block.
    pub(super) lanes: usize,
    pub(super) signing_lanes: usize,
    pub(super) making: Making,
    pub(super) blocks: u64,
    /// Requests whose turn has come: answered, failed, or given up.
    pub(super) done: u64,
    /// Time with requests under way.
    pub(super) elapsed: Duration,
    /// Requests per second of this lane, and of the fastest one.
    pub(super) rate: f64,
    pub(super) fastest_rate: f64,
    /// Requests signed per second, by the slowest lane that signs before each block.
    pub(super) preparation_rate: Option<f64>,
    pub(super) mean: Duration,
}

/// The next block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    /// Requests to have ready, for a lane that signs before each block.
    pub(super) stock: u64,
    /// Requests to count.
    pub(super) count: Option<u64>,
    /// No request of a closed loop starts after this.
    pub(super) limit: Duration,
    /// Whether each connection's first request is sent, and not counted.
    pub(super) discard_first: bool,
    /// Whether it is the whole run of its lane.
    pub(super) continuous: bool,
    /// How long it will take, as far as that can be known.
    pub(super) expected: Duration,
}

impl Situation<'_> {
    /// The part of the lane that is done, 0 to 1.
    pub(super) fn part(&self) -> f64 {
        let part = match (self.plan.requests(), self.plan.stop) {
            (Some(n), _) => float(self.done) / float(n.max(1)),
            (None, Stop::Duration(time)) => self.elapsed.as_secs_f64() / time.as_secs_f64().max(1e-9),
            (None, Stop::Requests(_)) => 1.0,
        };
        part.clamp(0.0, 1.0)
    }

    fn paired(&self) -> bool {
        self.lanes > 1
    }

    /// Whether the whole run is one block: nobody takes turns, and nothing has to be signed in between.
    fn continuous(&self) -> bool {
        !self.paired() && self.making != Making::PerBlock
    }

    /// The next block; `None` when the lane has been measured enough.
    pub(super) fn next_block(&self) -> Option<Size> {
        if self.continuous() && self.blocks > 0 {
            return None;
        }
        match (self.plan.requests(), self.plan.stop) {
            (Some(n), _) => self.by_count(n),
            (None, Stop::Duration(time)) => self.by_time(time),
            (None, Stop::Requests(_)) => None,
        }
    }

    fn by_count(&self, total: u64) -> Option<Size> {
        let left = total.checked_sub(self.done).filter(|left| *left > 0)?;
        let rate = self.plan.rate();
        if self.continuous() {
            let limit = Duration::MAX;
            let expected = seconds(float(left) / rate.unwrap_or(self.rate));
            return Some(Size { stock: 0, count: Some(left), limit, discard_first: false, continuous: true, expected });
        }
        let requests = match rate {
            _ if self.paired() => self.paired_count(total, rate.unwrap_or(self.fastest_rate)),
            Some(_) => self.cap(),
            None => whole(self.rate * BLOCK.as_secs_f64()).max(whole(FEWEST_PAIRED)),
        };
        let requests = requests.min(self.cap());
        // No last block of a few requests only: it would be a poor pair.
        let all = left <= requests + requests / 2 && left <= self.cap();
        let requests = if all { left } else { requests.min(left) };
        let limit = if rate.is_some() { Duration::MAX } else { LONGEST.min(self.plan.patience) };
        Some(self.sized(Some(requests), requests, limit, seconds(float(requests) / rate.unwrap_or(self.rate))))
    }

    fn by_time(&self, total: Duration) -> Option<Size> {
        let left = total.saturating_sub(self.elapsed);
        if self.continuous() {
            return Some(Size {
                stock: 0,
                count: None,
                limit: left,
                discard_first: false,
                continuous: true,
                expected: left,
            });
        }
        if left < Duration::from_millis(1) && !self.paired() {
            return None;
        }
        let wanted = self.stretched(if self.paired() { self.paired_time(total) } else { BLOCK });
        let limit = match (left < wanted + wanted / 2, self.paired()) {
            (false, _) => wanted,
            (true, false) => left,
            (true, true) if self.blocks == 0 => left,
            // Each block ends with its last answers, a little late. That should not cost the run its last pairs, within
            // reason.
            (true, true) if left < wanted / 2 => {
                let pairs = whole((total.as_secs_f64() / wanted.as_secs_f64()).min(f64::from(PAIRS)));
                if self.blocks >= pairs || self.elapsed > total + total / 4 {
                    return None;
                }
                wanted
            }
            (true, true) if left < wanted + wanted / 4 => left.max(wanted.min(SHORTEST_PAIRED)),
            (true, true) => wanted.min(SHORTEST_PAIRED).max(left / 2),
        };
        let stock = whole(self.rate * limit.as_secs_f64() * RESERVE).saturating_add(count(self.plan.connections));
        let stock = stock.min(self.cap());
        Some(self.sized(None, stock, limit, limit))
    }

    fn sized(&self, counted: Option<u64>, requests: u64, limit: Duration, expected: Duration) -> Size {
        let connections = count(self.plan.connections);
        let discard_first = self.paired() && requests >= connections.saturating_mul(WORTH_DISCARDING);
        let extra = if discard_first && counted.is_some() { connections } else { 0 };
        let stock = if self.making == Making::PerBlock { requests + extra } else { 0 };
        Size { stock, count: counted, limit, discard_first, continuous: false, expected }
    }

    /// The same number for all lanes, from the rate of the fastest one, so that its blocks are long enough too.
    fn paired_count(&self, total: u64, rate: f64) -> u64 {
        let pairs = |fewest: f64, most: u32| (float(total) / fewest.max(1.0)).floor().clamp(1.0, f64::from(most));
        let fewest = (rate * SHORTEST_PAIRED.as_secs_f64()).max(FEWEST_PAIRED);
        let even = float(total) / pairs(fewest, PAIRS);
        let longest = (rate * LONGEST_PAIRED.as_secs_f64()).max(fewest).max(PERCENTILE_PAIRED);
        whole(even.ceil().min(longest)).max(1)
    }

    fn paired_time(&self, total: Duration) -> Duration {
        let even = total / PAIRS;
        let usual = even.clamp(SHORTEST_PAIRED, LONGEST_PAIRED);
        // What the slowest lane needs: the time for a percentile if that leaves enough pairs, and in any case a few requests.
        let percentile = seconds(PERCENTILE_PAIRED / self.rate.max(1e-3)).min(even);
        let few = seconds(FEWEST_PAIRED / self.rate.max(1e-3)).min(total / FEWEST_PAIRS);
        usual.max(percentile).max(few).min(LONGEST.min(self.plan.patience)).max(SHORTEST_PAIRED)
    }

    fn stretched(&self, block: Duration) -> Duration {
        block.max(self.mean.saturating_mul(LATENCIES).min(LONGEST).min(self.plan.patience))
    }

    /// As many requests as can be signed at a time and are still fresh when they are sent.
    fn cap(&self) -> u64 {
        let fresh = self.plan.fresh().as_secs_f64();
        let Some(preparing) = self.preparation_rate else {
            return if self.signing_lanes > 0 { MAX_STOCK } else { u64::MAX };
        };
        let signable = preparing * fresh * PREPARATION / float(count(self.signing_lanes.max(1)));
        let sendable = self.plan.rate().map_or(f64::INFINITY, |rate| rate * fresh * SENDING);
        whole(signable.min(sendable)).clamp(1, MAX_STOCK)
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

/// How many requests a connection takes at a time: few enough that all connections finish together.
pub(super) fn chunk(requests: u64, connections: usize) -> u64 {
    (requests / count(connections).max(1) / 8).clamp(1, 16)
}

/// Blocks that `total` requests of each of several lanes are at most sent in.
pub(super) fn most_blocks(total: u64) -> u64 {
    (total / whole(FEWEST_PAIRED)).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::plan::Schedule;
    use proptest::prelude::*;

    fn plan(stop: Stop, rate: Option<f64>) -> Plan {
        Plan { schedule: rate.map_or(Schedule::Closed, |rate| Schedule::Open { rate }), ..Plan::new(stop) }
    }

    fn situation(plan: &Plan, lanes: usize, making: Making) -> Situation<'_> {
        Situation {
            plan,
            lanes,
            signing_lanes: usize::from(making == Making::PerBlock),
            making,
            blocks: 0,
            done: 0,
            elapsed: Duration::ZERO,
            rate: 10_000.0,
            fastest_rate: 20_000.0,
            preparation_rate: (making == Making::PerBlock).then_some(5_000.0),
            mean: Duration::from_micros(500),
        }
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn five_seconds_of_two_lanes_are_thirty_pairs() {
        for (seconds, millis) in [(5, 166), (10, 333), (60, 500), (2, 100)] {
            let plan = plan(Stop::Duration(SECOND * seconds), None);
            let size = situation(&plan, 2, Making::PerBlock).next_block().unwrap();
            assert_eq!((size.limit.as_millis(), size.count), (millis, None));
            assert!(size.discard_first);
            // A quarter more than the rate needs, and one for each connection.
            assert_eq!(size.stock, whole(size.limit.as_secs_f64() * 12_500.0) + 16);
        }
    }

    #[test]
    fn late_answers_cost_no_pair() {
        for (seconds, late) in [(3, 0), (3, 1), (3, 20), (5, 3), (5, 30), (10, 4), (60, 5)] {
            let wanted = Duration::from_millis(500);
            let plan = plan(Stop::Duration(SECOND * seconds), None);
            let mut now = situation(&plan, 2, Making::PerBlock);
            while let Some(size) = now.next_block() {
                assert!(size.limit >= SHORTEST_PAIRED, "{seconds} {late}: {:?}", size.limit);
                now.elapsed += size.limit + Duration::from_millis(late);
                now.blocks += 1;
            }
            assert!(now.blocks >= 30, "{seconds} {late}: {}", now.blocks);
            assert!(now.elapsed < SECOND * seconds * 5 / 4 + wanted, "{seconds} {late}: {:?}", now.elapsed);
        }
    }

    #[test]
    fn blocks_of_a_slow_server_get_longer_as_the_run_allows() {
        let long = plan(Stop::Duration(SECOND * 60), None);
        let of = |rate, plan| Situation { rate, ..situation(plan, 2, Making::Endless) }.next_block().unwrap().limit;
        // A percentile of their own, as long as there are thirty of them.
        assert_eq!(of(1_000.0, &long).as_millis(), 1_200);
        assert_eq!(of(500.0, &long).as_millis(), 2_000);
        // 200 requests, as long as there are a few.
        let short = plan(Stop::Duration(SECOND * 5), None);
        assert_eq!(of(400.0, &short).as_millis(), 500);
        assert_eq!(of(50.0, &short).as_millis(), 833);
    }

    #[test]
    fn a_slow_signer_shortens_blocks_and_a_slow_server_stretches_them() {
        let plan = plan(Stop::Duration(SECOND * 10), None);
        let slow = Situation { preparation_rate: Some(40.0), ..situation(&plan, 2, Making::PerBlock) };
        // 0.3 × 30 s × 40/s
        assert_eq!(slow.next_block().unwrap().stock, 360);
        let slow = Situation { mean: Duration::from_millis(100), ..slow };
        assert_eq!(slow.next_block().unwrap().limit, SECOND * 2);
    }

    #[test]
    fn a_lane_alone_that_signs_nothing_in_between_is_one_block() {
        for (stop, rate, count, limit) in [
            (Stop::Duration(SECOND * 600), None, None, SECOND * 600),
            (Stop::Duration(SECOND * 600), Some(1_000.0), Some(600_000), Duration::MAX),
            (Stop::Requests(7), None, Some(7), Duration::MAX),
            (Stop::Requests(7), Some(1.0), Some(7), Duration::MAX),
        ] {
            let plan = plan(stop, rate);
            for making in [Making::Endless, Making::Before] {
                let mut now = situation(&plan, 1, making);
                let size = now.next_block().unwrap();
                assert_eq!((size.count, size.limit, size.discard_first), (count, limit, false));
                now.blocks = 1;
                assert_eq!(now.next_block(), None);
            }
        }
    }

    #[test]
    fn one_request_a_second_is_three_in_three_seconds() {
        let plan = plan(Stop::Duration(SECOND * 3), Some(1.0));
        for (lanes, making) in
            [(1, Making::Endless), (1, Making::PerBlock), (2, Making::Endless), (2, Making::PerBlock)]
        {
            let size = situation(&plan, lanes, making).next_block().unwrap();
            assert_eq!((size.count, size.discard_first), (Some(3), false), "{lanes} {making:?}");
        }
    }

    #[test]
    fn open_blocks_that_are_signed_end_before_their_requests_are_old() {
        let plan = plan(Stop::Duration(SECOND * 3_600), Some(100.0));
        let size = situation(&plan, 1, Making::PerBlock).next_block().unwrap();
        assert_eq!((size.count, size.expected), (Some(2_400), SECOND * 24));
    }

    #[test]
    fn one_request_is_one_block_of_one() {
        let plan = plan(Stop::Requests(1), None);
        for lanes in [1, 2] {
            assert_eq!(situation(&plan, lanes, Making::PerBlock).next_block().unwrap().count, Some(1));
        }
    }

    proptest! {
        #[test]
        fn blocks_add_up_to_exactly_what_was_asked_for(
            n in 1u64..300_000,
            lanes in 1usize..4,
            open in prop::option::of(0.5f64..100_000.0),
            making in prop::sample::select(vec![Making::Endless, Making::PerBlock, Making::Before]),
            rate in 1.0f64..200_000.0,
            signing in 0.5f64..100_000.0,
        ) {
            let plan = plan(Stop::Requests(n), open);
            let preparation_rate = (making == Making::PerBlock).then_some(signing);
            let mut now = Situation { rate, fastest_rate: rate, preparation_rate, ..situation(&plan, lanes, making) };
            while let Some(size) = now.next_block() {
                let counted = size.count.unwrap();
                prop_assert!(counted >= 1 && !size.limit.is_zero());
                if making == Making::PerBlock {
                    let extra = if size.discard_first { 16 } else { 0 };
                    prop_assert!(counted <= MAX_STOCK && size.stock == counted + extra);
                }
                now.done += counted;
                now.blocks += 1;
                if now.blocks > 2_000 { return Ok(()); }
            }
            prop_assert_eq!(now.done, n);
            prop_assert!((now.part() - 1.0).abs() < 1e-12);
            if lanes > 1 && making == Making::Endless {
                prop_assert!(now.blocks <= most_blocks(n), "{} blocks", now.blocks);
            }
        }

        #[test]
        fn time_blocks_come_to_the_duration(millis in 1u64..60_000, lanes in 1usize..4, rate in 0.0f64..200_000.0) {
            let total = Duration::from_millis(millis);
            let plan = plan(Stop::Duration(total), None);
            let mut now = Situation { rate, fastest_rate: rate, ..situation(&plan, lanes, Making::PerBlock) };
            while let Some(size) = now.next_block() {
                prop_assert!(size.stock >= 1 && !size.limit.is_zero() && size.count.is_none());
                now.elapsed += size.limit;
                now.blocks += 1;
            }
            // Alone exactly, paired up to a shortest block.
            let off = if lanes > 1 { SHORTEST_PAIRED } else { Duration::ZERO };
            prop_assert!(now.elapsed.abs_diff(total) <= off, "{:?}", now.elapsed);
        }
    }
}
