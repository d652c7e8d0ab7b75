//! Where a resource server gets what changes while it runs: revocation lists, and the keys that tokens are signed with.
//!
//! Files are looked at every second. A URL is asked once per interval, by a thread of its own, so that neither a slow
//! answer nor a long list holds up requests. Whatever is missing, broken, forged, older or too long changes nothing: what
//! is in use stays in use, and the staleness of lists is judged with each request ([`crate::crl::StalePolicy`]).

mod fetch;
mod keys;
mod lists;
mod pace;
mod record;
mod remote;

pub(super) use keys::Desk;
pub(super) use lists::Keeper;
pub(super) use record::{Kind, Record};

use super::{ListCounts, Resource, RevocationFile, issuers::Issuers};
use crate::{
    authz::BearerVerifier,
    crl::RevocationStore,
    error::{Error, Result},
};
use http::Uri;
use keys::{KeyFile, RemoteKeys};
use lists::RemoteList;
use std::{
    fmt, io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};
use tokio::task::JoinSet;

/// A place where something can be read again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file, which is looked at every second.
    File(PathBuf),
    /// An absolute `http` or `https` URL, which is asked once per interval, by conditional requests (RFC 9110 section 13).
    /// `Cache-Control` does not change the interval; redirects are not followed.
    Url(Uri),
}

/// The path or the URL.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Url(url) => url.fmt(f),
        }
    }
}

/// The sources of one resource server.
#[derive(Debug, Default)]
pub struct Sources {
    files: Option<RevocationFile>,
    issuers: Issuers,
    lists: Vec<RemoteList>,
    keys: Option<Keys>,
    interval: Duration,
}

#[derive(Debug)]
enum Keys {
    File(KeyFile),
    Url(RemoteKeys),
}

/// What there was to be read at the start.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Why lists are missing. Those of all other sources are in the store.
    pub lists: Vec<Error>,
    /// Why the token keys are still those that the verifier was made with.
    pub keys: Option<Error>,
}

impl From<Option<RevocationFile>> for Sources {
    fn from(files: Option<RevocationFile>) -> Self {
        let issuers = files.as_ref().map(RevocationFile::issuers).unwrap_or_default();
        Self { files, issuers, ..Self::default() }
    }
}

impl Sources {
    /// Revocation lists, which must be signed by the keys of these CAs (DER certificates). URLs are asked once per
    /// `interval`, at most ten times a second.
    pub fn new(lists: impl IntoIterator<Item = Source>, issuers: Vec<Vec<u8>>, interval: Duration) -> Self {
        let shared: Arc<[Vec<u8>]> = issuers.clone().into();
        let (mut paths, mut remote) = (Vec::new(), Vec::new());
        for source in lists {
            match source {
                Source::File(path) => paths.push(path),
                Source::Url(url) => remote.push(RemoteList::new(url, Arc::clone(&shared), interval)),
            }
        }
        let files = RevocationFile::new(paths, issuers);
        Self { issuers: files.issuers(), files: Some(files), lists: remote, keys: None, interval }
    }

    /// The keys of tokens, as a JWK set (RFC 7517). Until one was read, those hold that the verifier was made with; a set
    /// without a usable key changes nothing. A token of an unknown key leads to one more question per interval.
    #[must_use]
    pub fn with_keys(mut self, keys: Source) -> Self {
        self.keys = Some(match keys {
            Source::File(path) => Keys::File(KeyFile::new(path)),
            Source::Url(url) => Keys::Url(RemoteKeys::new(url, self.interval)),
        });
        self
    }

    /// Reads every source once, all at the same time and URLs for at most `limit`, so that a server has what it needs
    /// before it answers. [`super::Server::run`] goes on from there.
    pub fn load(&mut self, lists: &mut RevocationStore, tokens: &BearerVerifier, limit: Duration) -> Loaded {
        let mut loaded = Loaded::default();
        if let Some(files) = &self.files {
            loaded.lists.extend(files.load(lists).err());
        }
        let store = Mutex::new(std::mem::take(lists));
        thread::scope(|scope| {
            let store = &store;
            let fetch = |list| {
                let begin = move || RemoteList::begin(list, store, limit).err();
                builder().spawn_scoped(scope, begin).map_err(no_thread)
            };
            let fetches: Vec<_> = self.lists.iter_mut().map(fetch).collect();
            loaded.keys = match &mut self.keys {
                None => None,
                Some(Keys::File(file)) => file.begin(tokens).err(),
                Some(Keys::Url(keys)) => keys.begin(tokens, limit).err(),
            };
            loaded.lists.extend(fetches.into_iter().filter_map(|fetch| match fetch {
                // A thread that panicked has said so itself.
                Ok(thread) => thread.join().ok().flatten(),
                Err(error) => Some(error),
            }));
        });
        *lists = store.into_inner().unwrap_or_else(PoisonError::into_inner);
        loaded
    }

    /// Starts a thread for each URL, and the watch of the files. They end once what is returned is dropped.
    pub(super) fn start(self, resource: &Arc<Resource>, counts: &Arc<ListCounts>) -> Result<(Running, JoinSet<()>)> {
        let keeper = Arc::new(Keeper::new(Arc::clone(resource), Arc::clone(counts)));
        let mut running = Running { issuers: self.issuers, records: Vec::new(), keys: None, _stops: Vec::new() };
        let mut beside = JoinSet::new();
        if let Some(files) = self.files {
            let records = files.records();
            running.records.extend(records.iter().map(Arc::clone));
            beside.spawn(files.watch(Arc::clone(&keeper), records));
        }
        for list in self.lists {
            running.records.push(Arc::clone(list.record()));
            let (keeper, stop) = (Arc::clone(&keeper), running.stop());
            spawn(move || list.keep(&keeper, &stop))?;
        }
        let resource = Arc::clone(resource);
        match self.keys {
            None => {}
            Some(Keys::File(file)) => {
                running.records.push(Arc::clone(file.record()));
                let stop = running.stop();
                spawn(move || file.keep(&resource, &stop))?;
            }
            Some(Keys::Url(keys)) => {
                running.records.push(Arc::clone(keys.record()));
                let (desk, asked) = keys.desk();
                let desk = Arc::new(desk);
                let seen = Arc::downgrade(&desk);
                running.keys = Some(desk);
                spawn(move || keys.keep(&resource, &seen, asked))?;
            }
        }
        Ok((running, beside))
    }
}

/// Fetching blocks, and reading a long list takes a while: not for the threads that answer requests.
fn spawn(run: impl FnOnce() + Send + 'static) -> Result<()> {
    builder().spawn(run).map(|_| ()).map_err(no_thread)
}

fn builder() -> thread::Builder {
    thread::Builder::new().name("certauthz-fetch".to_owned())
}

fn no_thread(source: io::Error) -> Error {
    Error::System { action: "start a thread", source }
}

/// What a running server has of its sources.
pub(super) struct Running {
    pub(super) issuers: Issuers,
    pub(super) records: Vec<Arc<Record>>,
    /// Where tokens of unknown keys wait.
    pub(super) keys: Option<Arc<Desk>>,
    /// Dropped, they end the threads.
    _stops: Vec<mpsc::Sender<()>>,
}

impl Running {
    fn stop(&mut self) -> mpsc::Receiver<()> {
        let (stop, stopped) = mpsc::channel();
        self._stops.push(stop);
        stopped
    }
}
