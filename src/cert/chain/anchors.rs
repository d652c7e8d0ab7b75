//! The certificates that are trusted from the start.

use super::{PathCertificate, names::split_directory_names};
use crate::{
    error::{Error, Result},
    key::AlgorithmWithKeys,
};
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor};
use std::sync::Arc;

/// The CA certificates that paths may end at. Never empty: there is no way to trust nothing, or the system's roots,
/// by mistake.
#[derive(Debug)]
pub struct Anchors {
    /// For webpki; the same order as `certificates`.
    trust: Vec<TrustAnchor<'static>>,
    certificates: Vec<Arc<PathCertificate>>,
    algorithms: Vec<AlgorithmWithKeys>,
}

impl Anchors {
    /// Trusts these DER certificates. Several may share a name or a key, as those of a CA do that was renewed.
    ///
    /// That a certificate is trusted does not mean that it can vouch for others: what it says about itself (dates, CA
    /// flag, path length, key usage, name constraints) is judged with every path that ends at it.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if there is none, or where one cannot be read.
    pub fn new(certificates: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Result<Self> {
        let mut anchors = Self { trust: Vec::new(), certificates: Vec::new(), algorithms: Vec::new() };
        for (index, der) in certificates.into_iter().enumerate() {
            let der = CertificateDer::from(der.into());
            let invalid = |why: String| {
                let number = format!("number {}", index + 1);
                Error::invalid("CA certificate", number, why, "give the CA's own certificate, in PEM or DER")
            };
            let mut facts = PathCertificate::parse(&der).map_err(|why| invalid(why.to_owned()))?;
            let anchor = webpki::anchor_from_trusted_cert(&der).map_err(|error| invalid(error.to_string()))?;
            let mut anchor = anchor.to_owned();
            if let Some(constraints) = anchor.name_constraints.take() {
                let (rest, directories) = split_directory_names(&constraints)
                    .map_err(|_| invalid("its name constraints cannot be read".to_owned()))?;
                anchor.name_constraints = rest.map(Into::into);
                facts.rules.permitted_directories = directories;
            }
            anchors.trust.push(anchor);
            anchors.certificates.push(Arc::new(facts));
        }
        if anchors.trust.is_empty() {
            return Err(Error::invalid("CA certificates", "(none)", "there is nothing to trust", "give at least one"));
        }
        let keys: Vec<&[u8]> = anchors.certificates.iter().map(|ca| ca.spki()).collect();
        anchors.algorithms = AlgorithmWithKeys::all(&keys);
        Ok(anchors)
    }

    /// What signatures of certificates are verified with: all algorithms, and the keys of these CAs for each.
    pub(super) fn algorithms(&self) -> Vec<&dyn SignatureVerificationAlgorithm> {
        self.algorithms.iter().map(|algorithm| -> &dyn SignatureVerificationAlgorithm { algorithm }).collect()
    }

    /// The certificates, in the order given.
    pub fn certificates(&self) -> &[Arc<PathCertificate>] {
        &self.certificates
    }

    pub(super) fn trust(&self) -> &[TrustAnchor<'static>] {
        &self.trust
    }

    /// The certificate behind an anchor of [`Anchors::trust`]. Name and key would not tell a renewed certificate from
    /// the one before it; the place in the list does.
    pub(super) fn certificate_of(&self, anchor: &TrustAnchor<'_>) -> Option<&Arc<PathCertificate>> {
        let index = self.trust.iter().position(|candidate| std::ptr::addr_eq(candidate, anchor))?;
        self.certificates.get(index)
    }
}
