//! One connection's part of a block, and what the connections of a worker share. Nothing here is shared between threads
//! but a few numbers that are counted up.

use super::{
    connection::{Connection, Failure},
    cpu::thread_cpu,
    number::nanos,
    source::{Cost, header_bytes},
    statistics::Tally,
    stock::{Chunk, Outgoing, Sign, Supply},
    stretch::{Stretch, Turn},
    timer::Timer,
};
use crate::error::{Error, Result};
use http::StatusCode;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

/// After a failure to connect, a connection pauses: a dead server must not turn a closed loop into a busy one.
const PAUSE: Duration = Duration::from_millis(20);
/// A request that is made while others are on their way is not made earlier than this before it is due: it would age.
const LEAD: Duration = Duration::from_secs(1);

/// What a worker takes its requests from.
enum Hand {
    Repeat { requests: Box<[Outgoing]>, next: usize },
    Stock(Option<Chunk>),
    Inline(Arc<Sign>),
}

/// What the connections of one worker share.
pub(super) struct Desk {
    pub(super) stretch: Arc<Stretch>,
    pub(super) timer: Rc<Timer>,
    open: bool,
    tally: RefCell<Tally>,
    hand: RefCell<Hand>,
    signing: Cell<Cost>,
    sent: Cell<u64>,
    answered: Cell<u64>,
}

impl Desk {
    pub(super) fn new(stretch: Arc<Stretch>, timer: Rc<Timer>) -> Self {
        let hand = match &stretch.block.supply {
            Supply::Repeat(requests) => {
                Hand::Repeat { requests: requests.iter().map(Outgoing::deep_copy).collect(), next: 0 }
            }
            Supply::Stock(_) => Hand::Stock(None),
            Supply::Inline(sign) => Hand::Inline(Arc::clone(sign)),
        };
        Self {
            open: stretch.block.pacer.is_open(),
            stretch,
            timer,
            tally: RefCell::default(),
            hand: RefCell::new(hand),
            signing: Cell::default(),
            sent: Cell::default(),
            answered: Cell::default(),
        }
    }

    /// All that was counted since the last call.
    pub(super) fn take_tally(&self) -> Tally {
        self.tally.take()
    }

    /// What making requests cost since the last call.
    pub(super) fn take_signing(&self) -> Cost {
        self.signing.take()
    }

    /// Requests that were sent since the begin, whether they are counted or not.
    pub(super) fn sent(&self) -> u64 {
        self.sent.get()
    }

    /// Requests that were answered since the last call, whether they are counted or not.
    pub(super) fn take_answered(&self) -> u64 {
        self.answered.take()
    }

    /// Gives what is left of the stock back to all.
    pub(super) fn clear(&self) {
        if let (Hand::Stock(chunk), Supply::Stock(stock)) = (&mut *self.hand.borrow_mut(), &self.stretch.block.supply)
            && let Some(chunk) = chunk.take()
        {
            stock.put_back(chunk);
        }
    }

    /// Puts the next request into its place, where there is one without making it first.
    fn take(&self, place: &mut Option<Outgoing>) -> Ready {
        match &mut *self.hand.borrow_mut() {
            Hand::Repeat { requests, next } => {
                let Some(request) = requests.get(*next).or_else(|| requests.first()) else { return Ready::None };
                *next = if *next + 1 < requests.len() { *next + 1 } else { 0 };
                *place = Some(request.clone());
                Ready::Always
            }
            Hand::Stock(hand) => {
                if hand.as_ref().is_none_or(|chunk| chunk.requests.is_empty())
                    && let Supply::Stock(stock) = &self.stretch.block.supply
                {
                    *hand = stock.take();
                }
                let Some(chunk) = hand else { return Ready::None };
                *place = chunk.requests.pop();
                if place.is_some() { Ready::Since(chunk.prepared) } else { Ready::None }
            }
            Hand::Inline(sign) => Ready::Make(Arc::clone(sign)),
        }
    }

    /// Takes back a request that was not sent.
    fn put_back(&self, place: &mut Option<Outgoing>, ready: &Ready) {
        let (Some(request), Ready::Since(prepared), Supply::Stock(stock)) =
            (place.take(), ready, &self.stretch.block.supply)
        else {
            return;
        };
        match &mut *self.hand.borrow_mut() {
            Hand::Stock(Some(chunk)) if chunk.prepared == *prepared => chunk.requests.push(request),
            _ => stock.put_back(Chunk { requests: vec![request], prepared: *prepared }),
        }
    }

    /// Makes a request on the worker's other thread.
    async fn make(&self, sign: Arc<Sign>) -> Option<Outgoing> {
        let made = tokio::task::spawn_blocking(move || {
            let (begin, cpu) = (Instant::now(), thread_cpu());
            let made = sign();
            (made, begin.elapsed(), thread_cpu().saturating_sub(cpu))
        });
        let (made, time, cpu) = match made.await {
            Ok(made) => made,
            Err(error) => {
                let source = std::io::Error::other(error);
                self.stretch.fail(Error::System { action: "make a request for the load test", source });
                return None;
            }
        };
        match made {
            Ok(Some(request)) => {
                let header_bytes = header_bytes(&request.request);
                let mut signing = self.signing.get();
                signing.add(Cost { requests: 1, time, cpu, wall: time, header_bytes });
                self.signing.set(signing);
                Some(request)
            }
            Ok(None) => {
                self.stretch.dry.store(true, Ordering::Relaxed);
                None
            }
            Err(error) => {
                self.stretch.fail(error);
                None
            }
        }
    }

    fn record(&self, turn: Turn, times: Times, outcome: Result<StatusCode, Failure>) {
        self.answered.set(self.answered.get() + u64::from(outcome.is_ok()));
        let mut tally = self.tally.borrow_mut();
        if !turn.counted {
            tally.discarded += u64::from(turn.discarded);
            return;
        }
        let Times { free, sent, end } = times;
        let between = |from: Instant, to: Instant| nanos(to.saturating_duration_since(from));
        match outcome {
            Ok(status) => {
                *tally.statuses.entry(status.as_u16()).or_default() += 1;
                if self.open {
                    tally.latencies.record_nanos(between(turn.due, end));
                    tally.service.record_nanos(between(sent, end));
                    tally.lateness.record_nanos(between(turn.due.max(free), sent));
                } else {
                    tally.latencies.record_nanos(between(sent, end));
                }
            }
            Err(failure) => *tally.errors.entry(failure.word).or_default() += 1,
        }
    }
}

/// When things happened to a request: a connection was free for it, it was sent, its answer was complete.
#[derive(Debug, Clone, Copy)]
struct Times {
    free: Instant,
    sent: Instant,
    end: Instant,
}

/// Whether there is a request.
enum Ready {
    /// One that does not age.
    Always,
    /// One that was prepared at this time.
    Since(Instant),
    /// It has to be made.
    Make(Arc<Sign>),
    None,
}

/// One connection's part of a block.
pub(super) struct Session {
    pub(super) connection: Connection,
    pub(super) desk: Rc<Desk>,
    /// When it begins: in a closed loop connections may come one by one.
    pub(super) begin: Instant,
}

impl Session {
    pub(super) async fn run(mut self) -> Connection {
        let desk = Rc::clone(&self.desk);
        if desk.timer.wait(self.begin).await.is_none() {
            return self.connection;
        }
        let mut discard = desk.stretch.block.discard_first;
        let mut free = Instant::now();
        let mut place = None;
        loop {
            let ready = desk.take(&mut place);
            if matches!(ready, Ready::None) {
                desk.stretch.dry.store(true, Ordering::Relaxed);
                break;
            }
            let Some(turn) = desk.stretch.claim(desk.open, std::mem::take(&mut discard)) else {
                desk.put_back(&mut place, &ready);
                break;
            };
            let Some(sent) = in_time(&desk, turn, &mut place, ready).await else { break };
            let guard = UnderWay::new(&desk, turn.counted);
            let outcome = self.connection.exchange_with(&mut place, sent, &desk.stretch.block.limits, 0).await;
            guard.done();
            let end = Instant::now();
            let unreachable = outcome.as_ref().is_err_and(|failure| failure.unreachable);
            desk.record(turn, Times { free, sent, end }, outcome.map(|(status, _)| status));
            free = end;
            if unreachable && !desk.open {
                tokio::time::sleep(PAUSE).await;
                free = Instant::now();
            }
        }
        self.connection
    }
}

/// Waits until it is `turn`'s time, with a request in its place that is fresh then. `None` where there is none, or the block
/// was closed.
async fn in_time(desk: &Desk, turn: Turn, place: &mut Option<Outgoing>, mut ready: Ready) -> Option<Instant> {
    let mut now = turn.claimed;
    loop {
        if let Ready::Make(sign) = ready {
            let early = turn.due.checked_sub(LEAD).unwrap_or(turn.due);
            now = desk.timer.wait(early).await?;
            *place = Some(desk.make(sign).await?);
            (ready, now) = (Ready::Since(now), Instant::now());
        }
        if now < turn.due {
            match desk.timer.wait(turn.due).await {
                Some(due) => now = due,
                None => {
                    desk.put_back(place, &ready);
                    return None;
                }
            }
        }
        match ready {
            Ready::Since(prepared) if now.saturating_duration_since(prepared) >= desk.stretch.block.fresh => {}
            Ready::Always | Ready::Since(_) => return Some(now),
            Ready::Make(_) | Ready::None => {
                desk.stretch.dry.store(true, Ordering::Relaxed);
                return None;
            }
        }
        desk.tally.borrow_mut().expired += 1;
        ready = desk.take(place);
    }
}

/// A request that is on its way. Where the session is dropped before the answer, it is counted: what is not counted is
/// exactly what the reader of the report would want to know about.
struct UnderWay<'a> {
    desk: &'a Desk,
    counted: bool,
}

impl<'a> UnderWay<'a> {
    fn new(desk: &'a Desk, counted: bool) -> Self {
        desk.sent.set(desk.sent.get() + 1);
        Self { desk, counted }
    }

    fn done(mut self) {
        self.counted = false;
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.desk.tally.borrow_mut().unfinished += u64::from(self.counted);
    }
}
