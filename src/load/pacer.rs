//! When requests are due: one function, elapsed time and number of the request in, a point in time out.

use super::number::float;
use std::time::Duration;

/// What becomes of the next request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// It is due at this time, counted from the begin of the block. That may be in the past: then it is sent at once, and
    /// its latency counts from here all the same.
    At(Duration),
    /// Send nothing more. Requests under way are still awaited and counted.
    Stop,
}

/// A schedule. It holds no state and reads no clock, so that a whole run can be checked with a table of numbers.
pub trait Pacer: Send + Sync + std::fmt::Debug {
    /// When request number `sent` (from 0) is due, asked `elapsed` after the begin of the block. In an open loop the answer
    /// depends on `sent` alone, never decreases with it, and once it is [`Pace::Stop`] it stays so.
    ///
    /// Must not block: it is called before every request.
    fn pace(&self, elapsed: Duration, sent: u64) -> Pace;

    /// Whether requests become due no matter how the server does.
    fn is_open(&self) -> bool {
        true
    }

    /// Nothing becomes due at or after this time from the begin of the block. What is under way or overdue then gets no
    /// longer than the drain.
    fn stop_after(&self) -> Duration {
        Duration::MAX
    }
}

/// Every connection sends its next request as soon as the last one came back, until the time is over. Tells capacity;
/// says nothing about what users feel when requests arrive no matter how the server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedLoop {
    /// No request starts at or after this.
    pub stop_after: Duration,
}

impl Pacer for ClosedLoop {
    fn pace(&self, elapsed: Duration, _sent: u64) -> Pace {
        if elapsed < self.stop_after { Pace::At(elapsed) } else { Pace::Stop }
    }

    fn is_open(&self) -> bool {
        false
    }

    fn stop_after(&self) -> Duration {
        self.stop_after
    }
}

/// Requests arrive at a constant rate, whatever the server does: request number `i` is due `i / rate` after the begin of
/// the schedule. While the rate rises linearly from 0 in the first `ramp`, it is due when the integral of the rate is `i`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConstantRate {
    /// Requests per second, all connections together. More than 0.
    pub rate: f64,
    /// How long the rate takes to rise from 0 at the begin of the schedule.
    pub ramp: Duration,
    /// How much of the schedule is over when the block begins: a run of several blocks is still one schedule.
    pub offset: Duration,
    /// Nothing becomes due at or after this, counted from the begin of the block.
    pub stop_after: Duration,
}

impl ConstantRate {
    /// A schedule that begins with the block.
    pub fn new(rate: f64, stop_after: Duration) -> Self {
        Self { rate, ramp: Duration::ZERO, offset: Duration::ZERO, stop_after }
    }

    /// When request number `index` is due, counted from the begin of the schedule. Each is computed by itself, so that no
    /// error adds up.
    pub fn due(&self, index: u64) -> Duration {
        let (index, ramp) = (float(index), self.ramp.as_secs_f64());
        let in_ramp = self.rate * ramp / 2.0;
        let seconds = if index < in_ramp {
            (2.0 * ramp * index / self.rate).sqrt()
        } else {
            ramp + (index - in_ramp) / self.rate
        };
        // Out of range (a rate of nearly 0) is later than any run lasts.
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}

impl Pacer for ConstantRate {
    fn pace(&self, _elapsed: Duration, sent: u64) -> Pace {
        let due = self.due(sent).saturating_sub(self.offset);
        if due < self.stop_after { Pace::At(due) } else { Pace::Stop }
    }

    fn stop_after(&self) -> Duration {
        self.stop_after
    }
}

/// The number of the first request from `first` on that is not due within the first `elapsed` of an open-loop block, or
/// not at all.
pub(super) fn due_until(pacer: &dyn Pacer, first: u64, elapsed: Duration) -> u64 {
    let due = |index| matches!(pacer.pace(elapsed, index), Pace::At(at) if at < elapsed);
    // Twice as far each time until one is not due, then the border by halving.
    let (mut low, mut step) = (first, 1u64);
    let mut high = loop {
        let next = low.saturating_add(step);
        if !due(low) {
            break low;
        }
        if next == u64::MAX || !due(next) {
            break next;
        }
        (low, step) = (next, step.saturating_mul(2));
    };
    while low < high {
        let middle = low + (high - low) / 2;
        if due(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

#[cfg(test)]
#[allow(clippy::as_conversions)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn a_closed_loop_sends_until_the_time_is_over() {
        let pacer = ClosedLoop { stop_after: MS(100) };
        for sent in [0, 1, u64::MAX] {
            assert_eq!(pacer.pace(Duration::ZERO, sent), Pace::At(Duration::ZERO));
            let late = Duration::from_micros(99_999);
            assert_eq!(pacer.pace(late, sent), Pace::At(late));
            assert_eq!(pacer.pace(MS(100), sent), Pace::Stop);
            assert_eq!(pacer.pace(Duration::MAX, sent), Pace::Stop);
        }
    }

    #[test]
    fn a_constant_rate_is_a_table_of_numbers() {
        let slow = ConstantRate::new(1.0, Duration::from_secs(3));
        let fast = ConstantRate::new(200_000.0, Duration::from_secs(100_000));
        for (pacer, index, pace) in [
            (slow, 0, Pace::At(Duration::ZERO)),
            (slow, 1, Pace::At(Duration::from_secs(1))),
            (slow, 2, Pace::At(Duration::from_secs(2))),
            (slow, 3, Pace::Stop),
            (slow, u64::MAX, Pace::Stop),
            (fast, 1, Pace::At(Duration::from_micros(5))),
            (fast, 3, Pace::At(Duration::from_micros(15))),
            // A day later there is still no error to see.
            (fast, 200_000 * 86_400 + 1, Pace::At(Duration::from_secs(86_400) + Duration::from_micros(5))),
        ] {
            // The elapsed time plays no part: a schedule that fell behind is not reset.
            for elapsed in [Duration::ZERO, MS(1_500), Duration::MAX] {
                assert_eq!(pacer.pace(elapsed, index), pace, "{index} at {} per second", pacer.rate);
            }
        }
    }

    #[test]
    fn a_ramp_rises_from_nothing() {
        let pacer = ConstantRate { ramp: Duration::from_secs(2), ..ConstantRate::new(100.0, Duration::from_secs(4)) };
        for (index, due) in [(0, 0), (1, 200), (4, 400), (25, 1_000), (100, 2_000), (200, 3_000), (299, 3_990)] {
            assert_eq!(pacer.pace(Duration::ZERO, index), Pace::At(MS(due)), "{index}");
        }
        assert_eq!(pacer.pace(Duration::ZERO, 300), Pace::Stop);
    }

    #[test]
    fn a_later_block_goes_on_with_the_schedule() {
        let pacer = ConstantRate { offset: Duration::from_secs(2), ..ConstantRate::new(10.0, Duration::from_secs(1)) };
        assert_eq!(pacer.pace(Duration::ZERO, 20), Pace::At(Duration::ZERO));
        assert_eq!(pacer.pace(Duration::ZERO, 25), Pace::At(MS(500)));
        assert_eq!(pacer.pace(Duration::ZERO, 30), Pace::Stop);
        // Overdue when the block began.
        assert_eq!(pacer.pace(Duration::ZERO, 3), Pace::At(Duration::ZERO));
    }

    #[test]
    fn absurd_rates_do_not_panic() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE] {
            for index in [0, 1, u64::MAX] {
                let pacer = ConstantRate { ramp: MS(5), ..ConstantRate::new(rate, Duration::from_secs(1)) };
                let _ = pacer.pace(Duration::ZERO, index);
            }
        }
    }

    proptest! {
        #[test]
        fn due_times_never_decrease(rate in 0.01f64..1e6, ramp in 0u64..100_000, first in 0u64..1 << 40) {
            let pacer = ConstantRate { ramp: MS(ramp), ..ConstantRate::new(rate, Duration::MAX) };
            let dues: Vec<_> = (first..first + 200).map(|index| pacer.due(index)).collect();
            prop_assert!(dues.is_sorted());
        }

        #[test]
        fn as_many_are_due_as_the_integral_of_the_rate(rate in 0.1f64..1e6, ramp in 0u64..20_000, millis in 1u64..100_000) {
            let pacer = ConstantRate { ramp: MS(ramp), ..ConstantRate::new(rate, MS(millis)) };
            let (t, d) = (millis as f64 / 1e3, ramp as f64 / 1e3);
            let integral = if t < d { rate * t * t / (2.0 * d) } else { rate * (t - d / 2.0) };
            let due = due_until(&pacer, 0, Duration::MAX);
            prop_assert!((due as f64 - integral).abs() <= 1.0, "{due} for {integral}");
            prop_assert_eq!(pacer.pace(Duration::ZERO, due), Pace::Stop);
            prop_assert!(due == 0 || pacer.pace(Duration::ZERO, due - 1) != Pace::Stop);
            // From further on, and of an earlier time.
            prop_assert_eq!(due_until(&pacer, due / 2, Duration::MAX), due);
            prop_assert_eq!(due_until(&pacer, due + 5, Duration::MAX), due + 5);
            let half = due_until(&pacer, 0, MS(millis) / 2);
            prop_assert!(half <= due && pacer.due(half) >= (MS(millis) / 2).min(pacer.due(due)));
        }
    }
}
