//! The CA's revocation list on disk: read again when it changes, and taken only if it is newer and verifies.

use super::Resource;
use crate::{
    crl::{self, Offered, RevocationList, RevocationStore},
    error::{Error, Result},
    store::file,
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
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

/// What tells one version of a file from another.
type Version = (SystemTime, u64, u64);

impl RevocationFile {
    /// These files, whose lists must be signed by one of these CAs' keys.
    pub fn new(paths: Vec<PathBuf>, issuers: Vec<Vec<u8>>) -> Self {
        Self { paths, issuers }
    }

    /// Reads every file and offers its list to `store`.
    ///
    /// # Errors
    /// [`Error`] of the first file that cannot be read, verified or taken; the lists before it are in the store.
    pub fn load(&self, store: &mut RevocationStore) -> Result<()> {
        self.paths.iter().try_for_each(|path| self.load_one(path, store).map(|_| ()))
    }

    fn load_one(&self, path: &Path, store: &mut RevocationStore) -> Result<Offered> {
        let der = read(path)?;
        let bad = |why: String| Error::bad_file(path, why, "make a new one with `certauthz crl create`");
        let mut refusal = "no CA is given that could have issued it".to_owned();
        for issuer in &self.issuers {
            match RevocationList::verify(&der, issuer) {
                Ok(list) => return store.offer(list).map_err(|e| bad(e.to_string())),
                Err(error) => refusal = error.to_string(),
            }
        }
        Err(bad(refusal))
    }

    /// Looks for changes until the task is dropped.
    pub(super) async fn watch(self, resource: Arc<Resource>) {
        let mut known: Vec<Option<Version>> = self.paths.iter().map(|p| version(p)).collect();
        let mut interval = tokio::time::interval(INTERVAL);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            let found: Vec<_> = self.paths.iter().map(|p| version(p)).collect();
            if found == known {
                continue;
            }
            let (file, target) = (self.clone(), Arc::clone(&resource));
            // Reading and verifying a long list takes a while; requests go on with the old one meanwhile.
            match tokio::task::spawn_blocking(move || file.replace(&target)).await {
                Ok(Ok(())) => tracing::info!("revocation list read again"),
                Ok(Err(error)) => tracing::warn!("the old revocation list stays in use: {error}"),
                Err(error) => tracing::error!("reading the revocation list failed: {error}"),
            }
            known = found;
        }
    }

    fn replace(&self, resource: &Resource) -> Result<()> {
        let mut store = (*resource.certificates.lists()).clone();
        let mut outcome = Ok(());
        for path in &self.paths {
            // One bad file does not keep another's news away.
            if let Err(error) = self.load_one(path, &mut store) {
                outcome = Err(error);
            }
        }
        resource.certificates.set_lists(store);
        outcome
    }
}

/// The DER of a revocation list in PEM or DER.
fn read(path: &Path) -> Result<Vec<u8>> {
    let bytes = file::read(path, file::MAX_CRL_LEN)?;
    crl::pem_or_der(bytes)
        .map_err(|e| Error::bad_file(path, e.to_string(), "make a new one with `certauthz crl create`"))
}

/// `None` while the file cannot be looked at.
fn version(path: &Path) -> Option<Version> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
}
