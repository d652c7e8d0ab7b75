//! The well-behaved client: requests at a planned rate, whatever happens to the earlier ones.

use crate::{
    wire::{PATIENCE, Wire},
    world::Client,
};
use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

/// Requests a second, in all.
const RATE: u32 = 50;
/// Half of them keep their connection, the others make one for each request.
const WORKERS: u32 = 8;

/// What became of the requests that were due.
#[derive(Default)]
pub struct Tally {
    pub kept: Share,
    pub fresh: Share,
}

/// The part of them on kept, or on fresh, connections.
#[derive(Default)]
pub struct Share {
    pub due: u64,
    /// From the time at which each was due to its answer.
    latencies: Vec<Duration>,
    pub failures: BTreeMap<String, u64>,
}

impl Share {
    pub fn succeeded(&self) -> u64 {
        self.latencies.len() as u64
    }

    pub fn success(&self) -> f64 {
        self.succeeded() as f64 / self.due.max(1) as f64
    }

    fn add(&mut self, other: Self) {
        self.due += other.due;
        self.latencies.extend(other.latencies);
        for (what, count) in other.failures {
            *self.failures.entry(what).or_default() += count;
        }
    }
}

impl Tally {
    pub fn due(&self) -> u64 {
        self.kept.due + self.fresh.due
    }

    pub fn succeeded(&self) -> u64 {
        self.kept.succeeded() + self.fresh.succeeded()
    }

    /// The latency that this fraction of the successful requests did not pass.
    pub fn quantile(&self, quantile: f64) -> Duration {
        let mut all: Vec<_> = self.kept.latencies.iter().chain(&self.fresh.latencies).copied().collect();
        all.sort_unstable();
        let rank = (all.len() as f64 * quantile).ceil() as usize;
        all.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

/// Sends requests of `client` until `stop`. Those that are due by then are all waited for.
pub fn behave(client: &Client, address: SocketAddr, stop: &AtomicBool) -> Tally {
    let start = Instant::now();
    let mut tally = Tally::default();
    thread::scope(|scope| {
        let workers: Vec<_> =
            (0..WORKERS).map(|i| scope.spawn(move || work(client, address, stop, start, i))).collect();
        for (i, worker) in workers.into_iter().enumerate() {
            let share = if keeps(i as u32) { &mut tally.kept } else { &mut tally.fresh };
            share.add(worker.join().unwrap());
        }
    });
    tally
}

fn keeps(worker: u32) -> bool {
    worker.is_multiple_of(2)
}

fn work(client: &Client, address: SocketAddr, stop: &AtomicBool, start: Instant, worker: u32) -> Share {
    let mut share = Share::default();
    let mut kept = None;
    for turn in 0.. {
        let due = start + Duration::from_secs(1) * (turn * WORKERS + worker) / RATE;
        // Whoever is behind signs at once, as any client would; the latency counts from when the request was due.
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if stop.load(Ordering::Relaxed) {
            break;
        }
        share.due += 1;
        let request = client.cert_request(address);
        let outcome = ask(&mut kept, address, &request);
        if !keeps(worker) || outcome.is_err() {
            kept = None;
        }
        let latency = due.elapsed();
        let failure = match outcome {
            Ok(answer) if answer.status == 200 && latency <= PATIENCE => {
                share.latencies.push(latency);
                continue;
            }
            Ok(answer) if answer.status == 200 => "late".to_owned(),
            Ok(answer) => answer.name(),
            Err(error) => error.kind().to_string(),
        };
        *share.failures.entry(failure).or_default() += 1;
    }
    share
}

fn ask(kept: &mut Option<Wire>, address: SocketAddr, request: &[u8]) -> io::Result<crate::wire::Answer> {
    match kept {
        Some(wire) => wire.ask(request),
        None => kept.insert(Wire::connect(address)?).ask(request),
    }
}
