//! The credentials directory: one directory for each CA and client.

use super::{
    CRL_LIFETIME, DEFAULT_ISSUER_URL, Kind, Name,
    authority::{self, Authority, META_CRL_URL, META_ISSUER},
    database::Database,
    directory::{self, StagedDir},
    file::{self, Access},
    pem_file,
};
use crate::{
    cert::{
        Lifetime, Serial, Subject, check_issuer, check_url,
        extension::{Oid, SCOPES_OID},
        facts::Facts,
        issuer::{self, Issuer, Template},
    },
    error::{Error, Result},
    key::{KeyType, LocalKey, Signer as _},
    scope::Scopes,
};
use jiff::Timestamp;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

pub(super) const CA_KEY: &str = "ca.key";
pub(super) const CA_PUBLIC: &str = "ca.pub";
pub(super) const CA_CERTIFICATE: &str = "ca.crt";
pub(super) const CA_CRL: &str = "ca.crl";
pub(super) const CA_DATABASE: &str = "ca.db";
/// The certificates above a CA's or client's own, its issuer first; absent directly below a root.
pub(super) const CHAIN: &str = "chain.crt";
/// Every file of ours in a CA's directory.
pub(super) const CA_FILES: &[&str] =
    &[CA_KEY, CA_PUBLIC, CA_CERTIFICATE, CA_CRL, CA_DATABASE, "ca.db-wal", "ca.db-shm", "ca.db-journal", CHAIN];
/// Every file of ours in any directory below the root.
const ALL_FILES: &[&str] = &[
    CA_KEY,
    CA_PUBLIC,
    CA_CERTIFICATE,
    CA_CRL,
    CA_DATABASE,
    "ca.db-wal",
    "ca.db-shm",
    "ca.db-journal",
    CHAIN,
    "client.key",
    "client.pub",
    "client.crt",
    "token.jwt",
];

/// The credentials directory. Nothing is read or made until a method is called.
#[derive(Debug, Clone)]
pub struct Credentials {
    root: PathBuf,
    scopes_oid: Oid,
}

/// What a new CA is to be like.
#[derive(Debug, Clone)]
pub struct CaOptions {
    /// Its name: that of its directory.
    pub name: Name,
    /// The common name; the CA's name if `None`.
    pub common_name: Option<String>,
    /// The organization.
    pub organization: Option<String>,
    /// How long it lives; [`issuer::CA_LIFETIME`] if `None`.
    pub lifetime: Option<Lifetime>,
    /// The serial number of its certificate; random if `None`.
    pub serial: Option<Serial>,
    /// The kind of its key.
    pub key_type: KeyType,
    /// The CA that issues its certificate; a root has none.
    pub parent: Option<Name>,
    /// Where its revocation list will be published; written into the certificates that it issues.
    pub crl_url: Option<String>,
    /// The issuer identifier of its tokens; [`DEFAULT_ISSUER_URL`] if `None`.
    pub issuer_url: Option<String>,
    /// Whether to replace a CA of this name, with all it knows.
    pub force: bool,
}

impl CaOptions {
    /// A root with a key of the default kind.
    pub fn new(name: Name) -> Self {
        Self {
            name,
            common_name: None,
            organization: None,
            lifetime: None,
            serial: None,
            key_type: KeyType::DEFAULT,
            parent: None,
            crl_url: None,
            issuer_url: None,
            force: false,
        }
    }
}

/// What a verifier needs of a CA: nothing secret.
#[derive(Debug, Clone)]
pub struct CaFacts {
    /// Its name.
    pub name: Name,
    /// Its certificate.
    pub certificate: Facts,
    /// The CAs above it, its issuer first and the root last.
    pub chain: Vec<Facts>,
    /// Where its revocation list is, or would be.
    pub crl_path: PathBuf,
    /// The issuer identifier of its tokens; `None` where there is no database to ask.
    pub issuer_url: Option<String>,
}

impl Credentials {
    /// The credentials below `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), scopes_oid: SCOPES_OID }
    }

    /// The same with another object identifier for the scopes extension.
    #[must_use]
    pub fn with_scopes_oid(mut self, oid: Oid) -> Self {
        self.scopes_oid = oid;
        self
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The object identifier of the scopes extension.
    pub fn scopes_oid(&self) -> &Oid {
        &self.scopes_oid
    }

    /// Makes a CA: key pair, certificate, database and an empty revocation list. It appears whole or not at all.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for values out of bounds, [`Error::AlreadyExists`] without `force`, [`Error::NotAllowed`]
    /// where the name is a client's, the parent allows no CA below it or would be outlived; else database, signing and
    /// file errors.
    pub fn create_ca(&self, options: &CaOptions, now: Timestamp) -> Result<Authority> {
        let template = Template {
            subject: Subject::new(
                options.common_name.as_deref().unwrap_or(&options.name),
                options.organization.as_deref(),
            )?,
            serial: options.serial.clone(),
            lifetime: options.lifetime,
            crl_url: None,
        };
        let crl_url = options.crl_url.as_deref().map(|url| check_url("CRL URL", url)).transpose()?;
        let issuer_url = check_issuer(options.issuer_url.as_deref().unwrap_or(DEFAULT_ISSUER_URL))?;
        if options.parent.as_ref() == Some(&options.name) {
            return Err(Error::invalid(
                "parent CA",
                &options.name,
                "a CA cannot be its own parent",
                "name another one",
            ));
        }
        let directory = self.prepare(&options.name, Kind::Ca, options.force)?;
        let mut parent = options.parent.as_ref().map(|name| self.authority(name)).transpose()?;
        let key = LocalKey::generate(options.key_type)?;
        let (facts, chain) = match &parent {
            None => (issuer::root(&template, &key, now)?, Vec::new()),
            Some(parent) => {
                let template = Template { crl_url: parent.crl_url()?, ..template };
                let facts = parent.issuer()?.intermediate(&template, key.public_key(), now)?;
                (facts, std::iter::once(parent.certificate()).chain(parent.chain()).cloned().collect())
            }
        };
        let staged = StagedDir::new(&directory, ALL_FILES)?;
        staged.write(CA_KEY, key.to_pem().as_bytes(), Access::Secret)?;
        staged.write(CA_PUBLIC, key.public_key().to_pem().as_bytes(), Access::Public)?;
        staged.write(CA_CERTIFICATE, pem_file::encode_certificates([&facts]).as_bytes(), Access::Public)?;
        if !chain.is_empty() {
            staged.write(CHAIN, pem_file::encode_certificates(&chain).as_bytes(), Access::Public)?;
        }
        let mut meta = vec![(META_ISSUER, issuer_url.as_str())];
        meta.extend(crl_url.as_deref().map(|url| (META_CRL_URL, url)));
        begin_database(staged.path(), &meta, &Issuer::new(&facts, &key)?, &options.name, now)?;
        if let Some(parent) = &mut parent {
            parent.record(&facts, Kind::Ca, &options.name, &Scopes::default(), now)?;
        }
        staged.publish(options.force)?;
        self.authority(&options.name)
    }

    /// Opens a CA with its private key and its database.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown one; [`Error::BadFile`], [`Error::Io`] and [`Error::Database`] naming the file
    /// of it that cannot be used.
    pub fn authority(&self, name: &Name) -> Result<Authority> {
        Authority::open(name, self.ca_directory(name)?)
    }

    /// Reads what a verifier needs of a CA. The private key is not touched; a database need not be there.
    ///
    /// # Errors
    /// As [`Credentials::authority`].
    pub fn ca_facts(&self, name: &Name) -> Result<CaFacts> {
        let directory = self.ca_directory(name)?;
        let (certificate, chain) = authority::read_certificates(&directory)?;
        let database = directory.join(CA_DATABASE);
        let issuer_url = if file::exists(&database)? { Database::open(&database)?.meta(META_ISSUER)? } else { None };
        Ok(CaFacts { name: name.clone(), certificate, chain, crl_path: directory.join(CA_CRL), issuer_url })
    }

    /// The names of the CAs, sorted.
    ///
    /// # Errors
    /// [`Error::Io`] where the directory cannot be listed. One that does not exist is empty.
    pub fn ca_names(&self) -> Result<Vec<Name>> {
        self.names_with(&[CA_CERTIFICATE, CA_KEY, CA_DATABASE])
    }

    pub(super) fn names_with(&self, files: &[&str]) -> Result<Vec<Name>> {
        let entries = match fs::read_dir(&self.root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(Error::io("list", &self.root))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(Error::io("list", &self.root))?;
            // Directories with other names are not ours.
            let name = entry.file_name().to_str().and_then(|name| Name::new(name).ok());
            // Nor are those that nobody lets us look into.
            names.extend(name.filter(|name| has_any(&self.root.join(name), files).unwrap_or(false)));
        }
        names.sort();
        Ok(names)
    }

    pub(super) fn ca_directory(&self, name: &Name) -> Result<PathBuf> {
        let directory = self.root.join(name);
        if has_any(&directory, &[CA_CERTIFICATE, CA_KEY, CA_DATABASE])? {
            return Ok(directory);
        }
        Err(Error::NotFound {
            what: "CA",
            name: name.to_string(),
            place: self.root.display().to_string(),
            hint: format!("make it with `certauthz ca create --name {name}`, or see `certauthz ca list`").into(),
        })
    }

    /// Makes the root, cleans up after the dead, and refuses early what could not be published later.
    pub(super) fn prepare(&self, name: &Name, kind: Kind, force: bool) -> Result<PathBuf> {
        file::create_dirs(&self.root)?;
        directory::sweep(&self.root, ALL_FILES)?;
        let directory = self.root.join(name);
        let (other, files) = match kind {
            Kind::Ca => ("a client has this name", &["client.crt", "client.key"][..]),
            Kind::Client => ("a CA has this name", &[CA_CERTIFICATE, CA_KEY, CA_DATABASE][..]),
        };
        if has_any(&directory, files)? {
            return Err(Error::not_allowed("name", name, other, "choose another --name"));
        }
        let in_use = match fs::read_dir(&directory) {
            Ok(mut entries) => entries.next().is_some(),
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        };
        if in_use && !force {
            return Err(Error::AlreadyExists { path: directory });
        }
        Ok(directory)
    }

    /// A directory to fill for `target`.
    pub(super) fn stage(&self, target: &Path) -> Result<StagedDir> {
        StagedDir::new(target, ALL_FILES)
    }
}

/// Whether one of these files is in the directory. That it may not be looked at is an error, not an answer.
fn has_any(directory: &Path, files: &[&str]) -> Result<bool> {
    for file in files {
        if file::exists(&directory.join(file))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The database of a new CA, with its own certificate if it is a root, and its first revocation list.
fn begin_database(
    directory: &Path,
    meta: &[(&str, &str)],
    issuer: &Issuer<'_>,
    name: &Name,
    now: Timestamp,
) -> Result<()> {
    let mut database = Database::create(&directory.join(CA_DATABASE), meta)?;
    let writing = database.write()?;
    if issuer.facts().is_self_issued() {
        writing.insert(issuer.facts(), Kind::Ca, name, &Scopes::default(), now)?;
    }
    let (crl, _) = authority::stage_crl(issuer, &writing, directory, now, CRL_LIFETIME.end(now)?)?;
    crl.publish()?;
    writing.commit()?;
    // Closed before the directory gets its name: SQLite keeps the paths of its side files.
    database.close()
}
