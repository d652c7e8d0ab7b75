//! Requests, prepared (and signed) on all cores before they are sent.

use super::{
    cpu::thread_cpu,
    number::{count, float, length},
    target::Target,
};
use crate::error::Result;
use bytes::Bytes;
use http::{HeaderValue, Request, Uri, header};
use http_body_util::Full;
use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// A server refuses signatures that are older than 60 s. What was prepared longer ago than this is thrown away unsent:
/// the rest of the minute is for clocks that disagree and for the request's own way.
pub(super) const FRESH: Duration = Duration::from_secs(25);

/// A request that is ready to be sent once: method, path and query, all headers, body.
///
/// The authority of its URI picks one of the lane's targets; where it has none, or that of no target, the request goes to
/// the first. `Host` is added where it is missing,
/// and so is `Content-Length` for a body.
pub type PreparedRequest = Request<Bytes>;

/// Makes requests. Called from several threads at once; while requests are measured only if these are signed one by one
/// ([`Presign::Inline`](super::Presign::Inline)).
pub trait RequestSource: Send + Sync {
    /// Makes up to `count` requests, none of which was ever returned before where requests must not be repeated. Fewer
    /// than asked for means that no more will come: the run ends with what was sent until then.
    ///
    /// Each is sent within half of the plan's [`window`](super::Plan::window), or thrown away.
    ///
    /// # Errors
    /// Whatever made preparing fail; it ends the run.
    fn prepare(&self, count: usize) -> Result<Vec<PreparedRequest>>;
}

impl<F: Fn(usize) -> Result<Vec<PreparedRequest>> + Send + Sync> RequestSource for F {
    fn prepare(&self, count: usize) -> Result<Vec<PreparedRequest>> {
        self(count)
    }
}

/// A request in the form in which the connection sends it.
pub(super) type Outgoing = Request<Full<Bytes>>;

/// Some requests that were prepared at one time, and are sent by one connection.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) requests: Vec<Outgoing>,
    pub(super) prepared: Instant,
}

impl Chunk {
    pub(super) fn is_fresh(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.prepared) < FRESH
    }
}

/// The requests of a block. Connections take a chunk at a time, so the lock is off the path of most requests.
#[derive(Debug, Default)]
pub(super) struct Stock {
    chunks: Mutex<VecDeque<Chunk>>,
}

impl Stock {
    pub(super) fn new(chunks: VecDeque<Chunk>) -> Self {
        Self { chunks: Mutex::new(chunks) }
    }

    /// The oldest chunk.
    pub(super) fn take(&self) -> Option<Chunk> {
        self.chunks.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Gives back what was not sent.
    pub(super) fn put_back(&self, chunk: Chunk) {
        if !chunk.requests.is_empty() {
            self.chunks.lock().unwrap_or_else(PoisonError::into_inner).push_front(chunk);
        }
    }

    /// All that is left.
    pub(super) fn drain(&self) -> VecDeque<Chunk> {
        std::mem::take(&mut *self.chunks.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What preparing cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) requests: u64,
    /// Sum over the threads of the time that they spent preparing.
    pub(super) time: Duration,
    /// CPU time of the threads, their own bookkeeping included; less than `time` where a signer waits for something
    /// remote.
    pub(super) cpu: Duration,
    /// From start to end, with all threads at work.
    pub(super) wall: Duration,
    /// Bytes of request lines and headers on the wire.
    pub(super) header_bytes: u64,
}

impl Cost {
    pub(super) fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.time += other.time;
        self.cpu += other.cpu;
        self.wall += other.wall;
        self.header_bytes += other.header_bytes;
    }

    /// Requests prepared per second, all threads together; `None` where nothing is known yet.
    pub(super) fn rate(self) -> Option<f64> {
        (self.requests > 0).then(|| float(self.requests) / self.wall.as_secs_f64().max(1e-9))
    }
}

/// Who prepares for whom, and how much.
#[derive(Clone, Copy)]
pub(super) struct Order<'a> {
    pub(super) source: &'a dyn RequestSource,
    pub(super) target: &'a Target,
    pub(super) count: u64,
    pub(super) chunk: u64,
    pub(super) threads: usize,
    pub(super) interrupted: &'a AtomicBool,
}

/// Prepares `order.count` requests on `order.threads` threads. Fewer come back when the source runs dry (then `true` is
/// the last value) or when the caller interrupts the run.
///
/// # Errors
/// The first error of the source.
pub(super) fn prepare(order: Order<'_>) -> Result<(Vec<Chunk>, Cost, bool)> {
    let start = Instant::now();
    let (left, dry) = (AtomicU64::new(order.count), AtomicBool::new(false));
    let results = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..order.threads.max(1)).map(|_| scope.spawn(|| prepare_on_thread(order, &left, &dry))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect::<Vec<_>>()
    });
    let (mut chunks, mut cost) = (Vec::new(), Cost::default());
    for result in results {
        let (some, spent) = result?;
        chunks.extend(some);
        cost.add(spent);
    }
    chunks.sort_by_key(|chunk| chunk.prepared);
    cost.wall = start.elapsed();
    Ok((chunks, cost, dry.into_inner()))
}

fn prepare_on_thread(order: Order<'_>, left: &AtomicU64, dry: &AtomicBool) -> Result<(Vec<Chunk>, Cost)> {
    let (mut chunks, mut cost, cpu) = (Vec::new(), Cost::default(), thread_cpu());
    while !dry.load(Ordering::Relaxed) && !order.interrupted.load(Ordering::Relaxed) {
        let mut wanted = 0;
        let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            wanted = left.min(order.chunk.max(1));
            Some(left - wanted)
        });
        if taken.is_err() || wanted == 0 {
            break;
        }
        let prepared = Instant::now();
        let requests = order.source.prepare(length(wanted)).inspect_err(|_| dry.store(true, Ordering::Relaxed))?;
        cost.time += prepared.elapsed();
        cost.requests += count(requests.len());
        if count(requests.len()) < wanted {
            dry.store(true, Ordering::Relaxed);
        }
        let requests: Vec<_> =
            requests.into_iter().take(length(wanted)).map(|request| outgoing(request, order.target)).collect();
        cost.header_bytes += requests.iter().map(header_bytes).sum::<u64>();
        if !requests.is_empty() {
            chunks.push(Chunk { requests, prepared });
        }
    }
    cost.cpu = thread_cpu().saturating_sub(cpu);
    Ok((chunks, cost))
}

/// Brings a request into the form in which it is sent: origin-form target, `Host`, `Content-Length`.
pub(super) fn outgoing(request: PreparedRequest, target: &Target) -> Outgoing {
    let (mut parts, body) = request.into_parts();
    parts.uri = parts.uri.path_and_query().cloned().map_or_else(|| Uri::from_static("/"), Uri::from);
    parts.headers.entry(header::HOST).or_insert_with(|| target.host_header().clone());
    if !body.is_empty() {
        parts.headers.entry(header::CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(body.len()));
    }
    Request::from_parts(parts, Full::new(body))
}

/// Bytes on the wire before the body.
fn header_bytes(request: &Outgoing) -> u64 {
    let line = request.method().as_str().len() + 1 + request.uri().to_string().len() + " HTTP/1.1\r\n".len();
    let fields: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    count(line + fields + 2)
}

#[cfg(test)]
#[allow(clippy::as_conversions)]
mod tests {
    use super::*;
    use crate::error::Error;
    use std::collections::HashSet;

    fn order<'a>(source: &'a dyn RequestSource, target: &'a Target, interrupted: &'a AtomicBool) -> Order<'a> {
        Order { source, target, count: 1_001, chunk: 16, threads: 4, interrupted }
    }

    #[test]
    fn exactly_the_wanted_number_is_prepared_and_none_twice() {
        let next = AtomicU64::new(0);
        let source = |count: usize| {
            Ok((0..count)
                .map(|_| {
                    let nonce = next.fetch_add(1, Ordering::Relaxed);
                    Request::post("http://ignored/p?q").header("nonce", nonce).body(Bytes::from_static(b"abc")).unwrap()
                })
                .collect())
        };
        let (target, no) = (Target::resolve("http://127.0.0.1:1").unwrap(), AtomicBool::new(false));
        let (chunks, cost, dry) = prepare(order(&source, &target, &no)).unwrap();
        let requests: Vec<_> = chunks.into_iter().flat_map(|chunk| chunk.requests).collect();
        let nonces: HashSet<_> = requests.iter().map(|r| r.headers()["nonce"].clone()).collect();
        assert_eq!((requests.len(), nonces.len(), cost.requests, dry), (1_001, 1_001, 1_001, false));
        let wire = "POST /p?q HTTP/1.1\r\nnonce: 7\r\nhost: 127.0.0.1:1\r\ncontent-length: 3\r\n\r\n";
        let seven = requests.iter().find(|r| r.headers()["nonce"] == "7").unwrap();
        assert_eq!(header_bytes(seven), wire.len() as u64);
    }

    #[test]
    fn a_source_that_runs_dry_or_fails_says_so() {
        let (target, no) = (Target::resolve("http://127.0.0.1:1").unwrap(), AtomicBool::new(false));
        let few = |_: usize| Ok(vec![Request::new(Bytes::new())]);
        let (chunks, _, dry) = prepare(order(&few, &target, &no)).unwrap();
        assert!(dry && chunks.len() < 5);
        let broken = |_: usize| Err(Error::invalid("key", "k", "gone", ""));
        assert!(prepare(order(&broken, &target, &no)).is_err());
    }

    #[test]
    fn an_interrupted_preparation_stops_at_once() {
        let (target, yes) = (Target::resolve("http://127.0.0.1:1").unwrap(), AtomicBool::new(true));
        let never = |_: usize| -> Result<Vec<PreparedRequest>> { panic!("called") };
        let (chunks, cost, dry) = prepare(order(&never, &target, &yes)).unwrap();
        assert!(chunks.is_empty() && cost.requests == 0 && !dry);
    }

    #[test]
    fn old_chunks_are_not_fresh() {
        let chunk = Chunk { requests: Vec::new(), prepared: Instant::now() };
        assert!(chunk.is_fresh(chunk.prepared) && !chunk.is_fresh(chunk.prepared + FRESH));
    }
}
