//! The temporary world that is measured where no URL was given.

use super::super::init::make_world;
use crate::output::{Failure, Result};
use certauthz::{key::KeyType, store::Credentials};
use jiff::Timestamp;
use std::{fs::Permissions, io, os::unix::fs::PermissionsExt as _};
use tempfile::TempDir;

/// A temporary directory with credentials. It ends with this, so whoever works in it has to end before.
pub(super) struct World {
    pub(super) credentials: Credentials,
    _directory: TempDir,
}

impl World {
    /// The example world, with keys of this type.
    pub(super) fn make(key: KeyType, now: Timestamp) -> Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("certauthz-")
            // It holds private keys.
            .permissions(Permissions::from_mode(0o700))
            .tempdir()
            .map_err(system("make a temporary directory"))?;
        let credentials = Credentials::new(directory.path().join("credentials"));
        make_world(&credentials, key, false, now)?;
        Ok(Self { credentials, _directory: directory })
    }
}

/// Names what the operating system refused.
pub(super) fn system(action: &'static str) -> impl FnOnce(io::Error) -> Failure {
    move |source| Failure::System { action: action.into(), source }
}
