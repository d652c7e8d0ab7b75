//! Whether the generator, not the server, set the pace.

use super::{super::plan::Schedule, ModeReport, Report};
use std::time::Duration;

/// How the generator itself limited a run.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Limit {
    /// Its threads were hardly ever idle, so nothing proves that it could have gone faster.
    Busy {
        /// The part of the time in which they computed, 0 to 1.
        computing: f64,
        /// The part of the time in which they were ready to run and had no CPU, 0 to 1.
        waiting: f64,
    },
    /// It sent later than it could have: an open loop whose response times hold the generator's own delay.
    Late {
        /// The lane in which that was.
        lane: String,
        /// The 99th percentile of its lateness; where there are too few samples for that, the largest.
        lateness: Duration,
        /// Which of the two it is.
        of: &'static str,
        /// The median response time.
        response: Duration,
    },
    /// So many requests were due and never sent, although connections had nothing to do.
    Unsent(u64),
}

impl Report {
    /// How the generator limited this run, if it did ([`Generator::limited`](super::Generator::limited)).
    pub fn limit(&self) -> Option<Limit> {
        let generator = &self.generator;
        if !generator.limited() {
            return None;
        }
        Some(match generator.schedule {
            Schedule::Closed => Limit::Busy { computing: generator.busy(), waiting: generator.waiting() },
            Schedule::Open { .. } if generator.unsent_while_idle > 0 => Limit::Unsent(generator.unsent_while_idle),
            Schedule::Open { .. } => self.modes.iter().filter_map(lateness).max_by(|a, b| a.0.total_cmp(&b.0))?.1,
        })
    }
}

/// The lateness of a lane, before it as a part of the response time.
fn lateness(lane: &ModeReport) -> Option<(f64, Limit)> {
    let lateness = &lane.tally.lateness;
    let (late, of) = match lateness.percentile(99.0).filter(|_| lateness.supports(99.0)) {
        Some(late) => (late, "99th percentile"),
        None => (lateness.slowest()?, "the latest"),
    };
    let response = lane.tally.latencies.percentile(50.0)?;
    let part = late.as_secs_f64() / response.as_secs_f64();
    Some((part, Limit::Late { lane: lane.name.clone(), lateness: late, of, response }))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            super::statistics::Tally,
            sample::{self, lane},
        },
        *,
    };

    #[test]
    fn a_late_generator_is_found_in_an_open_loop_only() {
        let mut report = sample::report(vec![lane("token", 1_000, 5e-3), lane("cert", 1_000, 5e-3)]);
        assert_eq!(report.limit(), None);
        for _ in 0..1_000 {
            report.modes[1].tally.lateness.record(Duration::from_millis(2));
        }
        assert_eq!(report.limit(), None, "lateness means nothing in a closed loop");
        report.generator.schedule = Schedule::Open { rate: 100.0 };
        for lane in &report.modes {
            report.generator.note_lane(&lane.tally, lane.measured);
        }
        assert!(matches!(report.limit(), Some(Limit::Late { lane, .. }) if lane == "cert"));
        let few: Vec<_> = std::mem::take(&mut report.modes);
        report.modes = few.into_iter().map(|lane| ModeReport { tally: late_once(), ..lane }).collect();
        assert!(matches!(report.limit(), Some(Limit::Late { of: "the latest", .. })));
    }

    fn late_once() -> Tally {
        let mut tally = Tally::default();
        tally.latencies.record(Duration::from_millis(7));
        tally.lateness.record(Duration::from_millis(6));
        tally
    }

    #[test]
    fn a_busy_generator_is_found_in_a_closed_loop() {
        let mut report = sample::report(vec![lane("token", 1_000, 5e-3)]);
        report.generator.cpu = Duration::from_secs(1);
        report.generator.waited = Duration::from_secs(1);
        report.generator.measured = Duration::from_secs(1);
        report.generator.threads = 2;
        assert_eq!(report.limit(), Some(Limit::Busy { computing: 0.5, waiting: 0.5 }));
    }
}
