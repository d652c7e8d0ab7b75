//! What we refuse over and above webpki.

use super::{
    Path, PathCertificate, Purpose, names,
    path::{check_ca_validity, check_leaf_validity},
};
use crate::error::Rejection;
use jiff::Timestamp;

/// The longest subject, in bytes. RFC 5280 appendix A.1 allows 64 characters an attribute; thousands of attributes are
/// there to keep a verifier of name constraints busy.
const MAX_NAME: usize = 4096;

fn untrusted(why: impl Into<std::borrow::Cow<'static, str>>) -> Rejection {
    Rejection::CertificateUntrusted(why.into())
}

/// The client's certificate by itself, before any signature is checked.
pub(super) fn leaf(leaf: &PathCertificate, purpose: Purpose, at: Timestamp) -> Result<(), Rejection> {
    check_leaf_validity(leaf, at)?;
    well_formed(leaf)?;
    if leaf.rules.is_ca {
        return Err(Rejection::CertificatePurpose("it is the certificate of a CA".into()));
    }
    if let Some(usage) = &leaf.rules.key_usage {
        // It signs requests (RFC 5280 section 4.2.1.3).
        if purpose == Purpose::ClientAuth && !usage.digital_signature() {
            return Err(Rejection::CertificatePurpose("its key usage lacks digitalSignature".into()));
        }
        // RFC 5280 section 4.2.1.9: only a CA may have it.
        if usage.key_cert_sign() {
            return Err(untrusted("its key usage has keyCertSign although it is no CA"));
        }
    }
    // webpki leaves the client's key alone. One that we could not verify a request with is worth nothing.
    leaf.key().map(|_| ()).map_err(|error| untrusted(format!("its key is not acceptable: {error}")))
}

/// What a path's certificates say about each other. The leaf was examined before.
pub(super) fn path(path: &Path, purpose: Purpose, at: Timestamp) -> Result<(), Rejection> {
    for (subject, issuer) in path.links().rev() {
        check_ca_validity(issuer, at)?;
        authority(issuer)?;
        if issuer.issuer_id() != path.anchor().issuer_id() {
            well_formed(issuer)?;
        }
        if subject.issuer() != issuer.subject() {
            return Err(untrusted("the names of issuer and subject do not chain"));
        }
    }
    anchor(path, purpose)?;
    names::check(path)
}

/// RFC 5280 sections 4.1.2.2 and 4.1.2.4.
fn well_formed(certificate: &PathCertificate) -> Result<(), Rejection> {
    if !certificate.rules.regular_serial {
        return Err(untrusted("a serial number must be positive and have at most 20 bytes"));
    }
    if certificate.subject().len() > MAX_NAME {
        return Err(untrusted(format!("its subject has more than {MAX_NAME} bytes")));
    }
    // A SEQUENCE header and nothing in it.
    if certificate.issuer().len() <= 2 {
        return Err(untrusted("it names no issuer"));
    }
    Ok(())
}

/// RFC 5280 section 6.1.4 (k) and (n); webpki looks at neither for the anchor, nor at key usage at all.
fn authority(ca: &PathCertificate) -> Result<(), Rejection> {
    let name = || ca.subject_text();
    if !ca.rules.version_3 || !ca.rules.is_ca {
        return Err(untrusted(format!("the certificate of {:?} is not that of a CA", name())));
    }
    if ca.rules.key_usage.as_ref().is_some_and(|usage| !usage.key_cert_sign()) {
        return Err(untrusted(format!("CA {:?} may not sign certificates (key usage without keyCertSign)", name())));
    }
    Ok(())
}

/// What the anchor says about the paths that end at it. RFC 5280 takes an anchor for a name and a key, webpki for its
/// name constraints too; like RFC 5937 we hold it to all that it says.
fn anchor(path: &Path, purpose: Purpose) -> Result<(), Rejection> {
    let anchor = path.anchor();
    let name = || anchor.subject_text();
    if let Some(oid) = &anchor.rules.unknown_critical {
        return Err(untrusted(format!("CA {:?} has an unsupported critical extension {oid}", name())));
    }
    if let Some(limit) = anchor.rules.path_len {
        // Leaf and anchor do not count, nor do self-issued certificates (RFC 5280 section 4.2.1.9).
        let between = path.links().skip(1).filter(|(subject, _)| !subject.is_self_issued()).count();
        if usize::try_from(limit).is_ok_and(|limit| between > limit) {
            return Err(untrusted(format!("CA {:?} allows {limit} CAs below it, and the path has {between}", name())));
        }
    }
    if let (Purpose::ClientAuth, Some(usage)) = (purpose, anchor.rules.extended_key_usage)
        && !usage.client_auth
        && !usage.any
    {
        return Err(Rejection::CertificatePurpose(format!("CA {:?} is not for client authentication", name()).into()));
    }
    Ok(())
}
