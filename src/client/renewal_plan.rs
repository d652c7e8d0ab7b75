//! When the certificate is renewed.

use super::breaker::jittered;
use jiff::Timestamp;
use std::time::{Duration, Instant};

/// The wall clock may be set: its view of when a certificate ages is looked at again so often.
const LOOK_AGAIN: Duration = Duration::from_secs(600);

/// The authorization server issued a certificate that carries too much: it will do so again until somebody changes that.
/// The distance doubles with each, up to a day.
const IN_VAIN: Duration = Duration::from_secs(3_600);
const LONGEST_IN_VAIN: Duration = Duration::from_secs(24 * 3_600);

/// Decides when to try, with both clocks passed in.
#[derive(Debug, Clone)]
pub(super) struct RenewalPlan {
    /// Between two attempts, whether they bring a certificate or not, lies this at most and three quarters of it at least.
    interval: Duration,
    not_before: Option<Instant>,
    /// It carries more than the token, and a new one may carry less.
    too_broad: bool,
    /// So many renewals have not changed that.
    in_vain: u32,
    /// Of the present certificate it was said that it ages.
    told: bool,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Renewed,
    /// There is a new certificate, and it carries more than the token.
    TooBroad,
    Failed,
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
        Self { interval, not_before: None, too_broad: false, in_vain: 0, told: false }
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

    /// Whether the present certificate carries more than the token.
    pub(super) fn compare(&mut self, too_broad: bool) {
        self.too_broad = too_broad;
        if !too_broad {
            self.in_vain = 0;
        }
    }

    /// An attempt has ended at `now`.
    pub(super) fn ended(&mut self, outcome: Ended, now: Instant, random: u64) {
        self.told &= outcome == Ended::Failed;
        let distance = match outcome {
            Ended::TooBroad => {
                let factor = 1u32.checked_shl(self.in_vain).unwrap_or(u32::MAX);
                self.in_vain = self.in_vain.saturating_add(1);
                IN_VAIN.saturating_mul(factor).min(LONGEST_IN_VAIN).max(self.interval)
            }
            Ended::Renewed | Ended::Failed => self.interval,
        };
        self.not_before = Some(now + jittered(distance, random));
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
                    let outcome = if jump % 2 == 0 { Ended::Renewed } else { Ended::Failed };
                    plan.ended(outcome, now, random);
                }
            }
        }
    }

    #[test]
    fn renewals_in_vain_become_rare() {
        let mut plan = RenewalPlan::new(Duration::from_secs(60));
        let (mut now, wall) = (Instant::now(), Timestamp::constant(0, 0));
        let young = wall + SignedDuration::from_hours(9_999);
        plan.compare(true);
        for hours in [1, 2, 4, 8, 16, 24, 24, 24] {
            assert_eq!(plan.next(young, now, wall), Renewal::Now);
            plan.ended(Ended::TooBroad, now, 0);
            plan.compare(true);
            let due = now + Duration::from_secs(hours * 3_600);
            assert_eq!(plan.next(young, now, wall), Renewal::At(due));
            now = due;
        }
        // One that is narrow enough ends that.
        plan.ended(Ended::Renewed, now, 0);
        plan.compare(false);
        assert_eq!(plan.next(young, now + Duration::from_secs(60), wall), Renewal::At(now + Duration::from_secs(660)));
        plan.compare(true);
        assert_eq!(plan.next(young, now + Duration::from_secs(60), wall), Renewal::Now);
    }

    #[test]
    fn it_is_told_once_for_each_certificate() {
        let mut plan = RenewalPlan::new(Duration::from_secs(60));
        let (early, late) = (Timestamp::constant(10, 0), Timestamp::constant(20, 0));
        assert!(!plan.tells(late, early));
        assert!(plan.tells(late, late));
        assert!(!plan.tells(late, late));
        plan.ended(Ended::Failed, Instant::now(), 0);
        assert!(!plan.tells(late, late));
        plan.ended(Ended::Renewed, Instant::now(), 0);
        assert!(plan.tells(late, late));
    }
}
