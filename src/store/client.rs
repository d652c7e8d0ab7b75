//! Clients: made, renewed, read.

use super::{
    Authority, Credentials, Kind, Name, authority,
    credentials::CHAIN,
    directory,
    file::{self, Access},
    pem_file,
    renewal::ClientCertificate,
};
use crate::{
    cert::{Lifetime, Serial, Subject, extension, facts::Facts},
    error::{Error, Rejection, Result},
    key::{KeyType, LocalKey, PublicKey, Signer as _},
    scope::Scopes,
};
use jiff::Timestamp;
use std::path::{Path, PathBuf};

const KEY: &str = "client.key";
const PUBLIC: &str = "client.pub";
const CERTIFICATE: &str = "client.crt";
const TOKEN: &str = "token.jwt";

/// Where a client's key comes from.
#[derive(Debug)]
pub enum ClientKey {
    /// A new one, kept beside the certificate.
    New(KeyType),
    /// The client has its private key elsewhere (see [`crate::cert::csr::public_key`]).
    Existing(PublicKey),
}

/// What a new client is to be like.
#[derive(Debug)]
pub struct ClientOptions {
    /// Its name: that of its directory.
    pub name: Name,
    /// The CA that issues its certificate.
    pub ca: Name,
    /// What it may do; at least one.
    pub scopes: Scopes,
    /// The common name; the client's name if `None`. Services know the client by it, so no other client of the CA may
    /// have, or ever have had, the same one or have it as its name.
    pub common_name: Option<String>,
    /// The organization.
    pub organization: Option<String>,
    /// How long the certificate lives; [`crate::cert::issuer::CLIENT_LIFETIME`] if `None`, but not longer than the CA.
    pub lifetime: Option<Lifetime>,
    /// The serial number; random if `None`.
    pub serial: Option<Serial>,
    /// Its key.
    pub key: ClientKey,
    /// Whether to replace a client of this name. Certificates that it has stay valid until they are revoked.
    pub force: bool,
}

impl ClientOptions {
    /// A client with a new key of the default kind.
    pub fn new(name: Name, ca: Name, scopes: Scopes) -> Self {
        Self {
            name,
            ca,
            scopes,
            common_name: None,
            organization: None,
            lifetime: None,
            serial: None,
            key: ClientKey::New(KeyType::DEFAULT),
            force: false,
        }
    }
}

/// How to renew a client's certificate.
#[derive(Debug, Clone)]
pub struct RenewOptions {
    /// The client.
    pub name: Name,
    /// Other scopes; those of its present certificate if `None`.
    pub scopes: Option<Scopes>,
    /// As [`ClientOptions::lifetime`].
    pub lifetime: Option<Lifetime>,
    /// As [`ClientOptions::serial`].
    pub serial: Option<Serial>,
}

impl RenewOptions {
    /// The same scopes, and the default life from now on.
    pub fn new(name: Name) -> Self {
        Self { name, scopes: None, lifetime: None, serial: None }
    }
}

/// A client to whom a certificate was just issued.
#[derive(Debug, Clone)]
pub struct IssuedClient {
    /// Its name.
    pub name: Name,
    /// Its certificate.
    pub certificate: Facts,
    /// The scopes in it.
    pub scopes: Scopes,
    /// Its directory.
    pub directory: PathBuf,
}

/// A client's credentials, as its directory has them.
#[derive(Debug)]
pub struct ClientCredentials {
    /// Its name.
    pub name: Name,
    /// Its certificate.
    pub certificate: Facts,
    /// The CAs between its certificate and the root, its issuer first; for `X-Client-Cert-Chain`.
    pub chain: Vec<Facts>,
    /// Its private key, unless it is kept elsewhere.
    pub key: Option<LocalKey>,
    /// Where its access token is, or would be.
    pub token_path: PathBuf,
}

impl ClientCredentials {
    /// The private key.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it is kept elsewhere.
    pub fn signer(&self) -> Result<&LocalKey> {
        self.key.as_ref().ok_or_else(|| self.missing_key())
    }

    pub(crate) fn missing_key(&self) -> Error {
        Error::NotFound {
            what: "private key",
            name: KEY.to_owned(),
            place: self.token_path.parent().unwrap_or(Path::new(".")).display().to_string(),
            hint: "the client was made from a CSR: sign where its key is kept".into(),
        }
    }
}

impl Credentials {
    /// Makes a client: key pair, certificate and token. Its directory appears whole or not at all.
    ///
    /// `token` makes the access token that goes with the certificate, if there is to be one.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for values out of bounds, [`Error::AlreadyExists`] without `force`, [`Error::NotFound`] for
    /// an unknown CA, [`Error::NotAllowed`] where the name is a CA's, the name or common name is another client's, the
    /// certificate would outlive its CA, or the serial number was used before; else database, signing and file errors, and those of `token`.
    pub fn create_client(
        &self,
        options: &ClientOptions,
        now: Timestamp,
        token: impl FnOnce(&Authority, &IssuedClient) -> Result<Option<String>>,
    ) -> Result<IssuedClient> {
        let subject =
            Subject::new(options.common_name.as_deref().unwrap_or(&options.name), options.organization.as_deref())?;
        let mut ca = self.authority(&options.ca)?;
        let directory = self.prepare(&options.name, Kind::Client, options.force)?;
        let generated;
        let (public, private) = match &options.key {
            ClientKey::Existing(public) => (public, None),
            ClientKey::New(key_type) => {
                generated = LocalKey::generate(*key_type)?;
                (generated.public_key(), Some(&generated))
            }
        };
        let (serial, lifetime) = (options.serial.clone(), options.lifetime);
        let wanted = ClientCertificate { subject, serial, lifetime, key: public, scopes: &options.scopes };
        let certificate = ca.sign_client(wanted, self.scopes_oid(), now)?;
        let client =
            IssuedClient { name: options.name.clone(), certificate, scopes: options.scopes.clone(), directory };

        let staged = self.stage(&client.directory)?;
        if let Some(private) = private {
            staged.write(KEY, private.to_pem().as_bytes(), Access::Secret)?;
        }
        staged.write(PUBLIC, public.to_pem().as_bytes(), Access::Public)?;
        for (name, text) in certificate_files(&ca, &client) {
            staged.write(name, text.as_bytes(), Access::Public)?;
        }
        if let Some(token) = token(&ca, &client)? {
            staged.write(TOKEN, token.as_bytes(), Access::Secret)?;
        }
        // Recorded before it gets its name, so no serial number is out that the CA does not know. A process that is
        // killed in between leaves a record of a certificate that nobody has.
        ca.record(&client.certificate, Kind::Client, &client.name, &client.scopes, now)?;
        staged.publish(options.force)?;
        Ok(client)
    }

    /// Issues a new certificate for a client's present key. The old one stays valid.
    ///
    /// # Errors
    /// As [`Credentials::create_client`]; [`Error::NotFound`] for an unknown client or where none of the CAs here has
    /// issued its certificate, [`Error::NotAllowed`] where that was revoked.
    pub fn renew_client(
        &self,
        options: &RenewOptions,
        now: Timestamp,
        token: impl FnOnce(&Authority, &IssuedClient) -> Result<Option<String>>,
    ) -> Result<IssuedClient> {
        let present = self.client(&options.name)?;
        let mut ca = self.authority(&self.ca_of(&present)?)?;
        let record = ca.certificate_by_serial(&present.certificate.serial)?;
        if let Some(revocation) = record.and_then(|record| record.revocation) {
            return Err(Error::not_allowed(
                "client",
                &options.name,
                format!("its certificate was revoked at {} ({})", revocation.at, revocation.reason),
                "make the client anew, with a new key: `client create --force`",
            ));
        }
        let common_name = present.certificate.common_name.as_deref().unwrap_or(&options.name);
        let subject = Subject::new(common_name, present.certificate.organization.as_deref())?;
        let scopes = match &options.scopes {
            Some(scopes) => scopes.clone(),
            None => self.scopes_of(&present)?,
        };
        let public = PublicKey::from_spki_der(&present.certificate.spki)?;
        let (serial, lifetime) = (options.serial.clone(), options.lifetime);
        let wanted = ClientCertificate { subject, serial, lifetime, key: &public, scopes: &scopes };
        let certificate = ca.sign_client(wanted, self.scopes_oid(), now)?;
        let directory = self.root().join(&options.name);
        let client = IssuedClient { name: options.name.clone(), certificate, scopes, directory };

        directory::sweep(&client.directory, &[])?;
        let token = token(&ca, &client)?;
        // Whichever of these files are replaced when the process ends: the key is the same, so any of them go together.
        let mut staged = Vec::new();
        for (name, text) in certificate_files(&ca, &client) {
            staged.push(file::Staged::new(&client.directory.join(name), text.as_bytes(), Access::Public)?);
        }
        if let Some(token) = token {
            staged.push(file::Staged::new(&client.directory.join(TOKEN), token.as_bytes(), Access::Secret)?);
        }
        ca.record(&client.certificate, Kind::Client, &client.name, &client.scopes, now)?;
        staged.into_iter().try_for_each(file::Staged::publish)?;
        Ok(client)
    }

    /// Puts a client's new certificate, and those above it (its issuer first), in the place of the present ones. It was
    /// issued elsewhere, for the same key; the token stays.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown client, [`Error::NotAllowed`] for another key's certificate, or file errors.
    pub fn install_certificate(&self, name: &Name, certificate: &Facts, chain: &[Facts]) -> Result<()> {
        let present = self.client(name)?;
        if present.certificate.spki != certificate.spki {
            let why = "the certificate is for another key than the client's";
            return Err(Error::not_allowed("client", name, why, "renew it with the key that is in its directory"));
        }
        let directory = self.root().join(name);
        directory::sweep(&directory, &[])?;
        let stage = |file: &str, certificates: &[Facts]| {
            let pem = pem_file::encode_certificates(certificates);
            file::Staged::new(&directory.join(file), pem.as_bytes(), Access::Public)
        };
        // Both are complete before either is in place. An empty chain says nothing about the one that is there.
        let above = if chain.is_empty() { None } else { Some(stage(CHAIN, chain)?) };
        let own = stage(CERTIFICATE, std::slice::from_ref(certificate))?;
        above.map_or(Ok(()), file::Staged::publish)?;
        own.publish()
    }

    /// Reads a client's credentials.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown client; [`Error::BadFile`] and [`Error::Io`] naming the file that cannot be used.
    pub fn client(&self, name: &Name) -> Result<ClientCredentials> {
        let directory = self.root().join(name);
        let (certificate_path, key_path) = (directory.join(CERTIFICATE), directory.join(KEY));
        if !file::exists(&certificate_path)? {
            return Err(Error::NotFound {
                what: "client",
                name: name.to_string(),
                place: self.root().display().to_string(),
                hint: format!("make it with `certauthz client create --name {name}`, or see `certauthz client list`")
                    .into(),
            });
        }
        let certificate = pem_file::certificate(&certificate_path)?;
        let chain = pem_file::chain(&directory.join(CHAIN))?;
        let key = file::exists(&key_path)?.then(|| pem_file::private_key(&key_path)).transpose()?;
        let (path, spki) = match &key {
            Some(key) => (key_path, key.public_key().spki_der().to_vec()),
            None => (directory.join(PUBLIC), pem_file::public_key(&directory.join(PUBLIC))?.spki_der().to_vec()),
        };
        if spki != certificate.spki {
            return Err(Error::bad_file(
                path,
                format!("the key does not belong to the certificate in {CERTIFICATE}"),
                "restore both files from the same backup, or make the client anew with `client create --force`",
            ));
        }
        Ok(ClientCredentials { name: name.clone(), certificate, chain, key, token_path: directory.join(TOKEN) })
    }

    /// The names of the clients, sorted.
    ///
    /// # Errors
    /// [`Error::Io`] where the directory cannot be listed. One that does not exist is empty.
    pub fn client_names(&self) -> Result<Vec<Name>> {
        self.names_with(&[CERTIFICATE, KEY])
    }

    /// The CA that issued a client's certificate: the one whose key made its signature.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it is none of those here.
    pub fn ca_of(&self, client: &ClientCredentials) -> Result<Name> {
        let mut unreadable = None;
        for name in self.ca_names()? {
            let ca = match authority::read_certificates(&self.root().join(&name)) {
                Ok((ca, _)) => ca,
                Err(error) => {
                    unreadable = unreadable.or(Some(error));
                    continue;
                }
            };
            if client.certificate.names_as_issuer(&ca)
                && client.certificate.is_signed_by(&PublicKey::from_spki_der(&ca.spki)?)
            {
                return Ok(name);
            }
        }
        // It may well be the one that could not be read.
        if let Some(error) = unreadable {
            return Err(error);
        }
        Err(Error::NotFound {
            what: "CA that issued the certificate of client",
            name: client.name.to_string(),
            place: self.root().display().to_string(),
            hint: "if that CA was replaced, make the client anew with `certauthz client create --force`".into(),
        })
    }

    /// The scopes in a client's certificate.
    ///
    /// # Errors
    /// [`Error::Rejected`] where it has none, or they are malformed.
    pub fn scopes_of(&self, client: &ClientCredentials) -> Result<Scopes> {
        let value = client.certificate.extension(self.scopes_oid()).ok_or(Rejection::ScopesMissing)?;
        Ok(extension::decode(&value)?)
    }

    /// Replaces a client's `token.jwt`. It is a bearer secret: mode 0600.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown client, or file errors.
    pub fn write_token(&self, client: &Name, token: &str) -> Result<()> {
        let path = self.client(client)?.token_path;
        file::replace(&path, token.as_bytes(), Access::Secret)
    }

    /// Reads a client's `token.jwt`, without surrounding white space.
    ///
    /// # Errors
    /// [`Error::Io`] where there is none, [`Error::BadFile`] where it is no text.
    pub fn read_token(&self, client: &Name) -> Result<String> {
        let path = self.client(client)?.token_path;
        let bytes = file::read(&path, file::MAX_FILE_LEN)?;
        let text = String::from_utf8(bytes).ok().map(|text| text.trim().to_owned());
        text.filter(|text| !text.is_empty()).ok_or_else(|| {
            Error::bad_file(path, "it holds no token", "make one with `certauthz token create --client`")
        })
    }
}

fn certificate_files(ca: &Authority, client: &IssuedClient) -> Vec<(&'static str, String)> {
    let mut files = vec![(CERTIFICATE, pem_file::encode_certificates([&client.certificate]))];
    let chain = ca.client_chain();
    if !chain.is_empty() {
        files.push((CHAIN, pem_file::encode_certificates(&chain)));
    }
    files
}
