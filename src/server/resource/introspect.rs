//! Introspection (RFC 7662): the authorization server is asked about tokens, instead of looking at them here.
//!
//! Whoever sends tokens must not be able to make this server wait, or to set it upon the authorization server: a token is
//! asked about once at a time, however many requests bring it; so are at most [`EXCHANGES`] tokens altogether; the answer
//! is remembered; and a request waits for at most [`LIMIT`]. Without an answer nobody is let in.

mod exchange;

use crate::{
    authz::{Introspected, IntrospectionCache, IntrospectionReader},
    error::Rejection,
    key::{Signer, sha256},
    server::metrics::Counter,
};
use exchange::Exchange;
use http::Uri;
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::{Semaphore, watch};

/// How long a request waits for what the authorization server says.
const LIMIT: Duration = Duration::from_secs(2);
/// So many tokens are asked about at a time. More than that wait for nothing, and are answered 503.
const EXCHANGES: usize = 64;

/// The log has a line about failures at most so often: anybody can cause them while the authorization server is away.
const SILENCE: Duration = Duration::from_secs(30);
/// So much is said of a failure, in characters.
const LONGEST: usize = 256;

/// Asks an authorization server about tokens. Cheap to clone.
#[derive(Clone)]
pub struct Introspection(Arc<Shared>);

struct Shared {
    reader: IntrospectionReader,
    cache: IntrospectionCache,
    exchange: Exchange,
    /// One for each exchange that may go on. Held by the thread that waits, so that what takes too long still counts.
    places: Arc<Semaphore>,
    /// The tokens that are being asked about, by their SHA-256.
    flights: Mutex<HashMap<[u8; 32], watch::Receiver<Option<Introspected>>>>,
    complaints: Mutex<Complaints>,
    counts: Counts,
}

impl Shared {
    fn complaints(&self) -> MutexGuard<'_, Complaints> {
        self.complaints.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the log has been told of failures. A success changes nothing: good and bad answers may take turns.
#[derive(Debug, Default)]
struct Complaints {
    told: Option<Instant>,
    untold: u64,
}

impl Complaints {
    /// Whether this failure is worth a line, and how many were not since the last.
    fn failed(&mut self, now: Instant) -> Option<u64> {
        if self.told.is_some_and(|told| now.duration_since(told) < SILENCE) {
            self.untold += 1;
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.untold))
    }
}

/// What became of the tokens.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// An answer was remembered.
    pub(super) remembered: Counter,
    /// Somebody else was asking already.
    pub(super) shared: Counter,
    /// The authorization server has answered.
    pub(super) answered: Counter,
    /// It has not, or not with an answer.
    pub(super) failed: Counter,
    /// It was not asked: there was no place.
    pub(super) shed: Counter,
}

impl Introspection {
    /// Asks at `url`, as the client `client` (RFC 7523, `private_key_jwt`) whose key is behind `signer`; the assertions are
    /// made for the reader's issuer. Answers are remembered for `remember`, or not at all if that is zero.
    pub fn new(
        url: Uri,
        client: String,
        signer: Arc<dyn Signer>,
        reader: IntrospectionReader,
        remember: SignedDuration,
    ) -> Self {
        let exchange = Exchange::new(url, client, reader.issuer().to_owned(), signer, LIMIT, EXCHANGES);
        Self(Arc::new(Shared {
            reader,
            cache: IntrospectionCache::new(remember),
            exchange,
            places: Arc::new(Semaphore::new(EXCHANGES)),
            flights: Mutex::default(),
            complaints: Mutex::default(),
            counts: Counts::default(),
        }))
    }

    /// What the authorization server says, or said lately, about a token. Must be called within a tokio runtime.
    pub(super) async fn ask(&self, token: &str) -> Introspected {
        IntrospectionReader::check_syntax(token)?;
        let digest = sha256(token.as_bytes());
        if let Some(answer) = self.remembered(&digest) {
            return answer;
        }
        let mut flight = match self.board(&digest, token) {
            Ok(flight) => flight,
            Err(answer) => return answer,
        };
        let landed = flight.wait_for(Option::is_some).await;
        let answer = landed.ok().and_then(|answer| Option::clone(&answer));
        answer.unwrap_or_else(|| Err(Rejection::IntrospectionUnavailable("asking was broken off".into())))
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.0.counts
    }

    /// How many answers are remembered.
    pub(super) fn entries(&self) -> usize {
        self.0.cache.len()
    }

    fn remembered(&self, digest: &[u8; 32]) -> Option<Introspected> {
        let answer = self.0.cache.get(digest, Timestamp::now())?;
        self.0.counts.remembered.increment();
        Some(answer)
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<[u8; 32], watch::Receiver<Option<Introspected>>>> {
        // Whoever panicked has left whole entries.
        self.0.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the answer will be: of whoever asks already, or of an exchange that begins now. An error is the answer.
    fn board(&self, digest: &[u8; 32], token: &str) -> Result<watch::Receiver<Option<Introspected>>, Introspected> {
        let counts = &self.0.counts;
        let mut flights = self.flights();
        if let Some(flight) = flights.get(digest) {
            counts.shared.increment();
            return Ok(flight.clone());
        }
        // It may have landed since the first look.
        if let Some(answer) = self.remembered(digest) {
            return Err(answer);
        }
        let Ok(place) = Arc::clone(&self.0.places).try_acquire_owned() else {
            counts.shed.increment();
            let text = format!("{EXCHANGES} tokens are being asked about already");
            return Err(Err(Rejection::IntrospectionUnavailable(text.into())));
        };
        let (land, flight) = watch::channel(None);
        flights.insert(*digest, flight.clone());
        drop(flights);
        let (this, landing, token) = (self.clone(), Landing { of: self.clone(), digest: *digest }, token.to_owned());
        // A task of its own: whoever began may go away while others wait.
        tokio::spawn(async move {
            let shared = Arc::clone(&this.0);
            let asking = tokio::task::spawn_blocking(move || {
                let answer = shared.exchange.ask(&token);
                drop(place);
                answer
            });
            let answer = this.read(tokio::time::timeout(LIMIT, asking).await);
            this.0.cache.insert(landing.digest, &answer, Timestamp::now());
            drop(landing);
            // Nobody may be left to hear it.
            let _ = land.send(Some(answer));
        });
        Ok(flight)
    }

    /// What became of an exchange.
    fn read(&self, asked: Result<Result<Asked, tokio::task::JoinError>, tokio::time::error::Elapsed>) -> Introspected {
        let counts = &self.0.counts;
        let text = match asked {
            Ok(Ok(Ok(answer))) => match self.0.reader.read(&answer, Timestamp::now()) {
                Err(Rejection::IntrospectionUnavailable(why)) => why,
                verdict => {
                    counts.answered.increment();
                    return verdict.map(Arc::new);
                }
            },
            Ok(Ok(Err(why))) => why.into(),
            Ok(Err(_)) => "asking has failed".into(),
            Err(_) => format!("no answer within {} s", LIMIT.as_secs()).into(),
        };
        counts.failed.increment();
        // It may quote the answer, and lines are not to be broken by others.
        let text: String = text.escape_debug().take(LONGEST).collect();
        if let Some(untold) = self.0.complaints().failed(Instant::now()) {
            tracing::warn!("introspection has failed: {text} ({untold} more since the last such line)");
        }
        Err(Rejection::IntrospectionUnavailable(text.into()))
    }
}

/// Ends a flight, also when asking has panicked: nobody could ask about that token again.
struct Landing {
    of: Introspection,
    digest: [u8; 32],
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.of.flights().remove(&self.digest);
    }
}

/// The body of an answer, or why there is none.
type Asked = Result<Vec<u8>, String>;

impl fmt::Debug for Introspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Introspection").field("exchange", &self.0.exchange).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{KeyType, LocalKey};

    /// Asks where nobody is.
    fn lonely() -> Introspection {
        let reader = IntrospectionReader::new("http://as".into(), "bob".into(), SignedDuration::ZERO);
        let signer = Arc::new(LocalKey::generate(KeyType::Ed25519).unwrap());
        Introspection::new("http://127.0.0.1:1/".parse().unwrap(), "bob".into(), signer, reader, SignedDuration::ZERO)
    }

    #[test]
    fn an_outage_fills_neither_the_log_nor_a_line() {
        let (mut complaints, start) = (Complaints::default(), Instant::now());
        let told = [0, 1, 29, 30, 31, 90].map(|second| complaints.failed(start + Duration::from_secs(second)));
        assert_eq!(told, [Some(0), None, None, Some(2), None, Some(1)]);

        let failed = lonely().read(Ok(Ok(Err(format!("a\nb{}", "x".repeat(60_000))))));
        let Err(Rejection::IntrospectionUnavailable(text)) = failed else { panic!("{failed:?}") };
        assert!(text.starts_with("a\\nbx") && text.len() == LONGEST, "{text}");
    }

    #[test]
    fn a_flight_that_breaks_off_is_over() {
        let introspection = lonely();
        let (land, flight) = watch::channel(None);
        introspection.flights().insert([7; 32], flight);
        let of = introspection.clone();
        let broken = std::thread::spawn(move || {
            let _landing = Landing { of, digest: [7; 32] };
            let _land: watch::Sender<Option<Introspected>> = land;
            panic!("as if reading an answer did");
        });
        assert!(broken.join().is_err());
        assert!(introspection.flights().is_empty());
    }
}
