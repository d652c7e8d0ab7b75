//! What a CA remembers of the certificates that it issued.

use crate::{
    cert::{Serial, Subject},
    crl::issue::RevocationReason,
    scope::Scopes,
};
use jiff::Timestamp;

/// Whom a certificate was issued to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A client.
    Client,
    /// A CA: this one itself, or one below it.
    Ca,
}

impl Kind {
    /// `client` or `ca`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Ca => "ca",
        }
    }
}

/// A certificate in a CA's database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRecord {
    /// Its serial number.
    pub serial: Serial,
    /// Whose kind `name` is of.
    pub kind: Kind,
    /// The name of the client or CA: that of its directory.
    pub name: String,
    /// The subject.
    pub subject: Subject,
    /// The scopes in it; empty for a CA.
    pub scopes: Scopes,
    /// Valid from then on.
    pub not_before: Timestamp,
    /// Valid until then.
    pub not_after: Timestamp,
    /// When it was recorded.
    pub issued_at: Timestamp,
    /// When and why it was revoked.
    pub revocation: Option<Revocation>,
}

/// A revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: RevocationReason,
}

/// Whether a certificate can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// It can.
    Valid,
    /// Not yet.
    NotYetValid,
    /// Not any more.
    Expired,
    /// Revoked, expired or not.
    Revoked,
}

impl Status {
    /// The word for it, e.g. `valid`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::NotYetValid => "not yet valid",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl CertificateRecord {
    /// Its status at `now`.
    pub fn status(&self, now: Timestamp) -> Status {
        if self.revocation.is_some() {
            Status::Revoked
        } else if now > self.not_after {
            Status::Expired
        } else if now < self.not_before {
            Status::NotYetValid
        } else {
            Status::Valid
        }
    }
}

/// A client as its CA knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRecord {
    /// Its name.
    pub name: String,
    /// Its public key: SubjectPublicKeyInfo in DER.
    pub spki: Vec<u8>,
    /// What it may ask for: the scopes of its latest certificate.
    pub scopes: Scopes,
    /// When its latest certificate was issued.
    pub updated_at: Timestamp,
}

/// The newest revocation list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrlState {
    /// Its number; 0 before the first one.
    pub number: u64,
    /// When it was made.
    pub this_update: Timestamp,
    /// When the next one is due.
    pub next_update: Timestamp,
}
