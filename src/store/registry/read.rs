//! Reading a [`Registry`] from `ca.db`, and keeping up with it.

use super::{Holder, RegisteredCertificate, RegisteredClient, Registry};
use crate::{
    cert::Serial,
    error::{Error, Result},
    key::sha256,
    store::{
        Credentials, Name,
        credentials::{CA_CERTIFICATE, CA_DATABASE},
        database::Database,
        file,
        open::{Snapshot, at, connect},
        pem_file,
        rows::{scopes, serial, spki, time},
    },
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row};
use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
};

const CLIENTS: &str = "SELECT name, spki, scopes FROM clients";
/// A certificate that has expired says nothing that matters here, unless it was revoked: those are counted.
const CERTIFICATES: &str = "SELECT serial, client, revoked_at, common_name, not_before, not_after, issued_at, der \
    FROM certificates WHERE rowid > ?1 AND (revoked_at IS NOT NULL OR not_after >= ?2) ORDER BY rowid";
const REVOKED: &str = "SELECT serial, revoked_at, client FROM certificates WHERE revoked_at >= ?1 AND rowid <= ?2";
const EXTENT: &str = "SELECT (SELECT coalesce(max(rowid), 0) FROM certificates), \
    (SELECT count(*) FROM certificates WHERE revoked_at IS NOT NULL)";

/// Keeps a [`Registry`] in step with a CA's database. It holds a connection of its own, and writes nothing.
#[derive(Debug)]
pub struct RegistryReader {
    source: Source,
    registry: Arc<Registry>,
    read: Extent,
    /// When that was read: what had expired by then was left out.
    read_at: Timestamp,
    /// The CA's certificate, in DER.
    certificate: Vec<u8>,
}

/// An open database.
#[derive(Debug)]
struct Source {
    path: PathBuf,
    connection: Connection,
    /// What it was when it was opened, if it is read as a file that nobody changes.
    snapshot: Option<Snapshot>,
    /// Device and inode: a CA that was replaced has another file.
    file: (u64, u64),
    /// SQLite's number for "somebody else committed" (`PRAGMA data_version`).
    version: i64,
}

/// How much was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Extent {
    /// The last row of the certificates.
    row: i64,
    /// How many of them are revoked.
    revoked: i64,
    /// When the latest of these were, in seconds.
    revoked_at: i64,
}

impl RegistryReader {
    /// Opens the database of the CA `name` and reads all of it.
    ///
    /// # Errors
    /// [`crate::error::Error::NotFound`] for an unknown CA; `BadFile`, `Io` and `Database` errors.
    pub fn open(credentials: &Credentials, name: &Name, now: Timestamp) -> Result<Self> {
        let path = credentials.ca_directory(name)?.join(CA_DATABASE);
        // It knows what a database of a CA looks like.
        Database::open(&path)?.close()?;
        let source = Source::open(&path)?;
        let certificate = certificate_beside(&path)?;
        let (registry, read) = source.read_all(now)?;
        Ok(Self { source, registry: Arc::new(registry), read, read_at: now, certificate })
    }

    /// The clients as they were when the database was last read.
    pub fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.registry)
    }

    /// Reads what changed. That nothing did is found out in some microseconds, and answered with false.
    ///
    /// # Errors
    /// `Io`, `Database` and `BadFile` errors where the database cannot be read, [`Error::NotAllowed`] where it is that of
    /// another CA by now; then [`RegistryReader::registry`] stays as it is.
    pub fn refresh_if_changed(&mut self, now: Timestamp) -> Result<bool> {
        if file::identity(&self.source.path)? != self.source.file || self.source.has_become_stale() {
            let source = Source::open(&self.source.path)?;
            if certificate_beside(&source.path)? != self.certificate {
                let path = source.path.display();
                return Err(Error::not_allowed("CA", path, "it was replaced by another one", "restart the server"));
            }
            // Only what could be read is kept: else this would look like no change the next time.
            let (registry, read) = source.read_all(now)?;
            (self.source, self.registry, self.read, self.read_at) = (source, Arc::new(registry), read, now);
            return Ok(true);
        }
        if now.as_second() < self.read_at.as_second() {
            // The clock was set back: what had expired may be valid again.
            let version = data_version(&self.source.connection).map_err(at(&self.source.path))?;
            self.read_again(now)?;
            self.source.version = version;
            return Ok(true);
        }
        let version = data_version(&self.source.connection).map_err(at(&self.source.path))?;
        if version == self.source.version {
            return Ok(false);
        }
        let read = self.source.read_changes(&self.registry, self.read, now)?;
        match read {
            Some((registry, read)) => (self.registry, self.read, self.read_at) = (Arc::new(registry), read, now),
            None => self.read_again(now)?,
        }
        // What was committed since the look at the version may have been read already, and is then read twice.
        self.source.version = version;
        Ok(true)
    }

    fn read_again(&mut self, now: Timestamp) -> Result<()> {
        let (registry, read) = self.source.read_all(now)?;
        (self.registry, self.read, self.read_at) = (Arc::new(registry), read, now);
        Ok(())
    }
}

/// The certificate of the CA that has this database, in DER.
fn certificate_beside(database: &Path) -> Result<Vec<u8>> {
    pem_file::certificate(&database.with_file_name(CA_CERTIFICATE)).map(|facts| facts.der)
}

impl Source {
    fn open(path: &Path) -> Result<Self> {
        let file = file::identity(path)?;
        let (connection, snapshot) = connect(path)?;
        let version = data_version(&connection).map_err(at(path))?;
        Ok(Self { path: path.to_owned(), connection, snapshot, file, version })
    }

    fn has_become_stale(&self) -> bool {
        self.snapshot.as_ref().is_some_and(|snapshot| snapshot.check(&self.path).is_err())
    }

    /// Runs queries that see one state of the database.
    fn transaction<T>(&self, queries: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let run = || {
            let transaction = self.connection.unchecked_transaction()?;
            let result = queries(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        let result = run();
        self.snapshot.as_ref().map_or(Ok(()), |snapshot| snapshot.check(&self.path))?;
        result.map_err(at(&self.path))
    }

    fn read_all(&self, now: Timestamp) -> Result<(Registry, Extent)> {
        self.transaction(|connection| {
            let mut clients: HashMap<Arc<str>, RegisteredClient> = HashMap::new();
            let mut statement = connection.prepare(CLIENTS)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let client = read_client(row)?;
                clients.insert(Arc::clone(client.name()), client);
            }
            let mut registry = Registry::default();
            let read = read_certificates(connection, Extent::default(), now, |serial, record| match record {
                Record::Revoked(_) => {
                    registry.serials.insert(serial, Holder::Revoked);
                }
                Record::Live(name, certificate) => {
                    if let Some(client) = clients.get_mut(&*name) {
                        registry.serials.insert(serial, Holder::Client(Arc::clone(client.name())));
                        client.certificates.push(certificate);
                    }
                }
            })?;
            clients.into_values().for_each(|client| registry.insert_client(client));
            Ok((registry, read))
        })
    }

    /// What `registry` becomes by the rows that were added and the revocations that were made since `read`. `None` if
    /// that does not explain what is there now.
    fn read_changes(&self, registry: &Registry, read: Extent, now: Timestamp) -> Result<Option<(Registry, Extent)>> {
        self.transaction(|connection| {
            let mut registry = registry.clone();
            let mut known = read;
            let mut statement = connection.prepare_cached(REVOKED)?;
            let mut rows = statement.query([read.revoked_at, read.row])?;
            // By clients: what was added, if it was not revoked since.
            let mut added: Vec<(String, Option<RegisteredCertificate>)> = Vec::new();
            while let Some(row) = rows.next()? {
                known.revoked_at = known.revoked_at.max(row.get(1)?);
                if registry.revoke(serial(row, 0)?) {
                    known.revoked += 1;
                    added.extend(row.get::<_, Option<String>>(2)?.map(|name| (name, None)));
                }
            }
            let known = read_certificates(connection, known, now, |serial, record| match record {
                Record::Revoked(name) => {
                    registry.serials.insert(serial, Holder::Revoked);
                    added.extend(name.map(|name| (name, None)));
                }
                Record::Live(name, certificate) => added.push((name, Some(certificate))),
            })?;
            add(connection, &mut registry, added, now)?;
            let (row, revoked) = extent(connection)?;
            let explained = row >= read.row && revoked == known.revoked;
            Ok(explained.then_some((registry, Extent { row, ..known })))
        })
    }
}

/// Puts new certificates in, and reads their clients' rows again: key and scopes change with a certificate that is issued,
/// be it revoked by now, and scopes with one that is revoked.
fn add(
    connection: &Connection,
    registry: &mut Registry,
    added: Vec<(String, Option<RegisteredCertificate>)>,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(&format!("{CLIENTS} WHERE name = ?1"))?;
    let mut read: HashSet<String> = HashSet::new();
    for (name, certificate) in added {
        let before = registry.clients.get(name.as_str()).cloned();
        let mut client = match before {
            Some(client) if read.contains(&name) => RegisteredClient::clone(&client),
            before => {
                let Some(mut client) = statement.query_row([&name], read_client).optional()? else { continue };
                if let Some(before) = before {
                    client.certificates = before.certificates.iter().filter(|c| c.not_after >= now).cloned().collect();
                    if client.key == before.key {
                        client.key = Arc::clone(&before.key);
                    }
                }
                read.insert(name);
                client
            }
        };
        if let Some(certificate) = certificate {
            registry.serials.insert(certificate.serial.clone(), Holder::Client(Arc::clone(client.name())));
            client.certificates.push(certificate);
        }
        registry.insert_client(client);
    }
    Ok(())
}

/// A row of the certificates.
enum Record {
    /// Its client's name, if it is one's.
    Revoked(Option<String>),
    /// The client's name and its certificate.
    Live(String, RegisteredCertificate),
}

/// Reads the rows after those that were read. A CA's own certificates are left out, unless they are revoked.
fn read_certificates(
    connection: &Connection,
    mut read: Extent,
    now: Timestamp,
    mut take: impl FnMut(Serial, Record),
) -> rusqlite::Result<Extent> {
    let mut statement = connection.prepare_cached(CERTIFICATES)?;
    let mut rows = statement.query([read.row, now.as_second()])?;
    while let Some(row) = rows.next()? {
        let serial = serial(row, 0)?;
        let revoked_at: Option<i64> = row.get(2)?;
        if let Some(revoked_at) = revoked_at {
            read.revoked += 1;
            read.revoked_at = read.revoked_at.max(revoked_at);
            take(serial, Record::Revoked(row.get(1)?));
        } else if let Some(client) = row.get(1)? {
            let certificate = read_certificate(row, serial.clone())?;
            take(serial, Record::Live(client, certificate));
        }
    }
    read.row = extent(connection)?.0;
    Ok(read)
}

fn read_client(row: &Row<'_>) -> rusqlite::Result<RegisteredClient> {
    let name: String = row.get(0)?;
    Ok(RegisteredClient::new(name.into(), row.get(1)?, scopes(row, 2)?))
}

fn read_certificate(row: &Row<'_>, serial: Serial) -> rusqlite::Result<RegisteredCertificate> {
    let common_name: String = row.get(3)?;
    let der = row.get_ref(7)?.as_blob()?;
    Ok(RegisteredCertificate {
        serial,
        sha256: sha256(der),
        spki_sha256: sha256(spki(der, 7)?),
        common_name: common_name.into(),
        not_before: time(row, 4)?,
        not_after: time(row, 5)?,
        issued_at: time(row, 6)?,
    })
}

/// The last row of the certificates, and how many are revoked.
fn extent(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    connection.prepare_cached(EXTENT)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
}

fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "data_version", |row| row.get(0))
}
