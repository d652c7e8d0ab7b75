//! What an authorization server knows of a CA's clients while it answers requests: all in memory, and never older than
//! the last look at the database.
//!
//! A [`Registry`] does not change. A [`RegistryReader`] makes the next one when the database was changed, by this or by
//! any other process, and reads only what is new: certificates have rising row numbers, a client's key and scopes change
//! with a certificate that is issued or revoked only, and revocations have an index of their own. What that cannot explain is read anew as a whole.

mod read;
mod sharded;

pub use read::RegistryReader;

use crate::{
    cert::Serial,
    key::{PublicKey, sha256},
    scope::Scopes,
};
use jiff::Timestamp;
use sharded::Sharded;
use std::{
    fmt,
    sync::{Arc, OnceLock},
};

/// The clients of a CA, as they were when its database was last seen to change.
#[derive(Clone, Default)]
pub struct Registry {
    clients: Sharded<Arc<str>, Arc<RegisteredClient>>,
    /// By every common name that a client's certificates have: the client's name.
    common_names: Sharded<Arc<str>, Arc<str>>,
    serials: Sharded<Serial, Holder>,
}

/// Whose certificate a serial number is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Holder {
    Client(Arc<str>),
    /// It is revoked, whoever had it.
    Revoked,
}

/// How a serial number stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing<'r> {
    /// The CA did not issue it to a client, or it had expired when the registry was read.
    Unknown,
    /// It was revoked.
    Revoked,
    /// This certificate of this client, expired by now or not.
    Issued(&'r Arc<RegisteredClient>, &'r RegisteredCertificate),
}

/// A certificate that was not revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredCertificate {
    /// Its serial number.
    pub serial: Serial,
    /// SHA-256 of its DER.
    pub sha256: [u8; 32],
    /// SHA-256 of the SubjectPublicKeyInfo in it.
    pub spki_sha256: [u8; 32],
    /// The subject's common name, by which services know the client.
    pub common_name: Arc<str>,
    /// Valid from then on.
    pub not_before: Timestamp,
    /// Valid until then, inclusive.
    pub not_after: Timestamp,
    /// When it was recorded.
    pub issued_at: Timestamp,
}

impl RegisteredCertificate {
    /// Whether its time has come and is not over.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after
    }
}

/// A client of the CA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredClient {
    name: Arc<str>,
    id: [u8; 32],
    key: Arc<LazyKey>,
    scopes: Scopes,
    /// In the order in which they were issued.
    certificates: Vec<RegisteredCertificate>,
}

impl RegisteredClient {
    fn new(name: Arc<str>, spki: Vec<u8>, scopes: Scopes) -> Self {
        let id = sha256(name.as_bytes());
        let key = Arc::new(LazyKey { sha256: sha256(&spki), spki, parsed: OnceLock::new() });
        Self { name, id, key, scopes, certificates: Vec::new() }
    }

    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// SHA-256 of its name, for whatever is remembered of it.
    pub fn id(&self) -> &[u8; 32] {
        &self.id
    }

    /// Its public key, parsed once. `None` where it is none that this program knows.
    pub fn key(&self) -> Option<&PublicKey> {
        self.key.parsed.get_or_init(|| PublicKey::from_spki_der(&self.key.spki).ok()).as_ref()
    }

    /// Its public key: SubjectPublicKeyInfo in DER.
    pub fn spki(&self) -> &[u8] {
        &self.key.spki
    }

    /// What it may ask for today: the scopes of its latest certificate.
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// Its certificates that are valid at `now` and not revoked, the newest first. Those of a key that it had before
    /// are left out: they say nothing of the one that it signs with.
    pub fn certificates(&self, now: Timestamp) -> impl Iterator<Item = &RegisteredCertificate> {
        let own = move |certificate: &&RegisteredCertificate| {
            certificate.is_valid(now) && certificate.spki_sha256 == self.key.sha256
        };
        self.certificates.iter().rev().filter(own)
    }

    /// The newest of them.
    pub fn newest(&self, now: Timestamp) -> Option<&RegisteredCertificate> {
        self.certificates(now).next()
    }

    /// Whether this is its name, or the common name of one of its certificates that are valid at `now`.
    pub fn goes_by(&self, name: &str, now: Timestamp) -> bool {
        *self.name == *name || self.certificates(now).any(|certificate| *certificate.common_name == *name)
    }
}

/// A key that is parsed when it is first needed: few clients come between two changes, and there may be very many.
struct LazyKey {
    spki: Vec<u8>,
    sha256: [u8; 32],
    parsed: OnceLock<Option<PublicKey>>,
}

impl PartialEq for LazyKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for LazyKey {}

impl fmt::Debug for LazyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LazyKey({} bytes)", self.spki.len())
    }
}

impl Registry {
    /// The client with this name, or with a certificate with this common name. No two clients share either.
    pub fn client(&self, id: &str) -> Option<&Arc<RegisteredClient>> {
        self.clients.get(id).or_else(|| self.clients.get(&**self.common_names.get(id)?))
    }

    /// How the certificate with this serial number stands.
    pub fn certificate(&self, serial: &Serial) -> Standing<'_> {
        let name = match self.serials.get(serial) {
            None => return Standing::Unknown,
            Some(Holder::Revoked) => return Standing::Revoked,
            Some(Holder::Client(name)) => name,
        };
        let found = self.clients.get(&**name).and_then(|client| {
            let certificate = client.certificates.iter().find(|certificate| certificate.serial == *serial)?;
            Some(Standing::Issued(client, certificate))
        });
        found.unwrap_or(Standing::Unknown)
    }

    /// How many clients there are.
    pub fn len(&self) -> usize {
        self.clients.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn insert_client(&mut self, client: RegisteredClient) {
        for certificate in &client.certificates {
            self.common_names.insert(Arc::clone(&certificate.common_name), Arc::clone(&client.name));
        }
        self.clients.insert(Arc::clone(&client.name), Arc::new(client));
    }

    /// Marks a serial number as revoked; false if it was before.
    fn revoke(&mut self, serial: Serial) -> bool {
        let before = self.serials.insert(serial.clone(), Holder::Revoked);
        if let Some(Holder::Client(name)) = &before
            && let Some(client) = self.clients.get(&**name)
        {
            let mut client = RegisteredClient::clone(client);
            client.certificates.retain(|certificate| certificate.serial != serial);
            self.clients.insert(Arc::clone(name), Arc::new(client));
        }
        before != Some(Holder::Revoked)
    }
}

/// What tests of the decisions above need.
#[cfg(test)]
impl Registry {
    /// With one more client, whose one certificate has this serial number and life.
    pub(crate) fn with(
        mut self,
        (name, common_name): (&str, &str),
        key: &PublicKey,
        scopes: &str,
        serial: u32,
        (not_before, not_after): (Timestamp, Timestamp),
    ) -> Self {
        let scopes = Scopes::parse(scopes).unwrap();
        let mut client = RegisteredClient::new(name.into(), key.spki_der().to_vec(), scopes);
        let serial = Serial::from_be_bytes(&serial.to_be_bytes()).unwrap();
        self.serials.insert(serial.clone(), Holder::Client(name.into()));
        let (sha256, spki_sha256) = (sha256(serial.as_bytes()), sha256(key.spki_der()));
        let common_name = common_name.into();
        let issued_at = not_before;
        client.certificates =
            vec![RegisteredCertificate { serial, sha256, spki_sha256, common_name, not_before, not_after, issued_at }];
        self.insert_client(client);
        self
    }

    /// With this serial number revoked.
    pub(crate) fn without(mut self, serial: u32) -> Self {
        self.revoke(Serial::from_be_bytes(&serial.to_be_bytes()).unwrap());
        self
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registry({} clients)", self.len())
    }
}

#[cfg(test)]
mod tests;
