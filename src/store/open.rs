//! Opening `ca.db`, also where this process may only read it, as in a mounted secret.

use super::file::check_limit;
use crate::error::{Error, Result};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use rustix::fs::{Access, AtFlags, CWD, accessat};
use std::{
    ffi::OsString,
    fs, io,
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

/// How long to wait for another writer.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// What the database and its side files may grow by while one command runs.
const HEADROOM: u64 = 256 << 10;

pub(super) fn at(path: &Path) -> impl Fn(rusqlite::Error) -> Error {
    move |source| Error::Database { path: path.to_owned(), source }
}

/// Opens the database, for writing if possible.
///
/// SQLite reads a write-ahead log by means of a file that it makes beside it. Where it can make none, the database is
/// read as a file that nobody changes, and that is checked: hence the [`Snapshot`].
pub(super) fn connect(path: &Path) -> Result<(Connection, Option<Snapshot>)> {
    let len = fs::metadata(path).map_err(Error::io("examine", path))?.len();
    check_limit(path, len.saturating_add(HEADROOM))?;
    let refused = match open(path, OpenFlags::SQLITE_OPEN_READ_WRITE) {
        Err(error) if may_not_write(&error) => error,
        opened => return Ok((opened.map_err(at(path))?, None)),
    };
    // SQLite says only that it cannot open the file.
    accessat(CWD, path, Access::READ_OK, AtFlags::EACCESS).map_err(|error| Error::io("read", path)(error.into()))?;
    match open(path, OpenFlags::SQLITE_OPEN_READ_ONLY) {
        Err(error) if may_not_write(&error) => {}
        opened => return Ok((opened.map_err(at(path))?, None)),
    }
    // What is in the log is committed: without it the answers would be out of date.
    let snapshot = Snapshot::take(path)?.ok_or_else(|| at(path)(refused))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let connection = open(immutable(path)?.as_ref(), flags).map_err(at(path))?;
    Ok((connection, Some(snapshot)))
}

fn open(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // A serial number that left the house must still be known after a power cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Not before its first read does SQLite look for the log.
    connection.pragma_query_value(None, "schema_version", |_| Ok(()))?;
    Ok(connection)
}

fn may_not_write(error: &rusqlite::Error) -> bool {
    use ErrorCode::{CannotOpen, PermissionDenied, ReadOnly};
    matches!(error.sqlite_error_code(), Some(CannotOpen | PermissionDenied | ReadOnly))
}

/// The URI that lets SQLite read the file without locks and side files.
fn immutable(path: &Path) -> Result<String> {
    let path = fs::canonicalize(path).map_err(Error::io("examine", path))?;
    let mut uri = "file:".to_owned();
    for &byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' => uri.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    Ok(uri)
}

/// A database file whose log is empty, as it was at one time.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    file: u64,
    len: u64,
    modified: (i64, i64),
}

impl Snapshot {
    /// `None` where the log holds something.
    fn take(path: &Path) -> Result<Option<Self>> {
        let mut log = OsString::from(path);
        log.push("-wal");
        let log = PathBuf::from(log);
        match fs::metadata(&log) {
            Ok(log) if log.len() > 0 => return Ok(None),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Error::io("examine", log)(error)),
            _ => {}
        }
        let now = fs::metadata(path).map_err(Error::io("examine", path))?;
        Ok(Some(Self { file: now.ino(), len: now.len(), modified: (now.mtime(), now.mtime_nsec()) }))
    }

    /// Whether the file is still the same.
    ///
    /// # Errors
    /// [`Error::BadFile`] if not: then what was read of it may belong to no state that it ever had.
    pub(super) fn check(&self, path: &Path) -> Result<()> {
        if Self::take(path)?.as_ref() == Some(self) {
            return Ok(());
        }
        Err(Error::bad_file(path, "somebody else changed it while it was read", "repeat the command"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_path_fits_in_a_uri() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a b?c#d%41&ä.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (7)").unwrap();
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let connection = open(immutable(&path).unwrap().as_ref(), flags).unwrap();
        assert_eq!(connection.query_row("SELECT x FROM t", [], |row| row.get(0)), Ok(7));
        assert!(may_not_write(&connection.execute("INSERT INTO t VALUES (8)", []).unwrap_err()));
    }

    #[test]
    fn a_snapshot_notices_writers() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("ca.db");
        fs::write(&path, "one").unwrap();
        let snapshot = Snapshot::take(&path).unwrap().unwrap();
        fs::write(root.path().join("ca.db-wal"), "").unwrap();
        snapshot.check(&path).unwrap();
        fs::write(root.path().join("ca.db-wal"), "x").unwrap();
        assert!(Snapshot::take(&path).unwrap().is_none());
        assert!(matches!(snapshot.check(&path), Err(Error::BadFile { .. })));
        fs::remove_file(root.path().join("ca.db-wal")).unwrap();
        fs::write(&path, "three").unwrap();
        assert!(matches!(snapshot.check(&path), Err(Error::BadFile { .. })));
    }
}
