//! A public key, parsed once, that verifies signatures.

use super::{Algorithm, KeyError, KeyType};
use aws_lc_rs::{
    digest,
    signature::{self as lc, ParsedPublicKey, VerificationAlgorithm},
};
use std::fmt;
use std::sync::OnceLock;
use x509_parser::{
    asn1_rs::Tag,
    oid_registry::{
        OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_PKCS1_RSAENCRYPTION, OID_SIG_ED25519,
    },
    prelude::FromDer as _,
    x509::SubjectPublicKeyInfo,
};

/// A public key of one of the supported types, ready to verify.
pub struct PublicKey {
    spki: Box<[u8]>,
    key_type: KeyType,
    /// The bytes of the key itself: RSAPublicKey, the uncompressed point, or the 32 bytes of Ed25519.
    raw: Box<[u8]>,
    parsed: ParsedPublicKey,
    /// RSA keys verify PSS with a second parsed form; few requests need it.
    pss: OnceLock<Option<ParsedPublicKey>>,
}

impl PublicKey {
    /// Reads a DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
    ///
    /// # Errors
    /// [`KeyError::Malformed`] for broken or trailing bytes, [`KeyError::Unsupported`] for other kinds and sizes.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, KeyError> {
        let (rest, spki) =
            SubjectPublicKeyInfo::from_der(der).map_err(|_| KeyError::Malformed("not a SubjectPublicKeyInfo"))?;
        if !rest.is_empty() {
            return Err(KeyError::Malformed("trailing bytes after the SubjectPublicKeyInfo"));
        }
        let raw: &[u8] = &spki.subject_public_key.data;
        if spki.subject_public_key.unused_bits != 0 {
            return Err(KeyError::Malformed("a key with unused bits"));
        }
        let oid = &spki.algorithm.algorithm;
        let (key_type, algorithm): (_, &'static dyn VerificationAlgorithm) = if *oid == OID_PKCS1_RSAENCRYPTION {
            (KeyType::Rsa(rsa_bits(&spki)?), &lc::RSA_PKCS1_2048_8192_SHA256)
        } else if *oid == OID_KEY_TYPE_EC_PUBLIC_KEY {
            // `as_oid` reads the content of any element as an OID.
            let parameters = spki.algorithm.parameters.as_ref().filter(|p| p.tag() == Tag::Oid);
            let curve = parameters.and_then(|p| p.as_oid().ok());
            match curve {
                Some(curve) if curve == OID_EC_P256 => (KeyType::EcP256, &lc::ECDSA_P256_SHA256_FIXED),
                Some(curve) if curve == OID_NIST_EC_P384 => (KeyType::EcP384, &lc::ECDSA_P384_SHA384_FIXED),
                Some(curve) => return Err(KeyError::Unsupported(format!("EC (curve {curve})"))),
                None => return Err(KeyError::Malformed("an EC key without a named curve")),
            }
        } else if *oid == OID_SIG_ED25519 {
            if raw.len() != 32 {
                return Err(KeyError::Malformed("an Ed25519 key that has not 32 bytes"));
            }
            (KeyType::Ed25519, &lc::ED25519)
        } else {
            return Err(KeyError::Unsupported(format!("algorithm {oid}")));
        };
        if matches!(key_type, KeyType::EcP256 | KeyType::EcP384) && raw.first() != Some(&4) {
            // RFC 5480 section 2.2 allows compression; nobody who verifies certificates expects it.
            return Err(KeyError::Unsupported("compressed EC".to_owned()));
        }
        let parsed = ParsedPublicKey::new(algorithm, raw).map_err(|_| KeyError::Malformed("not a valid public key"))?;
        Ok(Self { spki: der.into(), key_type, raw: raw.into(), parsed, pss: OnceLock::new() })
    }

    /// Reads a PEM block `PUBLIC KEY`.
    ///
    /// # Errors
    /// [`KeyError::Pem`], or as [`PublicKey::from_spki_der`].
    pub fn from_pem(text: &[u8]) -> Result<Self, KeyError> {
        let block = pem::parse(text).map_err(KeyError::pem)?;
        if block.tag() != "PUBLIC KEY" {
            return Err(KeyError::Pem(format!("it is a {:?}, not a \"PUBLIC KEY\"", block.tag())));
        }
        Self::from_spki_der(block.contents())
    }

    /// The PEM block `PUBLIC KEY`, lines of 64 characters, ending in a newline.
    pub fn to_pem(&self) -> String {
        let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        pem::encode_config(&pem::Pem::new("PUBLIC KEY", self.spki.to_vec()), config)
    }

    /// The DER SubjectPublicKeyInfo.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// The content of the SubjectPublicKeyInfo's bit string: RSAPublicKey, the uncompressed point, or 32 bytes.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Kind and size.
    pub fn key_type(&self) -> KeyType {
        self.key_type
    }

    /// Checks that `signature` (in the encoding of [`super::Signer::sign`]) is this key's over `message`.
    ///
    /// # Errors
    /// [`VerifyError::WrongAlgorithm`] where the key cannot sign so, [`VerifyError::BadSignature`] otherwise.
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
        if !self.key_type.supports(algorithm) {
            return Err(VerifyError::WrongAlgorithm);
        }
        let key = match algorithm {
            Algorithm::RsaPssSha512 => self.pss_key().ok_or(VerifyError::WrongAlgorithm)?,
            _ => &self.parsed,
        };
        key.verify_sig(message, signature).map_err(|_| VerifyError::BadSignature)
    }

    fn pss_key(&self) -> Option<&ParsedPublicKey> {
        self.pss.get_or_init(|| ParsedPublicKey::new(&lc::RSA_PSS_2048_8192_SHA512, &self.raw).ok()).as_ref()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {})", self.key_type, self.thumbprint())
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for PublicKey {}

/// Why a signature was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The key does not sign with this algorithm.
    #[error("the key does not sign with this algorithm")]
    WrongAlgorithm,
    /// The signature does not verify.
    #[error("the signature does not verify")]
    BadSignature,
}

/// SHA-256.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, data).as_ref());
    out
}

fn rsa_bits(spki: &SubjectPublicKeyInfo<'_>) -> Result<u16, KeyError> {
    let bits = match spki.parsed() {
        Ok(x509_parser::public_key::PublicKey::RSA(rsa)) => rsa_modulus_bits(rsa.modulus),
        _ => return Err(KeyError::Malformed("not an RSAPublicKey")),
    };
    match u16::try_from(bits) {
        Ok(bits @ 2048..=8192) => Ok(bits),
        _ => Err(KeyError::Unsupported(format!("RSA-{bits}"))),
    }
}

fn rsa_modulus_bits(modulus: &[u8]) -> usize {
    let significant = modulus.iter().skip_while(|&&b| b == 0);
    let count = significant.clone().count() * 8;
    count - significant.copied().next().map_or(0, |b| usize::try_from(b.leading_zeros()).unwrap_or(0))
}
