//! A list that its issuer's key has signed.

use super::{CrlError, CrlNumber, IssuerId, Revoked, UnverifiedRevocationList, parse::Frame, table::Table};
use crate::key::{VerifyError, verify_x509};
use jiff::Timestamp;
use std::{fmt, ops::Range};
use x509_parser::{extensions::ParsedExtension, prelude::FromDer as _, prelude::X509Certificate};

/// A verified revocation list, ready to be asked. It keeps of the DER what a look-up needs: serial number, date and
/// reason of every entry, about 25 bytes each.
pub struct RevocationList {
    head: Head,
    table: Table,
}

/// What there is to know of a list besides its entries.
pub(super) struct Head {
    issuer: IssuerId,
    number: CrlNumber,
    this_update: Timestamp,
    next_update: Timestamp,
    /// Under one key, another content has another signature: it tells lists with the same number apart.
    signature: Box<[u8]>,
}

impl Head {
    pub(super) fn issuer(&self) -> IssuerId {
        self.issuer
    }

    pub(super) fn number(&self) -> CrlNumber {
        self.number
    }

    pub(super) fn same_content(&self, other: &Self) -> bool {
        self.issuer == other.issuer && self.signature == other.signature
    }
}

/// A list whose signature holds and whose entries are still to be read. Whether it is wanted at all can be told before
/// that is done.
pub(super) struct Signed {
    pub(super) head: Head,
    der: Vec<u8>,
    /// Where in `der` the content of the sequence of entries is.
    entries: Range<usize>,
}

impl Signed {
    /// Finds the certificate whose owner has issued the list. Where there is none the error is the most telling one.
    pub(super) fn new<I>(der: Vec<u8>, issuer_certificates: I) -> Result<Self, CrlError>
    where
        I: IntoIterator<Item: AsRef<[u8]>>,
    {
        let frame = Frame::read(&der)?;
        let mut refusal = CrlError::NoIssuer;
        for certificate in issuer_certificates {
            match frame.verify(certificate.as_ref()) {
                Ok(head) => {
                    let entries = range_within(&der, frame.entries).ok_or(crate::der::BadDer)?;
                    return Ok(Self { head, der, entries });
                }
                // "Not that one's" says less than "that one's, but broken".
                Err(error) if matches!(refusal, CrlError::NoIssuer | CrlError::WrongIssuer { .. }) => refusal = error,
                Err(_) => {}
            }
        }
        Err(refusal)
    }

    /// Reads the entries.
    pub(super) fn into_list(self) -> Result<RevocationList, CrlError> {
        Ok(RevocationList { head: self.head, table: Table::build(self.der, self.entries)? })
    }
}

/// Where in `whole` its part `part` is.
fn range_within(whole: &[u8], part: &[u8]) -> Option<Range<usize>> {
    if part.is_empty() {
        // Where an optional sequence is absent the empty slice is a constant's.
        return Some(0..0);
    }
    let start = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    let range = start..start.checked_add(part.len())?;
    whole.get(range.clone()).map(|_| range)
}

impl RevocationList {
    /// Reads a DER list and checks that it was issued by the owner of this DER certificate: name, key identifier,
    /// permission to sign lists, signature (RFC 5280 section 6.3.3). The certificate itself is taken as it is: whether
    /// it can be trusted is [`crate::cert::chain`]'s to say. Times are not judged here, see [`super::Freshness`].
    ///
    /// The time grows with the number of entries: a million take about a tenth of a second.
    ///
    /// # Errors
    /// Any [`CrlError`] but those of [`super::RevocationStore::offer`].
    pub fn verify(der: &[u8], issuer_certificate: &[u8]) -> Result<Self, CrlError> {
        let frame = Frame::read(der)?;
        let head = frame.verify(issuer_certificate)?;
        Ok(Self { head, table: Table::of(frame.entries)? })
    }

    /// As [`RevocationList::verify`], with any of several issuers and without a copy: the list's own bytes become the
    /// table, so that it never needs more than the list's size and what is left of it in the end.
    ///
    /// # Errors
    /// As [`RevocationList::verify`]; [`CrlError::NoIssuer`] where no certificate is given.
    pub fn verify_owned<I>(der: Vec<u8>, issuer_certificates: I) -> Result<Self, CrlError>
    where
        I: IntoIterator<Item: AsRef<[u8]>>,
    {
        Signed::new(der, issuer_certificates)?.into_list()
    }

    /// The serial number (big-endian, without leading zeros) on the list.
    pub fn lookup(&self, serial: &[u8]) -> Option<Revoked> {
        self.table.get(serial)
    }

    /// Whose list it is.
    pub fn issuer(&self) -> IssuerId {
        self.head.issuer
    }

    /// The CRL number.
    pub fn number(&self) -> CrlNumber {
        self.head.number
    }

    /// When it was issued.
    pub fn this_update(&self) -> Timestamp {
        self.head.this_update
    }

    /// When the next one is due at the latest.
    pub fn next_update(&self) -> Timestamp {
        self.head.next_update
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether no certificate is on it.
    pub fn is_empty(&self) -> bool {
        self.table.len() == 0
    }

    pub(super) fn head(&self) -> &Head {
        &self.head
    }
}

impl fmt::Debug for RevocationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationList")
            .field("number", &self.head.number)
            .field("this_update", &self.head.this_update)
            .field("next_update", &self.head.next_update)
            .field("len", &self.table.len())
            .finish_non_exhaustive()
    }
}

impl UnverifiedRevocationList<'_> {
    /// Checks the list against its issuer's DER certificate; see [`RevocationList::verify`].
    ///
    /// # Errors
    /// As [`RevocationList::verify`].
    pub fn verify(&self, issuer_certificate: &[u8]) -> Result<RevocationList, CrlError> {
        let head = self.frame.verify(issuer_certificate)?;
        Ok(RevocationList { head, table: Table::of(self.frame.entries)? })
    }
}

impl Frame<'_> {
    /// Checks everything that concerns the issuer: name, key, permission, signature.
    fn verify(&self, issuer_certificate: &[u8]) -> Result<Head, CrlError> {
        let Ok(([], certificate)) = X509Certificate::from_der(issuer_certificate) else {
            return Err(CrlError::IssuerMalformed);
        };
        if certificate.subject().as_raw() != self.issuer {
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
        Ok(Head {
            issuer: IssuerId::new(self.issuer, spki),
            number: self.number,
            this_update: self.this_update,
            next_update: self.next_update,
            signature: self.signature.into(),
        })
    }
}
