//! When the certificate is renewed.

use super::breaker::jittered;
use jiff::Timestamp;
use std::time::{Duration, Instant};

/// The wall clock may be set: its view of when a certificate ages is looked at again so often.
const LOOK_AGAIN: Duration = Duration::from_secs(600);

/// Decides when to try, with both clocks passed in.
#[derive(Debug, Clone)]
pub(super) struct RenewalPlan {
    /// Between two attempts, whether they bring a certificate or not, lies this at most and three quarters of it at least.
    interval: Duration,
    not_before: Option<Instant>,
    /// It carries more than the token.
    pub(super) too_broad: bool,
    /// Of the present certificate it was said that it ages.
    told: bool,
}

/// What to do about the certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renewal {
    Now,
    /// Nothing before.
    At(Instant),
}

impl RenewalPlan {
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval, not_before: None, too_broad: false, told: false }
    }

    /// What to do about a certificate that ages at `aging_at`.
    pub(super) fn next(&self, aging_at: Timestamp, now: Instant, wall: Timestamp) -> Renewal {
        let until = Duration::try_from(aging_at.duration_since(wall)).unwrap_or_default();
        match self.not_before {
            Some(time) if now < time => Renewal::At(time),
            _ if self.too_broad || until.is_zero() => Renewal::Now,
            _ => Renewal::At(now + until.min(LOOK_AGAIN)),
        }
    }

    /// Whether it is to be told that the certificate ages: once.
    pub(super) fn tells(&mut self, aging_at: Timestamp, wall: Timestamp) -> bool {
        let tells = !self.told && wall >= aging_at;
        self.told |= tells;
        tells
    }

    /// An attempt has ended at `now`, with a new certificate or without.
    pub(super) fn ended(&mut self, renewed: bool, now: Instant, random: u64) {
        self.not_before = Some(now + jittered(self.interval, random));
        self.told &= !renewed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn attempts_keep_their_distance_whatever_the_clock_does(
            jumps in proptest::collection::vec(-100_000i64..100_000, 1..200),
            interval in 1u64..1_000,
            random in any::<u64>(),
        ) {
            let interval = Duration::from_secs(interval);
            let mut plan = RenewalPlan::new(interval);
            let (mut now, mut wall) = (Instant::now(), Timestamp::constant(1_800_000_000, 0));
            let aging_at = wall + SignedDuration::from_secs(500);
            let mut last: Option<Instant> = None;
            for jump in jumps {
                now += Duration::from_secs(7);
                wall += SignedDuration::from_secs(jump);
                if plan.next(aging_at, now, wall) == Renewal::Now {
                    prop_assert!(last.is_none_or(|last| now - last >= interval * 3 / 4));
                    prop_assert!(wall >= aging_at);
                    last = Some(now);
                    plan.ended(jump % 2 == 0, now, random);
                }
            }
        }
    }

    #[test]
    fn it_is_told_once_for_each_certificate() {
        let mut plan = RenewalPlan::new(Duration::from_secs(60));
        let (early, late) = (Timestamp::constant(10, 0), Timestamp::constant(20, 0));
        assert!(!plan.tells(late, early));
        assert!(plan.tells(late, late));
        assert!(!plan.tells(late, late));
        plan.ended(false, Instant::now(), 0);
        assert!(!plan.tells(late, late));
        plan.ended(true, Instant::now(), 0);
        assert!(plan.tells(late, late));
    }
}
