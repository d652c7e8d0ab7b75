//! Rounds of one block per lane.

use super::{
    super::{
        comparison::Summary,
        number::{count, length},
        report::Ending,
        sizing::{Making, Size},
    },
    Run,
    lane::situation,
    send::{Outcome, Shot},
};
use crate::error::Result;
use std::time::Duration;

/// Blocks that sent nothing, one after the other, until it is clear that none will.
const FUTILE: u32 = 3;

impl Run<'_, '_> {
    /// Rounds of one block per lane, in random order, until each lane has been measured enough.
    pub(super) fn measure(&mut self) -> Result<()> {
        while !self.over() {
            let mut round: Vec<(usize, Size)> = (0..self.lanes.len())
                .filter_map(|index| Some((index, situation(self.plan, &self.lanes, index)?.next_block()?)))
                .collect();
            if round.is_empty() {
                break;
            }
            self.shuffle(&mut round);
            // Neighbours should be close in time, so all are signed before the first is sent, unless that would age them.
            let expected: Duration = round.iter().map(|(_, size)| size.expected).fold(Duration::ZERO, add);
            let early = expected < self.plan.fresh() / 3;
            if early {
                for (index, size) in &round {
                    self.stock_up(*index, size.stock)?;
                }
            }
            let mut summaries = vec![None; self.lanes.len()];
            for (index, size) in round {
                if !early {
                    self.stock_up(index, size.stock)?;
                }
                let Some(outcome) = self.send(index, self.shot(index, size))? else { continue };
                let summary = self.book(index, size, &outcome);
                if let Some(place) = summaries.get_mut(index) {
                    *place = summary;
                }
            }
            self.pair(&summaries);
        }
        Ok(())
    }

    /// Any order of the lanes is as likely as any other (Fisher and Yates).
    fn shuffle(&mut self, round: &mut [(usize, Size)]) {
        for last in (1..round.len()).rev() {
            let bound = count(last + 1);
            round.swap(last, length(self.random.below(bound)));
        }
    }

    fn shot(&self, index: usize, size: Size) -> Shot {
        let lane = self.lanes.get(index);
        // Among others each block is a stretch of schedule of its own; a lane alone goes on with its own.
        let alone = lane.filter(|_| self.lanes.len() == 1);
        let in_block = alone.is_some_and(|lane| lane.making == Making::Endless) && !self.plan.ramp.is_zero();
        let ramp = if in_block { self.plan.ramp } else { Duration::ZERO };
        Shot {
            size,
            measured: true,
            first: alone.map_or(0, |lane| lane.next),
            schedule: alone.map_or(Duration::ZERO, |lane| lane.schedule),
            ramp,
            count_from: if in_block { add(ramp, self.plan.warm_up.duration) } else { Duration::ZERO },
        }
    }

    /// Adds a block to its lane.
    fn book(&mut self, index: usize, size: Size, outcome: &Outcome) -> Option<Summary> {
        let alone = self.lanes.len() == 1;
        let lane = self.lanes.get_mut(index)?;
        lane.tally.merge(&outcome.tally);
        lane.elapsed += outcome.elapsed;
        lane.blocks += 1;
        lane.generator.add(outcome.generator);
        lane.cost.add(outcome.signing);
        (lane.next, lane.schedule) = (outcome.next, outcome.schedule);
        // In an open loop the time belongs to the block although nothing may be due at its end. For a lane alone that is
        // the end of its last one.
        let complete = match (size.count, alone) {
            (None, _) => false,
            (Some(_), true) => self.plan.requests().is_some_and(|n| lane.done() >= n),
            (Some(counted), false) => outcome.tally.done() >= counted,
        };
        let planned = outcome.planned.filter(|_| complete).unwrap_or_default();
        let measured = outcome.counted_part(outcome.elapsed.max(planned));
        let server_cpu = outcome.server_cpu.map(|cpu| outcome.counted_part(cpu));
        lane.measured += measured;
        if let Some(cpu) = server_cpu {
            *lane.server_cpu.get_or_insert_default() += cpu;
        }
        lane.futile = if outcome.sent == 0 { lane.futile + 1 } else { 0 };
        let missing = self.plan.requests().is_some_and(|n| lane.done() < n);
        let dry = match lane.making {
            Making::Endless => outcome.dry,
            Making::Before => outcome.dry && missing && lane.stock.is_empty(),
            Making::PerBlock => false,
        };
        let dry = dry || lane.futile >= FUTILE;
        let summary = Summary::new(&outcome.tally, measured, server_cpu);
        // A lane of one block has been measured by the pieces of it.
        if !size.continuous {
            lane.block_metrics.push(&summary);
        }
        if dry {
            self.end(Ending::SourceDry);
        }
        Some(summary)
    }

    fn pair(&mut self, summaries: &[Option<Summary>]) {
        if self.over() {
            return;
        }
        let of = |index: usize| summaries.get(index).copied().flatten();
        for (pairs, (base, other)) in self.pairs.iter_mut().zip(&self.plan.compare) {
            if let Some((base, other)) = of(*base).zip(of(*other)) {
                pairs.push(&base, &other);
            }
        }
    }
}

pub(super) fn add(sum: Duration, next: Duration) -> Duration {
    sum.saturating_add(next)
}
