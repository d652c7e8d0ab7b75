//! What is asked about revocation, by certificates and by the tokens that name one.

use crate::{
    cert::Serial,
    crl::{Freshness, IssuerId, RevocationStore, StalePolicy, Staleness},
    error::Rejection,
};
use arc_swap::{ArcSwap, Guard};
use jiff::Timestamp;
use std::{fmt, sync::Arc};

/// What is done about revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationCheck {
    /// Every certificate of the path is looked up in its issuer's list, which must be fresh or tolerated by the policy.
    Required(StalePolicy),
    /// Revocation is not checked. Only for tools that were told so.
    Off,
}

/// The revocation lists in use: one handle for everybody who asks them. Its clones are the same lists, so a new list
/// reaches all of them at once.
#[derive(Clone, Default)]
pub struct SharedLists(Arc<ArcSwap<RevocationStore>>);

impl SharedLists {
    /// These lists.
    pub fn new(lists: RevocationStore) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(lists)))
    }

    /// The lists as they are now.
    pub fn current(&self) -> Arc<RevocationStore> {
        self.0.load_full()
    }

    /// Replaces them; requests that are under way finish with the old ones.
    pub fn set(&self, lists: RevocationStore) {
        self.0.store(Arc::new(lists));
    }

    pub(super) fn load(&self) -> Guard<Arc<RevocationStore>> {
        self.0.load()
    }
}

impl From<RevocationStore> for SharedLists {
    fn from(lists: RevocationStore) -> Self {
        Self::new(lists)
    }
}

impl fmt::Debug for SharedLists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedLists").field(&self.load().lists().count()).finish()
    }
}

/// Looks up the certificates that tokens name.
#[derive(Debug, Clone)]
pub struct RevocationLookup {
    lists: SharedLists,
    issuer: IssuerId,
    check: RevocationCheck,
}

impl RevocationLookup {
    /// In the list of `issuer`: the CA whose key signs the tokens has issued the certificates that they name, too.
    pub fn new(lists: SharedLists, issuer: IssuerId, check: RevocationCheck) -> Self {
        Self { lists, issuer, check }
    }

    /// Whether the certificate with this serial number is not revoked, and whether a stale list was tolerated for the
    /// answer.
    ///
    /// # Errors
    /// [`Rejection::CertificateRevoked`]; [`Rejection::RevocationUnknown`] where there is no list, or only one that the
    /// policy does not let through. What is revoked on a stale list is revoked.
    pub fn check(&self, serial: &Serial, now: Timestamp) -> Result<Staleness, Rejection> {
        let RevocationCheck::Required(policy) = self.check else { return Ok(Staleness::Current) };
        let lists = self.lists.load();
        let list = lists.get(self.issuer).ok_or(Rejection::RevocationUnknown(
            "there is no revocation list of the CA that signs the tokens".into(),
        ))?;
        if list.lookup(serial.as_bytes()).is_some() {
            return Err(Rejection::CertificateRevoked { serial: serial.to_hex() });
        }
        policy.judge(list.freshness(now), now)
    }

    /// The policy that is being applied because the list is stale at `now`, if it is.
    pub fn stale_policy(&self, now: Timestamp) -> Option<StalePolicy> {
        let RevocationCheck::Required(policy) = self.check else { return None };
        let lists = self.lists.load();
        let freshness = lists.get(self.issuer)?.freshness(now);
        (freshness != Freshness::Current).then_some(policy)
    }

    pub(super) fn is_off(&self) -> bool {
        self.check == RevocationCheck::Off
    }
}

/// In words, for people who ask.
pub(super) fn describe(staleness: Staleness) -> String {
    match staleness {
        Staleness::Current => "not revoked, list current".to_owned(),
        Staleness::Tolerated { since, policy } => {
            format!("not revoked; list stale since {since}, tolerated by {}", policy.name())
        }
    }
}
