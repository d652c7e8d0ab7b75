//! The threads that send: each drives its share of the connections on a runtime of its own.

use super::{
    connection::Connection,
    cpu::ThreadTime,
    number::count,
    session::{Desk, Session},
    source::Cost,
    statistics::Tally,
    stretch::{Block, Limits, Stretch},
    target::Target,
    timer::Timer,
};
use crate::error::{Error, Result};
use std::{
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::{
    runtime::{LocalOptions, LocalRuntime},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinSet,
};

/// How long requests under way may take to finish once the caller interrupted the run.
const GRACE: Duration = Duration::from_millis(500);
/// How often a worker looks whether the caller interrupted the run, and the caller of a block gets to show progress.
const TICK: Duration = Duration::from_millis(50);
/// Connections that one worker opens at the same time: more would overflow the server's accept queue.
const OPEN_AT_ONCE: usize = 64;

/// What one worker did in a block, or in a part of it.
#[derive(Debug)]
pub(super) struct Share {
    pub(super) tally: Tally,
    pub(super) begin: Instant,
    pub(super) ended: Instant,
    pub(super) time: ThreadTime,
    /// What making requests cost that were made while others were on their way.
    pub(super) signing: Cost,
}

/// What happens in the course of a block.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
pub(super) enum Event {
    /// Some twenty times a second.
    Tick,
    Share(Share),
}

/// How a block ended. All that was counted is in its shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BlockEnd {
    /// The number of the schedule's next request.
    pub(super) next: u64,
    /// Requests that were sent, whether they are counted or not.
    pub(super) sent: u64,
    /// Whether a connection that could have sent something found nothing in the supply.
    pub(super) dry: bool,
}

enum Command {
    Open(Limits),
    Run(Arc<Stretch>),
}

enum Message {
    Ready,
    Share(Share),
    /// A worker's last share of a block, and how many requests it sent.
    Last(Share, u64),
    Failed(Error),
}

/// The worker threads. Dropping it ends them.
pub(super) struct Crew {
    workers: Vec<(UnboundedSender<Command>, JoinHandle<()>)>,
    messages: Receiver<Message>,
    answered: Arc<AtomicU64>,
}

impl Crew {
    /// Starts `threads` workers that share `connections` connections to each of `targets` as evenly as possible.
    ///
    /// # Errors
    /// [`Error::System`] where the system refuses a thread or an event queue.
    pub(super) fn start(
        targets: &[Target],
        connections: usize,
        threads: usize,
        interrupted: &Arc<AtomicBool>,
    ) -> Result<Self> {
        let threads = threads.clamp(1, connections.max(1));
        let (reply, messages) = channel();
        let targets: Arc<[Target]> = targets.into();
        let answered = Arc::new(AtomicU64::new(0));
        let mut workers = Vec::with_capacity(threads);
        for index in 0..threads {
            let (sender, commands) = unbounded_channel();
            let worker = Worker {
                targets: Arc::clone(&targets),
                slots: (index..connections).step_by(threads).collect(),
                of: connections,
                interrupted: Arc::clone(interrupted),
                answered: Arc::clone(&answered),
                reply: reply.clone(),
            };
            let thread = std::thread::Builder::new()
                .name(format!("load-{index}"))
                .spawn(move || worker.run(commands))
                .map_err(|source| Error::System { action: "start a thread for the load test", source })?;
            workers.push((sender, thread));
        }
        let crew = Self { workers, messages, answered };
        for _ in 0..threads {
            crew.next_message(|| {})?;
        }
        Ok(crew)
    }

    pub(super) fn threads(&self) -> usize {
        self.workers.len()
    }

    /// Requests answered since the start, a few hundredths of a second behind: for showing progress.
    pub(super) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Opens all connections. Those that cannot be opened are counted as errors, and tried again when they are needed.
    pub(super) fn open(&self, limits: Limits) -> Result<Tally> {
        self.send(|| Command::Open(limits))?;
        let mut tally = Tally::default();
        for _ in &self.workers {
            if let Message::Last(share, _) = self.next_message(|| {})? {
                tally.merge(&share.tally);
            }
        }
        Ok(tally)
    }

    /// Runs a block to its end. `each` gets what happens meanwhile; the last event is the last worker's last share.
    ///
    /// # Errors
    /// What making a request failed with while the block ran.
    pub(super) fn run(&self, block: &Arc<Block>, mut each: impl FnMut(Event)) -> Result<BlockEnd> {
        let stretch = Arc::new(Stretch::new(Arc::clone(block)));
        self.send(|| Command::Run(Arc::clone(&stretch)))?;
        let (mut sent, mut left) = (0, self.workers.len());
        while left > 0 {
            match self.next_message(|| each(Event::Tick))? {
                Message::Last(mut share, by_worker) => {
                    (sent, left) = (sent + by_worker, left - 1);
                    if left == 0 {
                        share.tally.unsent += stretch.unsent(sent).counted;
                    }
                    each(Event::Share(share));
                }
                Message::Share(share) => each(Event::Share(share)),
                Message::Ready | Message::Failed(_) => {}
            }
        }
        let next = block.first.saturating_add(sent).saturating_add(stretch.unsent(sent).all);
        stretch.failure().map_or(Ok(BlockEnd { next, sent, dry: stretch.is_dry() }), Err)
    }

    fn send(&self, command: impl Fn() -> Command) -> Result<()> {
        self.workers.iter().try_for_each(|(sender, _)| sender.send(command()).map_err(|_| died()))
    }

    fn next_message(&self, mut tick: impl FnMut()) -> Result<Message> {
        loop {
            match self.messages.recv_timeout(TICK) {
                Ok(Message::Failed(error)) => return Err(error),
                Ok(message) => return Ok(message),
                Err(RecvTimeoutError::Timeout) if !self.workers.iter().any(|(_, thread)| thread.is_finished()) => {
                    tick();
                }
                Err(_) => return Err(died()),
            }
        }
    }
}

fn died() -> Error {
    let source = std::io::Error::other("one of its threads ended early");
    Error::System { action: "go on with the load test", source }
}

impl Drop for Crew {
    fn drop(&mut self) {
        for (sender, thread) in self.workers.drain(..) {
            drop(sender);
            // A worker that panicked was already reported by the call that waited for it.
            let _panicked = thread.join().is_err();
        }
    }
}

struct Worker {
    targets: Arc<[Target]>,
    /// Which of all connections are its own.
    slots: Vec<usize>,
    of: usize,
    interrupted: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    reply: Sender<Message>,
}

impl Worker {
    fn run(self, mut commands: UnboundedReceiver<Command>) {
        let runtime = match runtime() {
            Ok(runtime) => runtime,
            Err(source) => {
                let error = Error::System { action: "start a thread for the load test", source };
                // Nobody listens only where the caller has given up.
                let _gone = self.reply.send(Message::Failed(error)).is_err();
                return;
            }
        };
        runtime.block_on(async {
            let timer = Rc::new(Timer::new());
            let running = Rc::clone(&timer);
            tokio::task::spawn_local(async move { running.run().await });
            let mut connections: Vec<_> = self.slots.iter().map(|_| self.connection()).collect();
            let mut message = Message::Ready;
            while self.reply.send(message).is_ok() {
                message = match commands.recv().await {
                    Some(Command::Open(limits)) => self.open(&mut connections, limits).await,
                    Some(Command::Run(stretch)) => {
                        let desk = Rc::new(Desk::new(stretch, Rc::clone(&timer)));
                        let share = self.block(&mut connections, &desk).await;
                        Message::Last(share, desk.sent())
                    }
                    None => return,
                };
            }
        });
    }

    fn connection(&self) -> Connection {
        Connection::new(Arc::clone(&self.targets))
    }

    async fn open(&self, connections: &mut Vec<Connection>, limits: Limits) -> Message {
        let mut account = Account::start();
        let mut closed = std::mem::take(connections).into_iter();
        let mut opening = JoinSet::new();
        let mut tally = Tally::default();
        loop {
            while opening.len() < OPEN_AT_ONCE && !self.interrupted.load(Ordering::Relaxed) {
                let Some(mut connection) = closed.next() else { break };
                opening.spawn_local(async move {
                    let outcome = connection.open(&limits).await;
                    (connection, outcome)
                });
            }
            let Some(Ok((connection, outcome))) = opening.join_next().await else { break };
            if let Err(failure) = outcome {
                *tally.errors.entry(failure.word).or_default() += 1;
            }
            connections.push(connection);
        }
        connections.extend(closed);
        Message::Last(account.share(tally, Cost::default()), 0)
    }

    async fn block(&self, connections: &mut Vec<Connection>, desk: &Rc<Desk>) -> Share {
        let (mut account, block) = (Account::start(), &*desk.stretch.block);
        desk.timer.open();
        let mut sessions = JoinSet::new();
        for (connection, slot) in connections.drain(..).zip(&self.slots) {
            let begin = block.begin + part(block.ramp, *slot, self.of);
            sessions.spawn_local(Session { connection, desk: Rc::clone(desk), begin }.run());
        }
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let cut = block.cut();
        while !sessions.is_empty() {
            tokio::select! {
                Some(Ok(connection)) = sessions.join_next() => connections.push(connection),
                _ = tick.tick() => {
                    let now = Instant::now();
                    self.answered.fetch_add(desk.take_answered(), Ordering::Relaxed);
                    if self.over(desk, cut, now) {
                        // What is under way counts itself when it is dropped.
                        sessions.shutdown().await;
                    } else if block.report_every.is_some_and(|every| now.duration_since(account.begin) >= every) {
                        let share = account.share(desk.take_tally(), desk.take_signing());
                        // Nobody listens only where the caller has given up; the next command will not come.
                        let _gone = self.reply.send(Message::Share(share)).is_err();
                    }
                },
                else => break,
            }
        }
        desk.clear();
        self.answered.fetch_add(desk.take_answered(), Ordering::Relaxed);
        // Connections that were dropped with their session come back as closed ones.
        connections.resize_with(self.slots.len(), || self.connection());
        account.share(desk.take_tally(), desk.take_signing())
    }

    /// Whether what is under way is given up now.
    fn over(&self, desk: &Desk, cut: Option<Instant>, now: Instant) -> bool {
        if self.interrupted.load(Ordering::Relaxed) {
            desk.stretch.close();
        }
        let closed = desk.stretch.closed();
        if closed.is_some() {
            desk.timer.close();
        }
        closed.is_some_and(|closed| now.saturating_duration_since(closed) >= GRACE) || cut.is_some_and(|cut| now >= cut)
    }
}

fn runtime() -> std::io::Result<LocalRuntime> {
    // One thread beside this one makes requests while others are on their way.
    tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(1)
        .build_local(LocalOptions::default())
}

/// The `index`th of `of` equal parts of `whole`, from its begin.
fn part(whole: Duration, index: usize, of: usize) -> Duration {
    whole.mul_f64(super::number::float(count(index)) / super::number::float(count(of.max(1))))
}

/// Since when a worker's next share counts.
struct Account {
    begin: Instant,
    time: ThreadTime,
}

impl Account {
    fn start() -> Self {
        Self { begin: Instant::now(), time: ThreadTime::now() }
    }

    fn share(&mut self, tally: Tally, signing: Cost) -> Share {
        let now = Self::start();
        let before = std::mem::replace(self, Self { ..now });
        let time = now.time.since(before.time);
        Share { tally, begin: before.begin, ended: now.begin, time, signing }
    }
}

#[cfg(test)]
#[allow(clippy::as_conversions)]
mod tests;
