//! A private key in memory, from a PKCS#8 file.

use super::{Algorithm, KeyError, KeyType, PublicKey, Signer};
use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
        RSA_PKCS1_SHA256, RSA_PSS_SHA512, RsaKeyPair,
    },
};
use std::fmt;
use zeroize::{Zeroize as _, Zeroizing};

enum Pair {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A private key in this process' memory. Debug shows the public half only.
pub struct LocalKey {
    pair: Pair,
    public: PublicKey,
    pkcs8: Zeroizing<Vec<u8>>,
}

impl LocalKey {
    /// Makes a new key. RSA takes tenths of a second and more, the curves microseconds.
    ///
    /// # Errors
    /// [`KeyError::Unsupported`] for an RSA size other than 2048, 3072 and 4096.
    pub fn generate(key_type: KeyType) -> Result<Self, KeyError> {
        let failed = |_| KeyError::Crypto("generate a key");
        let pkcs8 = match key_type {
            KeyType::Rsa(bits) => {
                let size = match bits {
                    2048 => KeySize::Rsa2048,
                    3072 => KeySize::Rsa3072,
                    4096 => KeySize::Rsa4096,
                    _ => return Err(KeyError::Unsupported(format!("new RSA-{bits}"))),
                };
                let pair = RsaKeyPair::generate(size).map_err(failed)?;
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
                Zeroizing::new(der.as_ref().to_vec())
            }
            KeyType::EcP256 | KeyType::EcP384 => {
                let algorithm = if key_type == KeyType::EcP256 {
                    &ECDSA_P256_SHA256_FIXED_SIGNING
                } else {
                    &ECDSA_P384_SHA384_FIXED_SIGNING
                };
                let document = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).map_err(failed)?;
                Zeroizing::new(document.as_ref().to_vec())
            }
            KeyType::Ed25519 => {
                // Version 1 without the public key: the only form that OpenSSL 1.1.1 and Python read.
                let document = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).map_err(failed)?;
                Zeroizing::new(document.as_ref().to_vec())
            }
        };
        Self::from_pkcs8_der(&pkcs8)
    }

    /// Reads an unencrypted PKCS#8 PrivateKeyInfo (RFC 5958) in DER.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] where it is none or is inconsistent, [`KeyError::Unsupported`] for other kinds and sizes.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, KeyError> {
        let (pair, spki) = parse_pair(der)?;
        let public = PublicKey::from_spki_der(&spki)?;
        Ok(Self { pair, public, pkcs8: Zeroizing::new(der.to_vec()) })
    }

    /// Reads a PEM block `PRIVATE KEY`.
    ///
    /// # Errors
    /// [`KeyError::Pem`] where there is none, or as [`LocalKey::from_pkcs8_der`].
    pub fn from_pem(text: &[u8]) -> Result<Self, KeyError> {
        let block = pem::parse(text).map_err(KeyError::pem)?;
        let tag = block.tag().to_owned();
        let der = Zeroizing::new(block.into_contents());
        match tag.as_str() {
            "PRIVATE KEY" => Self::from_pkcs8_der(&der),
            other => Err(KeyError::Pem(format!("it is a {other:?}, not an unencrypted PKCS#8 \"PRIVATE KEY\""))),
        }
    }

    /// The PEM block `PRIVATE KEY`. It is erased from memory when dropped.
    pub fn to_pem(&self) -> Zeroizing<String> {
        let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        let block = pem::Pem::new("PRIVATE KEY", self.pkcs8.to_vec());
        let text = Zeroizing::new(pem::encode_config(&block, config));
        block.into_contents().zeroize();
        text
    }
}

/// The key pair of a PKCS#8 document and its SubjectPublicKeyInfo.
fn parse_pair(der: &[u8]) -> Result<(Pair, Vec<u8>), KeyError> {
    let spki = |document: Result<PublicKeyX509Der<'_>, _>| {
        document
            .map(|d| d.as_ref().to_vec())
            .map_err(|_: aws_lc_rs::error::Unspecified| KeyError::Crypto("encode a public key"))
    };
    if let Ok(pair) = RsaKeyPair::from_pkcs8(der) {
        let spki = spki(pair.public_key().as_der())?;
        return Ok((Pair::Rsa(pair), spki));
    }
    for algorithm in [&ECDSA_P256_SHA256_FIXED_SIGNING, &ECDSA_P384_SHA384_FIXED_SIGNING] {
        if let Ok(pair) = EcdsaKeyPair::from_pkcs8(algorithm, der) {
            let spki = spki(pair.public_key().as_der())?;
            return Ok((Pair::Ecdsa(pair), spki));
        }
    }
    if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
        let spki = spki(pair.public_key().as_der())?;
        return Ok((Pair::Ed25519(pair), spki));
    }
    Err(KeyError::Malformed("not a PKCS#8 key of a supported kind (RSA from 2048 bits, P-256, P-384, Ed25519)"))
}

impl Signer for LocalKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let key = self.public.key_type();
        if !key.supports(algorithm) {
            return Err(KeyError::WrongAlgorithm { key, algorithm });
        }
        let failed = |_| KeyError::Crypto("sign");
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let encoding: &'static dyn aws_lc_rs::signature::RsaEncoding =
                    if algorithm == Algorithm::RsaPssSha512 { &RSA_PSS_SHA512 } else { &RSA_PKCS1_SHA256 };
                pair.sign(encoding, &SystemRandom::new(), message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            Pair::Ecdsa(pair) => pair.sign(&SystemRandom::new(), message).map(|s| s.as_ref().to_vec()).map_err(failed),
            Pair::Ed25519(pair) => pair.try_sign(message).map(|s| s.as_ref().to_vec()).map_err(failed),
        }
    }
}

impl fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Named one by one, so that a new field is a decision about what may be shown.
        let Self { pair: _, public, pkcs8: _ } = self;
        f.debug_struct("LocalKey").field("public", public).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [KeyType; 4] = [KeyType::Rsa(2048), KeyType::EcP256, KeyType::EcP384, KeyType::Ed25519];

    #[test]
    fn every_type_signs_verifies_and_survives_pem() {
        for key_type in ALL {
            let key = LocalKey::generate(key_type).unwrap();
            assert_eq!(key.public_key().key_type(), key_type);
            let again = LocalKey::from_pem(key.to_pem().as_bytes()).unwrap();
            assert_eq!(again.public_key(), key.public_key());
            let public = PublicKey::from_pem(key.public_key().to_pem().as_bytes()).unwrap();
            let algorithm = key_type.algorithm();
            let mut signature = again.sign(algorithm, b"message").unwrap();
            public.verify(algorithm, b"message", &signature).unwrap();
            assert!(public.verify(algorithm, b"massage", &signature).is_err());
            signature[5] ^= 1;
            assert!(public.verify(algorithm, b"message", &signature).is_err());
            assert!(public.verify(algorithm, b"message", &signature[..5]).is_err());
            assert!(public.verify(algorithm, b"message", &[]).is_err());
        }
    }

    #[test]
    fn pss_is_a_second_algorithm_of_rsa_and_of_nothing_else() {
        let rsa = LocalKey::generate(KeyType::Rsa(2048)).unwrap();
        let signature = rsa.sign(Algorithm::RsaPssSha512, b"m").unwrap();
        rsa.public_key().verify(Algorithm::RsaPssSha512, b"m", &signature).unwrap();
        assert!(rsa.public_key().verify(Algorithm::RsaV15Sha256, b"m", &signature).is_err());
        let ec = LocalKey::generate(KeyType::EcP256).unwrap();
        assert!(matches!(ec.sign(Algorithm::RsaPssSha512, b"m"), Err(KeyError::WrongAlgorithm { .. })));
        assert_eq!(
            ec.public_key().verify(Algorithm::Ed25519, b"m", &[0; 64]),
            Err(super::super::public::VerifyError::WrongAlgorithm)
        );
    }

    #[test]
    fn secrets_are_not_printed() {
        let key = LocalKey::generate(KeyType::EcP256).unwrap();
        let shown = format!("{key:?} {key:#?}");
        let secret = key.to_pem();
        let line = secret.lines().nth(1).unwrap();
        assert!(!shown.contains(&line[20..40]) && shown.len() < 400, "{shown}");
    }

    #[test]
    fn thumbprint_of_rfc_7638_section_3_1() {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        let n = URL_SAFE_NO_PAD
            .decode(
                "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
            )
            .unwrap();
        let mut rsa = vec![0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00];
        rsa.extend(&n);
        rsa.extend([2, 3, 1, 0, 1]);
        let mut spki = vec![
            0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05,
            0x00, 0x03, 0x82, 0x01, 0x0f, 0x00,
        ];
        spki.extend(&rsa);
        let key = PublicKey::from_spki_der(&spki).unwrap();
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn junk_is_refused_with_a_reason() {
        for junk in [
            &b""[..],
            b"-----BEGIN PRIVATE KEY-----\nAAAA\n",
            b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ] {
            assert!(LocalKey::from_pem(junk).is_err());
            assert!(PublicKey::from_pem(junk).is_err());
        }
        assert!(PublicKey::from_spki_der(&[0; 5]).is_err());
    }
}
