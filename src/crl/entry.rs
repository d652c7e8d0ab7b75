//! The entries of a list: a serial number, a date and perhaps a reason.

use super::{CrlError, RevocationReason, parse::for_each_extension};
use crate::der::{self, ENUMERATED, GENERALIZED_TIME, Reader, SEQUENCE};
use jiff::Timestamp;
use std::fmt;

/// The longest INTEGER of a serial number: the 20 bytes of RFC 5280 section 4.1.2.2, and the zero that keeps a full
/// 160-bit number positive, which issuers that count bits and not bytes do add.
pub(super) const MAX_SERIAL: usize = 21;

/// That a certificate is on the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    /// Since when.
    pub date: Timestamp,
    /// Why; [`RevocationReason::Unspecified`] where the list says nothing.
    pub reason: RevocationReason,
}

/// An entry of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    pub(super) integer: &'a [u8],
    revoked: Revoked,
}

impl<'a> Entry<'a> {
    /// The serial number of the revoked certificate: big-endian, without leading zeros. (The raw two's complement of
    /// a negative one, which RFC 5280 forbids and some lists hold.)
    pub fn serial(&self) -> &'a [u8] {
        der::magnitude(self.integer).unwrap_or(self.integer)
    }

    /// Date and reason.
    pub fn revoked(&self) -> Revoked {
        self.revoked
    }

    /// Reads the content of an entry's SEQUENCE (RFC 5280 section 5.1.2.6), strictly.
    pub(super) fn decode(content: &'a [u8]) -> Result<Self, CrlError> {
        let mut fields = Reader::new(content);
        let integer = fields.integer()?;
        if integer.len() > MAX_SERIAL {
            return Err(CrlError::Malformed("an entry's serial number has more than 20 bytes"));
        }
        let date = fields.time()?;
        let reason = match fields.optional(SEQUENCE)? {
            Some(extensions) => reason_of(extensions)?,
            None => RevocationReason::Unspecified,
        };
        fields.finish()?;
        Ok(Self { integer, revoked: Revoked { date, reason } })
    }
}

/// The entries of a list, in its order.
#[derive(Clone)]
pub struct Entries<'a> {
    reader: Reader<'a>,
}

impl<'a> Entries<'a> {
    pub(super) fn new(content: &'a [u8]) -> Self {
        Self { reader: Reader::new(content) }
    }

    /// Decodes the next entry.
    pub(super) fn decode_next(&mut self) -> Option<Result<Entry<'a>, CrlError>> {
        (!self.reader.is_empty()).then(|| Entry::decode(self.reader.expect(SEQUENCE)?))
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        // The list was decoded as a whole before anybody could ask for its entries, so nothing is lost here.
        self.decode_next()?.ok()
    }
}

impl fmt::Debug for Entries<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entries").finish_non_exhaustive()
    }
}

/// The reason in the content of an entry's extensions; all others are checked as well.
fn reason_of(extensions: &[u8]) -> Result<RevocationReason, CrlError> {
    let mut reason = None;
    for_each_extension(extensions, |oid, critical, value| match oid {
        // reasonCode, 2.5.29.21
        [0x55, 0x1d, 21] if reason.is_some() => Err(CrlError::Malformed("an entry has two reason codes")),
        [0x55, 0x1d, 21] => {
            reason = Some(reason_code(value)?);
            Ok(())
        }
        // invalidityDate, 2.5.29.24: it changes nothing for us, but must not make a list unreadable.
        [0x55, 0x1d, 24] => match Reader::new(value).element() {
            Ok(element) if element.tag == GENERALIZED_TIME => Ok(()),
            _ => Err(CrlError::Malformed("an entry's invalidity date is none")),
        },
        // certificateIssuer, 2.5.29.29: an entry of an indirect list.
        [0x55, 0x1d, 29] => Err(CrlError::IssuingDistributionPoint),
        _ if critical => Err(CrlError::CriticalExtension { oid: super::parse::dotted(oid) }),
        _ => Ok(()),
    })?;
    Ok(reason.unwrap_or(RevocationReason::Unspecified))
}

fn reason_code(value: &[u8]) -> Result<RevocationReason, CrlError> {
    let mut reader = Reader::new(value);
    let code = match reader.expect(ENUMERATED)? {
        [code] => RevocationReason::from_code(*code),
        _ => None,
    };
    reader.finish()?;
    code.ok_or(CrlError::Malformed("an entry has an unknown reason code"))
}
