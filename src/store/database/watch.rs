//! What a long-running process asks of a database that others write.

use super::{Database, Writing, at, serial};
use crate::{cert::Serial, error::Result};
use jiff::Timestamp;
use rusqlite::{MAIN_DB, params};

impl Database {
    /// A number that changes with every commit of another connection.
    pub(crate) fn data_version(&self) -> Result<i64> {
        self.unchanged(self.connection.pragma_query_value(None, "data_version", |row| row.get(0)))
    }

    /// Whether it was opened for more than reading.
    pub(crate) fn is_writable(&self) -> bool {
        self.snapshot.is_none() && self.connection.is_readonly(MAIN_DB).is_ok_and(|readonly| !readonly)
    }

    /// The serial numbers that were revoked at that time or later, of certificates that have not expired.
    pub(crate) fn revoked_since(&self, since: Timestamp, now: Timestamp) -> Result<Vec<Serial>> {
        let query = "SELECT serial FROM certificates WHERE revoked_at >= ?1 AND not_after >= ?2";
        self.collect(query, params![since.as_second(), now.as_second()], |row| serial(row, 0))
    }
}

impl Writing<'_> {
    /// Lets the next list have a higher number than this one.
    pub(crate) fn raise_crl_number(&self, floor: u64) -> Result<()> {
        let floor = i64::try_from(floor).unwrap_or(i64::MAX);
        let raised = self.transaction.execute("UPDATE crl SET number = ?1 WHERE number < ?1", [floor]);
        raised.map(drop).map_err(at(&self.path))
    }
}
