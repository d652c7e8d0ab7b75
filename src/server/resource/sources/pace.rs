//! When to ask again. Time and randomness are arguments.

use crate::measure::random::Random;
use std::time::Duration;

/// A server is never asked more often than this.
const SHORTEST: Duration = Duration::from_millis(100);
/// The wait after a first failure, at most. It doubles from there.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// How often a list is asked for whose `nextUpdate` is near or past, where the interval is longer.
const URGENT: Duration = Duration::from_secs(30);

/// The rhythm in which one source is asked.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    interval: Duration,
    /// In a row.
    failures: u32,
    /// What the server asked for when it last failed.
    retry_after: Duration,
}

impl Pace {
    /// Once per `interval`, more or less; at least 100 ms are between two questions.
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval: interval.max(SHORTEST), failures: 0, retry_after: Duration::ZERO }
    }

    pub(super) fn interval(&self) -> Duration {
        self.interval
    }

    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    pub(super) fn failed(&mut self, retry_after: Option<Duration>) {
        self.failures = self.failures.saturating_add(1);
        self.retry_after = retry_after.unwrap_or_default();
    }

    /// From an answer to the next question.
    ///
    /// After success this is the interval, 10 % more or less, so that a thousand servers that were started at once do not
    /// ask at once for ever. It is shorter where what is at hand is good only for `left`. After failures it is a random
    /// part of a bound that doubles up to the interval, but not less than the server asked for, nor more than the interval.
    pub(super) fn wait(&self, left: Option<Duration>, random: &mut Random) -> Duration {
        if self.failures == 0 {
            let urgent = left.map_or(Duration::MAX, |left| (left / 2).max(URGENT));
            let wait = self.interval.min(urgent);
            return (wait / 10 * 9 + below(wait / 5, random)).max(SHORTEST);
        }
        let doubled = FIRST_RETRY.saturating_mul(2u32.saturating_pow(self.failures - 1));
        let backoff = below(doubled.min(self.interval), random);
        backoff.max(self.retry_after.min(self.interval)).max(SHORTEST)
    }
}

/// A random part.
fn below(whole: Duration, random: &mut Random) -> Duration {
    let nanos = u64::try_from(whole.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(random.below(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn waits(pace: &Pace, left: Option<Duration>) -> Vec<Duration> {
        let mut random = Random(7);
        (0..1000).map(|_| pace.wait(left, &mut random)).collect()
    }

    #[test]
    fn the_interval_is_kept_with_a_tenth_of_jitter() {
        let waits = waits(&Pace::new(HOUR), Some(100 * HOUR));
        assert!(waits.iter().all(|wait| (54..=66).contains(&(wait.as_secs() / 60))), "{waits:?}");
        assert!(waits.iter().min().unwrap() < &(HOUR * 91 / 100) && waits.iter().max().unwrap() > &(HOUR * 109 / 100));
    }

    #[test]
    fn what_runs_out_is_asked_for_sooner() {
        let within = |left, low, high| waits(&Pace::new(HOUR), left).iter().all(|wait| (low..=high).contains(wait));
        let seconds = Duration::from_secs;
        assert!(within(Some(seconds(1000)), seconds(450), seconds(550)));
        assert!(within(Some(seconds(10)), seconds(27), seconds(33)));
        assert!(within(Some(seconds(0)), seconds(27), seconds(33)), "stale");
        let short = Pace::new(seconds(1));
        assert!(waits(&short, Some(seconds(0))).iter().all(|wait| *wait >= Duration::from_millis(900)));
    }

    #[test]
    fn failures_wait_longer_and_longer_but_never_past_the_interval() {
        let mut pace = Pace::new(HOUR);
        for bound in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600] {
            pace.failed(None);
            let waits = waits(&pace, None);
            let bound = Duration::from_secs(bound);
            assert!(waits.iter().all(|wait| *wait <= bound && *wait >= SHORTEST), "{bound:?}");
            assert!(waits.iter().any(|wait| *wait > bound / 2) && waits.iter().any(|wait| *wait < bound / 2));
        }
        pace.succeeded();
        assert!(waits(&pace, None).iter().all(|wait| *wait > HOUR / 2));
    }

    #[test]
    fn what_the_server_asks_for_is_heard_within_the_interval() {
        let mut pace = Pace::new(Duration::from_secs(60));
        pace.failed(Some(Duration::from_secs(20)));
        assert!(waits(&pace, None).iter().all(|wait| *wait == Duration::from_secs(20)));
        pace.failed(Some(Duration::MAX));
        assert!(waits(&pace, None).iter().all(|wait| *wait == Duration::from_secs(60)));
        pace.failed(None);
        assert!(waits(&pace, None).iter().all(|wait| *wait <= Duration::from_secs(4)));
    }

    proptest! {
        #[test]
        fn it_is_always_bounded(
            interval in any::<u64>(), left in any::<Option<u64>>(), failures in 0u32..100, retry in any::<Option<u64>>(),
            seed in any::<u64>(),
        ) {
            let mut pace = Pace::new(Duration::from_nanos(interval));
            (0..failures).for_each(|_| pace.failed(retry.map(Duration::from_secs)));
            let wait = pace.wait(left.map(Duration::from_nanos), &mut Random(seed));
            prop_assert!(wait >= SHORTEST);
            prop_assert!(wait <= pace.interval() / 10 * 11 + SHORTEST);
        }
    }
}
