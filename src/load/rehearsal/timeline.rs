//! The run in equal steps of time: how many requests, with which credential, how slow.

use super::{
    super::{
        number::{count, length, nanos},
        plan::Mode,
    },
    worker::Sample,
};
use std::time::Duration;

/// The step of the series in JSON.
const FINEST: Duration = Duration::from_millis(100);
/// More steps than this make the step longer.
const MOST_SLOTS: u64 = 5_000;

/// The requests that were due in one step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Slot {
    /// All.
    pub requests: u64,
    /// Those with a token.
    pub token: u64,
    /// Those with a certificate.
    pub certificate: u64,
    /// Those without an answer, or with one that is not 2xx.
    pub failed: u64,
    /// The longest time from being due to the end.
    pub slowest: Duration,
}

impl Slot {
    fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.token += other.token;
        self.certificate += other.certificate;
        self.failed += other.failed;
        self.slowest = self.slowest.max(other.slowest);
    }
}

/// A run in equal steps.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeline {
    /// The length of a step.
    pub step: Duration,
    /// One after the other, from the begin of the run.
    pub slots: Vec<Slot>,
}

impl Timeline {
    /// In steps of 100 ms; in longer ones, multiples of that, where it would be more than 5,000.
    pub(super) fn new(samples: &[Sample], duration: Duration) -> Self {
        let steps = nanos(duration).div_ceil(nanos(FINEST)).div_ceil(MOST_SLOTS).max(1);
        let step = FINEST.saturating_mul(u32::try_from(steps).unwrap_or(u32::MAX));
        let slots = nanos(duration).div_ceil(nanos(step));
        let mut slots = vec![Slot::default(); length(slots)];
        for sample in samples {
            if let Some(slot) = slots.get_mut(length(nanos(sample.due) / nanos(step).max(1))) {
                slot.requests += 1;
                slot.token += u64::from(sample.mode == Some(Mode::Token));
                slot.certificate += u64::from(sample.mode == Some(Mode::Cert));
                slot.failed += u64::from(!sample.succeeded());
                slot.slowest = slot.slowest.max(sample.latency());
            }
        }
        Self { step, slots }
    }

    /// The same in at most `most` steps.
    pub(super) fn coarser(&self, most: usize) -> Self {
        // Steps that a reader can count in.
        const TIMES: [usize; 10] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];
        let fits = |times: &&usize| self.slots.len().div_ceil(**times) <= most.max(1);
        let times = TIMES.iter().find(fits).copied().unwrap_or_else(|| self.slots.len().div_ceil(most.max(1)).max(1));
        let sum = |slots: &[Slot]| {
            slots.iter().fold(Slot::default(), |mut sum, slot| {
                sum.add(slot);
                sum
            })
        };
        Self {
            step: self.step.saturating_mul(u32::try_from(times).unwrap_or(u32::MAX)),
            slots: self.slots.chunks(times).map(sum).collect(),
        }
    }

    /// The steps with the time at which each begins.
    pub fn iter(&self) -> impl Iterator<Item = (Duration, &Slot)> {
        let begin = |index: usize| self.step.saturating_mul(u32::try_from(count(index)).unwrap_or(u32::MAX));
        self.slots.iter().enumerate().map(move |(index, slot)| (begin(index), slot))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::worker::sample, *};

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn requests_are_in_the_step_in_which_they_were_due() {
        let samples = [
            sample(0, 1, 2, Mode::Token, 200),
            sample(99, 150, 3_000, Mode::Cert, 200),
            sample(100, 100, 101, Mode::Token, 401),
            sample(950, 950, 960, Mode::Cert, 200),
        ];
        let timeline = Timeline::new(&samples, seconds(1));
        assert_eq!((timeline.step, timeline.slots.len()), (Duration::from_millis(100), 10));
        let slot = |requests, token, certificate, failed, slowest| Slot {
            requests,
            token,
            certificate,
            failed,
            slowest: Duration::from_millis(slowest),
        };
        assert_eq!(timeline.slots[0], slot(2, 1, 1, 0, 2_901));
        assert_eq!(timeline.slots[1], slot(1, 1, 0, 1, 1));
        assert_eq!(timeline.slots[9], slot(1, 0, 1, 0, 10));
        let coarse = timeline.coarser(3);
        assert_eq!((coarse.step, coarse.slots.len()), (Duration::from_millis(500), 2));
        assert_eq!(coarse.slots, [slot(3, 2, 1, 1, 2_901), slot(1, 0, 1, 0, 10)]);
        assert_eq!(coarse.iter().map(|(begin, _)| begin.as_millis()).collect::<Vec<_>>(), [0, 500]);
    }

    #[test]
    fn long_runs_have_longer_steps_and_short_ones_an_incomplete_last_one() {
        let timeline = Timeline::new(&[], seconds(3_600));
        assert_eq!((timeline.step, timeline.slots.len()), (Duration::from_millis(800), 4_500));
        assert!(timeline.coarser(40).slots.len() <= 40);
        assert_eq!(Timeline::new(&[], Duration::from_millis(250)).slots.len(), 3);
        for seconds in [1, 4, 20, 60, 600, 86_400] {
            let coarse = Timeline::new(&[], Duration::from_secs(seconds)).coarser(40);
            assert!((1..=40).contains(&coarse.slots.len()), "{seconds}: {}", coarse.slots.len());
        }
    }
}
