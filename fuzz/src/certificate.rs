//! Certificates: their facts, the path to the CA, the scopes; requests for certificates.

use super::{
    der,
    fixtures::{CA, CLIENTS, DEEP, SUB, anchors, now},
};
use certauthz::{
    cert::{
        Serial,
        chain::{Anchors, Path, Purpose, Revocation, validate},
        csr,
        extension::{SCOPES_OID, decode, encode, read_scopes},
        facts::Facts,
    },
    key::PublicKey,
};
use std::sync::LazyLock;
use x509_parser::prelude::{FromDer as _, X509Certificate};

static ANCHORS: LazyLock<Anchors> = LazyLock::new(|| {
    let anchors = anchors();
    for leaf in CLIENTS {
        for leaf in [leaf, &sign_anew(leaf)] {
            let path = validate(leaf, &[], &anchors, Purpose::ClientAuth, Revocation::Unchecked, now());
            accepted(leaf, &path.expect("a fixture"));
        }
    }
    anchors
});

/// The input is a certificate, perhaps with its intermediates after it; and a CSR; and a scopes extension.
pub fn certificate(data: &[u8]) {
    if let Ok(scopes) = decode(data) {
        assert_eq!(encode(&scopes).expect("read, but not written"), data, "two encodings of one list");
    }
    if let Ok(key) = csr::public_key(data) {
        assert!(PublicKey::from_spki_der(key.spki_der()).is_ok());
    }
    let (mut elements, mut rest) = (Vec::new(), data);
    while let Some((whole, _, tail)) = der::split(rest).filter(|_| elements.len() < 8) {
        elements.push(whole);
        rest = tail;
    }
    let Some((leaf, intermediates)) = elements.split_first() else { return };
    facts(leaf);
    if let Ok(path) = check(leaf, intermediates) {
        for certificate in path.certificates() {
            assert!(is_known(certificate.der()), "accepted, although no CA signed it");
        }
    }
    let signed: Vec<_> = elements.iter().map(|element| sign_anew(element)).collect();
    let signed: Vec<_> = signed.iter().map(Vec::as_slice).collect();
    if let Some((leaf, intermediates)) = signed.split_first()
        && let Ok(path) = check(leaf, intermediates)
    {
        accepted(leaf, &path);
    }
}

/// With a signature that holds, where its issuer is one of our CAs.
fn sign_anew(element: &[u8]) -> Vec<u8> {
    let Ok((_, parsed)) = X509Certificate::from_der(element) else { return element.to_vec() };
    der::sign_anew(element, parsed.issuer().as_raw()).unwrap_or_else(|| element.to_vec())
}

fn is_known(certificate: &[u8]) -> bool {
    CLIENTS.into_iter().chain([CA, SUB, DEEP]).any(|known| der::to_be_signed(known) == der::to_be_signed(certificate))
}

fn check(leaf: &[u8], intermediates: &[&[u8]]) -> Result<Path, certauthz::error::Rejection> {
    let verdict = validate(leaf, intermediates, &ANCHORS, Purpose::ClientAuth, Revocation::Unchecked, now());
    let any = validate(leaf, intermediates, &ANCHORS, Purpose::Any, Revocation::Unchecked, now());
    assert!(verdict.is_err() || any.is_ok(), "a client's certificate that is good for nothing else");
    if let Err(rejection) = &verdict {
        assert!(rejection.to_string().len() <= 8 * leaf.len() + 1024);
    }
    verdict
}

fn facts(leaf: &[u8]) {
    let Ok(facts) = Facts::from_der(leaf) else { return };
    let hex = facts.serial.to_string();
    assert_eq!(Serial::parse(&hex).expect("a serial that is not read back"), facts.serial);
    assert_eq!(facts.der, leaf);
    if let Ok(key) = PublicKey::from_spki_der(&facts.spki) {
        assert_eq!(key.spki_der(), facts.spki);
        let _ = (key.thumbprint(), key.to_jwk(), facts.is_signed_by(&key));
    }
}

/// What RFC 5280 and the profile demand of a client's certificate, read by another reader.
fn accepted(leaf: &[u8], path: &Path) {
    assert_eq!(path.leaf().der(), leaf);
    assert!(path.check_validity(now()).is_ok());
    let (rest, parsed) = X509Certificate::from_der(leaf).expect("accepted, but not read");
    assert!(rest.is_empty());
    assert!(parsed.validity().not_before.timestamp() <= now().as_second());
    assert!(parsed.validity().not_after.timestamp() >= now().as_second());
    let usage = parsed.key_usage().expect("accepted with a broken key usage");
    assert!(usage.is_none_or(|usage| usage.value.digital_signature()));
    let extended = parsed.extended_key_usage().expect("accepted with a broken extended key usage");
    assert!(extended.is_none_or(|extended| extended.value.client_auth));
    let constraints = parsed.basic_constraints().expect("accepted with broken basic constraints");
    assert!(constraints.is_none_or(|constraints| !constraints.value.ca));
    let mut extensions: Vec<_> = parsed.iter_extensions().map(|extension| extension.oid.as_bytes()).collect();
    extensions.sort_unstable();
    assert!(extensions.windows(2).all(|pair| pair[0] != pair[1]), "an extension twice");
    if let Ok(scopes) = read_scopes(&parsed, &SCOPES_OID) {
        let wanted = SCOPES_OID.to_der_content();
        let extension = parsed.iter_extensions().find(|extension| extension.oid.as_bytes() == wanted);
        assert_eq!(extension.expect("scopes from nowhere").value, encode(&scopes).expect("scopes"));
    }
}
