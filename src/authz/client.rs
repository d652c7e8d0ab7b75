//! A client that a certificate has made known.

use crate::{
    cert::{
        chain::{self, Anchors, Path, Purpose, Revocation},
        extension::{self, Oid},
    },
    error::Rejection,
    key::{PublicKey, sha256},
    scope::Scopes,
};
use jiff::Timestamp;
use std::sync::Arc;
use x509_parser::prelude::X509Certificate;

/// A certificate whose path was valid when it was first seen, with what each request needs of it.
pub struct VerifiedClient {
    name: Arc<str>,
    fingerprint: [u8; 32],
    scopes: Result<Scopes, Rejection>,
    path: Path,
}

impl VerifiedClient {
    /// Validates the path of a DER certificate for client authentication at `now`, over intermediates in any order, and
    /// reads what requests need. Revocation is left to [`Path::check_revocation`], the scopes to
    /// [`VerifiedClient::scopes`].
    ///
    /// # Errors
    /// As [`chain::validate`]; [`Rejection::CredentialMalformed`] where the subject has not exactly one common name.
    pub fn establish(
        leaf: &[u8],
        intermediates: &[&[u8]],
        anchors: &Anchors,
        scopes_oid: &Oid,
        now: Timestamp,
    ) -> Result<Self, Rejection> {
        let (purpose, revocation) = (Purpose::ClientAuth, Revocation::Unchecked);
        let read = |certificate: &X509Certificate<'_>| {
            (client_name(certificate), extension::read_scopes(certificate, scopes_oid))
        };
        let (path, (name, scopes)) =
            chain::validate_and_read(leaf, intermediates, anchors, purpose, revocation, now, read)?;
        Ok(Self { name: name?, fingerprint: sha256(leaf), scopes, path })
    }

    /// The subject's common name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The serial number in lower-case hex.
    pub fn serial_hex(&self) -> String {
        self.path.leaf().serial_hex()
    }

    /// SHA-256 of the certificate's DER.
    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    /// The scopes that its certificate carries.
    ///
    /// # Errors
    /// [`Rejection::ScopesMissing`] or [`Rejection::ScopesMalformed`].
    pub fn scopes(&self) -> Result<&Scopes, Rejection> {
        self.scopes.as_ref().map_err(Clone::clone)
    }

    /// The certificate's public key.
    ///
    /// # Errors
    /// [`Rejection::CertificateUntrusted`] for keys that verify nothing here; such a certificate has no valid path.
    pub fn key(&self) -> Result<&PublicKey, Rejection> {
        self.path.leaf().key().map_err(|error| Rejection::CertificateUntrusted(error.to_string().into()))
    }

    /// The path to the CA.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The one common name of the subject: 1 to 64 characters (RFC 5280 appendix A), none of them a control.
fn client_name(certificate: &X509Certificate<'_>) -> Result<Arc<str>, Rejection> {
    let malformed = || Rejection::CredentialMalformed("the subject has not exactly one readable common name".into());
    let mut names = certificate.subject().iter_common_name();
    let (Some(name), None) = (names.next(), names.next()) else { return Err(malformed()) };
    let name = name.as_str().map_err(|_| malformed())?;
    if name.is_empty() || name.chars().count() > 64 || name.chars().any(char::is_control) {
        return Err(malformed());
    }
    Ok(name.into())
}
