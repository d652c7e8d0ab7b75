//! The threads that send: each drives its share of the connections on a runtime of its own.

use super::{
    connection::Connection,
    cpu::ThreadTime,
    number::nanos,
    pacer::{Pace, Pacer},
    source::{Chunk, Outgoing, Stock},
    statistics::Tally,
};
use crate::error::{Error, Result};
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::{
    runtime::Runtime,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinSet,
};

/// How long requests under way may take to finish once the caller interrupted the run.
const GRACE: Duration = Duration::from_millis(500);
/// How often a worker looks whether the caller interrupted the run, and the caller of a block gets to show progress.
const TICK: Duration = Duration::from_millis(50);
/// Connections that one worker opens at the same time: more would overflow the server's accept queue.
const OPEN_AT_ONCE: usize = 64;
/// After a failure to connect, a connection pauses: a dead server must not turn the generator into a busy loop.
const PAUSE: Duration = Duration::from_millis(20);

/// What all workers share for the time of one block.
pub(super) struct Block {
    pub(super) stock: Stock,
    pub(super) pacer: Box<dyn Pacer>,
    pub(super) begin: Instant,
    pub(super) timeout: Duration,
}

/// What one worker did in a block.
#[derive(Debug, Default)]
pub(super) struct Share {
    pub(super) tally: Tally,
    pub(super) ended: Option<Instant>,
    pub(super) time: ThreadTime,
}

enum Command {
    Open(Duration),
    Run(Arc<Block>),
}

/// The worker threads. Dropping it ends them.
pub(super) struct Crew {
    workers: Vec<(UnboundedSender<Command>, JoinHandle<()>)>,
    shares: Receiver<Share>,
    answered: Arc<AtomicU64>,
}

impl Crew {
    /// Starts `threads` workers that share `connections` connections as evenly as possible.
    ///
    /// # Errors
    /// [`Error::System`] where the system refuses a thread or an event queue.
    pub(super) fn start(
        addresses: &[SocketAddr],
        connections: usize,
        threads: usize,
        interrupted: &Arc<AtomicBool>,
    ) -> Result<Self> {
        let threads = threads.clamp(1, connections.max(1));
        let (reply, shares) = channel();
        let addresses: Arc<[SocketAddr]> = addresses.into();
        let answered = Arc::new(AtomicU64::new(0));
        let mut workers = Vec::with_capacity(threads);
        for index in 0..threads {
            let failed = |source| Error::System { action: "start a thread for the load test", source };
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().map_err(failed)?;
            let (sender, commands) = unbounded_channel();
            let worker = Worker {
                addresses: Arc::clone(&addresses),
                connections: connections / threads + usize::from(index < connections % threads),
                interrupted: Arc::clone(interrupted),
                answered: Arc::clone(&answered),
                reply: reply.clone(),
            };
            let thread = std::thread::Builder::new()
                .name(format!("load-{index}"))
                .spawn(move || worker.run(&runtime, commands))
                .map_err(failed)?;
            workers.push((sender, thread));
        }
        Ok(Self { workers, shares, answered })
    }

    pub(super) fn threads(&self) -> usize {
        self.workers.len()
    }

    /// Requests answered since the start, at most a few dozen per connection behind: for showing progress.
    pub(super) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Opens all connections. The failures of those that cannot be opened are in the tallies.
    pub(super) fn open(&self, timeout: Duration) -> Result<Vec<Share>> {
        self.all(|| Command::Open(timeout), || {})
    }

    /// Runs a block to its end. `tick` is called some twenty times a second meanwhile.
    pub(super) fn run(&self, block: &Arc<Block>, tick: impl FnMut()) -> Result<Vec<Share>> {
        self.all(|| Command::Run(Arc::clone(block)), tick)
    }

    fn all(&self, command: impl Fn() -> Command, mut tick: impl FnMut()) -> Result<Vec<Share>> {
        let died = || Error::System {
            action: "go on with the load test",
            source: std::io::Error::other("one of its threads ended early"),
        };
        for (sender, _) in &self.workers {
            sender.send(command()).map_err(|_| died())?;
        }
        let mut shares = Vec::with_capacity(self.workers.len());
        while shares.len() < self.workers.len() {
            match self.shares.recv_timeout(TICK) {
                Ok(share) => shares.push(share),
                Err(RecvTimeoutError::Timeout) if !self.workers.iter().any(|(_, thread)| thread.is_finished()) => {
                    tick()
                }
                Err(_) => return Err(died()),
            }
        }
        Ok(shares)
    }
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
    addresses: Arc<[SocketAddr]>,
    connections: usize,
    interrupted: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    reply: Sender<Share>,
}

impl Worker {
    fn run(self, runtime: &Runtime, mut commands: UnboundedReceiver<Command>) {
        runtime.block_on(async {
            let mut connections: Vec<_> =
                (0..self.connections).map(|_| Connection::new(Arc::clone(&self.addresses))).collect();
            while let Some(command) = commands.recv().await {
                let share = match command {
                    Command::Open(timeout) => self.open(&mut connections, timeout).await,
                    Command::Run(block) => self.block(&mut connections, &block).await,
                };
                if self.reply.send(share).is_err() {
                    return;
                }
            }
        });
    }

    async fn open(&self, connections: &mut Vec<Connection>, timeout: Duration) -> Share {
        let mut share = Share::default();
        let mut closed = std::mem::take(connections).into_iter();
        let mut opening = JoinSet::new();
        loop {
            while opening.len() < OPEN_AT_ONCE && !self.interrupted.load(Ordering::Relaxed) {
                let Some(mut connection) = closed.next() else { break };
                opening.spawn(async move {
                    let outcome = connection.open(Instant::now() + timeout).await;
                    (connection, outcome)
                });
            }
            let Some(Ok((connection, outcome))) = opening.join_next().await else { break };
            if let Err(failure) = outcome {
                *share.tally.errors.entry(failure.word).or_default() += 1;
            }
            connections.push(connection);
        }
        connections.extend(closed);
        share
    }

    async fn block(&self, connections: &mut Vec<Connection>, block: &Arc<Block>) -> Share {
        let before = ThreadTime::now();
        let tally = Arc::new(Mutex::new(Tally::default()));
        let sent = Arc::new(AtomicU64::new(0));
        let mut sessions = JoinSet::new();
        for connection in connections.drain(..) {
            let ledger = Ledger::new(Arc::clone(&tally), Arc::clone(&self.answered));
            let (block, sent) = (Arc::clone(block), Arc::clone(&sent));
            sessions.spawn(Session { connection, block, sent, ledger }.run());
        }
        let mut tick = tokio::time::interval(TICK);
        let mut give_up = None;
        while !sessions.is_empty() {
            tokio::select! {
                Some(Ok(connection)) = sessions.join_next() => connections.push(connection),
                now = tick.tick() => if self.interrupted.load(Ordering::Relaxed) {
                    let give_up = *give_up.get_or_insert(now + GRACE);
                    if now >= give_up {
                        // Each session's ledger commits what it has when the session is dropped.
                        sessions.shutdown().await;
                    }
                    block.stock.drain();
                },
                else => break,
            }
        }
        let ended = Some(Instant::now());
        // Connections that were dropped with their session come back as closed ones.
        connections.resize_with(self.connections, || Connection::new(Arc::clone(&self.addresses)));
        let tally = std::mem::take(&mut *tally.lock().unwrap_or_else(PoisonError::into_inner));
        Share { tally, ended, time: ThreadTime::now().since(before) }
    }
}

/// One connection's part of a block.
struct Session {
    connection: Connection,
    block: Arc<Block>,
    /// Requests that this worker started; never contended, since a worker is one thread.
    sent: Arc<AtomicU64>,
    ledger: Ledger,
}

impl Session {
    async fn run(mut self) -> Connection {
        while let Some(mut chunk) = self.block.stock.take() {
            let stopped = self.send(&mut chunk).await;
            self.ledger.commit();
            if stopped {
                self.block.stock.put_back(chunk);
                break;
            }
        }
        self.connection
    }

    /// Sends the requests of `chunk`; `true` when the pacer said stop.
    async fn send(&mut self, chunk: &mut Chunk) -> bool {
        loop {
            let Some(start) = self.wait_turn().await else { return true };
            if !chunk.is_fresh(start) {
                self.ledger.expired += super::number::count(chunk.requests.len());
                chunk.requests.clear();
            }
            let Some(request) = chunk.requests.pop() else { return false };
            self.exchange(request, start).await;
        }
    }

    async fn exchange(&mut self, request: Outgoing, start: Instant) {
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.ledger.under_way = true;
        let outcome = self.connection.exchange(request, start + self.block.timeout).await;
        self.ledger.under_way = false;
        match outcome {
            Ok(status) => self.ledger.answers.push((status.as_u16(), nanos(start.elapsed()))),
            Err(failure) => {
                self.ledger.failures.push(failure.word);
                if failure.unreachable {
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// The time at which the next request starts; `None` when none may.
    async fn wait_turn(&self) -> Option<Instant> {
        loop {
            let now = Instant::now();
            let elapsed = now.saturating_duration_since(self.block.begin);
            match self.block.pacer.pace(elapsed, self.sent.load(Ordering::Relaxed)) {
                Pace::Now => return Some(now),
                Pace::Wait(wait) => tokio::time::sleep(wait).await,
                Pace::Stop => return None,
            }
        }
    }
}

/// The results of a few requests, which reach the worker's tally together. Also when the session is cut off: what is not
/// counted is exactly what the reader of the report would want to know about.
struct Ledger {
    tally: Arc<Mutex<Tally>>,
    answered: Arc<AtomicU64>,
    answers: Vec<(u16, u64)>,
    failures: Vec<&'static str>,
    expired: u64,
    under_way: bool,
}

impl Ledger {
    fn new(tally: Arc<Mutex<Tally>>, answered: Arc<AtomicU64>) -> Self {
        Self { tally, answered, answers: Vec::new(), failures: Vec::new(), expired: 0, under_way: false }
    }

    fn commit(&mut self) {
        self.answered.fetch_add(super::number::count(self.answers.len()), Ordering::Relaxed);
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        for (status, nanos) in self.answers.drain(..) {
            tally.latencies.record_nanos(nanos);
            *tally.statuses.entry(status).or_default() += 1;
        }
        for word in self.failures.drain(..) {
            *tally.errors.entry(word).or_default() += 1;
        }
        tally.expired += std::mem::take(&mut self.expired);
        tally.unfinished += u64::from(std::mem::take(&mut self.under_way));
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.commit();
    }
}
