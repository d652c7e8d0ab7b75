//! A block of one lane, sent by the crew.

use super::{
    super::{
        cpu::{Machine, ThreadTime},
        number::{count, float},
        pacer::{ClosedLoop, ConstantRate, Pacer, due_until},
        report::Ending,
        server_clock::{Clock, Reading},
        sizing::{Making, Size},
        source::Cost,
        statistics::Tally,
        stock::{Stock, Supply},
        stretch::Block,
    },
    Run,
    lane::{Lane, Source},
    measure::add,
    watching::Taken,
};
use crate::error::Result;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How often workers hand over what they counted.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// What to send.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shot {
    pub(super) size: Size,
    /// Whether it is part of the result; a warm-up is not.
    pub(super) measured: bool,
    /// The schedule's next request, and how much of its time is over.
    pub(super) first: u64,
    pub(super) schedule: Duration,
    pub(super) ramp: Duration,
    /// Earlier requests are sent, and not counted.
    pub(super) count_from: Duration,
}

/// What a block brought.
pub(super) struct Outcome {
    pub(super) tally: Tally,
    /// From the begin of what is counted to the last answer.
    pub(super) elapsed: Duration,
    /// In an open loop: until when requests could have become due.
    pub(super) planned: Option<Duration>,
    pub(super) server_cpu: Option<Duration>,
    pub(super) generator: ThreadTime,
    pub(super) signing: Cost,
    pub(super) next: u64,
    pub(super) schedule: Duration,
    pub(super) sent: u64,
    pub(super) dry: bool,
}

impl Outcome {
    /// The part of `whole` that falls to the requests that count: those that are discarded took their share.
    pub(super) fn counted_part(&self, whole: Duration) -> Duration {
        let (counted, discarded) = (float(self.tally.done()), float(self.tally.discarded));
        if counted > 0.0 { whole.mul_f64(counted / (counted + discarded)) } else { whole }
    }
}

impl Shot {
    /// The schedule, and for an open loop its end, both counted from its begin.
    fn pacer(&self, run: &Run<'_, '_>) -> (Box<dyn Pacer>, Option<Duration>) {
        let Some(rate) = run.plan.rate() else {
            return (Box::new(ClosedLoop { stop_after: add(self.count_from, self.size.limit) }), None);
        };
        let endless = ConstantRate { ramp: self.ramp, ..ConstantRate::new(rate, Duration::MAX) };
        let stop_after = match self.size.count {
            None => add(self.schedule, self.size.limit),
            Some(counted) => {
                // Up to the first request that does not belong to it. One that is due at the border counts.
                let before = due_until(&endless, self.first, self.count_from).max(self.first);
                let discarded = if self.size.discard_first { run.plan.connections } else { 0 };
                let discarded = count(discarded);
                let border = endless.due(before.saturating_add(counted).saturating_add(discarded));
                border.min(add(self.schedule, self.size.limit))
            }
        };
        (Box::new(ConstantRate { stop_after, ..endless }), Some(stop_after))
    }
}

impl Run<'_, '_> {
    /// Sends a block. `None` when there is nothing to send.
    pub(super) fn send(&mut self, index: usize, shot: Shot) -> Result<Option<Outcome>> {
        if self.over() {
            return Ok(None);
        }
        let (pacer, end) = shot.pacer(self);
        let limits = self.limits();
        let Some(lane) = self.lanes.get_mut(index) else { return Ok(None) };
        let Some(supply) = supply(lane) else {
            if lane.making == Making::Before {
                self.end(Ending::SourceDry);
            }
            return Ok(None);
        };
        let (clock, machine) = (lane.clock.as_mut().and_then(Clock::read), Machine::now());
        let start = Instant::now();
        let block = Arc::new(Block {
            // So that what is overdue counts from when it was due.
            begin: end.and_then(|_| start.checked_sub(shot.schedule)).unwrap_or(start),
            first: shot.first,
            fresh: self.plan.fresh(),
            discard_first: shot.size.discard_first,
            count: shot.size.count,
            count_from: shot.count_from,
            ramp: if self.plan.rate().is_none() { shot.ramp } else { Duration::ZERO },
            report_every: Some(REPORT_EVERY),
            ..Block::new(supply, pacer, limits)
        });
        let (taken, end_of_block) = self.watch(index, shot, start, &block)?;
        let Taken { tally, generator, signing, ended } = taken;
        let Some(lane) = self.lanes.get_mut(index) else { return Ok(None) };
        if let Supply::Stock(stock) = &block.supply {
            lane.stock = stock.drain();
        }
        let after = lane.clock.as_mut().and_then(Clock::read);
        let elapsed = ended.saturating_duration_since(start + shot.count_from);
        lane.learn(&tally, elapsed);
        self.machine.add(machine, if shot.measured { Machine::now() } else { None });
        Ok(Some(Outcome {
            tally,
            elapsed,
            planned: end.map(|end| end.saturating_sub(add(shot.schedule, shot.count_from))),
            server_cpu: after.zip(clock).and_then(|(after, before): (Reading, Reading)| after.since(before)),
            generator,
            signing,
            next: end_of_block.next,
            schedule: add(shot.schedule, ended.saturating_duration_since(start)),
            sent: end_of_block.sent,
            dry: end_of_block.dry,
        }))
    }
}

fn supply(lane: &mut Lane) -> Option<Supply> {
    match &lane.source {
        Source::Repeat(requests) => Some(Supply::Repeat(Arc::clone(requests))),
        Source::Sign(source) if lane.making == Making::Endless => {
            let (source, routes) = (Arc::clone(source), lane.routes.clone());
            Some(Supply::Inline(Arc::new(move || {
                let request = source.prepare(1)?.pop();
                Ok(request.map(|request| routes.outgoing(request)))
            })))
        }
        Source::Sign(_) => {
            let stock = std::mem::take(&mut lane.stock);
            (!stock.is_empty()).then(|| Supply::Stock(Stock::new(stock)))
        }
    }
}

impl Lane {
    fn learn(&mut self, tally: &Tally, elapsed: Duration) {
        if tally.answered() > 0 {
            self.rate = float(tally.answered() + tally.discarded) / elapsed.as_secs_f64().max(1e-9);
            self.mean = tally.latencies.mean().unwrap_or_default();
            self.warm = true;
        }
    }
}
