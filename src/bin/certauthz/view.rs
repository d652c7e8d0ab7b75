//! How things of the library are shown: as members of a JSON document, and as rows of a text.

use crate::output::printable;
use certauthz::{
    cert::facts::Facts,
    key::PublicKey,
    scope::Scopes,
    store::{CertificateRecord, CrlState, IssuedToken},
};
use jiff::Timestamp;
use serde::Serialize;
use std::path::Path;

/// A time as people and programs read it: RFC 3339, whole seconds.
pub(crate) fn time(time: Timestamp) -> String {
    format!("{time:.0}")
}

/// A certificate.
#[derive(Debug, Serialize)]
pub(crate) struct Certificate {
    pub(crate) common_name: Option<String>,
    pub(crate) organization: Option<String>,
    pub(crate) serial: String,
    pub(crate) key: String,
    pub(crate) not_before: String,
    pub(crate) not_after: String,
}

impl Certificate {
    pub(crate) fn new(facts: &Facts) -> Self {
        let key = PublicKey::from_spki_der(&facts.spki);
        Self {
            common_name: facts.common_name.clone(),
            organization: facts.organization.clone(),
            serial: facts.serial.to_hex(),
            key: key.map_or_else(|_| "unknown".to_owned(), |key| key.key_type().to_string()),
            not_before: time(facts.not_before),
            not_after: time(facts.not_after),
        }
    }

    /// Label and value, for [`fields`].
    pub(crate) fn rows(&self) -> Vec<(&'static str, String)> {
        let mut rows = vec![("subject", self.subject())];
        rows.push(("serial", format!("0x{}", self.serial)));
        rows.push(("key", self.key.clone()));
        rows.push(("valid", format!("{} to {}", self.not_before, self.not_after)));
        rows
    }

    fn subject(&self) -> String {
        let organization = self.organization.as_ref().map(|o| format!("O={}, ", printable(o))).unwrap_or_default();
        format!("{organization}CN={}", printable(self.common_name.as_deref().unwrap_or_default()))
    }
}

/// A certificate in a CA's database.
#[derive(Debug, Serialize)]
pub(crate) struct Issued {
    pub(crate) serial: String,
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) scopes: Scopes,
    pub(crate) not_before: String,
    pub(crate) not_after: String,
    pub(crate) status: &'static str,
    pub(crate) revoked_at: Option<String>,
    pub(crate) revocation_reason: Option<&'static str>,
}

impl Issued {
    pub(crate) fn new(record: &CertificateRecord, now: Timestamp) -> Self {
        Self {
            serial: record.serial.to_hex(),
            kind: record.kind.as_str(),
            name: record.name.clone(),
            scopes: record.scopes.clone(),
            not_before: time(record.not_before),
            not_after: time(record.not_after),
            status: record.status(now).as_str(),
            revoked_at: record.revocation.map(|revocation| time(revocation.at)),
            revocation_reason: record.revocation.map(|revocation| revocation.reason.as_str()),
        }
    }
}

/// A published revocation list.
#[derive(Debug, Serialize)]
pub(crate) struct Crl {
    pub(crate) file: String,
    pub(crate) number: u64,
    pub(crate) this_update: String,
    pub(crate) next_update: String,
}

impl Crl {
    pub(crate) fn new(file: &Path, state: &CrlState) -> Self {
        Self {
            file: file.display().to_string(),
            number: state.number,
            this_update: time(state.this_update),
            next_update: time(state.next_update),
        }
    }

    pub(crate) fn sentence(&self) -> String {
        format!("{}, number {}, next update {}", self.file, self.number, self.next_update)
    }
}

/// What a token says; not the token itself.
#[derive(Debug, Serialize)]
pub(crate) struct Token {
    pub(crate) audience: String,
    pub(crate) scopes: Scopes,
    pub(crate) expires: String,
}

impl Token {
    pub(crate) fn new(issued: &IssuedToken) -> Self {
        Self { audience: issued.audience.clone(), scopes: issued.scopes.clone(), expires: time(issued.expires) }
    }
}

/// A title and labelled values below it.
pub(crate) fn fields(title: &str, rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
    let mut text = format!("{title}\n");
    for (label, value) in rows {
        text.push_str(format!("  {label:width$}  {value}").trim_end());
        text.push('\n');
    }
    text
}

/// Scopes as people read them.
pub(crate) fn scopes(scopes: &Scopes) -> String {
    if scopes.is_empty() { "-".to_owned() } else { scopes.to_string() }
}
