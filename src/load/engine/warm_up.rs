//! Before anything is measured: a first request, open connections, and load that is not counted.

use super::{
    super::{
        number::count,
        probe,
        sizing::{Making, Size},
        source::{self, Order},
        stretch::Limits,
    },
    Run,
    lane::Source,
    measure::add,
    send::Shot,
};
use crate::error::Result;
use std::time::Duration;

/// As many requests of a lane are tried: several URLs may have several mistakes.
const PROBES: usize = 64;
/// Signed requests of a warm-up that are kept at a time.
const MAX_STOCK: u64 = 20_000;

impl Run<'_, '_> {
    /// Sends the first requests of each lane.
    ///
    /// # Errors
    /// As [`probe::send`]; what signing a request failed with.
    pub(super) fn probe(&mut self) -> Result<()> {
        for lane in &self.lanes {
            let requests = match &lane.source {
                Source::Repeat(requests) => requests.iter().take(PROBES).cloned().collect(),
                Source::Sign(source) => {
                    let order = Order {
                        source: source.as_ref(),
                        routes: &lane.routes,
                        count: count(lane.routes.len().min(PROBES)),
                        chunk: 1,
                        threads: 1,
                        interrupted: self.interrupted,
                    };
                    // Fewer, where the run is interrupted or the source is dry already: the run will say so.
                    source::prepare(order)?.0.into_iter().flat_map(|chunk| chunk.requests).collect()
                }
            };
            probe::send(&self.targets, self.limits(), requests)?;
        }
        self.note_interruption();
        Ok(())
    }

    /// Opens the connections, and sends requests that are not counted: the ramp, and then some more.
    pub(super) fn warm_up(&mut self) -> Result<()> {
        let limits = self.limits();
        // Connections of a ramp open one by one. Those that do not open are tried again by their first request, and
        // counted there.
        if self.plan.ramp.is_zero() {
            let patience = limits.connect_timeout.min(self.plan.timeout).min(self.plan.patience);
            self.crew.open(Limits { connect_timeout: patience, ..limits })?;
        }
        for index in 0..self.lanes.len() {
            let alone = self.lanes.len() == 1;
            let endless = self.lanes.get(index).is_some_and(|lane| lane.making == Making::Endless);
            // A lane alone whose requests never end goes from the ramp to what is measured without a break.
            if !(alone && endless && !self.plan.ramp.is_zero()) {
                self.warm_up_lane(index)?;
            }
        }
        Ok(())
    }

    fn warm_up_lane(&mut self, index: usize) -> Result<()> {
        let (ramp, warm_up) = (self.plan.ramp, self.plan.warm_up);
        if ramp.is_zero() && warm_up.requests == 0 {
            return Ok(());
        }
        let end = add(ramp, warm_up.duration);
        let (mut first, mut schedule, mut sent) = (0, Duration::ZERO, 0);
        while !self.over() && schedule < end {
            // A ramp takes what its time brings.
            let left = if ramp.is_zero() { warm_up.requests.saturating_sub(sent) } else { MAX_STOCK };
            if left == 0 {
                break;
            }
            let limit = end.saturating_sub(schedule);
            let ready = self.stock_for(index, limit, left.min(MAX_STOCK));
            if self.lanes.get(index).is_some_and(|lane| lane.making != Making::Endless) {
                self.stock_up(index, ready)?;
            }
            let counted = if ramp.is_zero() { Some(left) } else { None };
            let size =
                Size { stock: ready, count: counted, limit, discard_first: false, continuous: false, expected: limit };
            let shot = Shot { size, measured: false, first, schedule, ramp, count_from: Duration::ZERO };
            let Some(outcome) = self.send(index, shot)? else { break };
            (first, schedule, sent) = (outcome.next, outcome.schedule, sent + outcome.sent);
            // In a closed loop all connections are there by now, or the stock was too small for the whole ramp.
            if outcome.sent == 0 || (self.plan.rate().is_none() && !ramp.is_zero()) {
                break;
            }
        }
        Ok(())
    }
}
