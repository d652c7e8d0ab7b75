//! Certification requests (PKCS #10, RFC 2986): a way to hand over a public key together with proof of its private half.

use crate::{
    error::{Error, Result},
    key::{KeyType, PublicKey},
};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey,
    VerificationAlgorithm,
};
use x509_parser::{
    certification_request::X509CertificationRequest,
    oid_registry::{
        OID_PKCS1_SHA256WITHRSA, OID_PKCS1_SHA384WITHRSA, OID_PKCS1_SHA512WITHRSA, OID_SIG_ECDSA_WITH_SHA256,
        OID_SIG_ECDSA_WITH_SHA384, OID_SIG_ED25519, Oid,
    },
    prelude::FromDer as _,
};

/// The largest request that is read, in bytes: one with an RSA-8192 key and a few extensions needs a tenth.
pub const MAX_CSR_LEN: usize = 64 * 1024;

/// The public key of a request in PEM or DER whose signature proves that its sender holds the private key.
///
/// Subject and extensions that the request asks for are ignored: a CA decides about both itself.
///
/// # Errors
/// [`Error::Issue`] where it is no request, its signature does not hold, or is of an algorithm that is not accepted;
/// [`Error::Key`] where its key is of a kind that is not supported.
pub fn public_key(request: &[u8]) -> Result<PublicKey> {
    if request.len() > MAX_CSR_LEN {
        return Err(refused("it is larger than 64 KiB"));
    }
    let der = match request.first() {
        Some(0x30) => request.to_vec(),
        _ => {
            let block = pem::parse(request).map_err(|e| refused(format!("neither PEM nor DER ({e})")))?;
            if !matches!(block.tag(), "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST") {
                return Err(refused(format!("it is a {:?}, not a \"CERTIFICATE REQUEST\"", block.tag())));
            }
            block.into_contents()
        }
    };
    let (rest, csr) =
        X509CertificationRequest::from_der(&der).map_err(|e| refused(format!("it cannot be read ({e})")))?;
    if !rest.is_empty() {
        return Err(refused("there are bytes after the request"));
    }
    let info = &csr.certification_request_info;
    let key = PublicKey::from_spki_der(info.subject_pki.raw)?;
    let Some(algorithm) = algorithm(key.key_type(), &csr.signature_algorithm.algorithm) else {
        return Err(refused(format!(
            "it is signed with {}, which is not accepted of a key of type {}; sign it with SHA-256, e.g. `openssl req -new -sha256`",
            csr.signature_algorithm.algorithm,
            key.key_type()
        )));
    };
    UnparsedPublicKey::new(algorithm, key.raw())
        .verify(info.raw, &csr.signature_value.data)
        .map_err(|_| refused("its signature does not belong to its key"))?;
    Ok(key)
}

fn refused(why: impl Into<String>) -> Error {
    Error::Issue { what: "a certificate for this request (CSR)", why: why.into() }
}

/// Wider than the algorithms of our own profile: `openssl req` pairs P-384 with SHA-256 unless told otherwise.
fn algorithm(key: KeyType, oid: &Oid<'_>) -> Option<&'static dyn VerificationAlgorithm> {
    let is = |name: &Oid<'_>| oid == name;
    Some(match key {
        KeyType::Rsa(_) if is(&OID_PKCS1_SHA256WITHRSA) => &RSA_PKCS1_2048_8192_SHA256,
        KeyType::Rsa(_) if is(&OID_PKCS1_SHA384WITHRSA) => &RSA_PKCS1_2048_8192_SHA384,
        KeyType::Rsa(_) if is(&OID_PKCS1_SHA512WITHRSA) => &RSA_PKCS1_2048_8192_SHA512,
        KeyType::EcP256 if is(&OID_SIG_ECDSA_WITH_SHA256) => &ECDSA_P256_SHA256_ASN1,
        KeyType::EcP256 if is(&OID_SIG_ECDSA_WITH_SHA384) => &ECDSA_P256_SHA384_ASN1,
        KeyType::EcP384 if is(&OID_SIG_ECDSA_WITH_SHA256) => &ECDSA_P384_SHA256_ASN1,
        KeyType::EcP384 if is(&OID_SIG_ECDSA_WITH_SHA384) => &ECDSA_P384_SHA384_ASN1,
        KeyType::Ed25519 if is(&OID_SIG_ED25519) => &ED25519,
        _ => return None,
    })
}
