//! What a long-running process asks of a CA that other processes change too.

use super::{Authority, CA_DATABASE, file};
use crate::{cert::Lifetime, crl::RevocationList, error::Result, store::CrlState};
use jiff::Timestamp;
use rustix::fs::{Access, AtFlags, CWD, accessat};
use std::path::{Path, PathBuf};

/// What tells one version of a file from another: the time of its last change (which nobody can set back, unlike that of
/// the last modification), its size, and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileVersion {
    changed: (i64, i64),
    len: u64,
    /// Device and inode.
    pub(crate) place: (u64, u64),
}

impl FileVersion {
    /// `None` while the file cannot be looked at.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            len: metadata.len(),
            place: (metadata.dev(), metadata.ino()),
        })
    }
}

impl Authority {
    /// A number that changes when another connection, of this process or of another one, has committed something to the
    /// database. Its own changes do not count.
    ///
    /// # Errors
    /// [`crate::error::Error::Database`].
    pub fn data_version(&self) -> Result<i64> {
        self.database.data_version()
    }

    /// Where its database is.
    pub(crate) fn database_path(&self) -> PathBuf {
        self.directory.join(CA_DATABASE)
    }

    /// Whether this process may change the database and replace files beside it. Cheap; a full disk is not noticed.
    pub fn is_writable(&self) -> bool {
        let directory = accessat(CWD, &self.directory, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS);
        directory.is_ok() && self.database.is_writable()
    }

    /// Waits for the end of a publication that is under way: between its commit and its rename the database is ahead of
    /// the list.
    ///
    /// # Errors
    /// [`crate::error::Error::Io`] where the directory cannot be locked.
    pub fn wait_for_publication(&self) -> Result<()> {
        file::lock(&self.directory).map(drop)
    }

    /// Whether a certificate that has not expired was revoked since this list of its was made, and is not on it.
    ///
    /// # Errors
    /// [`crate::error::Error::Database`].
    pub fn has_revoked_more_than(&self, list: &RevocationList, now: Timestamp) -> Result<bool> {
        let revoked = self.database.revoked_since(list.this_update(), now)?;
        Ok(revoked.iter().any(|serial| list.lookup(serial.as_bytes()).is_none()))
    }

    /// As [`Authority::publish_crl`]; the number is higher than `floor` too, which some other list may have had: a database
    /// that was restored from a backup does not know of it, and a list with a lower number is refused everywhere.
    ///
    /// # Errors
    /// As [`Authority::publish_crl`].
    pub fn publish_crl_above(&mut self, floor: u64, lifetime: Lifetime, now: Timestamp) -> Result<CrlState> {
        Ok(self.publish(lifetime, now, |_, writing| writing.raise_crl_number(floor))?.1)
    }
}
