//! Revocation lists from URLs.

use super::{
    super::{ListCounts, Resource},
    fetch::FetchError,
    record::{Kind, Record},
    remote::Remote,
};
use crate::{
    crl::{self, CrlError, IssuerId, Offered, ReadError, RevocationStore},
    error::Error,
};
use http::Uri;
use jiff::Timestamp;
use std::{
    io::Read,
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::Duration,
};

/// For a whole list: the longest that is read, at one megabyte a second.
const LIMIT: Duration = Duration::from_secs(128);

/// The lists in use, and the one place where they are replaced: several sources may bring news at once.
pub(in super::super) struct Keeper {
    resource: Arc<Resource>,
    pub(in super::super) counts: Arc<ListCounts>,
    turn: Mutex<()>,
}

impl Keeper {
    pub(in super::super) fn new(resource: Arc<Resource>, counts: Arc<ListCounts>) -> Self {
        Self { resource, counts, turn: Mutex::new(()) }
    }

    /// Verifies a list and puts it into use, if it is newer than what is.
    pub(in super::super) fn offer(&self, der: Vec<u8>, issuers: &[Vec<u8>]) -> Result<(Offered, IssuerId), CrlError> {
        // What is said in an old list may have been taken back in the new one, so a panic elsewhere changes nothing.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        // Held until after the swap, so that requests do not wait for the memory of the old list to be given back.
        let old = self.resource.certificates.lists();
        let mut lists = (*old).clone();
        let taken = lists.take_der(der, issuers)?;
        if taken.0 == Offered::Kept {
            self.resource.certificates.set_lists(lists);
        }
        drop(old);
        Ok(taken)
    }

    /// For how long the list of this issuer is good.
    fn left(&self, issuer: IssuerId) -> Option<Duration> {
        let next = self.resource.certificates.lists().get(issuer)?.next_update();
        Some(Duration::try_from(next.duration_since(Timestamp::now())).unwrap_or_default())
    }
}

/// A list behind a URL.
#[derive(Debug)]
pub(super) struct RemoteList {
    remote: Remote,
    issuers: Arc<[Vec<u8>]>,
    /// Of the list that came last.
    issuer: Option<IssuerId>,
}

impl RemoteList {
    pub(super) fn new(url: Uri, issuers: Arc<[Vec<u8>]>, interval: Duration) -> Self {
        let remote = Remote::new(Kind::Crl, url, "application/pkix-crl", interval);
        Self { remote, issuers, issuer: None }
    }

    pub(super) fn record(&self) -> &Arc<Record> {
        self.remote.record()
    }

    /// The first reading, into a store that nobody uses yet.
    pub(super) fn begin(&mut self, lists: &Mutex<RevocationStore>, limit: Duration) -> Result<(), Error> {
        let (issuer, issuers) = (&mut self.issuer, &self.issuers);
        self.remote.begin(limit, |body, length| {
            take(body, length, issuer, |der| {
                lists.lock().unwrap_or_else(PoisonError::into_inner).take_der(der, issuers.iter())
            })
        })
    }

    /// Fetches the list in its rhythm until the other end of `stop` is gone.
    pub(super) fn keep(mut self, keeper: &Keeper, stop: &mpsc::Receiver<()>) {
        loop {
            let left = self.issuer.and_then(|issuer| keeper.left(issuer));
            let wait = self.remote.wait(left);
            if let Err(mpsc::RecvTimeoutError::Disconnected) = stop.recv_timeout(wait) {
                return;
            }
            self.refresh(keeper);
        }
    }

    fn refresh(&mut self, keeper: &Keeper) {
        let (issuer, issuers) = (&mut self.issuer, &self.issuers);
        let failures = self.remote.record().failed.value();
        let mut came = false;
        self.remote.refresh(LIMIT, |body, length| {
            came = true;
            take(body, length, issuer, |der| keeper.offer(der, issuers))
        });
        if self.remote.record().failed.value() != failures {
            keeper.counts.failed.increment();
        } else if came {
            keeper.counts.read.increment();
        }
    }
}

/// Reads a list and offers it. `issuer` becomes the one whose list it is.
fn take(
    body: &mut dyn Read,
    length: Option<usize>,
    issuer: &mut Option<IssuerId>,
    offer: impl FnOnce(Vec<u8>) -> Result<(Offered, IssuerId), CrlError>,
) -> Result<bool, FetchError> {
    let der = crl::read_pem_or_der(body, length.unwrap_or(0)).map_err(|error| match error {
        ReadError::Io(error) => FetchError::from(error),
        ReadError::List(error) => FetchError::List(error),
    })?;
    let (offered, whose) = offer(der)?;
    *issuer = Some(whose);
    Ok(offered == Offered::Kept)
}
