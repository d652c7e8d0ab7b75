//! The newest verified list of each issuer.

use super::{
    CrlError, RevocationList,
    list::{Head, Signed},
};
use crate::key::sha256;
use std::{cmp::Ordering, collections::HashMap, fmt, sync::Arc};

/// A CA as an issuer of lists: its name together with its key, since a CA that rolls its key over has two of them
/// under one name.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct IssuerId([u8; 32]);

impl IssuerId {
    /// Of the CA certificate with this DER subject and DER SubjectPublicKeyInfo.
    pub fn new(subject: &[u8], spki: &[u8]) -> Self {
        // Both carry their own length, so no two pairs concatenate to the same bytes.
        Self(sha256(&[subject, spki].concat()))
    }
}

impl fmt::Debug for IssuerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IssuerId(")?;
        self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("…)")
    }
}

/// What became of a list that was offered to a [`RevocationStore`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// It is kept; there was none of this issuer, or an older one.
    Kept,
    /// The same list was there already.
    Unchanged,
}

/// The newest verified list of each issuer. Cloning it is cheap: the lists are shared.
#[derive(Debug, Clone, Default)]
pub struct RevocationStore {
    lists: HashMap<IssuerId, Arc<RevocationList>>,
}

impl RevocationStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a list in if it is newer than the one at hand.
    ///
    /// # Errors
    /// [`CrlError::Older`] for a lower number, [`CrlError::Conflicting`] for other content under the same number. In
    /// both cases the list at hand stays: numbers rise strictly (RFC 5280 section 5.2.3), so this one is a replay or
    /// its issuer has lost count.
    pub fn offer(&mut self, list: impl Into<Arc<RevocationList>>) -> Result<Offered, CrlError> {
        let list = list.into();
        if self.judge(list.head())? == Offered::Kept {
            self.lists.insert(list.issuer(), list);
            return Ok(Offered::Kept);
        }
        Ok(Offered::Unchanged)
    }

    /// Verifies a DER list with any of these issuers' DER certificates and takes it in if it is newer than the one at
    /// hand. Its bytes become the table ([`RevocationList::verify_owned`]), and a list that is not newer costs no more
    /// than the check of its signature.
    ///
    /// # Errors
    /// As [`RevocationList::verify_owned`] and [`RevocationStore::offer`].
    pub fn offer_der<I>(&mut self, der: Vec<u8>, issuer_certificates: I) -> Result<Offered, CrlError>
    where
        I: IntoIterator<Item: AsRef<[u8]>>,
    {
        self.take_der(der, issuer_certificates).map(|(offered, _)| offered)
    }

    /// As [`RevocationStore::offer_der`], and says whose list it is.
    pub(crate) fn take_der<I>(&mut self, der: Vec<u8>, issuer_certificates: I) -> Result<(Offered, IssuerId), CrlError>
    where
        I: IntoIterator<Item: AsRef<[u8]>>,
    {
        let signed = Signed::new(der, issuer_certificates)?;
        let issuer = signed.head.issuer();
        let offered = match self.judge(&signed.head)? {
            Offered::Unchanged => Offered::Unchanged,
            Offered::Kept => self.offer(signed.into_list()?)?,
        };
        Ok((offered, issuer))
    }

    /// What a list with this head would be worth.
    fn judge(&self, offered: &Head) -> Result<Offered, CrlError> {
        let Some(kept) = self.lists.get(&offered.issuer()) else { return Ok(Offered::Kept) };
        match offered.number().cmp(&kept.number()) {
            Ordering::Less => Err(CrlError::Older { offered: offered.number(), kept: kept.number() }),
            Ordering::Equal if offered.same_content(kept.head()) => Ok(Offered::Unchanged),
            Ordering::Equal => Err(CrlError::Conflicting { number: kept.number() }),
            Ordering::Greater => Ok(Offered::Kept),
        }
    }

    /// The list of this issuer.
    pub fn get(&self, issuer: IssuerId) -> Option<&Arc<RevocationList>> {
        self.lists.get(&issuer)
    }

    /// All lists, in no order.
    pub fn lists(&self) -> impl Iterator<Item = &Arc<RevocationList>> {
        self.lists.values()
    }

    /// Whether there is no list at all.
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }
}
