//! What the server counts, for `/metrics`.
//!
//! A request costs three additions to counters whose places are known beforehand: no lock, no allocation, no text. Names
//! and labels come in when somebody asks, in [`exposition`]. No label ever holds what a peer has sent.

mod exposition;
mod families;
mod histogram;
mod process;

pub(super) use exposition::{Exposition, TEXT_FORMAT};
pub(super) use families::Families;

use super::application::{Endpoint, Route};
use crate::error::Reason;
use histogram::{Histogram, Snapshot};
use http::StatusCode;
use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

/// A number that only grows.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn increment(&self) {
        self.add(1);
    }

    pub(super) fn add(&self, amount: u64) {
        // Nothing else is read in the order of the counts.
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    pub(super) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The answers without a reason of their own. The last stands for whatever is not named.
const PLAIN: [StatusCode; 13] = [
    StatusCode::OK,
    StatusCode::NOT_MODIFIED,
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::NOT_FOUND,
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    StatusCode::NOT_IMPLEMENTED,
    StatusCode::SERVICE_UNAVAILABLE,
    StatusCode::INTERNAL_SERVER_ERROR,
];

const REASONS: usize = Reason::ALL.len();
/// One for each reason, one for the reason that has two statuses (a body is too large: 413, a header: 431), the rest.
const OUTCOMES: usize = REASONS + 1 + PLAIN.len();

fn outcome(status: StatusCode, reason: Option<Reason>) -> usize {
    match reason {
        Some(_) if status == StatusCode::PAYLOAD_TOO_LARGE => REASONS,
        Some(reason) => reason.index(),
        None => REASONS + 1 + PLAIN.iter().position(|plain| *plain == status).unwrap_or(PLAIN.len() - 1),
    }
}

/// What became of one route's requests, as some of the threads have counted it.
#[derive(Debug)]
#[repr(align(128))]
struct Requests {
    outcomes: [Counter; OUTCOMES],
    latency: Histogram,
}

impl Default for Requests {
    fn default() -> Self {
        Self { outcomes: std::array::from_fn(|_| Counter::default()), latency: Histogram::default() }
    }
}

/// So many copies of the request counters there are. With one, additions wait for cache lines from other cores: two that
/// do nothing but count need 36 to 53 ns a request instead of 23 to 28, and more cores more.
const SHARDS: usize = 16;

/// Which copy the calling thread uses: threads take turns as they come.
fn own_shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static OWN: usize = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS);
    OWN.with(|own| *own)
}

/// The place where connections arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listener {
    /// Everybody's.
    Public,
    /// The one for metrics alone.
    Metrics,
}

impl Listener {
    const fn label(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Metrics => "metrics",
        }
    }
}

/// What became of one listener's connections.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Connections {
    /// Those that are or were served.
    pub(super) accepted: Counter,
    /// Those of `accepted` that have ended.
    pub(super) ended: Counter,
    /// Turned away: as many were open as may be.
    pub(super) shed_by_limit: Counter,
    /// Turned away: there was no file descriptor left.
    pub(super) shed_by_descriptors: Counter,
    /// Closed in favour of a newcomer: as many were open as may be.
    pub(super) evicted: Counter,
    /// Closed because a request's head took too long, or never began.
    pub(super) slow_heads: Counter,
    /// Closed because an answer took too long.
    pub(super) slow_answers: Counter,
    /// Closed because no further request came.
    pub(super) idle: Counter,
}

impl Connections {
    fn open(&self) -> u64 {
        // In this order the difference is never negative but for a connection that ends in between.
        let ended = self.ended.value();
        self.accepted.value().saturating_sub(ended)
    }
}

/// Everything that is counted.
#[derive(Debug)]
pub(super) struct Metrics {
    /// Of the first copy's routes, of the second's, and so on.
    requests: Box<[Requests]>,
    routes: usize,
    public: Connections,
    metrics: Connections,
}

impl Metrics {
    /// For so many routes.
    pub(super) fn new(routes: usize) -> Self {
        let requests = std::iter::repeat_with(Requests::default).take(SHARDS * routes).collect();
        Self { requests, routes, public: Connections::default(), metrics: Connections::default() }
    }

    /// Counts a request that was answered, and how long the answer took.
    pub(super) fn answered<E: Endpoint>(
        &self,
        route: Route<E>,
        status: StatusCode,
        reason: Option<Reason>,
        took: Duration,
    ) {
        self.count(route.place(), outcome(status, reason), Some(took));
    }

    /// Counts a request that was refused before its head was complete, hence for no route and without a time.
    pub(super) fn refused_unread<E: Endpoint>(&self, status: StatusCode) {
        self.count(Route::<E>::Other.place(), outcome(status, None), None);
    }

    fn count(&self, route: usize, outcome: usize, took: Option<Duration>) {
        let Some(requests) = self.requests.get(own_shard() * self.routes + route) else { return };
        if let Some(took) = took {
            requests.latency.record(took);
        }
        if let Some(counter) = requests.outcomes.get(outcome) {
            counter.increment();
        }
    }

    /// All copies of one route's counters.
    fn of(&self, route: usize) -> impl Iterator<Item = &Requests> {
        self.requests.iter().skip(route).step_by(self.routes.max(1))
    }

    /// How many requests of this route came out so.
    fn outcomes(&self, route: usize, outcome: usize) -> u64 {
        self.of(route).filter_map(|requests| requests.outcomes.get(outcome)).map(Counter::value).sum()
    }

    fn latency(&self, route: usize) -> Snapshot {
        Snapshot::of(self.of(route).map(|requests| &requests.latency))
    }

    pub(super) fn connections(&self, listener: Listener) -> &Connections {
        match listener {
            Listener::Public => &self.public,
            Listener::Metrics => &self.metrics,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::resource::Path;
    use std::{collections::HashSet, hint::black_box, time::Instant};

    type All = Route<Path>;

    #[test]
    fn every_outcome_has_a_place_of_its_own() {
        let too_large = (StatusCode::PAYLOAD_TOO_LARGE, Some(Reason::CredentialTooLarge));
        let reasons = Reason::ALL.iter().map(|reason| (StatusCode::UNAUTHORIZED, Some(*reason)));
        let all = reasons.chain([too_large]).chain(PLAIN.map(|status| (status, None)));
        let places: HashSet<usize> = all.map(|(status, reason)| outcome(status, reason)).collect();
        assert_eq!(places.len(), OUTCOMES);
        assert!(places.into_iter().all(|place| place < OUTCOMES));
        assert_eq!(outcome(StatusCode::IM_A_TEAPOT, None), OUTCOMES - 1);
    }

    #[test]
    fn counts_are_kept_by_route_and_outcome() {
        let metrics = Metrics::new(All::COUNT);
        for route in All::all() {
            metrics.answered(route, StatusCode::OK, None, Duration::from_micros(3));
        }
        metrics.refused_unread::<Path>(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        std::thread::scope(|scope| {
            for _ in 0..2 * SHARDS {
                scope.spawn(|| metrics.answered(Route::Own(Path::Token), StatusCode::OK, None, Duration::ZERO));
            }
        });
        let sum = |route: All| (0..OUTCOMES).map(|outcome| metrics.outcomes(route.place(), outcome)).sum::<u64>();
        assert_eq!(All::all().map(sum).collect::<Vec<_>>(), [33, 1, 1, 1, 2]);
        assert_eq!(metrics.latency(Route::Own(Path::Token).place()).count, 33);
        assert_eq!(metrics.latency(All::Other.place()).count, 1);
        assert_eq!(All::of("/cert/"), Route::Other);
    }

    /// `cargo test --release --lib server::metrics -- --ignored --nocapture`
    #[test]
    #[ignore = "a measurement"]
    fn cost_of_a_request() {
        const ROUNDS: u32 = 5_000_000;
        for threads in [1, 2, 4] {
            let metrics = Metrics::new(All::COUNT);
            let run = || {
                let start = Instant::now();
                for i in 0..ROUNDS {
                    let took = Duration::from_nanos(u64::from(i.wrapping_mul(2_654_435_761) >> 12));
                    black_box(&metrics).answered(black_box(Route::Own(Path::Certificate)), StatusCode::OK, None, took);
                }
                start.elapsed() / ROUNDS
            };
            let each: Vec<Duration> = std::thread::scope(|scope| {
                let running: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
                running.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            println!("{threads} threads that do nothing else: {each:?} a request");
        }
    }
}
