//! Keeps the revocation list current: takes what other processes have published, and publishes what is lacking.
//!
//! Whoever revokes by the command line publishes a list at once. What is left to do here is to notice it, to renew the
//! list at two thirds of its life, and to make up for a process that was killed in the middle. Requests never wait for
//! any of this.

use super::{
    documents::Published,
    state::{Shared, Unready},
};
use crate::{
    cert::{Lifetime, facts::Facts},
    crl::{Freshness, ReadError, RevocationList, read_pem_or_der},
    error::{Error, Result},
    number,
    store::{Authority, Credentials, FileVersion, Name},
};
use jiff::{SignedDuration, Timestamp};
use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// How often the database and the list's file are looked at: one small query, and the metadata of two files.
const INTERVAL: Duration = Duration::from_millis(200);
/// How long to wait after the first failure. Each further one doubles it.
const PAUSE: SignedDuration = SignedDuration::from_secs(1);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_secs(60);

/// Looks after the list of one CA.
pub(super) struct Publisher {
    credentials: Credentials,
    name: Name,
    certificate: Facts,
    lifetime: Lifetime,
    crl_path: PathBuf,
    database_path: PathBuf,
    /// `None` while its files cannot be used.
    ca: Option<Open>,
    /// The list's file as it was last read.
    file: Option<FileVersion>,
    /// Whether that file holds the list that is served.
    on_disk: bool,
    /// Why a new list is needed, if it is.
    wanted: Option<&'static str>,
    failures: Backoff,
    reopening: Backoff,
    warned: String,
    shared: Arc<Shared>,
}

/// The CA with its database, as long as that is where it was.
struct Open {
    authority: Authority,
    place: Option<(u64, u64)>,
    data_version: i64,
}

impl Open {
    fn new(authority: Authority, database: &Path) -> Result<Self> {
        let place = FileVersion::of(database).map(|version| version.place);
        let data_version = authority.data_version()?;
        Ok(Self { authority, place, data_version })
    }

    /// Whether somebody else has written since the last time.
    fn has_news(&mut self) -> Result<bool> {
        let version = self.authority.data_version()?;
        Ok(std::mem::replace(&mut self.data_version, version) != version)
    }
}

/// Waits longer after each failure.
#[derive(Debug, Default)]
struct Backoff(Option<(Timestamp, SignedDuration)>);

impl Backoff {
    fn may_try(&self, now: Timestamp) -> bool {
        // A clock that was set back must not put it off for ever.
        self.0.is_none_or(|(until, pause)| now >= until || until.duration_since(now) > pause)
    }

    fn failed(&mut self, now: Timestamp) {
        let pause = self.0.map_or(PAUSE, |(_, pause)| (pause * 2).min(LONGEST_PAUSE));
        self.0 = Some((now.saturating_add(pause).unwrap_or(now), pause));
    }

    fn has_failed(&self) -> bool {
        self.0.is_some()
    }
}

impl Publisher {
    /// Looks after this CA's list, and sees to it at once.
    ///
    /// # Errors
    /// [`Error::Database`] where it cannot be read. That there is no usable list, and none can be made, is no error here.
    pub(super) fn new(
        credentials: &Credentials,
        authority: Authority,
        lifetime: Lifetime,
        shared: Arc<Shared>,
        now: Timestamp,
    ) -> Result<Self> {
        let database_path = authority.database_path();
        let mut publisher = Self {
            credentials: credentials.clone(),
            name: authority.name().clone(),
            certificate: authority.certificate().clone(),
            lifetime,
            crl_path: authority.crl_path(),
            ca: Some(Open::new(authority, &database_path)?),
            database_path,
            file: None,
            on_disk: false,
            wanted: None,
            failures: Backoff::default(),
            reopening: Backoff::default(),
            warned: String::new(),
            shared,
        };
        publisher.look(now);
        Ok(publisher)
    }

    /// Looks for changes until the task is dropped.
    pub(super) async fn watch(mut self) {
        let mut interval = tokio::time::interval(INTERVAL);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let shared = Arc::clone(&self.shared);
        loop {
            interval.tick().await;
            let looked = tokio::task::spawn_blocking(move || {
                self.look(Timestamp::now());
                self
            });
            match looked.await {
                Ok(publisher) => self = publisher,
                Err(error) => {
                    tracing::error!("the revocation list is not looked after any more: {error}");
                    return shared.set_readiness(Err(Unready::Broken));
                }
            }
        }
    }

    /// Takes and publishes what there is to take and to publish.
    pub(super) fn look(&mut self, now: Timestamp) {
        self.check_database(now);
        let file = FileVersion::of(&self.crl_path);
        let changed = file != self.file;
        if changed {
            self.take(file);
        }
        let news = self.try_with(Open::has_news).unwrap_or(false);
        if changed || news || self.wanted.is_some() || self.is_due(now) {
            self.wanted = self.lack(now);
        }
        if self.wanted.is_none() {
            self.failures = Backoff::default();
        } else if self.failures.may_try(now) {
            self.publish(now);
        }
        let readiness = self.readiness(now);
        self.shared.set_readiness(readiness);
    }

    /// Notices that the database is gone, or back.
    fn check_database(&mut self, now: Timestamp) {
        let place = FileVersion::of(&self.database_path).map(|version| version.place);
        if self.ca.as_ref().is_some_and(|ca| ca.place != place) {
            self.warn("the CA's database was removed or replaced".to_owned());
            self.ca = None;
        }
        if self.ca.is_some() || !self.reopening.may_try(now) {
            return;
        }
        match self.reopen() {
            Ok(ca) => {
                tracing::info!("the CA's database is there again");
                self.ca = Some(ca);
                self.reopening = Backoff::default();
                self.wanted = Some("its database was away");
            }
            Err(error) => {
                self.reopening.failed(now);
                self.warn(format!("the CA cannot be used: {error}"));
            }
        }
    }

    fn reopen(&self) -> Result<Open> {
        let authority = self.credentials.authority(&self.name)?;
        if authority.certificate().der != self.certificate.der {
            return Err(Error::not_allowed(
                "CA",
                &self.name,
                "it was replaced by another one of this name",
                "restart the server",
            ));
        }
        Open::new(authority, &self.database_path)
    }

    /// Asks the CA. One whose database fails is opened again later.
    fn try_with<T>(&mut self, ask: impl FnOnce(&mut Open) -> Result<T>) -> Option<T> {
        match ask(self.ca.as_mut()?) {
            Ok(answer) => Some(answer),
            Err(error) => {
                self.warn(format!("the CA cannot be used: {error}"));
                self.ca = None;
                None
            }
        }
    }

    /// Reads the list's file, and serves its list if that is newer than the one that is served.
    fn take(&mut self, file: Option<FileVersion>) {
        self.file = file;
        self.on_disk = match self.read() {
            Ok(found) => self.offer(found),
            Err(error) => {
                self.warn(format!("the list on disk cannot be used: {error}"));
                false
            }
        };
    }

    fn read(&self) -> Result<Published> {
        let path = &self.crl_path;
        let file = File::open(path).map_err(Error::io("open", path))?;
        let len = file.metadata().map_err(Error::io("examine", path))?.len();
        let unusable = |why: String| Error::bad_file(path, why, "it is replaced");
        let der = read_pem_or_der(file, number::length(len)).map_err(|error| match error {
            ReadError::Io(error) => Error::io("read", path)(error),
            ReadError::List(error) => unusable(error.to_string()),
        })?;
        Published::new(der, &self.certificate).map_err(|error| unusable(error.to_string()))
    }

    /// Whether this list is served from now on, or was already.
    fn offer(&mut self, found: Published) -> bool {
        if let Some(served) = self.shared.list() {
            if served.der.body() == found.der.body() {
                return true;
            }
            if found.list.number() <= served.list.number() {
                let (found, served) = (found.number(), served.number());
                self.warn(format!("the list on disk has number {found}, and number {served} was published before"));
                return false;
            }
        }
        tracing::info!("serving revocation list number {}, {} entries", found.number(), found.list.len());
        self.shared.set_published(found);
        true
    }

    fn is_due(&self, now: Timestamp) -> bool {
        // One from a clock that ran ahead would be good for nobody until then.
        let early = |list: &RevocationList| matches!(list.freshness(now), Freshness::NotYetValid { .. });
        self.shared.list().is_none_or(|served| served.renew_at() <= now || early(&served.list))
    }

    /// Why a new list is needed, if it is.
    fn lack(&mut self, now: Timestamp) -> Option<&'static str> {
        if !self.on_disk {
            return Some("there is no usable list on disk");
        }
        if self.is_due(now) {
            return Some("two thirds of the list's life are over, or it has not begun");
        }
        let served = self.shared.list()?;
        self.try_with(|ca| {
            if ca.authority.crl_state()?.number > served.number() {
                return Ok(Some("a publication was cut off"));
            }
            let more = ca.authority.has_revoked_more_than(&served.list, now)?;
            Ok(more.then_some("a certificate was revoked"))
        })
        .flatten()
    }

    /// Publishes a list, unless another process is just doing so.
    fn publish(&mut self, now: Timestamp) {
        let Some(ca) = &self.ca else { return };
        if let Err(error) = ca.authority.wait_for_publication() {
            return self.failed(&error, now);
        }
        let file = FileVersion::of(&self.crl_path);
        if file != self.file {
            self.take(file);
        }
        self.wanted = self.lack(now);
        let Some(why) = self.wanted else { return };
        let floor = self.shared.list().map_or(0, |served| served.number());
        let lifetime = self.lifetime;
        let Some(ca) = &mut self.ca else { return };
        match ca.authority.publish_crl_above(floor, lifetime, now) {
            Ok(state) => {
                tracing::info!("published revocation list number {}: {why}", state.number);
                self.take(FileVersion::of(&self.crl_path));
                self.wanted = self.lack(now);
                self.shared.counts.lists_published.increment();
            }
            Err(error) => return self.failed(&error, now),
        }
        if self.wanted.is_some() {
            // Another one at once would be no better.
            self.failures.failed(now);
        } else {
            self.failures = Backoff::default();
            self.warned.clear();
        }
    }

    fn failed(&mut self, error: &Error, now: Timestamp) {
        self.failures.failed(now);
        self.shared.counts.lists_failed.increment();
        self.warn(format!("no new revocation list could be published, the old one stays: {error}"));
    }

    /// Whether certificates and tokens can be issued.
    fn readiness(&self, now: Timestamp) -> Result<(), Unready> {
        let Some(ca) = &self.ca else { return Err(Unready::Database) };
        match self.shared.list() {
            None => return Err(Unready::NoList),
            Some(served) if served.list.freshness(now) != Freshness::Current => return Err(Unready::StaleList),
            Some(_) => {}
        }
        if !ca.authority.is_writable() {
            return Err(Unready::ReadOnly);
        }
        match self.wanted.is_some() && self.failures.has_failed() {
            true => Err(Unready::OldList),
            false => Ok(()),
        }
    }

    /// The same is not said again and again.
    fn warn(&mut self, text: String) {
        if text != self.warned {
            tracing::warn!("{text}");
            self.warned = text;
        }
    }
}
