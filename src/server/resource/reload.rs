//! The CA's revocation list on disk: read again when it changes, and taken only if it is newer and verifies.

use super::{
    issuers::Issuers,
    sources::{Keeper, Kind, Record},
};
use crate::{
    crl::{self, CrlError, Offered, ReadError, RevocationStore},
    error::{Error, Result},
};
use jiff::Timestamp;
use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// How often the file's metadata is looked at.
pub(super) const INTERVAL: Duration = Duration::from_secs(1);

/// Revocation lists in files, each with the certificate of the CA that issues it.
#[derive(Debug, Clone)]
pub struct RevocationFile {
    /// The files: DER or PEM.
    paths: Vec<PathBuf>,
    /// The DER certificates of the CAs whose lists these are.
    issuers: Vec<Vec<u8>>,
}

/// What tells one version of a file from another: the time of its last change (which nobody can set back, unlike that of
/// the last modification), its size, and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    changed: (i64, i64),
    len: u64,
    inode: (u64, u64),
}

impl RevocationFile {
    /// These files, whose lists must be signed by one of these CAs' keys.
    pub fn new(paths: Vec<PathBuf>, issuers: Vec<Vec<u8>>) -> Self {
        Self { paths, issuers }
    }

    /// Names for the issuers.
    pub(super) fn issuers(&self) -> Issuers {
        Issuers::new(&self.issuers)
    }

    /// Reads every file and offers its list to `store`.
    ///
    /// # Errors
    /// [`Error`] of the first file that cannot be read, verified or taken; the lists of all others are in the store.
    pub fn load(&self, store: &mut RevocationStore) -> Result<()> {
        let mut outcome = Ok(());
        for path in &self.paths {
            // One bad file does not keep another's news away.
            let loaded = self.load_one(path, store).map(|_| ());
            outcome = outcome.and(loaded);
        }
        outcome
    }

    fn load_one(&self, path: &Path, store: &mut RevocationStore) -> Result<Offered> {
        let der = read(path)?;
        store.offer_der(der, &self.issuers).map_err(|error| unusable(path, &error))
    }

    /// The counts of each file.
    pub(super) fn records(&self) -> Vec<Arc<Record>> {
        let record = |path: &PathBuf| Arc::new(Record::new(Kind::Crl, path.display().to_string()));
        self.paths.iter().map(record).collect()
    }

    /// Looks for changes until the task is dropped. Every file is read once more at first: it may have changed since
    /// [`RevocationFile::load`].
    pub(super) async fn watch(self, keeper: Arc<Keeper>, records: Vec<Arc<Record>>) {
        let seen = |record| Seen { record, version: None, retry: false, failed: false };
        let mut seen: Vec<Seen> = records.into_iter().map(seen).collect();
        let mut interval = tokio::time::interval(INTERVAL);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            let (file, keeper, before) = (self.clone(), Arc::clone(&keeper), seen.clone());
            // Reading and verifying a long list takes a while; requests go on with the old one meanwhile.
            match tokio::task::spawn_blocking(move || file.refresh(before, &keeper)).await {
                Ok(after) => seen = after,
                Err(error) => tracing::error!("reading the revocation list failed: {error}"),
            }
        }
    }

    /// Reads the files that changed since they were seen, and puts their lists into use.
    fn refresh(&self, mut seen: Vec<Seen>, keeper: &Keeper) -> Vec<Seen> {
        for (path, seen) in self.paths.iter().zip(&mut seen) {
            let found = version(path);
            if found == seen.version && !seen.retry {
                if !seen.failed {
                    seen.record.confirm(Timestamp::now());
                }
                continue;
            }
            let failed_before = seen.retry && found == seen.version;
            let taken = read(path)
                .and_then(|der| keeper.offer(der, &self.issuers).map_err(|error| unusable(path, &error)))
                .map(|(offered, _)| offered);
            // A list that is not acceptable stays so until it is replaced. One that could not be read (for lack of file
            // descriptors, say) may say who was revoked: it is tried until it can be.
            seen.retry = found.is_some() && matches!(taken, Err(Error::Io { .. }));
            seen.failed = taken.is_err();
            seen.version = found;
            match taken {
                Ok(offered) => {
                    keeper.counts.read.increment();
                    seen.record.succeeded(offered == Offered::Kept, Timestamp::now());
                    if offered == Offered::Kept {
                        tracing::info!("new revocation list from {}", path.display());
                    }
                }
                Err(error) => {
                    keeper.counts.failed.increment();
                    seen.record.failed.increment();
                    if !failed_before {
                        tracing::warn!("the old revocation list stays in use: {error}");
                    }
                }
            }
        }
        seen
    }
}

/// What is known of a file.
#[derive(Debug, Clone)]
struct Seen {
    record: Arc<Record>,
    version: Option<Version>,
    /// It is there and could not be read.
    retry: bool,
    failed: bool,
}

/// The DER of a revocation list in PEM or DER.
fn read(path: &Path) -> Result<Vec<u8>> {
    let file = File::open(path).map_err(Error::io("open", path))?;
    let len = file.metadata().map_err(Error::io("examine", path))?.len();
    crl::read_pem_or_der(file, usize::try_from(len).unwrap_or(usize::MAX)).map_err(|error| match error {
        ReadError::Io(error) => Error::io("read", path)(error),
        ReadError::List(error) => unusable(path, &error),
    })
}

fn unusable(path: &Path, error: &CrlError) -> Error {
    Error::bad_file(path, error.to_string(), "make a new one with `certauthz crl create`")
}

/// `None` while the file cannot be looked at.
pub(super) fn version(path: &Path) -> Option<Version> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path).ok()?;
    Some(Version {
        changed: (metadata.ctime(), metadata.ctime_nsec()),
        len: metadata.len(),
        inode: (metadata.dev(), metadata.ino()),
    })
}
