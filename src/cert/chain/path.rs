//! A path that was found valid, and what has to be asked again each time it is used.

use super::PathCertificate;
use crate::{
    crl::{RevocationStore, StalePolicy, Staleness},
    error::Rejection,
};
use jiff::Timestamp;
use std::{iter, sync::Arc};

/// A valid path from a client's certificate to a trusted CA.
///
/// Its signatures and constraints hold for ever, so it can be remembered. Its dates and revocations do not: before each
/// use, [`Path::check_validity`] and [`Path::check_revocation`] have to pass again. Both are cheap.
#[derive(Debug, Clone)]
pub struct Path {
    leaf: Arc<PathCertificate>,
    /// The issuer of the leaf first, the anchor last.
    issuers: Vec<Arc<PathCertificate>>,
    anchor: Arc<PathCertificate>,
    not_before: Timestamp,
    not_after: Timestamp,
}

impl Path {
    pub(super) fn new(
        leaf: Arc<PathCertificate>,
        intermediates: Vec<Arc<PathCertificate>>,
        anchor: Arc<PathCertificate>,
    ) -> Self {
        let mut issuers = intermediates;
        issuers.push(Arc::clone(&anchor));
        let all = || iter::once(&leaf).chain(&issuers);
        let not_before = all().map(|c| c.not_before()).max().unwrap_or(Timestamp::MAX);
        let not_after = all().map(|c| c.not_after()).min().unwrap_or(Timestamp::MIN);
        Self { leaf, issuers, anchor, not_before, not_after }
    }

    /// The client's certificate.
    pub fn leaf(&self) -> &Arc<PathCertificate> {
        &self.leaf
    }

    /// The trusted CA certificate at the end.
    pub fn anchor(&self) -> &Arc<PathCertificate> {
        &self.anchor
    }

    /// All certificates, the client's first, the anchor last.
    pub fn certificates(&self) -> impl DoubleEndedIterator<Item = &Arc<PathCertificate>> {
        iter::once(&self.leaf).chain(&self.issuers)
    }

    /// Each certificate but the anchor, with its issuer's; the client's first.
    pub fn links(&self) -> impl DoubleEndedIterator<Item = (&Arc<PathCertificate>, &Arc<PathCertificate>)> {
        self.issuers.iter().enumerate().map(move |(index, issuer)| {
            // The subject of the n-th issuer's signature is the certificate before it.
            let subject = index.checked_sub(1).and_then(|before| self.issuers.get(before)).unwrap_or(&self.leaf);
            (subject, issuer)
        })
    }

    /// The last second in which all certificates are valid.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Whether every certificate of the path, the anchor's included, is valid at this time.
    ///
    /// # Errors
    /// [`Rejection::CertificateExpired`] and [`Rejection::CertificateNotYetValid`] are about the client's certificate;
    /// where only a CA's dates do not hold, it is [`Rejection::CertificateUntrusted`]: no new certificate of the same
    /// CA would help.
    pub fn check_validity(&self, now: Timestamp) -> Result<(), Rejection> {
        let now = whole_seconds(now);
        if self.not_before <= now && now <= self.not_after {
            return Ok(());
        }
        check_leaf_validity(&self.leaf, now)?;
        self.issuers.iter().try_for_each(|issuer| check_ca_validity(issuer, now))
    }

    /// Whether no certificate of the path is revoked, according to the list of each one's issuer.
    ///
    /// # Errors
    /// [`Rejection::CertificateRevoked`]; [`Rejection::RevocationUnknown`] where an issuer has no list, or only one
    /// that the policy does not let through. What is revoked on a stale list is revoked.
    pub fn check_revocation(
        &self,
        lists: &RevocationStore,
        policy: StalePolicy,
        now: Timestamp,
    ) -> Result<Staleness, Rejection> {
        let mut staleness = Staleness::Current;
        for (subject, issuer) in self.links() {
            let list = lists.get(issuer.issuer_id()).ok_or_else(|| no_list(issuer))?;
            if list.lookup(subject.serial()).is_some() {
                return Err(Rejection::CertificateRevoked { serial: subject.serial_hex() });
            }
            staleness = staleness.max(policy.judge(list.freshness(now), now)?);
        }
        Ok(staleness)
    }
}

pub(super) fn no_list(issuer: &PathCertificate) -> Rejection {
    Rejection::RevocationUnknown(format!("there is no revocation list of {:?}", issuer.subject_text()).into())
}

/// Dates in certificates are whole seconds, and the last one belongs to its life (RFC 5280 section 4.1.2.5): half a
/// second into it, it is still valid.
pub(super) fn whole_seconds(time: Timestamp) -> Timestamp {
    // Rounding down, also before 1970.
    let second = time.as_second() - i64::from(time.subsec_nanosecond() < 0);
    Timestamp::from_second(second).unwrap_or(time)
}

pub(super) fn check_leaf_validity(leaf: &PathCertificate, at: Timestamp) -> Result<(), Rejection> {
    if at > leaf.not_after() {
        Err(Rejection::CertificateExpired { at, not_after: leaf.not_after() })
    } else if at < leaf.not_before() {
        Err(Rejection::CertificateNotYetValid { at, not_before: leaf.not_before() })
    } else {
        Ok(())
    }
}

pub(super) fn check_ca_validity(ca: &PathCertificate, at: Timestamp) -> Result<(), Rejection> {
    let why = if at > ca.not_after() {
        format!("the certificate of CA {:?} expired at {} (checked for {at})", ca.subject_text(), ca.not_after())
    } else if at < ca.not_before() {
        format!("the certificate of CA {:?} is valid from {} on (checked for {at})", ca.subject_text(), ca.not_before())
    } else {
        return Ok(());
    };
    Err(Rejection::CertificateUntrusted(why.into()))
}
