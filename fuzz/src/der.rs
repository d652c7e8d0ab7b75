//! As much DER as it takes to sign a changed certificate or list anew. Lenient: what is wrong stays wrong.

use super::fixtures::{CA, SUB, sign_as_ca, sign_as_sub};

/// The AlgorithmIdentifier of Ed25519 (RFC 8410).
const ED25519: &[u8] = &[0x30, 5, 6, 3, 0x2b, 0x65, 0x70];

/// Splits off the first element: itself whole, its content, and what follows.
pub(crate) fn split(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (header, length) = match *bytes {
        [_, length @ 0..=0x7f, ..] => (2, usize::from(length)),
        [_, 0x81, length, ..] => (3, usize::from(length)),
        [_, 0x82, high, low, ..] => (4, usize::from(u16::from_be_bytes([high, low]))),
        _ => return None,
    };
    let whole = bytes.get(..header + length)?;
    Some((whole, &whole[header..], &bytes[whole.len()..]))
}

/// An element of less than 64 KiB.
pub(crate) fn wrap(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let [high, low] = u16::try_from(content.len()).expect("inputs are shorter").to_be_bytes();
    let mut element = match (high, low) {
        (0, 0..=0x7f) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    element.extend_from_slice(&content);
    element
}

/// The first field of a signed structure: what the signature is over.
pub(crate) fn to_be_signed(signed: &[u8]) -> Option<&[u8]> {
    split(split(signed)?.1).map(|(whole, ..)| whole)
}

/// The same content with a signature of the CA that it names as its issuer, where that is one of ours.
pub(crate) fn sign_anew(signed: &[u8], issuer: &[u8]) -> Option<Vec<u8>> {
    let tbs = to_be_signed(signed)?;
    let signature = if issuer == subject(CA) {
        sign_as_ca(tbs)
    } else if issuer == subject(SUB) {
        sign_as_sub(tbs)
    } else {
        return None;
    };
    Some(wrap(0x30, &[tbs, ED25519, &wrap(3, &[&[0], &signature])]))
}

/// The subject of one of our certificates.
fn subject(certificate: &[u8]) -> &[u8] {
    use x509_parser::prelude::{FromDer as _, X509Certificate};
    X509Certificate::from_der(certificate).expect("a fixture").1.tbs_certificate.subject.as_raw()
}
