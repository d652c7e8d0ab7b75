//! What the requests of a run tell: phases, the switch to certificates, the way back to tokens.

use super::{
    super::{number::float, plan::Mode, statistics::Latencies},
    journal::Marks,
    worker::{Outcome, Sample},
};
use std::{collections::BTreeMap, time::Duration};

/// Reasons that are told apart; what comes later is counted under [`OTHER`].
const MOST_REASONS: usize = 20;
const OTHER: &str = "other reasons";

/// A request that is taken up so soon after it was due did not wait for others.
const ON_TIME: Duration = Duration::from_millis(1);

/// The requests of a phase.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct PhaseReport {
    /// Requests that were due in it.
    pub requests: u64,
    /// Those without an answer, or with one that is not 2xx.
    pub failed: u64,
    /// Those that carried a token.
    pub token: u64,
    /// Those that carried a certificate.
    pub certificate: u64,
    /// Times from being due to the end of the answer, of those that were answered.
    pub latencies: Latencies,
}

impl PhaseReport {
    pub(super) fn of<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> Self {
        let mut phase = Self::default();
        for sample in samples {
            phase.add(sample);
        }
        phase
    }

    fn add(&mut self, sample: &Sample) {
        self.requests += 1;
        self.failed += u64::from(!sample.succeeded());
        match sample.mode {
            Some(Mode::Token) => self.token += 1,
            Some(Mode::Cert) => self.certificate += 1,
            None => {}
        }
        if let Outcome::Answer(_) = sample.outcome {
            self.latencies.record(sample.latency());
        }
    }

    /// The part of its requests that carried this credential, 0 to 1; `None` where there were no requests.
    pub fn share(&self, mode: Mode) -> Option<f64> {
        let part = match mode {
            Mode::Token => self.token,
            Mode::Cert => self.certificate,
        };
        (self.requests > 0).then(|| float(part) / float(self.requests))
    }

    /// A percentile, unless fewer than ten requests lie beyond it.
    pub fn percentile(&self, percent: f64) -> Option<Duration> {
        if self.latencies.supports(percent) { self.latencies.percentile(percent) } else { None }
    }
}

/// How the caller went over to certificates.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Switch {
    /// From the outage until the first request with a certificate was sent.
    pub first_certificate: Duration,
    /// From the outage until those that had to wait for that were answered, and no other waited for a connection any more
    /// because of them.
    pub settled: Duration,
    /// The requests that were due in that time.
    pub phase: PhaseReport,
}

/// How the caller went back to tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// From the end of the outage until the authority said that it was ready.
    pub ready: Duration,
    /// From there until the first request with a token was sent; `None` where none was sent any more.
    pub first_token: Option<Duration>,
    /// From there until the last request with a certificate was sent; zero where none was sent any more.
    pub last_certificate: Duration,
}

/// What the requests of a run tell.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Findings {
    /// All requests.
    pub all: PhaseReport,
    /// Certificates only, measured before, with the authority in place.
    pub undisturbed: Option<PhaseReport>,
    /// Before the outage. Where there was none, as [`all`](Self::all).
    pub before: PhaseReport,
    /// From the outage until the authority was ready again.
    pub during: Option<PhaseReport>,
    /// From the end of the switch until the authority was brought back.
    pub settled: Option<PhaseReport>,
    /// From the time at which the authority was ready again.
    pub after: Option<PhaseReport>,
    /// The way to certificates; `None` where none was used in the outage.
    pub switch: Option<Switch>,
    /// The way back; `None` where the authority did not become ready.
    pub recovery: Option<Recovery>,
    /// Answers by status code.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests without an answer, by reason.
    pub errors: BTreeMap<String, u64>,
}

impl Findings {
    /// From the samples of the run, those of the undisturbed certificate mode, and what was done to the authority.
    pub(super) fn new(samples: &[Sample], undisturbed: &[Sample], marks: Marks) -> Self {
        let due = |from: Option<Duration>, to: Option<Duration>| {
            let within = move |sample: &&Sample| Some(sample.due) >= from && to.is_none_or(|to| sample.due < to);
            PhaseReport::of(samples.iter().filter(within))
        };
        let switch = marks.outage.and_then(|outage| switch(samples, outage, marks.restored));
        let settled = marks.outage.zip(switch.as_ref()).map(|(outage, switch)| outage + switch.settled);
        let (statuses, errors) = outcomes(samples);
        Self {
            all: due(None, None),
            undisturbed: (!undisturbed.is_empty()).then(|| PhaseReport::of(undisturbed)),
            before: due(None, marks.outage),
            during: marks.outage.map(|outage| due(Some(outage), marks.ready)),
            settled: settled.map(|settled| due(Some(settled), marks.restored)),
            after: marks.ready.map(|ready| due(Some(ready), None)),
            recovery: recovery(samples, marks),
            switch,
            statuses,
            errors,
        }
    }

    /// A percentile of the settled certificates over that of the undisturbed ones, where both have enough requests.
    pub fn ratio(&self, percent: f64) -> Option<f64> {
        let settled = self.settled.as_ref()?.percentile(percent)?.as_secs_f64();
        let undisturbed = self.undisturbed.as_ref()?.percentile(percent)?.as_secs_f64();
        (undisturbed > 0.0).then(|| settled / undisturbed)
    }
}

fn switch(samples: &[Sample], outage: Duration, restored: Option<Duration>) -> Option<Switch> {
    let within = |at: Duration| at >= outage && restored.is_none_or(|restored| at < restored);
    let certificate = |sample: &&Sample| sample.mode == Some(Mode::Cert) && within(sample.sent);
    let first = samples.iter().filter(certificate).map(|sample| sample.sent).min()?;
    let waiting = samples.iter().filter(|sample| sample.due >= outage && sample.due <= first);
    let answered = waiting.map(|sample| sample.done).max().unwrap_or(first).max(first);
    // While all connections were kept waiting a queue has grown, which those that came later were in, too.
    let on_time = |sample: &&Sample| sample.due >= first && sample.started.saturating_sub(sample.due) <= ON_TIME;
    let drained = samples.iter().filter(on_time).map(|sample| sample.due).min();
    let end = samples.last().map_or(first, |last| last.done);
    let settled = answered.max(drained.unwrap_or(end));
    let due = samples.iter().filter(|sample| sample.due >= outage && sample.due < settled);
    Some(Switch {
        first_certificate: first.saturating_sub(outage),
        settled: settled.saturating_sub(outage),
        phase: PhaseReport::of(due),
    })
}

fn recovery(samples: &[Sample], marks: Marks) -> Option<Recovery> {
    let (restored, ready) = (marks.restored?, marks.ready?);
    let sent = |mode: Mode| {
        samples.iter().filter(move |sample| sample.mode == Some(mode) && sample.sent >= restored).map(|s| s.sent)
    };
    Some(Recovery {
        ready: ready.saturating_sub(restored),
        // The caller may have found out before it was asked here.
        first_token: sent(Mode::Token).min().map(|first| first.saturating_sub(ready)),
        last_certificate: sent(Mode::Cert).max().map_or(Duration::ZERO, |last| last.saturating_sub(ready)),
    })
}

fn outcomes(samples: &[Sample]) -> (BTreeMap<u16, u64>, BTreeMap<String, u64>) {
    let (mut statuses, mut errors) = (BTreeMap::new(), BTreeMap::<String, u64>::new());
    for sample in samples {
        match &sample.outcome {
            Outcome::Answer(status) => *statuses.entry(*status).or_default() += 1,
            Outcome::Failure(why) => match errors.get_mut(&**why) {
                Some(n) => *n += 1,
                None => {
                    let why = if errors.len() < MOST_REASONS { why } else { OTHER };
                    *errors.entry(why.to_owned()).or_default() += 1;
                }
            },
        }
    }
    (statuses, errors)
}

#[cfg(test)]
mod tests {
    use super::{super::worker::sample, *};
    use proptest::prelude::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn marks(outage: u64, restored: u64, ready: u64) -> Marks {
        Marks { outage: Some(at(outage)), restored: Some(at(restored)), ready: Some(at(ready)) }
    }

    /// Tokens every 100 ms; from 1000 the authority is away; those due at 1200 and 1300 wait until 1500 and get a
    /// certificate, as do the others until 2400; it is back at 2000, ready at 2050.
    fn story() -> Vec<Sample> {
        (0..30)
            .map(|i| match i * 100 {
                due @ (1_200 | 1_300 | 1_400) => sample(due, 1_500, 1_530, Mode::Cert, 200),
                due @ 1_500..2_400 => sample(due, due + 1, due + 3, Mode::Cert, 200),
                due => sample(due, due, due + 2, Mode::Token, 200),
            })
            .collect()
    }

    #[test]
    fn phases_are_told_apart_by_the_time_at_which_a_request_was_due() {
        let found = Findings::new(&story(), &[], marks(1_000, 2_000, 2_050));
        let counts = |phase: &PhaseReport| (phase.requests, phase.token, phase.certificate, phase.failed);
        assert_eq!(counts(&found.all), (30, 18, 12, 0));
        assert_eq!(counts(&found.before), (10, 10, 0, 0));
        assert_eq!(counts(found.during.as_ref().unwrap()), (11, 2, 9, 0));
        assert_eq!(counts(found.after.as_ref().unwrap()), (9, 6, 3, 0));
        // The one due at 1500 was overtaken by those that had waited.
        assert_eq!(counts(found.settled.as_ref().unwrap()), (4, 0, 4, 0));
        assert_eq!(found.statuses, [(200, 30)].into());
    }

    #[test]
    fn the_switch_ends_when_those_that_waited_are_answered() {
        let found = Findings::new(&story(), &[], marks(1_000, 2_000, 2_050));
        let switch = found.switch.unwrap();
        assert_eq!((switch.first_certificate, switch.settled), (at(500), at(530)));
        assert_eq!(switch.phase.requests, 6);
        assert_eq!(switch.phase.latencies.slowest(), Some(at(330)));
    }

    #[test]
    fn the_switch_lasts_as_long_as_the_queue() {
        // One connection: it is kept from 1000 to 1500, and then needs 50 ms for each that is due every 100 ms.
        let mut free = 0;
        let samples: Vec<_> = (0..40)
            .map(|i| {
                let due = i * 100;
                let started = due.max(free);
                let sent = if due == 1_000 { 1_500 } else { started };
                free = sent + 50;
                let mode = if due < 1_000 { Mode::Token } else { Mode::Cert };
                Sample { started: at(started), ..sample(due, sent, free, mode, 200) }
            })
            .collect();
        let found = Findings::new(&samples, &[], marks(1_000, 3_000, 3_050));
        let switch = found.switch.unwrap();
        assert_eq!((switch.first_certificate, switch.settled), (at(500), at(1_000)));
        assert_eq!(found.settled.unwrap().latencies.slowest(), Some(at(50)));
    }

    #[test]
    fn the_way_back_is_counted_from_readiness() {
        let found = Findings::new(&story(), &[], marks(1_000, 2_000, 2_050));
        let wanted = Recovery { ready: at(50), first_token: Some(at(350)), last_certificate: at(251) };
        assert_eq!(found.recovery, Some(wanted));
        let never = Findings::new(&story()[..24], &[], marks(1_000, 2_000, 2_050));
        assert_eq!(never.recovery.unwrap().first_token, None);
        let unready = Marks { ready: None, ..marks(1_000, 2_000, 2_050) };
        let found = Findings::new(&story(), &[], unready);
        assert!(found.recovery.is_none() && found.after.is_none());
        assert_eq!(found.during.unwrap().requests, 20);
    }

    #[test]
    fn an_outage_that_no_certificate_bridged_has_no_switch() {
        let tokens: Vec<_> = (0..30).map(|i| sample(i * 100, i * 100, i * 100 + 2, Mode::Token, 200)).collect();
        let found = Findings::new(&tokens, &[], marks(1_000, 2_000, 2_050));
        assert!(found.switch.is_none() && found.settled.is_none());
        let quiet = Findings::new(&tokens, &[], Marks::default());
        assert!(quiet.during.is_none() && quiet.recovery.is_none());
        assert_eq!(quiet.before.requests, 30);
    }

    #[test]
    fn ratios_need_ten_requests_beyond() {
        let of = |count: u64, millis: u64| -> Vec<_> {
            (0..count).map(|i| sample(1_100 + i, 1_100 + i, 1_100 + i + millis, Mode::Cert, 200)).collect()
        };
        let marks = marks(1_000, 9_000, 9_050);
        let found = Findings::new(&of(2_000, 12), &of(2_000, 10), marks);
        assert!((found.ratio(99.0).unwrap() - 1.2).abs() < 0.01, "{:?}", found.ratio(99.0));
        let found = Findings::new(&of(500, 12), &of(2_000, 10), marks);
        assert!(found.ratio(99.0).is_none() && found.ratio(50.0).is_some());
    }

    #[test]
    fn reasons_are_counted_and_bounded() {
        let samples: Vec<_> = (0..100)
            .map(|i| Sample {
                outcome: Outcome::Failure(format!("reason {}", i % 50).into()),
                ..sample(i, i, i, Mode::Token, 0)
            })
            .collect();
        let found = Findings::new(&samples, &[], Marks::default());
        assert_eq!(found.errors.len(), MOST_REASONS + 1);
        assert_eq!(found.errors.values().sum::<u64>(), 100);
        assert_eq!((found.all.failed, found.all.latencies.count()), (100, 0));
    }

    proptest! {
        /// Whatever happened when: every request is in exactly one of the three phases.
        #[test]
        fn phases_cover_the_run(
            dues in prop::collection::vec((0u64..5_000, 0u64..3_000, 0u64..3_000, any::<bool>()), 0..200),
            outage in 0u64..2_000, length in 1u64..2_000, start in 0u64..1_000,
        ) {
            let samples: Vec<_> = dues
                .iter()
                .map(|(due, wait, took, token)| {
                    let mode = if *token { Mode::Token } else { Mode::Cert };
                    sample(*due, due + wait, due + wait + took, mode, 200)
                })
                .collect();
            let found = Findings::new(&samples, &[], marks(outage, outage + length, outage + length + start));
            let parts = [Some(&found.before), found.during.as_ref(), found.after.as_ref()];
            let sum: u64 = parts.iter().map(|part| part.unwrap().requests).sum();
            prop_assert_eq!(sum, found.all.requests);
            prop_assert_eq!(found.all.token + found.all.certificate, found.all.requests);
            if let Some(switch) = &found.switch {
                prop_assert!(switch.first_certificate <= switch.settled);
                prop_assert!(switch.first_certificate < at(length));
            }
        }
    }
}
