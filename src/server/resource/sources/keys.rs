//! The keys that tokens are signed with, from a JWK set (RFC 7517) behind a URL or in a file.

use super::{
    super::{
        Resource,
        reload::{INTERVAL, Version, version},
    },
    fetch::FetchError,
    record::{Complaints, Kind, Record},
    remote::Remote,
};
use crate::{
    authz::BearerVerifier,
    error::{Error, Result},
    token::{KeySet, MAX_JWKS_LEN},
};
use http::Uri;
use jiff::Timestamp;
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, Weak, mpsc},
    time::{Duration, Instant},
};
use tokio::sync::{Semaphore, watch};

/// For a whole set.
const LIMIT: Duration = Duration::from_secs(10);
/// How long a request waits whose token names a key that is not in use.
const PATIENCE: Duration = Duration::from_secs(2);
/// So many requests wait at a time; others are answered at once.
const WAITERS: usize = 256;
/// Unknown keys lead to a question at most so often, however short the interval.
const SHORTEST: Duration = Duration::from_secs(1);

/// A set of keys behind a URL.
#[derive(Debug)]
pub(super) struct RemoteKeys {
    remote: Remote,
}

impl RemoteKeys {
    pub(super) fn new(url: Uri, interval: Duration) -> Self {
        Self { remote: Remote::new(Kind::Jwks, url, "application/jwk-set+json, application/json", interval) }
    }

    pub(super) fn record(&self) -> &Arc<Record> {
        self.remote.record()
    }

    /// The first reading.
    pub(super) fn begin(&mut self, tokens: &BearerVerifier, limit: Duration) -> Result<()> {
        self.remote.begin(limit, |body, _| replace(tokens, read(body)?))
    }

    /// A place for requests to wait for this set, and the end at which they ask for it.
    pub(super) fn desk(&self) -> (Desk, mpsc::Receiver<()>) {
        let (ask, asked) = mpsc::channel();
        let desk = Desk {
            ask,
            state: Mutex::default(),
            rounds: watch::Sender::new(0),
            places: Semaphore::new(WAITERS),
            interval: self.remote.interval().max(SHORTEST),
        };
        (desk, asked)
    }

    /// Fetches the set in its rhythm, and when it is asked for, until nobody is left to ask.
    pub(super) fn keep(mut self, resource: &Resource, desk: &Weak<Desk>, asked: mpsc::Receiver<()>) {
        let _round = Round(desk);
        // Here, so that it goes first: once the round has ended nobody can begin another that would never end.
        let asked = asked;
        loop {
            let wait = self.remote.wait(None);
            if let Err(mpsc::RecvTimeoutError::Disconnected) = asked.recv_timeout(wait) {
                return;
            }
            let Some(desk) = desk.upgrade() else { return };
            desk.begin(&asked);
            self.remote.refresh(LIMIT, |body, _| replace(&resource.tokens, read(body)?));
            desk.finish();
        }
    }
}

/// Reads a set, of no more than [`MAX_JWKS_LEN`].
fn read(body: impl Read) -> std::result::Result<KeySet, FetchError> {
    let mut document = Vec::new();
    let limit = u64::try_from(MAX_JWKS_LEN + 1).unwrap_or(u64::MAX);
    body.take(limit).read_to_end(&mut document)?;
    KeySet::from_jwks(&document).map_err(FetchError::Keys)
}

/// Puts keys into use, and says whether they are others than before.
fn replace(tokens: &BearerVerifier, keys: KeySet) -> std::result::Result<bool, FetchError> {
    let changed = *tokens.tokens().keys() != keys;
    if changed {
        tokens.set_keys(keys);
    }
    Ok(changed)
}

/// Where requests wait that bring a token of an unknown key: the issuer may have a new one. Nothing proves that it has, so
/// such requests lead to one question per interval, all together.
#[derive(Debug)]
pub(in super::super) struct Desk {
    ask: mpsc::Sender<()>,
    state: Mutex<State>,
    /// How many readings have ended.
    rounds: watch::Sender<u64>,
    places: Semaphore,
    interval: Duration,
}

#[derive(Debug, Default)]
struct State {
    /// Whether the set is being read, or about to.
    under_way: bool,
    /// When a request last made that happen.
    asked: Option<Instant>,
}

impl Desk {
    /// Waits for a reading of the set that is under way, or that may be started. Returns at once where there is none, or
    /// where too many wait.
    pub(in super::super) async fn wait(&self) {
        let Ok(_place) = self.places.try_acquire() else { return };
        let Some(mut rounds) = self.join(Instant::now()) else { return };
        // Either way the keys are looked at once more.
        let _ = tokio::time::timeout(PATIENCE, rounds.changed()).await;
    }

    fn join(&self, now: Instant) -> Option<watch::Receiver<u64>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.under_way {
            if state.asked.is_some_and(|asked| now.duration_since(asked) < self.interval) {
                return None;
            }
            self.ask.send(()).ok()?;
            *state = State { under_way: true, asked: Some(now) };
        }
        Some(self.rounds.subscribe())
    }

    fn begin(&self, asked: &mpsc::Receiver<()>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // What was asked for until now is answered by this reading.
        while asked.try_recv().is_ok() {}
        state.under_way = true;
    }

    fn finish(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.under_way = false;
        self.rounds.send_modify(|rounds| *rounds += 1);
    }
}

/// Ends the round that is under way when the thread of the readings ends, however it does: requests that came later
/// would wait for it, each as long as it may.
struct Round<'a>(&'a Weak<Desk>);

impl Drop for Round<'_> {
    fn drop(&mut self) {
        if let Some(desk) = self.0.upgrade() {
            desk.finish();
        }
    }
}

/// A set of keys in a file, read again when it changes.
#[derive(Debug)]
pub(super) struct KeyFile {
    path: PathBuf,
    seen: Option<Version>,
    /// It is there and could not be read, which may pass.
    retry: bool,
    record: Arc<Record>,
    complaints: Complaints,
}

impl KeyFile {
    pub(super) fn new(path: PathBuf) -> Self {
        let record = Arc::new(Record::new(Kind::Jwks, path.display().to_string()));
        Self { path, seen: None, retry: false, record, complaints: Complaints::default() }
    }

    pub(super) fn record(&self) -> &Arc<Record> {
        &self.record
    }

    /// The first reading.
    pub(super) fn begin(&mut self, tokens: &BearerVerifier) -> Result<()> {
        self.seen = version(&self.path);
        self.attempt(tokens).map(|_| ()).map_err(|error| {
            self.complaints.failed(&error);
            Error::bad_file(&self.path, error.to_string(), "name a JWK set, as `certauthz ca show --jwks` prints it")
        })
    }

    /// Looks for changes until the other end of `stop` is gone.
    pub(super) fn keep(mut self, resource: &Resource, stop: &mpsc::Receiver<()>) {
        while let Err(mpsc::RecvTimeoutError::Timeout) = stop.recv_timeout(INTERVAL) {
            let found = version(&self.path);
            if found == self.seen && !self.retry {
                if !self.complaints.is_failing() {
                    self.record.confirm(Timestamp::now());
                }
                continue;
            }
            self.seen = found;
            self.refresh(&resource.tokens);
        }
    }

    fn refresh(&mut self, tokens: &BearerVerifier) {
        let outcome = self.attempt(tokens);
        let path = self.path.display();
        match outcome {
            Ok(changed) => {
                if self.complaints.succeeded() {
                    tracing::info!("the set of token keys can be read again from {path}");
                }
                if changed {
                    tracing::info!("new set of token keys from {path}");
                }
            }
            Err(error) => {
                if self.complaints.failed(&error) {
                    tracing::warn!("the old set of token keys stays in use: {path}: {error}");
                }
            }
        }
    }

    fn attempt(&mut self, tokens: &BearerVerifier) -> std::result::Result<bool, FetchError> {
        let outcome = open(&self.path).and_then(read).and_then(|keys| replace(tokens, keys));
        self.retry = self.seen.is_some() && matches!(outcome, Err(FetchError::Transport(_)));
        match &outcome {
            Ok(changed) => self.record.succeeded(*changed, Timestamp::now()),
            Err(_) => self.record.failed.increment(),
        }
        outcome
    }
}

fn open(path: &Path) -> std::result::Result<File, FetchError> {
    File::open(path).map_err(FetchError::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_for_a_reading_that_broke_off() {
        let url = "http://127.0.0.1:1/jwks.json".parse().unwrap();
        let (desk, asked) = RemoteKeys::new(url, Duration::from_secs(3600)).desk();
        let desk = Arc::new(desk);
        let weak = Arc::downgrade(&desk);
        let now = Instant::now();
        let waiting = desk.join(now).unwrap();
        assert!(desk.join(now).is_some(), "they wait together");
        let thread = std::thread::spawn(move || {
            let _round = Round(&weak);
            let asked = asked;
            weak.upgrade().unwrap().begin(&asked);
            panic!("as if a reading did");
        });
        assert!(thread.join().is_err());
        assert!(waiting.has_changed().unwrap(), "those who waited go on");
        assert!(desk.join(now).is_none());
        assert!(desk.join(now + Duration::from_secs(7200)).is_none(), "nobody is left to ask");
    }
}
