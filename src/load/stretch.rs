//! A block of requests, and what the workers share who send it: a few numbers that are counted up.

pub(super) use super::connection::Limits;
use super::{
    pacer::{Pace, Pacer, due_until},
    stock::Supply,
};
use crate::error::Error;
use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// An unbroken stretch of one lane on the clock.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) supply: Supply,
    pub(super) pacer: Box<dyn Pacer>,
    /// The pacer's zero. It may be a little in the future.
    pub(super) begin: Instant,
    /// The number of the schedule's first request in this block.
    pub(super) first: u64,
    pub(super) limits: Limits,
    /// A request that was prepared longer ago than this is thrown away.
    pub(super) fresh: Duration,
    /// Whether the first request of each connection is sent, but not counted.
    pub(super) discard_first: bool,
    /// Exactly so many requests are counted, unless time or supply run out before.
    pub(super) count: Option<u64>,
    /// Requests that are due earlier than this after the begin are sent, but not counted: ramp and warm-up.
    pub(super) count_from: Duration,
    /// Closed loop: connections start one by one within this time.
    pub(super) ramp: Duration,
    /// Workers hand over what they counted about this often, and at the end.
    pub(super) report_every: Option<Duration>,
}

impl Block {
    /// A block from the schedule's begin, which is now, without bounds but the pacer's and the supply's.
    pub(super) fn new(supply: Supply, pacer: Box<dyn Pacer>, limits: Limits) -> Self {
        Self {
            supply,
            pacer,
            begin: Instant::now(),
            first: 0,
            limits,
            fresh: Duration::MAX,
            discard_first: false,
            count: None,
            count_from: Duration::ZERO,
            ramp: Duration::ZERO,
            report_every: None,
        }
    }

    /// When what is still overdue or under way is given up.
    pub(super) fn cut(&self) -> Option<Instant> {
        let end = self.pacer.stop_after().checked_add(self.limits.drain)?;
        self.begin.checked_add(end)
    }
}

/// A block that is being worked on: what all workers share.
pub(super) struct Stretch {
    pub(super) block: Arc<Block>,
    /// The number of the schedule's next request that no connection has claimed.
    next: AtomicU64,
    /// Places among the counted requests that were given away.
    counted: AtomicU64,
    /// Whether a connection found nothing to send although something was due.
    pub(super) dry: AtomicBool,
    /// Since when nothing new is sent, because the caller interrupted the run or making a request failed.
    closed: OnceLock<Instant>,
    failure: Mutex<Option<Error>>,
}

impl Stretch {
    pub(super) fn new(block: Arc<Block>) -> Self {
        let next = AtomicU64::new(block.first);
        Self {
            block,
            next,
            counted: AtomicU64::new(0),
            dry: AtomicBool::new(false),
            closed: OnceLock::new(),
            failure: Mutex::new(None),
        }
    }

    pub(super) fn close(&self) {
        self.closed.get_or_init(Instant::now);
    }

    pub(super) fn closed(&self) -> Option<Instant> {
        self.closed.get().copied()
    }

    pub(super) fn is_dry(&self) -> bool {
        self.dry.load(Ordering::Relaxed)
    }

    /// Whether all requests that should be counted were given away.
    pub(super) fn is_complete(&self) -> bool {
        self.block.count.is_some_and(|count| self.counted.load(Ordering::Relaxed) >= count)
    }

    pub(super) fn failure(&self) -> Option<Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn fail(&self, error: Error) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.close();
    }

    /// The next place in the schedule; `None` when there is none any more.
    pub(super) fn claim(&self, open: bool, discard: bool) -> Option<Turn> {
        if self.closed.get().is_some() {
            return None;
        }
        let block = &*self.block;
        // In a closed loop the number means nothing, and counting it up would cost a cache line.
        let index = if open { self.next.fetch_add(1, Ordering::Relaxed) } else { 0 };
        let now = Instant::now();
        let elapsed = now.saturating_duration_since(block.begin);
        let Pace::At(at) = block.pacer.pace(elapsed, index) else { return None };
        let counted = !discard && at >= block.count_from;
        if let (true, Some(count)) = (counted, block.count)
            && self.counted.fetch_add(1, Ordering::Relaxed) >= count
        {
            return None;
        }
        Some(Turn { claimed: now, due: block.begin + at, counted, discarded: discard })
    }
}

/// A place in the schedule.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    pub(super) claimed: Instant,
    pub(super) due: Instant,
    pub(super) counted: bool,
    /// Whether it is the first of a connection after a switch between lanes.
    pub(super) discarded: bool,
}

/// Requests that were due and not sent.
pub(super) struct Unsent {
    pub(super) all: u64,
    /// Without those of ramp and warm-up.
    pub(super) counted: u64,
}

impl Stretch {
    pub(super) fn unsent(&self, sent: u64) -> Unsent {
        let Block { pacer, begin, first, count_from, .. } = &*self.block;
        if !pacer.is_open() || self.is_complete() || (self.is_dry() && self.closed().is_none()) {
            return Unsent { all: 0, counted: 0 };
        }
        let elapsed = self.closed().map_or(Duration::MAX, |closed| closed.saturating_duration_since(*begin));
        // They are sent in the order in which they are due, so those that are missing are the last ones.
        let from = first.saturating_add(sent);
        let due = due_until(&**pacer, *first, elapsed);
        let counted_from = due_until(&**pacer, *first, *count_from).max(from);
        Unsent { all: due.saturating_sub(from), counted: due.saturating_sub(counted_from) }
    }
}
