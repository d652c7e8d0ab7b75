//! The signatures of certificates and revocation lists, by their AlgorithmIdentifiers.

use super::VerifyError;
use crate::der::{Reader, SEQUENCE};
use aws_lc_rs::signature::{self as lc, ParsedPublicKey, VerificationAlgorithm};
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};
use webpki::aws_lc_rs as algorithms;

/// What a certificate or a revocation list may be signed with: RSA from 2048 bits with SHA-2 (PKCS #1 v1.5 and PSS),
/// ECDSA on the NIST curves, Ed25519. No MD5, no SHA-1, no DSA; of RSA identifiers only the form with NULL parameters
/// that RFC 4055 section 5 requires.
static X509_ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
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

/// What the commonest of them are to the cryptographic library, which parses keys for one algorithm.
static COMMON: &[(&dyn SignatureVerificationAlgorithm, &dyn VerificationAlgorithm)] = &[
    (algorithms::RSA_PKCS1_2048_8192_SHA256, &lc::RSA_PKCS1_2048_8192_SHA256),
    (algorithms::ECDSA_P256_SHA256, &lc::ECDSA_P256_SHA256_ASN1),
    (algorithms::ECDSA_P384_SHA384, &lc::ECDSA_P384_SHA384_ASN1),
    (algorithms::ED25519, &lc::ED25519),
];

/// An algorithm that need not parse the keys of certain CAs anew with each signature.
#[derive(Debug)]
pub(crate) struct AlgorithmWithKeys {
    algorithm: &'static dyn SignatureVerificationAlgorithm,
    /// By the content of the SubjectPublicKeyInfo's bit string.
    keys: Vec<(Box<[u8]>, ParsedPublicKey)>,
}

impl AlgorithmWithKeys {
    /// All algorithms of certificates, each with those of these keys (DER SubjectPublicKeyInfo) that are for it.
    pub(crate) fn all(keys: &[&[u8]]) -> Vec<Self> {
        let same = |a: &dyn SignatureVerificationAlgorithm, b: &dyn SignatureVerificationAlgorithm| {
            a.signature_alg_id() == b.signature_alg_id() && a.public_key_alg_id() == b.public_key_alg_id()
        };
        let with_keys = |algorithm: &'static dyn SignatureVerificationAlgorithm| {
            let common = COMMON.iter().find(|(common, _)| same(*common, algorithm));
            let parse = |spki: &&[u8]| {
                let (key_algorithm, key) = split_spki(spki)?;
                let (_, library) = common.filter(|_| algorithm.public_key_alg_id().as_ref() == key_algorithm)?;
                Some((key.into(), ParsedPublicKey::new(*library, key).ok()?))
            };
            Self { algorithm, keys: keys.iter().filter_map(parse).collect() }
        };
        X509_ALGORITHMS.iter().map(|algorithm| with_keys(*algorithm)).collect()
    }
}

impl SignatureVerificationAlgorithm for AlgorithmWithKeys {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        match self.keys.iter().find(|(key, _)| **key == *public_key) {
            Some((_, parsed)) => parsed.verify_sig(message, signature).map_err(|_| InvalidSignature),
            None => self.algorithm.verify_signature(public_key, message, signature),
        }
    }
    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key_alg_id()
    }
    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_alg_id()
    }
    fn fips(&self) -> bool {
        self.algorithm.fips()
    }
}

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
