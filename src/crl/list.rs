//! A list that its issuer's key has signed.

use super::{CrlError, CrlNumber, IssuerId, Revoked, UnverifiedRevocationList, table::Table};
use crate::key::{VerifyError, verify_x509};
use jiff::Timestamp;
use std::fmt;
use x509_parser::{extensions::ParsedExtension, prelude::FromDer as _, prelude::X509Certificate};

/// A verified revocation list, ready to be asked. It does not keep the DER.
pub struct RevocationList {
    issuer: IssuerId,
    number: CrlNumber,
    this_update: Timestamp,
    next_update: Timestamp,
    len: usize,
    table: Table,
    /// Under one key, another content has another signature: it tells lists with the same number apart.
    signature: Box<[u8]>,
}

impl RevocationList {
    /// Reads a DER list and checks that it was issued by the owner of this DER certificate: name, key identifier,
    /// permission to sign lists, signature (RFC 5280 section 6.3.3). The certificate itself is taken as it is: whether
    /// it can be trusted is [`crate::cert::chain`]'s to say. Times are not judged here, see [`super::Freshness`].
    ///
    /// # Errors
    /// Any [`CrlError`] but those of [`super::RevocationStore::offer`].
    pub fn verify(der: &[u8], issuer_certificate: &[u8]) -> Result<Self, CrlError> {
        UnverifiedRevocationList::parse(der)?.verify(issuer_certificate)
    }

    /// The serial number (big-endian, without leading zeros) on the list.
    pub fn lookup(&self, serial: &[u8]) -> Option<Revoked> {
        self.table.get(serial)
    }

    /// Whose list it is.
    pub fn issuer(&self) -> IssuerId {
        self.issuer
    }

    /// The CRL number.
    pub fn number(&self) -> CrlNumber {
        self.number
    }

    /// When it was issued.
    pub fn this_update(&self) -> Timestamp {
        self.this_update
    }

    /// When the next one is due at the latest.
    pub fn next_update(&self) -> Timestamp {
        self.next_update
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no certificate is on it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn same_content(&self, other: &Self) -> bool {
        self.issuer == other.issuer && self.signature == other.signature
    }
}

impl fmt::Debug for RevocationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationList")
            .field("number", &self.number)
            .field("this_update", &self.this_update)
            .field("next_update", &self.next_update)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

impl UnverifiedRevocationList<'_> {
    /// Checks the list against its issuer's DER certificate; see [`RevocationList::verify`].
    ///
    /// # Errors
    /// As [`RevocationList::verify`].
    pub fn verify(&self, issuer_certificate: &[u8]) -> Result<RevocationList, CrlError> {
        let Ok(([], certificate)) = X509Certificate::from_der(issuer_certificate) else {
            return Err(CrlError::IssuerMalformed);
        };
        if certificate.subject().as_raw() != self.issuer() {
            return Err(CrlError::WrongIssuer { issuer: certificate.subject().to_string() });
        }
        let usage = certificate.key_usage().map_err(|_| CrlError::IssuerMalformed)?;
        if usage.is_some_and(|usage| !usage.value.crl_sign()) {
            return Err(CrlError::IssuerMayNotSign);
        }
        // Two keys of one CA share its name while it rolls over; where both sides name the key, the names must agree.
        let subject_key_id = certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0),
            _ => None,
        });
        if let (Some(wanted), Some(got)) = (self.authority_key_id, subject_key_id)
            && wanted != got
        {
            return Err(CrlError::WrongKey);
        }
        let spki = certificate.public_key().raw;
        verify_x509(spki, self.algorithm, self.signed, self.signature).map_err(|error| match error {
            VerifyError::WrongAlgorithm => CrlError::Algorithm,
            VerifyError::BadSignature => CrlError::Signature,
        })?;
        Ok(RevocationList {
            issuer: IssuerId::new(self.issuer(), spki),
            number: self.number(),
            this_update: self.this_update(),
            next_update: self.next_update(),
            len: self.len(),
            table: Table::build(self.entries, self.len())?,
            signature: self.signature.into(),
        })
    }
}
