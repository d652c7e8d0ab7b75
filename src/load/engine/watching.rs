//! Looking on while the crew sends a block: what it hands over, whether the server is still there, how far the run is.

use super::{
    super::{
        cpu::ThreadTime,
        number::float,
        plan::Plan,
        progress::{Display, Phase},
        report::Ending,
        source::Cost,
        statistics::Tally,
        stretch::Block,
        worker::{BlockEnd, Crew, Event, Share},
    },
    Run,
    lane::{Lane, part},
    send::Shot,
    subject::{Intervals, Piece},
};
use crate::error::{Error, Result};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// From so far into a block its own rate is shown.
const SETTLED: Duration = Duration::from_millis(300);

/// All that was handed over.
pub(super) struct Taken {
    pub(super) tally: Tally,
    pub(super) generator: ThreadTime,
    pub(super) signing: Cost,
    pub(super) ended: Instant,
}

pub(super) struct Watching<'r, 'w> {
    plan: &'r Plan,
    lane: &'r mut Lane,
    display: &'r mut Display<'w>,
    intervals: Option<&'r mut Intervals<'w>>,
    interrupted: &'r AtomicBool,
    halt: &'r AtomicBool,
    ending: &'r mut Ending,
    threads: usize,
    shot: Shot,
    run_begin: Instant,
    start: Instant,
    /// From here on requests count.
    counted: Instant,
    /// The part of the run that was done before, and how much of it this block is.
    part: f64,
    share_of_run: f64,
    errors: u64,
    taken: Taken,
    /// What was handed over since `piece_from`, by so many workers.
    piece: Tally,
    piece_from: Instant,
    piece_shares: usize,
    failure: Option<Error>,
}

impl Run<'_, '_> {
    /// Has a block sent, which begins at `start`.
    pub(super) fn watch(
        &mut self,
        index: usize,
        shot: Shot,
        start: Instant,
        block: &Arc<Block>,
    ) -> Result<(Taken, BlockEnd)> {
        let part = part(self.plan, &self.lanes);
        let errors = self.lanes.iter().map(|lane| errors(&lane.tally)).sum();
        let alone = self.lanes.len() == 1;
        let (crew, threads) = (&self.crew, self.crew.threads());
        let Some(lane) = self.lanes.get_mut(index) else {
            return Err(Error::invalid("lane", index, "there is no such lane", ""));
        };
        let counted = start + shot.count_from;
        let mut watching = Watching {
            plan: self.plan,
            lane,
            display: &mut self.display,
            intervals: self.intervals.as_deref_mut(),
            interrupted: self.interrupted,
            halt: &self.halt,
            ending: &mut self.ending,
            threads,
            shot,
            run_begin: self.begin,
            start,
            counted,
            part,
            share_of_run: if alone && shot.measured { 1.0 - part } else { 0.0 },
            errors,
            taken: Taken {
                tally: Tally::default(),
                generator: ThreadTime::default(),
                signing: Cost::default(),
                ended: start,
            },
            piece: Tally::default(),
            piece_from: counted,
            piece_shares: 0,
            failure: None,
        };
        let end = watching.run(crew, block)?;
        let Watching { taken, failure, .. } = watching;
        failure.map_or(Ok((taken, end)), Err)
    }
}

impl Watching<'_, '_> {
    fn run(&mut self, crew: &Crew, block: &Arc<Block>) -> Result<BlockEnd> {
        let answered = crew.answered();
        let end = crew.run(block, |event| match event {
            Event::Tick => self.tick(crew.answered() - answered),
            Event::Share(share) => self.take(&share),
        })?;
        if self.piece_shares > 0 {
            self.hand_on(self.taken.ended);
        }
        self.note_interruption();
        Ok(end)
    }

    fn stop(&mut self, ending: Ending) {
        self.halt.store(true, Ordering::Relaxed);
        if *self.ending == Ending::Completed {
            *self.ending = ending;
        }
    }

    fn note_interruption(&mut self) {
        if self.interrupted.load(Ordering::Relaxed) {
            self.stop(Ending::Interrupted);
        }
    }

    fn tick(&mut self, answered: u64) {
        self.note_interruption();
        let elapsed = self.start.elapsed();
        // The first answers of a block say little.
        let earlier = self.lane.shown_rate.filter(|_| elapsed < SETTLED || self.shot.size.continuous);
        let rate = earlier.unwrap_or_else(|| float(answered) / elapsed.as_secs_f64().max(1e-3));
        let expected = self.shot.size.expected.as_secs_f64().max(1e-3);
        let done = (self.counted.elapsed().as_secs_f64() / expected).min(1.0);
        let phase = Phase::Running {
            lane: &self.lane.name,
            rate,
            p50: self.lane.p50,
            p99: self.lane.p99,
            errors: self.errors + errors(&self.taken.tally),
        };
        self.display.show(phase, (self.part + done * self.share_of_run).clamp(0.0, 1.0));
    }

    fn take(&mut self, share: &Share) {
        self.taken.tally.merge(&share.tally);
        self.taken.signing.add(share.signing);
        self.taken.ended = self.taken.ended.max(share.ended);
        // What a ramp used is not part of the time that is measured.
        if share.ended > self.counted {
            self.taken.generator.add(share.time);
        }
        if !self.shot.measured {
            return;
        }
        let (from, to) = (self.on_lanes_clock(share.begin), self.on_lanes_clock(share.ended));
        if self.lane.silence.note(self.plan, from, to, &share.tally) {
            self.stop(Ending::ServerGone);
        }
        self.piece.merge(&share.tally);
        self.piece_shares += 1;
        if self.piece_shares >= self.threads {
            self.hand_on(share.ended);
        }
    }

    fn on_lanes_clock(&self, at: Instant) -> Duration {
        self.lane.elapsed + at.saturating_duration_since(self.start)
    }

    /// Hands on what happened until `to`.
    fn hand_on(&mut self, to: Instant) {
        let length = to.saturating_duration_since(self.piece_from);
        if length.is_zero() {
            return;
        }
        let start = self.piece_from.saturating_duration_since(self.run_begin);
        let tally = std::mem::take(&mut self.piece);
        (self.piece_from, self.piece_shares) = (to, 0);
        self.lane.series.add(start, length, &tally);
        if self.shot.size.continuous {
            self.lane.block_metrics.add(&tally, length, None);
        }
        // Of the last moments, or where these are too few requests for it, of more.
        let all = [&tally, &self.taken.tally, &self.lane.tally].map(|tally| &tally.latencies);
        let percentile = |p| all.into_iter().find(|latencies| latencies.supports(p))?.percentile(p);
        (self.lane.p50, self.lane.p99) = (percentile(50.0), percentile(99.0));
        self.lane.shown_rate = Some(float(tally.answered()) / length.as_secs_f64());
        if let (Some(intervals), None) = (&mut self.intervals, &self.failure)
            && let Err(error) = intervals(&Piece { lane: &self.lane.name, start, length, tally: &tally })
        {
            self.failure = Some(error);
            self.halt.store(true, Ordering::Relaxed);
        }
    }
}

/// Requests without an answer, or with one that is not 2xx.
fn errors(tally: &Tally) -> u64 {
    tally.failed() + tally.answered().saturating_sub(tally.successes())
}
