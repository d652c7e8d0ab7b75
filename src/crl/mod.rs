//! Revocation lists (RFC 5280 section 5): read, verify, look up, and decide what a stale one is worth.
//!
//! A list arrives as bytes and is read into an [`UnverifiedRevocationList`], whose facts prove nothing. Checked with
//! its issuer's certificate it becomes a [`RevocationList`], the only type that answers whether a certificate is
//! revoked. A [`RevocationStore`] keeps the newest verified list of each issuer, and a [`StalePolicy`] says what is
//! to happen once its `nextUpdate` has passed.
//!
//! Only complete, direct lists are read. Delta lists, indirect lists and lists whose scope an issuing distribution
//! point may limit are refused: whoever took one for a complete list would let revoked certificates in.

mod entry;
mod freshness;
pub mod issue;
mod list;
mod memory;
mod parse;
mod reason;
mod source;
mod store;
mod table;

pub use entry::{Entries, Entry, Revoked};
pub use freshness::{Freshness, StalePolicy, Staleness};
pub use list::RevocationList;
pub use parse::{CrlNumber, UnverifiedRevocationList};
pub use reason::RevocationReason;
pub use source::{ReadError, pem_or_der, read_pem_or_der};
pub use store::{IssuerId, Offered, RevocationStore};

/// The largest list that is read, in bytes of DER. A million entries with reason codes are about 50 MB.
pub const MAX_BYTES: usize = 128 << 20;

/// Why a revocation list cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CrlError {
    /// Larger than [`MAX_BYTES`].
    #[error("the revocation list has {size} bytes; at most {MAX_BYTES} are read")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// Not a DER CertificateList.
    #[error("not a readable revocation list: {0}")]
    Malformed(&'static str),
    /// A version 1 list, which can carry no CRL number.
    #[error("not a version 2 revocation list")]
    Version,
    /// RFC 5280 section 5.2.3 requires a number of every list.
    #[error("the revocation list has no CRL number")]
    NumberMissing,
    /// RFC 5280 section 5.1.2.5 requires `nextUpdate` of every list.
    #[error("the revocation list has no nextUpdate")]
    NextUpdateMissing,
    /// A delta list (RFC 5280 section 5.2.4).
    #[error("a delta revocation list is not supported")]
    Delta,
    /// A list with an issuing distribution point (RFC 5280 section 5.2.5): indirect, or limited in scope.
    #[error("a revocation list with an issuing distribution point (indirect or limited in scope) is not supported")]
    IssuingDistributionPoint,
    /// A critical extension, of the list or of an entry, that is not understood (RFC 5280 sections 5.2 and 5.3).
    #[error("the revocation list has an unsupported critical extension {oid}")]
    CriticalExtension {
        /// The extension's object identifier, dotted.
        oid: String,
    },
    /// The issuer's certificate cannot be read.
    #[error("the issuer's certificate cannot be read")]
    IssuerMalformed,
    /// No certificate is given that could be the issuer's.
    #[error("no CA is given that could have issued it")]
    NoIssuer,
    /// Another issuer's list.
    #[error("the revocation list was issued by another CA than {issuer:?}")]
    WrongIssuer {
        /// The subject of the certificate that was expected to have issued it.
        issuer: String,
    },
    /// The list names another key than that of the issuer's certificate (RFC 5280 section 5.2.1).
    #[error("the revocation list names another key of its issuer")]
    WrongKey,
    /// The issuer's key usage lacks cRLSign (RFC 5280 section 6.3.3 f).
    #[error("the issuer's certificate is not allowed to sign revocation lists (key usage without cRLSign)")]
    IssuerMayNotSign,
    /// Signed with an algorithm that is not accepted, or that does not fit the issuer's key.
    #[error("the revocation list is signed with an algorithm that is not accepted for its issuer's key")]
    Algorithm,
    /// The signature does not verify.
    #[error("the revocation list's signature does not verify with its issuer's key")]
    Signature,
    /// A list with a lower number than the one at hand: an old list, replayed.
    #[error("the revocation list has number {offered}, older than the number {kept} at hand")]
    Older {
        /// The number of the list that was offered.
        offered: CrlNumber,
        /// The number of the list that stays.
        kept: CrlNumber,
    },
    /// Another list with the same number.
    #[error("another revocation list with the same number {number} is at hand")]
    Conflicting {
        /// The number of both.
        number: CrlNumber,
    },
}

impl From<crate::der::BadDer> for CrlError {
    fn from(_: crate::der::BadDer) -> Self {
        Self::Malformed("broken DER")
    }
}
