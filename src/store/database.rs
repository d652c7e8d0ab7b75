//! `ca.db`: what a CA must never forget. SQLite with a write-ahead log, safe for several processes at once.

mod keys;
mod watch;

use super::{
    open::{self, Snapshot, at},
    record::{CertificateRecord, ClientRecord, CrlState, Kind, Revocation},
    rows::{client, positive, reason, record, serial, time},
};
use crate::{
    cert::{Serial, Subject, facts::Facts},
    crl::issue::Entry,
    error::{Error, Result},
    scope::Scopes,
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params};
use std::{
    fs::OpenOptions,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// Marks the file as ours (`PRAGMA application_id`): "cauz".
const APPLICATION_ID: i64 = 0x6361_757a;
/// The layout below; a later one comes with the steps that lead to it.
const VERSION: i64 = 1;

const SCHEMA: &str = "
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE clients (
        name TEXT PRIMARY KEY,
        spki BLOB NOT NULL,
        scopes TEXT NOT NULL,
        updated_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE certificates (
        serial BLOB NOT NULL UNIQUE,
        client TEXT REFERENCES clients (name),
        ca TEXT,
        common_name TEXT NOT NULL,
        organization TEXT,
        scopes TEXT NOT NULL,
        not_before INTEGER NOT NULL,
        not_after INTEGER NOT NULL,
        issued_at INTEGER NOT NULL,
        revoked_at INTEGER,
        reason INTEGER,
        der BLOB NOT NULL,
        CHECK ((client IS NULL) <> (ca IS NULL)),
        CHECK ((revoked_at IS NULL) = (reason IS NULL))
    ) STRICT;
    CREATE INDEX certificates_of_client ON certificates (client);
    CREATE INDEX certificates_of_common_name ON certificates (common_name);
    CREATE INDEX revoked_certificates ON certificates (revoked_at) WHERE revoked_at IS NOT NULL;
    CREATE TABLE crl (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        number INTEGER NOT NULL,
        this_update INTEGER NOT NULL,
        next_update INTEGER NOT NULL
    ) STRICT;
    INSERT INTO crl VALUES (1, 0, 0, 0);
";

const CLIENTS: &str = "SELECT name, spki, scopes, updated_at FROM clients";
const COLUMNS: &str = "serial, client, ca, common_name, organization, scopes, not_before, not_after, issued_at, \
    revoked_at, reason";

/// An open `ca.db`.
#[derive(Debug)]
pub(crate) struct Database {
    connection: Connection,
    path: PathBuf,
    /// What it was when it was opened, if nothing but that can be read.
    snapshot: Option<Snapshot>,
}

impl Database {
    /// Makes a new one, mode 0600 (SQLite gives its side files the same).
    pub(crate) fn create(path: &Path, meta: &[(&str, &str)]) -> Result<Self> {
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        made.map_err(Error::io("create", path))?;
        let failed = at(path);
        let mut database = Self::connect(path)?;
        database.connection.pragma_update(None, "journal_mode", "WAL").map_err(&failed)?;
        let transaction =
            database.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
        transaction.execute_batch(SCHEMA).map_err(&failed)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(&failed)?;
        transaction.pragma_update(None, "user_version", VERSION).map_err(&failed)?;
        for (key, value) in meta {
            transaction.execute("INSERT INTO meta VALUES (?1, ?2)", [key, value]).map_err(&failed)?;
        }
        transaction.commit().map_err(&failed)?;
        Ok(database)
    }

    fn connect(path: &Path) -> Result<Self> {
        let (connection, snapshot) = open::connect(path)?;
        Ok(Self { connection, path: path.to_owned(), snapshot })
    }

    /// Opens an existing one, for reading only where this process may do no more.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let hint = "restore ca.db from a backup, or make the CA anew with `ca create --force`";
        if !path.is_file() {
            return Err(Error::bad_file(path, "the CA has no database", hint));
        }
        let failed = at(path);
        let database = Self::connect(path)?;
        let number = |pragma| database.connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
        if number("application_id").map_err(&failed)? != APPLICATION_ID {
            return Err(Error::bad_file(path, "it is not the database of a CA", hint));
        }
        match number("user_version").map_err(&failed)? {
            VERSION => Ok(database),
            other => Err(Error::bad_file(
                path,
                format!("its layout is version {other}, and this program knows version {VERSION}"),
                "use the version of certauthz that wrote it, or a later one",
            )),
        }
    }

    /// A value that was given when the CA was made.
    pub(crate) fn meta(&self, key: &str) -> Result<Option<String>> {
        let query = "SELECT value FROM meta WHERE key = ?1";
        self.unchanged(self.connection.query_row(query, [key], |row| row.get(0)).optional())
    }

    /// All certificates, in the order in which they were issued.
    pub(crate) fn certificates(&self) -> Result<Vec<CertificateRecord>> {
        let query = format!("SELECT {COLUMNS} FROM certificates ORDER BY rowid");
        self.collect(&query, [], record)
    }

    /// The certificate with this serial number.
    pub(crate) fn certificate(&self, serial: &Serial) -> Result<Option<CertificateRecord>> {
        let query = format!("SELECT {COLUMNS} FROM certificates WHERE serial = ?1");
        Ok(self.collect(&query, [serial.as_bytes()], record)?.pop())
    }

    /// All clients, by name.
    pub(crate) fn clients(&self) -> Result<Vec<ClientRecord>> {
        self.collect(&format!("{CLIENTS} ORDER BY name"), [], client)
    }

    /// The client of this name.
    pub(crate) fn client(&self, name: &str) -> Result<Option<ClientRecord>> {
        Ok(self.collect(&format!("{CLIENTS} WHERE name = ?1"), [name], client)?.pop())
    }

    /// The DER of the certificate with this serial number.
    pub(crate) fn der(&self, serial: &Serial) -> Result<Option<Vec<u8>>> {
        let query = "SELECT der FROM certificates WHERE serial = ?1";
        self.unchanged(self.connection.query_row(query, [serial.as_bytes()], |row| row.get(0)).optional())
    }

    /// The newest revocation list.
    pub(crate) fn crl_state(&self) -> Result<CrlState> {
        self.unchanged(crl_state(&self.connection))
    }

    /// What was read, if it was not read while somebody else wrote.
    fn unchanged<T>(&self, read: rusqlite::Result<T>) -> Result<T> {
        self.snapshot.as_ref().map_or(Ok(()), |snapshot| snapshot.check(&self.path))?;
        read.map_err(at(&self.path))
    }

    fn collect<T>(
        &self,
        query: &str,
        params: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let rows = || self.connection.prepare(query)?.query_map(params, read)?.collect::<rusqlite::Result<Vec<_>>>();
        self.unchanged(rows())
    }

    /// Closes it: with the last connection the write-ahead log is gone.
    pub(crate) fn close(self) -> Result<()> {
        self.connection.close().map_err(|(_, source)| at(&self.path)(source))
    }

    /// Begins to write; waits for other writers. Without [`Writing::commit`] nothing is changed.
    pub(crate) fn write(&mut self) -> Result<Writing<'_>> {
        let path = self.path.clone();
        let begun = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        Ok(Writing { transaction: begun.map_err(at(&path))?, path })
    }
}

/// A write transaction.
pub(crate) struct Writing<'a> {
    transaction: Transaction<'a>,
    path: PathBuf,
}

impl Writing<'_> {
    /// Makes all changes permanent.
    pub(crate) fn commit(self) -> Result<()> {
        self.transaction.commit().map_err(at(&self.path))
    }

    /// Whether a client may have a certificate with this common name, which is whom the services take it for.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] if another client goes, or ever went, by that name or common name, or by this client's name.
    pub(crate) fn check_common_name(&self, client: &str, common_name: &str) -> Result<()> {
        let other = |query, text: &str| {
            let found =
                || self.transaction.prepare_cached(query)?.query_row([text, client], |row| row.get(0)).optional();
            let found: Option<String> = found().map_err(at(&self.path))?;
            Ok::<_, Error>(found)
        };
        let has_name = "SELECT name FROM clients WHERE name = ?1 AND name <> ?2";
        let has_certificate = "SELECT client FROM certificates WHERE common_name = ?1 AND client <> ?2 LIMIT 1";
        if let Some(other) = other(has_certificate, client)? {
            let why = format!("a certificate of the client {other} has this common name");
            return Err(Error::not_allowed("name", client, why, "choose another --name"));
        }
        let why = match other(has_name, common_name)? {
            Some(other) => format!("it is the name of the client {other}"),
            None => match other(has_certificate, common_name)? {
                Some(other) => format!("a certificate of the client {other} has it"),
                None => return Ok(()),
            },
        };
        let hint = "services know a client by its common name: make it with `client create` and another --common-name";
        Err(Error::not_allowed("common name", common_name, why, hint))
    }

    /// Records a client, or its new key and scopes.
    pub(crate) fn upsert_client(&self, client: &ClientRecord) -> Result<()> {
        let query = "INSERT INTO clients VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name) DO UPDATE \
            SET spki = excluded.spki, scopes = excluded.scopes, updated_at = excluded.updated_at";
        let values = params![client.name, client.spki, client.scopes.to_string(), client.updated_at.as_second()];
        self.transaction.execute(query, values).map(drop).map_err(at(&self.path))
    }

    /// Records a certificate.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] if its serial number was used before.
    pub(crate) fn insert(&self, facts: &Facts, kind: Kind, name: &str, scopes: &Scopes, now: Timestamp) -> Result<()> {
        let (client, ca) = match kind {
            Kind::Client => (Some(name), None),
            Kind::Ca => (None, Some(name)),
        };
        // A foreign certificate may have a subject that is none by our rules; it is on record by its `name`.
        let subject = |text: &&str| Subject::new(text, None).is_ok();
        let common_name = facts.common_name.as_deref().filter(subject).unwrap_or(name);
        let organization = facts.organization.as_deref().filter(subject);
        let inserted = self.transaction.execute(
            "INSERT INTO certificates VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, NULL, NULL, ?10)",
            params![
                facts.serial.as_bytes(),
                client,
                ca,
                common_name,
                organization,
                scopes.to_string(),
                facts.not_before.as_second(),
                facts.not_after.as_second(),
                now.as_second(),
                facts.der
            ],
        );
        match inserted {
            Ok(_) => Ok(()),
            Err(rusqlite::Error::SqliteFailure(failure, _))
                if failure.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE =>
            {
                Err(Error::not_allowed(
                    "serial number",
                    &facts.serial,
                    "this CA used it before",
                    "leave out --serial-number to have a random one",
                ))
            }
            Err(source) => Err(at(&self.path)(source)),
        }
    }

    /// The serial numbers of a client's certificates that have not expired.
    pub(crate) fn unexpired_of_client(&self, client: &str, now: Timestamp) -> Result<Vec<Serial>> {
        let query = "SELECT serial FROM certificates WHERE client = ?1 AND not_after >= ?2 ORDER BY rowid";
        let rows = || {
            let mut statement = self.transaction.prepare(query)?;
            statement
                .query_map(params![client, now.as_second()], |row| serial(row, 0))?
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        rows().map_err(at(&self.path))
    }

    /// Whether a client of this name was ever recorded.
    pub(crate) fn has_client(&self, name: &str) -> Result<bool> {
        let exists = || self.transaction.prepare_cached("SELECT 1 FROM clients WHERE name = ?1")?.exists([name]);
        exists().map_err(at(&self.path))
    }

    /// The client of this name.
    pub(crate) fn client(&self, name: &str) -> Result<Option<ClientRecord>> {
        let query = format!("{CLIENTS} WHERE name = ?1");
        self.transaction.query_row(&query, [name], client).optional().map_err(at(&self.path))
    }

    /// Whether the certificate with this serial number is revoked.
    pub(crate) fn is_revoked(&self, serial: &Serial) -> Result<bool> {
        let query = "SELECT 1 FROM certificates WHERE serial = ?1 AND revoked_at IS NOT NULL";
        let exists = || self.transaction.prepare_cached(query)?.exists([serial.as_bytes()]);
        exists().map_err(at(&self.path))
    }

    /// Whether a certificate with this serial number was ever recorded.
    pub(crate) fn has_certificate(&self, serial: &Serial) -> Result<bool> {
        let query = "SELECT 1 FROM certificates WHERE serial = ?1";
        let exists = || self.transaction.prepare_cached(query)?.exists([serial.as_bytes()]);
        exists().map_err(at(&self.path))
    }

    /// Marks a certificate as revoked. One that was revoked before keeps its first date and reason; the result says
    /// whether it was not. `None` if the serial number is unknown.
    pub(crate) fn revoke(&self, serial: &Serial, revocation: Revocation) -> Result<Option<bool>> {
        if !self.has_certificate(serial)? {
            return Ok(None);
        }
        let query = "UPDATE certificates SET revoked_at = ?2, reason = ?3 WHERE serial = ?1 AND revoked_at IS NULL";
        let values = params![serial.as_bytes(), revocation.at.as_second(), revocation.reason.code()];
        let changed = self.transaction.execute(query, values).map_err(at(&self.path))?;
        Ok(Some(changed == 1))
    }

    /// Takes the next CRL number, and the entries of that list.
    ///
    /// An entry stays until it was on one list made after its certificate's end (RFC 5280 section 3.3), or after its
    /// revocation if that came even later.
    pub(crate) fn next_crl(&self, this_update: Timestamp, next_update: Timestamp) -> Result<(u64, Vec<Entry>)> {
        let run = || {
            let last = crl_state(&self.transaction)?;
            let query = "UPDATE crl SET number = number + 1, this_update = ?1, next_update = ?2 RETURNING number";
            let number =
                self.transaction
                    .query_row(query, [this_update.as_second(), next_update.as_second()], |row| positive(row, 0))?;
            let query = "SELECT serial, revoked_at, reason FROM certificates WHERE revoked_at IS NOT NULL \
                AND (not_after >= ?1 OR max(not_after, revoked_at) >= ?2) ORDER BY revoked_at, rowid";
            let mut statement = self.transaction.prepare(query)?;
            let since = if last.number == 0 { 0 } else { last.this_update.as_second() };
            let entries = statement.query_map([this_update.as_second(), since], |row| {
                Ok(Entry { serial: serial(row, 0)?, revoked_at: time(row, 1)?, reason: reason(row, 2)? })
            })?;
            Ok((number, entries.collect::<rusqlite::Result<_>>()?))
        };
        run().map_err(at(&self.path))
    }
}

fn crl_state(connection: &Connection) -> rusqlite::Result<CrlState> {
    connection.query_row("SELECT number, this_update, next_update FROM crl", [], |row| {
        Ok(CrlState { number: positive(row, 0)?, this_update: time(row, 1)?, next_update: time(row, 2)? })
    })
}
