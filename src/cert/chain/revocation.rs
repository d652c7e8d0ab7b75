//! Revocation of a whole path, by lists that came as bytes.

use super::{Path, PathCertificate, Revocation, path::no_list};
use crate::{
    crl::{CrlError, RevocationList, StalePolicy, UnverifiedRevocationList},
    error::Rejection,
};
use jiff::Timestamp;
use std::{cell::RefCell, collections::HashMap, rc::Rc};

/// The lists that were given, each read once and verified once per issuer.
pub(super) struct Lists<'a> {
    read: Vec<Result<(&'a [u8], UnverifiedRevocationList<'a>), CrlError>>,
    /// By the issuer's DER certificate: its newest usable list, and the bytes it was read from.
    verified: RefCell<HashMap<Vec<u8>, Option<Newest<'a>>>>,
}

#[derive(Clone)]
struct Newest<'a> {
    der: &'a [u8],
    list: Rc<RevocationList>,
}

impl<'a> Lists<'a> {
    /// `None` if revocation is not to be checked.
    ///
    /// # Errors
    /// [`Rejection::RevocationUnknown`] for more lists than there can be issuers.
    pub(super) fn new(revocation: Revocation<'a>) -> Result<Option<Self>, Rejection> {
        let Revocation::Check(lists) = revocation else { return Ok(None) };
        if lists.len() > super::MAX_REVOCATION_LISTS {
            let limit = super::MAX_REVOCATION_LISTS;
            return Err(Rejection::RevocationUnknown(format!("more than {limit} revocation lists were given").into()));
        }
        let read = lists.iter().map(|der| UnverifiedRevocationList::parse(der).map(|list| (*der, list))).collect();
        Ok(Some(Self { read, verified: RefCell::default() }))
    }

    /// Checks every certificate of the path, the anchor's neighbour first, and returns the lists that it went by.
    pub(super) fn check(&self, path: &Path, at: Timestamp) -> Result<Vec<&'a [u8]>, Rejection> {
        let mut used = Vec::new();
        for (subject, issuer) in path.links().rev() {
            let Newest { der, list } = self.newest(issuer).ok_or_else(|| self.none_usable(issuer))?;
            if list.lookup(subject.serial()).is_some() {
                return Err(Rejection::CertificateRevoked { serial: subject.serial_hex() });
            }
            StalePolicy::FailClosed.judge(list.freshness(at), at)?;
            if !used.contains(&der) {
                used.push(der);
            }
        }
        Ok(used)
    }

    fn newest(&self, issuer: &PathCertificate) -> Option<Newest<'a>> {
        if let Some(known) = self.verified.borrow().get(issuer.der()) {
            return known.clone();
        }
        let newest = self
            .read
            .iter()
            .flatten()
            .filter_map(|(der, list)| Some((*der, list.verify(issuer.der()).ok()?)))
            .max_by_key(|(_, list)| list.number())
            .map(|(der, list)| Newest { der, list: Rc::new(list) });
        self.verified.borrow_mut().insert(issuer.der().to_vec(), newest.clone());
        newest
    }

    /// Says what is wrong with the lists that were given, if one of them claims to be this issuer's or is unreadable.
    fn none_usable(&self, issuer: &PathCertificate) -> Rejection {
        let failure = self.read.iter().find_map(|read| match read {
            Err(error) => Some(error.clone()),
            Ok((_, list)) if list.issuer() == issuer.subject() => list.verify(issuer.der()).err(),
            Ok(_) => None,
        });
        match failure {
            Some(error) => {
                let text = format!("no usable revocation list of {:?}: {error}", issuer.subject_text());
                Rejection::RevocationUnknown(text.into())
            }
            None => no_list(issuer),
        }
    }
}
