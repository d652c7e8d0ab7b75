//! The signatures of certificates and revocation lists, by their AlgorithmIdentifiers.

use super::VerifyError;
use crate::der::{Reader, SEQUENCE};
use rustls_pki_types::SignatureVerificationAlgorithm;
use webpki::aws_lc_rs as algorithms;

/// What a certificate or a revocation list may be signed with: RSA from 2048 bits with SHA-2 (PKCS #1 v1.5 and PSS),
/// ECDSA on the NIST curves, Ed25519. No MD5, no SHA-1, no DSA; of RSA identifiers only the form with NULL parameters
/// that RFC 4055 section 5 requires.
pub(crate) static X509_ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithms::RSA_PKCS1_2048_8192_SHA256,
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P384_SHA384,
    algorithms::ED25519,
    algorithms::RSA_PKCS1_2048_8192_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA512,
    algorithms::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
    algorithms::ECDSA_P256_SHA384,
    algorithms::ECDSA_P256_SHA512,
    algorithms::ECDSA_P384_SHA256,
    algorithms::ECDSA_P384_SHA512,
    algorithms::ECDSA_P521_SHA256,
    algorithms::ECDSA_P521_SHA384,
    algorithms::ECDSA_P521_SHA512,
];

/// Checks a signature over `message` whose AlgorithmIdentifier has the content `algorithm` (without the SEQUENCE
/// header), made by the key of the DER SubjectPublicKeyInfo `spki`.
pub(crate) fn verify_x509(spki: &[u8], algorithm: &[u8], message: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
    let (key_algorithm, key) = split_spki(spki).ok_or(VerifyError::WrongAlgorithm)?;
    let verifier = X509_ALGORITHMS
        .iter()
        .find(|a| a.signature_alg_id().as_ref() == algorithm && a.public_key_alg_id().as_ref() == key_algorithm)
        .ok_or(VerifyError::WrongAlgorithm)?;
    verifier.verify_signature(key, message, signature).map_err(|_| VerifyError::BadSignature)
}

/// The content of the AlgorithmIdentifier, and the key.
fn split_spki(spki: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut outer = Reader::new(spki);
    let mut inner = Reader::new(outer.expect(SEQUENCE).ok()?);
    let algorithm = inner.expect(SEQUENCE).ok()?;
    let key = inner.whole_bits().ok()?;
    (inner.is_empty() && outer.is_empty()).then_some((algorithm, key))
}
