//! A CA of the credentials directory, with its private key and its database.

mod records;
mod revoking;
mod watch;

pub(crate) use watch::FileVersion;

use super::{
    CertificateRecord, ClientRecord, CrlState, Name,
    credentials::{CA_CERTIFICATE, CA_CRL, CA_DATABASE, CA_FILES, CA_KEY, CHAIN},
    database::{Database, Writing},
    directory,
    file::{self, Access, Staged},
    pem_file,
};
use crate::{
    cert::{Lifetime, Serial, facts::Facts, issuer::Issuer},
    crl::issue::{Content, Entry, issue},
    error::{Error, Result},
    key::{LocalKey, Signer},
    scope::Scopes,
};
use jiff::Timestamp;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// How long a revocation list that is made by hand counts as current: 7 d.
pub const CRL_LIFETIME: Lifetime = Lifetime::hours(7 * 24);
/// The issuer identifier of tokens unless another is given when the CA is made.
pub const DEFAULT_ISSUER_URL: &str = "http://127.0.0.1:8586";

pub(super) const META_ISSUER: &str = "issuer";
pub(super) const META_CRL_URL: &str = "crl_url";

/// A CA that can issue, revoke and publish. Several processes may have the same one open.
#[derive(Debug)]
pub struct Authority {
    name: Name,
    directory: PathBuf,
    facts: Facts,
    chain: Vec<Facts>,
    key: Arc<LocalKey>,
    database: Database,
    file: Option<(u64, u64)>,
}

/// Which certificates to revoke.
#[derive(Debug, Clone)]
pub enum RevocationTarget<'a> {
    /// All certificates of this client that have not expired.
    Client(&'a Name),
    /// The one with this serial number.
    Serial(Serial),
    /// This one, in PEM or DER. The CA's signature on it counts, even if its database has lost it.
    Certificate(&'a [u8]),
}

/// What a revocation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// The certificates that are revoked now and were not before.
    pub revoked: Vec<Serial>,
    /// Those that were revoked before; they keep their first date and reason.
    pub already: Vec<Serial>,
    /// The list that says so.
    pub crl: CrlState,
}

impl Authority {
    /// Opens the CA in `directory`, which exists.
    pub(super) fn open(name: &Name, directory: PathBuf) -> Result<Self> {
        let (facts, chain) = read_certificates(&directory)?;
        let key_path = directory.join(CA_KEY);
        let key = Arc::new(pem_file::private_key(&key_path)?);
        if key.public_key().spki_der() != facts.spki {
            return Err(Error::bad_file(
                key_path,
                format!("the key does not belong to the certificate in {CA_CERTIFICATE}"),
                "restore both files from the same backup, or make the CA anew with `ca create --force`",
            ));
        }
        let path = directory.join(CA_DATABASE);
        let file = file::identity(&path).ok();
        let database = Database::open(&path)?;
        Ok(Self { name: name.clone(), directory, facts, chain, key, database, file })
    }

    /// Its name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Whether the database that it has open is still the one in the CA's directory, and no other was put in its place.
    pub fn is_in_place(&self) -> bool {
        file::identity(&self.directory.join(CA_DATABASE)).ok() == self.file
    }

    /// Its certificate.
    pub fn certificate(&self) -> &Facts {
        &self.facts
    }

    /// The CAs above it, its issuer first and the root last. A root has none.
    pub fn chain(&self) -> &[Facts] {
        &self.chain
    }

    /// What its clients send beside their certificates: this CA and those above it, without the root.
    pub fn client_chain(&self) -> Vec<Facts> {
        std::iter::once(&self.facts).chain(&self.chain).filter(|ca| !ca.is_self_issued()).cloned().collect()
    }

    /// Its key.
    pub fn signer(&self) -> &LocalKey {
        &self.key
    }

    /// The same for whoever signs on another thread.
    pub fn shared_signer(&self) -> Arc<LocalKey> {
        Arc::clone(&self.key)
    }

    /// Certificate and key together, ready to issue.
    ///
    /// # Errors
    /// [`Error::Issue`] where the certificate is not a CA's.
    pub fn issuer(&self) -> Result<Issuer<'_>> {
        Issuer::new(&self.facts, &*self.key)
    }

    /// The issuer identifier (`iss`) of its tokens.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn issuer_url(&self) -> Result<String> {
        Ok(self.database.meta(META_ISSUER)?.unwrap_or_else(|| DEFAULT_ISSUER_URL.to_owned()))
    }

    /// Where its revocation list is published, if that is known.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn crl_url(&self) -> Result<Option<String>> {
        self.database.meta(META_CRL_URL)
    }

    /// Where its revocation list is.
    pub fn crl_path(&self) -> PathBuf {
        self.directory.join(CA_CRL)
    }

    /// The certificates that it issued, in order. A root's own is among them.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn certificates(&self) -> Result<Vec<CertificateRecord>> {
        self.database.certificates()
    }

    /// The certificate with this serial number.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn certificate_by_serial(&self, serial: &Serial) -> Result<Option<CertificateRecord>> {
        self.database.certificate(serial)
    }

    /// Its clients, by name.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn clients(&self) -> Result<Vec<ClientRecord>> {
        self.database.clients()
    }

    /// The newest revocation list's number and times.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn crl_state(&self) -> Result<CrlState> {
        self.database.crl_state()
    }

    /// Makes and publishes a new revocation list.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a `lifetime` out of bounds; else database, signing and file errors. The old list stays.
    pub fn publish_crl(&mut self, lifetime: Lifetime, now: Timestamp) -> Result<CrlState> {
        Ok(self.publish(lifetime, now, |_, _| Ok(()))?.1)
    }

    /// Changes the database with `change` and publishes the list that follows from it, both or neither.
    ///
    /// The directory's lock is held over the commit and the rename, so lists are replaced in the order of their numbers.
    /// The list is complete on disk before the commit, so a full disk undoes everything. A process that is killed between
    /// commit and rename leaves a number unused and the old list in place; the next publication brings what it lacks.
    fn publish<T>(
        &mut self,
        lifetime: Lifetime,
        now: Timestamp,
        change: impl FnOnce(&Unlocked<'_>, &Writing<'_>) -> Result<T>,
    ) -> Result<(T, CrlState)> {
        let next_update = lifetime.end(now)?;
        let _lock = file::lock(&self.directory)?;
        directory::sweep(&self.directory, CA_FILES)?;
        let unlocked = Unlocked { name: &self.name, directory: &self.directory, facts: &self.facts };
        let writing = self.database.write()?;
        let changed = change(&unlocked, &writing)?;
        let issuer = Issuer::new(&self.facts, &*self.key)?;
        let (staged, state) = stage_crl(&issuer, &writing, &self.directory, now, next_update)?;
        writing.commit()?;
        staged.publish()?;
        Ok((changed, state))
    }

    /// Writes a list that holds `more` beside the CA's own entries, to try out and measure what long lists do, to any
    /// file: DER if its name ends in `.der`, else PEM. It takes the next number; nothing else of it is recorded.
    ///
    /// # Errors
    /// As [`Authority::publish_crl`].
    pub fn write_crl_with(
        &mut self,
        more: impl IntoIterator<Item = Entry>,
        out: &Path,
        lifetime: Lifetime,
        now: Timestamp,
    ) -> Result<CrlState> {
        let next_update = lifetime.end(now)?;
        let _lock = file::lock(&self.directory)?;
        let writing = self.database.write()?;
        let (number, mut entries) = writing.next_crl(now, next_update)?;
        entries.extend(more);
        let issuer = Issuer::new(&self.facts, &*self.key)?;
        let der = issue(&issuer, &Content { number, this_update: now, next_update, entries })?;
        let bytes = match out.extension().is_some_and(|extension| extension == "der") {
            true => der,
            false => pem_file::encode("X509 CRL", der).into_bytes(),
        };
        // A bare file name has an empty parent, which cannot be opened.
        let staged = Staged::new(&Path::new(".").join(out), &bytes, Access::Public)?;
        writing.commit()?;
        staged.publish()?;
        Ok(CrlState { number, this_update: now, next_update })
    }
}

/// The parts of an [`Authority`] that a change of its database may look at.
struct Unlocked<'a> {
    name: &'a Name,
    directory: &'a Path,
    facts: &'a Facts,
}

impl Unlocked<'_> {
    fn is_root(&self) -> bool {
        self.facts.is_self_issued()
    }

    fn unknown(&self, what: &'static str, name: &str) -> Error {
        Error::NotFound {
            what,
            name: name.to_owned(),
            place: self.directory.join(CA_DATABASE).display().to_string(),
            hint: format!("see what it issued with `certauthz ca show --name {}`", self.name).into(),
        }
    }
}

fn client_record(name: &Name, facts: &Facts, scopes: &Scopes, now: Timestamp) -> ClientRecord {
    ClientRecord { name: name.to_string(), spki: facts.spki.clone(), scopes: scopes.clone(), updated_at: now }
}

/// Makes the next list and writes it beside `ca.crl`.
pub(super) fn stage_crl(
    issuer: &Issuer<'_>,
    writing: &Writing<'_>,
    directory: &Path,
    now: Timestamp,
    next_update: Timestamp,
) -> Result<(Staged, CrlState)> {
    let (number, entries) = writing.next_crl(now, next_update)?;
    let der = issue(issuer, &Content { number, this_update: now, next_update, entries })?;
    let pem = pem_file::encode("X509 CRL", der);
    let staged = Staged::new(&directory.join(CA_CRL), pem.as_bytes(), Access::Public)?;
    Ok((staged, CrlState { number, this_update: now, next_update }))
}

/// A CA's certificate and those above it.
pub(super) fn read_certificates(directory: &Path) -> Result<(Facts, Vec<Facts>)> {
    let path = directory.join(CA_CERTIFICATE);
    let facts = pem_file::certificate(&path)?;
    if !facts.is_ca {
        return Err(Error::bad_file(path, "it is not the certificate of a CA", "check that it is the right file"));
    }
    Ok((facts, pem_file::chain(&directory.join(CHAIN))?))
}
