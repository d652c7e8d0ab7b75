//! The CA's revocation list on disk: read again when it changes, and taken only if it is newer and verifies.

use super::{ListCounts, Resource, issuers::Issuers};
use crate::{
    crl::{self, CrlError, Offered, ReadError, RevocationStore},
    error::{Error, Result},
};
use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// How often the file's metadata is looked at.
const INTERVAL: Duration = Duration::from_secs(1);

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
struct Version {
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

    /// Looks for changes until the task is dropped. Every file is read once more at first: it may have changed since
    /// [`RevocationFile::load`].
    pub(super) async fn watch(self, resource: Arc<Resource>, counts: Arc<ListCounts>) {
        let mut seen: Vec<Seen> = self.paths.iter().map(|_| Seen::default()).collect();
        let mut interval = tokio::time::interval(INTERVAL);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            let (file, target, before) = (self.clone(), Arc::clone(&resource), seen.clone());
            let counted = Arc::clone(&counts);
            // Reading and verifying a long list takes a while; requests go on with the old one meanwhile.
            match tokio::task::spawn_blocking(move || file.refresh(before, &target, &counted)).await {
                Ok(after) => seen = after,
                Err(error) => tracing::error!("reading the revocation list failed: {error}"),
            }
        }
    }

    /// Reads the files that changed since they were seen, and puts their lists into use.
    fn refresh(&self, mut seen: Vec<Seen>, resource: &Resource, counts: &ListCounts) -> Vec<Seen> {
        let mut store = None;
        for (path, seen) in self.paths.iter().zip(&mut seen) {
            let found = version(path);
            if found == seen.version && !seen.retry {
                continue;
            }
            let failed_before = seen.retry && found == seen.version;
            *seen = Seen { version: found, retry: false };
            let lists = store.get_or_insert_with(|| (*resource.certificates.lists()).clone());
            let loaded = self.load_one(path, lists);
            if loaded.is_ok() { &counts.read } else { &counts.failed }.increment();
            match loaded {
                Ok(Offered::Kept) => tracing::info!("new revocation list from {}", path.display()),
                Ok(Offered::Unchanged) => {}
                Err(error) => {
                    // A list that is not acceptable stays so until it is replaced. One that could not be read (for lack
                    // of file descriptors, say) may say who was revoked: it is tried until it can be.
                    seen.retry = found.is_some() && matches!(error, Error::Io { .. });
                    if !failed_before {
                        tracing::warn!("the old revocation list stays in use: {error}");
                    }
                }
            }
        }
        if let Some(lists) = store {
            // Held until after the swap, so that requests do not wait for the memory of the old list to be given back.
            let old = resource.certificates.lists();
            resource.certificates.set_lists(lists);
            drop(old);
        }
        seen
    }
}

/// What is known of a file.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    version: Option<Version>,
    retry: bool,
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
fn version(path: &Path) -> Option<Version> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path).ok()?;
    Some(Version {
        changed: (metadata.ctime(), metadata.ctime_nsec()),
        len: metadata.len(),
        inode: (metadata.dev(), metadata.ino()),
    })
}
