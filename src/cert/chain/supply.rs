//! Sorts out the intermediates that somebody else supplied.

use super::{Anchors, PathCertificate};
use crate::{
    der::{BadDer, Reader, SEQUENCE},
    key::verify_x509,
};

/// Up to this many are handed to webpki as they come: there are too few to keep it busy.
const HARMLESS: usize = 4;

/// The most signature checks, each of tens of microseconds.
const MAX_CHECKS: usize = 2048;

/// The intermediates that one of the anchors certifies, directly or over others of them, in the order given.
///
/// webpki builds paths by names and checks signatures when it has reached an anchor. Thirty forged certificates of
/// one name let it walk in circles for seconds; here, a forged one costs a signature check or two. It is only a
/// filter: what is left is judged by webpki as if the rest had never been sent.
pub(super) fn certified<'a>(intermediates: &[&'a [u8]], anchors: &Anchors) -> Vec<&'a [u8]> {
    if intermediates.len() <= HARMLESS {
        return intermediates.to_vec();
    }
    let candidates: Vec<_> = intermediates.iter().filter_map(|der| Candidate::parse(der).ok()).collect();
    let mut certified = vec![false; candidates.len()];
    let mut issuers: Vec<&PathCertificate> = anchors.certificates().iter().map(AsRef::as_ref).collect();
    let mut checks = 0;
    while let Some(issuer) = issuers.pop() {
        for (candidate, certified) in candidates.iter().zip(&mut certified) {
            if *certified || candidate.facts.issuer() != issuer.subject() {
                continue;
            }
            checks += 1;
            if checks > MAX_CHECKS {
                break;
            }
            if candidate.is_signed_by(issuer) {
                *certified = true;
                issuers.push(&candidate.facts);
            }
        }
    }
    candidates.iter().zip(certified).filter_map(|(candidate, certified)| certified.then_some(candidate.der)).collect()
}

struct Candidate<'a> {
    der: &'a [u8],
    facts: PathCertificate,
    signed: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Candidate<'a> {
    fn parse(der: &'a [u8]) -> Result<Self, BadDer> {
        let facts = PathCertificate::parse(der).map_err(|_| BadDer)?;
        let mut fields = Reader::new(Reader::new(der).expect(SEQUENCE)?);
        let signed = fields.expect_element(SEQUENCE)?.whole;
        let algorithm = fields.expect(SEQUENCE)?;
        let signature = fields.whole_bits()?;
        Ok(Self { der, facts, signed, algorithm, signature })
    }

    fn is_signed_by(&self, issuer: &PathCertificate) -> bool {
        verify_x509(issuer.spki(), self.algorithm, self.signed, self.signature).is_ok()
    }
}
