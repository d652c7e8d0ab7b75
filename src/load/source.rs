//! Requests, prepared (and signed) on all cores before they are sent.

use super::{
    cpu::thread_cpu,
    number::{count, float, length},
    stock::{Chunk, Outgoing},
    target::Target,
};
use crate::error::Result;
use bytes::Bytes;
use http::{HeaderValue, Request, Uri, header};
use http_body_util::Full;
use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

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
    pub(super) routes: &'a Routes,
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
            requests.into_iter().take(length(wanted)).map(|request| order.routes.outgoing(request)).collect();
        cost.header_bytes += requests.iter().map(|outgoing| header_bytes(&outgoing.request)).sum::<u64>();
        if !requests.is_empty() {
            chunks.push(Chunk { requests, prepared });
        }
    }
    cost.cpu = thread_cpu().saturating_sub(cpu);
    Ok((chunks, cost))
}

/// Where the requests of a lane may go.
#[derive(Debug, Clone)]
pub(super) struct Routes {
    /// The lane's targets, each with its place among the targets of all lanes. Not empty.
    targets: Vec<(usize, Target)>,
}

impl Routes {
    /// `all` gets those of `targets` that are not yet in it.
    pub(super) fn new(targets: &[Target], all: &mut Vec<Target>) -> Self {
        let mut place = |target: &Target| {
            // Two URLs of one server share their connections.
            let same = |other: &Target| other.authority() == target.authority();
            all.iter().position(same).unwrap_or_else(|| {
                all.push(target.clone());
                all.len() - 1
            })
        };
        Self { targets: targets.iter().map(|target| (place(target), target.clone())).collect() }
    }

    /// How many targets there are.
    pub(super) fn len(&self) -> usize {
        self.targets.len()
    }

    /// Brings a request into the form in which it is sent to the target that it names.
    pub(super) fn outgoing(&self, request: PreparedRequest) -> Outgoing {
        let authority = request.uri().authority();
        let named = self.targets.iter().find(|(_, target)| authority.is_some_and(|a| a.as_str() == target.authority()));
        match named.or(self.targets.first()) {
            Some((place, target)) => Outgoing { target: *place, ..outgoing(request, target) },
            // Cannot be; and an index of no target fails the request, not the program.
            None => Outgoing { request: Request::default(), target: usize::MAX },
        }
    }
}

/// Brings a request to the first of all targets into the form in which it is sent: origin-form target, `Host`,
/// `Content-Length`.
pub(super) fn outgoing(request: PreparedRequest, target: &Target) -> Outgoing {
    let (mut parts, body) = request.into_parts();
    parts.uri = parts.uri.path_and_query().cloned().map_or_else(|| Uri::from_static("/"), Uri::from);
    parts.headers.entry(header::HOST).or_insert_with(|| target.host_header().clone());
    if !body.is_empty() {
        parts.headers.entry(header::CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(body.len()));
    }
    Outgoing { request: Request::from_parts(parts, Full::new(body)), target: 0 }
}

/// Bytes on the wire before the body.
pub(super) fn header_bytes(request: &Request<Full<Bytes>>) -> u64 {
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

    fn routes(urls: &[&str]) -> Routes {
        let targets: Vec<_> = urls.iter().map(|url| Target::resolve(url).unwrap()).collect();
        Routes::new(&targets, &mut Vec::new())
    }

    fn order<'a>(source: &'a dyn RequestSource, routes: &'a Routes, interrupted: &'a AtomicBool) -> Order<'a> {
        Order { source, routes, count: 1_001, chunk: 16, threads: 4, interrupted }
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
        let (routes, no) = (routes(&["http://127.0.0.1:1"]), AtomicBool::new(false));
        let (chunks, cost, dry) = prepare(order(&source, &routes, &no)).unwrap();
        let requests: Vec<_> = chunks.into_iter().flat_map(|chunk| chunk.requests).collect();
        let nonces: HashSet<_> = requests.iter().map(|r| r.request.headers()["nonce"].clone()).collect();
        assert_eq!((requests.len(), nonces.len(), cost.requests, dry), (1_001, 1_001, 1_001, false));
        let wire = "POST /p?q HTTP/1.1\r\nnonce: 7\r\nhost: 127.0.0.1:1\r\ncontent-length: 3\r\n\r\n";
        let seven = requests.iter().find(|r| r.request.headers()["nonce"] == "7").unwrap();
        assert_eq!(header_bytes(&seven.request), wire.len() as u64);
    }

    #[test]
    fn a_source_that_runs_dry_or_fails_says_so() {
        let (routes, no) = (routes(&["http://127.0.0.1:1"]), AtomicBool::new(false));
        let few = |_: usize| Ok(vec![Request::new(Bytes::new())]);
        let (chunks, _, dry) = prepare(order(&few, &routes, &no)).unwrap();
        assert!(dry && chunks.len() < 5);
        let broken = |_: usize| Err(Error::invalid("key", "k", "gone", ""));
        assert!(prepare(order(&broken, &routes, &no)).is_err());
    }

    #[test]
    fn an_interrupted_preparation_stops_at_once() {
        let (routes, yes) = (routes(&["http://127.0.0.1:1"]), AtomicBool::new(true));
        let never = |_: usize| -> Result<Vec<PreparedRequest>> { panic!("called") };
        let (chunks, cost, dry) = prepare(order(&never, &routes, &yes)).unwrap();
        assert!(chunks.is_empty() && cost.requests == 0 && !dry);
    }

    #[test]
    fn the_authority_of_a_request_picks_its_target() {
        let urls = ["http://127.0.0.1:1/a", "http://127.0.0.1:2/b", "http://127.0.0.1:1/c"];
        let targets: Vec<_> = urls.iter().map(|url| Target::resolve(url).unwrap()).collect();
        let mut all = vec![Target::resolve("http://127.0.0.1:9").unwrap()];
        let routes = Routes::new(&targets, &mut all);
        assert_eq!(
            all.iter().map(Target::authority).collect::<Vec<_>>(),
            ["127.0.0.1:9", "127.0.0.1:1", "127.0.0.1:2"]
        );
        let sent = |url: &str| {
            let outgoing = routes.outgoing(Request::get(url).body(Bytes::new()).unwrap());
            let (uri, host) = (outgoing.request.uri().to_string(), outgoing.request.headers()["host"].clone());
            (outgoing.target, uri, host.to_str().unwrap().to_owned())
        };
        assert_eq!(sent("http://127.0.0.1:2/b?x"), (2, "/b?x".into(), "127.0.0.1:2".into()));
        assert_eq!(sent("http://127.0.0.1:1"), (1, "/".into(), "127.0.0.1:1".into()));
        assert_eq!(sent("/c"), (1, "/c".into(), "127.0.0.1:1".into()));
        assert_eq!(sent("http://elsewhere/c"), (1, "/c".into(), "127.0.0.1:1".into()));
    }
}
