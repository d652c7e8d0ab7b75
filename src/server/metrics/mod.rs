//! What the server counts, for `/metrics`.
//!
//! A request costs three additions to counters whose places are known beforehand: no lock, no allocation, no text. Names
//! and labels come in when somebody asks, in the exposition. No label ever holds what a peer has sent.

pub(super) mod families;
mod histogram;
pub(super) mod process;

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

/// The route that a request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    Token,
    Certificate,
    Healthz,
    Metrics,
    /// Any other path, and requests whose path was never read.
    Other,
}

impl Endpoint {
    pub(super) const ALL: [Self; 5] = [Self::Token, Self::Certificate, Self::Healthz, Self::Metrics, Self::Other];

    pub(super) fn of(path: &str) -> Self {
        match path {
            "/token" => Self::Token,
            "/cert" => Self::Certificate,
            "/healthz" => Self::Healthz,
            "/metrics" => Self::Metrics,
            _ => Self::Other,
        }
    }

    /// Whether success proves that the sender has a credential.
    pub(super) const fn wants_credential(self) -> bool {
        matches!(self, Self::Token | Self::Certificate)
    }

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Certificate => "cert",
            Self::Healthz => "healthz",
            Self::Metrics => "metrics",
            Self::Other => "other",
        }
    }

    /// Whether its verifier can refuse a request for this reason. Such counts are shown from the start, as zero: the
    /// step from nothing to one would be no increase to whoever watches.
    pub(super) fn can_refuse_for(self, reason: Reason) -> bool {
        let word = reason.as_str();
        match self {
            Self::Certificate => !word.starts_with("token_"),
            Self::Token => {
                word.starts_with("token_")
                    || matches!(
                        reason,
                        Reason::CredentialMissing
                            | Reason::CredentialMalformed
                            | Reason::CredentialTooLarge
                            | Reason::AlgorithmForbidden
                            | Reason::InsufficientScope
                    )
            }
            Self::Healthz | Self::Metrics | Self::Other => false,
        }
    }
}

/// The answers without a reason of their own. The last stands for whatever is not named.
pub(super) const PLAIN: [StatusCode; 8] = [
    StatusCode::OK,
    StatusCode::BAD_REQUEST,
    StatusCode::NOT_FOUND,
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    StatusCode::NOT_IMPLEMENTED,
    StatusCode::INTERNAL_SERVER_ERROR,
];

pub(super) const REASONS: usize = Reason::ALL.len();
/// One for each reason, one for the reason that has two statuses (a body is too large: 413, a header: 431), the rest.
pub(super) const OUTCOMES: usize = REASONS + 1 + PLAIN.len();

pub(super) fn outcome(status: StatusCode, reason: Option<Reason>) -> usize {
    match reason {
        Some(_) if status == StatusCode::PAYLOAD_TOO_LARGE => REASONS,
        Some(reason) => reason.index(),
        None => REASONS + 1 + PLAIN.iter().position(|plain| *plain == status).unwrap_or(PLAIN.len() - 1),
    }
}

/// What became of one route's requests.
#[derive(Debug)]
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

/// The counters that some of the threads use.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard([Requests; Endpoint::ALL.len()]);

impl Shard {
    pub(super) fn of(&self, endpoint: Endpoint) -> &Requests {
        let [token, certificate, healthz, metrics, other] = &self.0;
        match endpoint {
            Endpoint::Token => token,
            Endpoint::Certificate => certificate,
            Endpoint::Healthz => healthz,
            Endpoint::Metrics => metrics,
            Endpoint::Other => other,
        }
    }
}

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
    pub(super) const fn label(self) -> &'static str {
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
    pub(super) fn open(&self) -> u64 {
        // In this order the difference is never negative but for a connection that ends in between.
        let ended = self.ended.value();
        self.accepted.value().saturating_sub(ended)
    }
}

/// Everything that is counted.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    shards: Box<[Shard; SHARDS]>,
    public: Connections,
    metrics: Connections,
    /// Revocation lists that were read again, whether they brought news or not.
    pub(super) lists_read: Counter,
    /// Revocation lists that could not be read or were not acceptable.
    pub(super) lists_failed: Counter,
}

impl Metrics {
    /// Counts a request that was answered, and how long the answer took.
    pub(super) fn answered(&self, endpoint: Endpoint, status: StatusCode, reason: Option<Reason>, took: Duration) {
        self.count(endpoint, outcome(status, reason), Some(took));
    }

    /// Counts a request that was refused before its head was complete, hence for no route and without a time.
    pub(super) fn refused_unread(&self, status: StatusCode) {
        self.count(Endpoint::Other, outcome(status, None), None);
    }

    pub(super) fn count(&self, endpoint: Endpoint, outcome: usize, took: Option<Duration>) {
        let Some(requests) = self.shards.get(own_shard()).map(|shard| shard.of(endpoint)) else { return };
        if let Some(took) = took {
            requests.latency.record(took);
        }
        if let Some(counter) = requests.outcomes.get(outcome) {
            counter.increment();
        }
    }

    /// How many requests of this route came out so.
    pub(super) fn outcomes(&self, endpoint: Endpoint, outcome: usize) -> u64 {
        self.shards.iter().filter_map(|shard| shard.of(endpoint).outcomes.get(outcome)).map(Counter::value).sum()
    }

    pub(super) fn latency(&self, endpoint: Endpoint) -> Snapshot {
        Snapshot::of(self.shards.iter().map(|shard| &shard.of(endpoint).latency))
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
    use std::{collections::HashSet, hint::black_box, time::Instant};

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
        let metrics = Metrics::default();
        for endpoint in Endpoint::ALL {
            metrics.answered(endpoint, StatusCode::OK, None, Duration::from_micros(3));
        }
        metrics.refused_unread(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        std::thread::scope(|scope| {
            for _ in 0..2 * SHARDS {
                scope.spawn(|| metrics.answered(Endpoint::Token, StatusCode::OK, None, Duration::ZERO));
            }
        });
        let sum = |endpoint| (0..OUTCOMES).map(|outcome| metrics.outcomes(endpoint, outcome)).sum::<u64>();
        assert_eq!(Endpoint::ALL.map(sum), [33, 1, 1, 1, 2]);
        assert_eq!(metrics.latency(Endpoint::Token).count, 33);
        assert_eq!(metrics.latency(Endpoint::Other).count, 1);
        assert_eq!(Endpoint::of("/cert/"), Endpoint::Other);
    }

    /// `cargo test --release --lib server::metrics -- --ignored --nocapture`
    #[test]
    #[ignore = "a measurement"]
    fn cost_of_a_request() {
        const ROUNDS: u32 = 5_000_000;
        for threads in [1, 2, 4] {
            let metrics = Metrics::default();
            let run = || {
                let start = Instant::now();
                for i in 0..ROUNDS {
                    let took = Duration::from_nanos(u64::from(i.wrapping_mul(2_654_435_761) >> 12));
                    black_box(&metrics).answered(black_box(Endpoint::Certificate), StatusCode::OK, None, took);
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
