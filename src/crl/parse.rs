//! From bytes to the facts of a list that nobody has verified yet.

use super::{CrlError, Entries, MAX_BYTES};
use crate::der::{self, BOOLEAN, CONTEXT_0, GENERALIZED_TIME, OCTET_STRING, OID, Reader, SEQUENCE, UTC_TIME};
use jiff::Timestamp;
use std::fmt;

/// The CRL number of a list (RFC 5280 section 5.2.3): up to 20 bytes, rising with every list of an issuer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CrlNumber([u8; 20]);

impl CrlNumber {
    /// From the big-endian magnitude; `None` where it has more than 20 significant bytes.
    pub fn from_be_bytes(magnitude: &[u8]) -> Option<Self> {
        let start = magnitude.iter().position(|&byte| byte != 0).unwrap_or(magnitude.len());
        let significant = magnitude.get(start..)?;
        let mut bytes = [0; 20];
        bytes.get_mut(20usize.checked_sub(significant.len())?..)?.copy_from_slice(significant);
        Some(Self(bytes))
    }

    /// As an integer, where it fits.
    pub fn to_u128(self) -> Option<u128> {
        let (high, low) = self.0.split_first_chunk::<4>()?;
        (*high == [0; 4]).then_some(u128::from_be_bytes(low.try_into().ok()?))
    }
}

impl From<u64> for CrlNumber {
    fn from(number: u64) -> Self {
        let mut bytes = [0; 20];
        for (to, from) in bytes.iter_mut().rev().zip(number.to_le_bytes()) {
            *to = from;
        }
        Self(bytes)
    }
}

/// Decimal up to 128 bits, hex with `0x` beyond.
impl fmt::Display for CrlNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_u128() {
            Some(number) => number.fmt(f),
            None => {
                f.write_str("0x")?;
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}

impl fmt::Debug for CrlNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A list without a look at its entries: the facts that it claims, and where its parts are.
#[derive(Clone)]
pub(super) struct Frame<'a> {
    /// What is signed: the whole TBSCertList element.
    pub(super) signed: &'a [u8],
    /// The content of the AlgorithmIdentifier.
    pub(super) algorithm: &'a [u8],
    pub(super) signature: &'a [u8],
    /// The content of the revokedCertificates sequence.
    pub(super) entries: &'a [u8],
    pub(super) authority_key_id: Option<&'a [u8]>,
    /// The whole Name element.
    pub(super) issuer: &'a [u8],
    pub(super) this_update: Timestamp,
    pub(super) next_update: Timestamp,
    pub(super) number: CrlNumber,
}

impl<'a> Frame<'a> {
    /// Reads everything but the entries, in a time that does not depend on their number.
    pub(super) fn read(der: &'a [u8]) -> Result<Self, CrlError> {
        if der.len() > MAX_BYTES {
            return Err(CrlError::TooLarge { size: der.len() });
        }
        let mut file = Reader::new(der);
        let mut outer = Reader::new(file.expect(SEQUENCE)?);
        if !file.is_empty() {
            return Err(CrlError::Malformed("bytes follow the list"));
        }
        let signed = outer.expect_element(SEQUENCE)?;
        let algorithm = outer.expect(SEQUENCE)?;
        let signature = outer.whole_bits()?;
        outer.finish()?;

        let mut fields = Reader::new(signed.content);
        // Version 1 has no version field; its first field is the algorithm.
        if fields.peek() == Some(SEQUENCE) || fields.integer()? != [1] {
            return Err(CrlError::Version);
        }
        if fields.expect(SEQUENCE)? != algorithm {
            return Err(CrlError::Malformed("it names two signature algorithms"));
        }
        let issuer = fields.expect_element(SEQUENCE)?;
        if issuer.content.is_empty() {
            return Err(CrlError::Malformed("its issuer has no name"));
        }
        let this_update = fields.time()?;
        if !matches!(fields.peek(), Some(UTC_TIME | GENERALIZED_TIME)) {
            return Err(CrlError::NextUpdateMissing);
        }
        let next_update = fields.time()?;
        if next_update < this_update {
            return Err(CrlError::Malformed("its nextUpdate is before its thisUpdate"));
        }
        // RFC 5280 section 5.1.2.6 wants an empty sequence left out; issuers that write one mean the same.
        let entries = fields.optional(SEQUENCE)?.unwrap_or_default();
        let extensions = fields.optional(CONTEXT_0)?.ok_or(CrlError::NumberMissing)?;
        fields.finish()?;

        let (number, authority_key_id) = list_extensions(extensions)?;
        let (signed, issuer) = (signed.whole, issuer.whole);
        Ok(Self { signed, algorithm, signature, entries, authority_key_id, issuer, this_update, next_update, number })
    }
}

/// The facts of a list as it claims them: **nothing here is verified**. It serves to show a file, and to find the
/// issuer with whose certificate [`UnverifiedRevocationList::verify`] can make a [`super::RevocationList`] of it.
#[derive(Clone)]
pub struct UnverifiedRevocationList<'a> {
    pub(super) frame: Frame<'a>,
    len: usize,
}

impl<'a> UnverifiedRevocationList<'a> {
    /// Reads a DER CertificateList (RFC 5280 section 5.1) whole, every entry included. It costs one pass and keeps
    /// nothing but references.
    ///
    /// # Errors
    /// Any [`CrlError`] that needs no issuer: size, encoding, version, and what this implementation does not support.
    pub fn parse(der: &'a [u8]) -> Result<Self, CrlError> {
        let frame = Frame::read(der)?;
        let mut len = 0;
        let mut reader = Entries::new(frame.entries);
        while let Some(entry) = reader.decode_next() {
            entry?;
            len += 1;
        }
        Ok(Self { frame, len })
    }

    /// The DER Name of the issuer that the list claims, including the SEQUENCE header.
    pub fn issuer(&self) -> &'a [u8] {
        self.frame.issuer
    }

    /// The CRL number.
    pub fn number(&self) -> CrlNumber {
        self.frame.number
    }

    /// When it was issued.
    pub fn this_update(&self) -> Timestamp {
        self.frame.this_update
    }

    /// When the next one is due at the latest.
    pub fn next_update(&self) -> Timestamp {
        self.frame.next_update
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no certificate is on it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The entries in the order of the list.
    pub fn entries(&self) -> Entries<'a> {
        Entries::new(self.frame.entries)
    }
}

impl fmt::Debug for UnverifiedRevocationList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedRevocationList")
            .field("number", &self.frame.number)
            .field("this_update", &self.frame.this_update)
            .field("next_update", &self.frame.next_update)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

/// CRL number and authority key identifier, from the content of the explicit `[0]`.
fn list_extensions(content: &[u8]) -> Result<(CrlNumber, Option<&[u8]>), CrlError> {
    let mut tagged = Reader::new(content);
    let extensions = tagged.expect(SEQUENCE)?;
    tagged.finish()?;
    let mut number = None;
    let mut key_id = None;
    for_each_extension(extensions, |oid, critical, value| {
        let twice = match oid {
            // cRLNumber, 2.5.29.20. RFC 5280 section 5.2.3: non-critical.
            [0x55, 0x1d, 20] if critical => return Err(CrlError::Malformed("its CRL number is marked critical")),
            [0x55, 0x1d, 20] => number.replace(crl_number(value)?).is_some(),
            // deltaCRLIndicator and freshestCRL: the second only points to delta lists, which a complete list needs not.
            [0x55, 0x1d, 27] => return Err(CrlError::Delta),
            [0x55, 0x1d, 28] => return Err(CrlError::IssuingDistributionPoint),
            // authorityKeyIdentifier, 2.5.29.35
            [0x55, 0x1d, 35] => key_id.replace(key_identifier(value)?).is_some(),
            _ if critical => return Err(CrlError::CriticalExtension { oid: dotted(oid) }),
            _ => false,
        };
        if twice { Err(CrlError::Malformed("it has an extension twice")) } else { Ok(()) }
    })?;
    Ok((number.ok_or(CrlError::NumberMissing)?, key_id.flatten()))
}

fn crl_number(value: &[u8]) -> Result<CrlNumber, CrlError> {
    let mut reader = Reader::new(value);
    let number = der::magnitude(reader.integer()?).and_then(CrlNumber::from_be_bytes);
    reader.finish()?;
    number.ok_or(CrlError::Malformed("its CRL number is negative or has more than 20 bytes"))
}

/// The keyIdentifier `[0]` of an AuthorityKeyIdentifier (RFC 5280 section 4.2.1.1), if it has one.
fn key_identifier(value: &[u8]) -> Result<Option<&[u8]>, CrlError> {
    let mut reader = Reader::new(value);
    let mut fields = Reader::new(reader.expect(SEQUENCE)?);
    reader.finish()?;
    Ok(fields.optional(0x80)?)
}

/// Calls `each` with OID content, criticality and value of every Extension in the content of an Extensions sequence.
pub(super) fn for_each_extension<'a>(
    extensions: &'a [u8],
    mut each: impl FnMut(&'a [u8], bool, &'a [u8]) -> Result<(), CrlError>,
) -> Result<(), CrlError> {
    let mut extensions = Reader::new(extensions);
    while !extensions.is_empty() {
        let mut fields = Reader::new(extensions.expect(SEQUENCE)?);
        let oid = fields.expect(OID)?;
        let critical = match fields.optional(BOOLEAN)? {
            // DER leaves the default FALSE out; some issuers write it nevertheless.
            None | Some([0]) => false,
            Some([0xff]) => true,
            Some(_) => return Err(CrlError::Malformed("a boolean that is neither true nor false")),
        };
        let value = fields.expect(OCTET_STRING)?;
        fields.finish()?;
        each(oid, critical, value)?;
    }
    Ok(())
}

/// An OID's content in dotted form, for messages.
pub(super) fn dotted(oid: &[u8]) -> String {
    x509_parser::der_parser::oid::Oid::new(oid.into()).to_id_string()
}
