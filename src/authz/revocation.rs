//! What is asked about revocation, by certificates and by the tokens that name one.

use crate::{
    cert::{Serial, facts::Facts},
    crl::{Freshness, IssuerId, RevocationStore, StalePolicy, Staleness},
    error::Rejection,
    key::sha256,
    token::KeyDigest,
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
    issuers: Vec<Issuer>,
    check: RevocationCheck,
}

/// A CA that issues certificates and signs tokens.
#[derive(Debug, Clone)]
struct Issuer {
    id: IssuerId,
    key: KeyDigest,
}

impl RevocationLookup {
    /// In the lists of these CAs: of the one whose key signed a token, as it has issued the certificate that the token
    /// names. Of all of them, where nobody here has seen by which key. Where it is a key of none of them, nobody knows
    /// whether the certificate is revoked: no list of another CA could have it.
    pub fn new<'a>(lists: SharedLists, issuers: impl IntoIterator<Item = &'a Facts>, check: RevocationCheck) -> Self {
        let mut known: Vec<Issuer> = Vec::new();
        for ca in issuers {
            let issuer = Issuer { id: IssuerId::new(&ca.subject, &ca.spki), key: sha256(&ca.spki) };
            if known.iter().all(|other| other.id != issuer.id) {
                known.push(issuer);
            }
        }
        Self { lists, issuers: known, check }
    }

    /// Whether the certificate with this serial number is not revoked, and whether a stale list was tolerated for the
    /// answer. `signer` is the key of the token that names it.
    ///
    /// # Errors
    /// [`Rejection::CertificateRevoked`]; [`Rejection::RevocationUnknown`] where there is no list, or only one that the
    /// policy does not let through, and where the signer is no CA that is known here, whatever the policy: it tolerates
    /// what is stale, not what is missing. What is revoked on a stale list is revoked.
    pub fn check(&self, serial: &Serial, signer: Option<&KeyDigest>, now: Timestamp) -> Result<Staleness, Rejection> {
        let RevocationCheck::Required(policy) = self.check else { return Ok(Staleness::Current) };
        let lists = self.lists.load();
        let mut staleness = None;
        for issuer in self.issuers_of(signer)? {
            let list = lists.get(issuer.id).ok_or_else(no_list)?;
            if list.lookup(serial.as_bytes()).is_some() {
                return Err(Rejection::CertificateRevoked { serial: serial.to_hex() });
            }
            let judged = policy.judge(list.freshness(now), now)?;
            staleness = Some(staleness.map_or(judged, |other: Staleness| other.max(judged)));
        }
        staleness.ok_or_else(no_list)
    }

    /// Whether the certificate is on a list that is at hand, current or not: what another who was asked just now may have
    /// missed.
    ///
    /// # Errors
    /// [`Rejection::CertificateRevoked`]; [`Rejection::RevocationUnknown`] where the signer is no CA that is known here.
    pub fn check_listed(&self, serial: &Serial, signer: Option<&KeyDigest>) -> Result<(), Rejection> {
        if self.is_off() {
            return Ok(());
        }
        let lists = self.lists.load();
        let mut known = self.issuers_of(signer)?.filter_map(|issuer| lists.get(issuer.id));
        match known.any(|list| list.lookup(serial.as_bytes()).is_some()) {
            true => Err(Rejection::CertificateRevoked { serial: serial.to_hex() }),
            false => Ok(()),
        }
    }

    /// Those whose lists may have what this key has signed for.
    fn issuers_of(&self, signer: Option<&KeyDigest>) -> Result<impl Iterator<Item = &Issuer>, Rejection> {
        if signer.is_some_and(|signer| self.issuers.iter().all(|issuer| issuer.key != *signer)) {
            return Err(Rejection::RevocationUnknown(
                "the key that signed the token is that of no CA known here".into(),
            ));
        }
        let signer = signer.copied();
        Ok(self.issuers.iter().filter(move |issuer| signer.is_none_or(|signer| issuer.key == signer)))
    }

    /// The policy that is being applied because a list is stale at `now`, if one is.
    pub fn stale_policy(&self, now: Timestamp) -> Option<StalePolicy> {
        let RevocationCheck::Required(policy) = self.check else { return None };
        let lists = self.lists.load();
        let mut known = self.issuers.iter().filter_map(|issuer| lists.get(issuer.id));
        known.any(|list| list.freshness(now) != Freshness::Current).then_some(policy)
    }

    pub(super) fn is_off(&self) -> bool {
        self.check == RevocationCheck::Off
    }
}

fn no_list() -> Rejection {
    Rejection::RevocationUnknown("there is no revocation list of the CA that signs the tokens".into())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cert::{
            Subject,
            issuer::{Issuer as Ca, Template, root},
        },
        crl::{
            RevocationList, RevocationReason,
            issue::{Content, Entry, issue},
        },
        error::Reason,
        key::{KeyType, LocalKey},
    };
    use jiff::SignedDuration;

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn ca(name: &str, signer: &LocalKey) -> Facts {
        let subject = Subject::new(name, None).unwrap();
        root(&Template { subject, serial: None, lifetime: None, crl_url: None }, signer, NOW).unwrap()
    }

    /// A list of the CA, for an hour.
    fn list(ca: &Facts, signer: &LocalKey, revoked: &[&Serial]) -> RevocationList {
        let reason = RevocationReason::Unspecified;
        let entry = |serial: &&Serial| Entry { serial: (*serial).clone(), revoked_at: NOW, reason };
        let entries = revoked.iter().map(entry).collect();
        let next_update = NOW + SignedDuration::from_hours(1);
        let content = Content { number: 1, this_update: NOW, next_update, entries };
        RevocationList::verify(&issue(&Ca::new(ca, signer).unwrap(), &content).unwrap(), &ca.der).unwrap()
    }

    #[test]
    fn the_list_of_the_signer_counts_and_no_other() {
        let keys = [(); 3].map(|()| LocalKey::generate(KeyType::Ed25519).unwrap());
        let [upper, lower, stranger] =
            [("upper", 0), ("lower", 1), ("stranger", 2)].map(|(name, n)| ca(name, &keys[n]));
        let [revoked, valid] = [(); 2].map(|()| Serial::random().unwrap());
        let mut lists = RevocationStore::new();
        lists.offer(list(&upper, &keys[0], &[])).unwrap();
        lists.offer(list(&lower, &keys[1], &[&revoked])).unwrap();
        // The same key with another certificate is the same CA.
        let again = ca("lower", &keys[1]);
        let digests = [&upper, &again, &stranger].map(|ca| sha256(&ca.spki));
        let late = NOW + SignedDuration::from_hours(2);
        for policy in
            [StalePolicy::FailClosed, StalePolicy::Grace(SignedDuration::from_hours(9)), StalePolicy::FailOpen]
        {
            let check = RevocationCheck::Required(policy);
            let lookup = RevocationLookup::new(lists.clone().into(), [&upper, &lower], check);
            let ask = |serial, signer, now| lookup.check(serial, signer, now).map(|_| ()).map_err(|r| r.reason());
            assert_eq!(ask(&revoked, Some(&digests[0]), NOW), Ok(()), "another CA's number");
            assert_eq!(ask(&revoked, Some(&digests[1]), NOW), Err(Reason::CertificateRevoked));
            assert_eq!(ask(&valid, Some(&digests[1]), NOW), Ok(()));
            assert_eq!(ask(&revoked, None, NOW), Err(Reason::CertificateRevoked), "of any CA");
            assert_eq!(ask(&valid, None, NOW), Ok(()));
            for (serial, now) in [(&revoked, NOW), (&valid, NOW), (&valid, late)] {
                assert_eq!(ask(serial, Some(&digests[2]), now), Err(Reason::RevocationUnknown), "{policy:?}");
                let listed = lookup.check_listed(serial, Some(&digests[2])).map_err(|r| r.reason());
                assert_eq!(listed, Err(Reason::RevocationUnknown));
            }
            assert!(lookup.check_listed(&revoked, None).is_err() && lookup.check_listed(&valid, None).is_ok());
        }
        let off = RevocationLookup::new(lists.into(), [&upper], RevocationCheck::Off);
        assert!(off.check(&revoked, Some(&digests[2]), NOW).is_ok());
    }
}
