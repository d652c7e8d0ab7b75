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
        /// The median response time.
        response: Duration,
    },
}

/// Lateness below this is never held against the generator: it is what a busy machine's scheduler adds.
const TOLERATED: Duration = Duration::from_millis(1);

impl Report {
    /// How the generator limited this run, if it did. Closed loop: its threads computed or waited for a CPU nine tenths
    /// of the time. Open loop: the 99th percentile of its lateness is above 1 ms and above a tenth of the median
    /// response time.
    pub fn limit(&self) -> Option<Limit> {
        let generator = &self.generator;
        match generator.schedule {
            Schedule::Closed => {
                generator.limited().then(|| Limit::Busy { computing: generator.busy(), waiting: generator.waiting() })
            }
            Schedule::Open { .. } => self.modes.iter().find_map(late),
        }
    }
}

fn late(lane: &ModeReport) -> Option<Limit> {
    let lateness = &lane.tally.lateness;
    let late = if lateness.supports(99.0) { lateness.percentile(99.0) } else { lateness.slowest() }?;
    let response = lane.tally.latencies.percentile(50.0)?;
    (late > TOLERATED.max(response / 10)).then(|| Limit::Late { lane: lane.name.clone(), lateness: late, response })
}

#[cfg(test)]
mod tests {
    use super::{
        super::sample::{self, lane},
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
        assert!(matches!(report.limit(), Some(Limit::Late { lane, .. }) if lane == "cert"));
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
