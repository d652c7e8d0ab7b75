//! What was found, as a report.

use super::{
    super::{
        comparison::Comparison,
        number::float,
        report::{Generator, ModeReport, Report},
    },
    Run,
    lane::{Lane, Source},
};
use crate::measure::Environment;
use std::time::Duration;

impl Run<'_, '_> {
    pub(super) fn report(mut self) -> Report {
        let comparisons = self.comparisons();
        let generator = self.generator();
        Report {
            urls: self.urls,
            started: self.started,
            modes: self.lanes.into_iter().map(lane_report).collect(),
            comparisons,
            generator,
            environment: Environment::here(),
            ending: self.ending,
            notes: Vec::new(),
        }
    }

    fn comparisons(&mut self) -> Vec<Comparison> {
        let Self { plan, lanes, pairs, random, .. } = self;
        let compared = pairs.iter_mut().zip(&plan.compare).filter_map(|(pairs, (base, other))| {
            let (base, other) = lanes.get(*base).zip(lanes.get(*other))?;
            let totals = (&base.summary(), &other.summary());
            Some(Comparison::new(&base.name, &other.name, std::mem::take(pairs), totals, random))
        });
        compared.collect()
    }

    fn generator(&self) -> Generator {
        let plan = self.plan;
        let mut generator =
            Generator::new(plan.schedule, plan.presign, plan.connections, self.crew.threads(), plan.timeout);
        (generator.ramp, generator.drain) = (plan.ramp, plan.drain);
        generator.steal = self.machine.steal();
        for lane in &self.lanes {
            let tally = &lane.tally;
            generator.add(lane.generator.used, lane.generator.waited, lane.elapsed, tally.done() + tally.discarded);
            generator.note_lane(tally, lane.measured);
        }
        generator
    }
}

fn lane_report(lane: Lane) -> ModeReport {
    let per = |total: Duration, n: u64| (n > 0).then(|| total.as_secs_f64() / float(n));
    let server_cpu_per_request = lane.server_cpu().and_then(|cpu| per(cpu, lane.tally.answered()));
    // What is repeated was made before the run, by somebody else.
    let signs = matches!(lane.source, Source::Sign(_));
    let signing = |total: Duration| if signs { per(total, lane.cost.requests) } else { Some(0.0) };
    ModeReport {
        mode: lane.mode,
        measured: lane.measured,
        blocks: lane.blocks,
        server_cpu_per_request,
        server_cpu_source: lane.clock.as_ref().map(|clock| clock.source().as_str()),
        signing_time_per_request: signing(lane.cost.time),
        signing_cpu_per_request: signing(lane.cost.cpu),
        header_bytes: (lane.cost.requests > 0).then(|| float(lane.cost.header_bytes) / float(lane.cost.requests)),
        name: lane.name,
        tally: lane.tally,
        series: lane.series,
        block_metrics: lane.block_metrics,
    }
}
