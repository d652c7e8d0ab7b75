//! Names: the signature algorithms of the profile and the key types that dictate them.

use crate::error::{Error, Result};
use std::fmt;

/// A signature algorithm of the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 9421 section 3.3.2).
    RsaV15Sha256,
    /// RSASSA-PSS with SHA-512, MGF1 with SHA-512, salt of 64 bytes (RFC 9421 section 3.3.1).
    RsaPssSha512,
    /// ECDSA on P-256 with SHA-256, `r ‖ s` (RFC 9421 section 3.3.4).
    EcdsaP256Sha256,
    /// ECDSA on P-384 with SHA-384, `r ‖ s` (RFC 9421 section 3.3.5).
    EcdsaP384Sha384,
    /// EdDSA on edwards25519 (RFC 9421 section 3.3.6).
    Ed25519,
}

impl Algorithm {
    /// Those that tokens may be signed with, one for each kind of key.
    pub(crate) const FOR_TOKENS: [Self; 4] =
        [Self::RsaV15Sha256, Self::EcdsaP256Sha256, Self::EcdsaP384Sha384, Self::Ed25519];

    /// The name in the HTTP Signature Algorithms registry (RFC 9421 section 6.2).
    pub const fn http_name(self) -> &'static str {
        match self {
            Self::RsaV15Sha256 => "rsa-v1_5-sha256",
            Self::RsaPssSha512 => "rsa-pss-sha512",
            Self::EcdsaP256Sha256 => "ecdsa-p256-sha256",
            Self::EcdsaP384Sha384 => "ecdsa-p384-sha384",
            Self::Ed25519 => "ed25519",
        }
    }

    /// The name in the JOSE registry (RFC 7518 section 3.1, RFC 8037).
    pub const fn jose_name(self) -> &'static str {
        match self {
            Self::RsaV15Sha256 => "RS256",
            Self::RsaPssSha512 => "PS512",
            Self::EcdsaP256Sha256 => "ES256",
            Self::EcdsaP384Sha384 => "ES384",
            Self::Ed25519 => "EdDSA",
        }
    }

    /// The inverse of [`Algorithm::http_name`].
    pub fn from_http_name(name: &str) -> Option<Self> {
        [Self::RsaV15Sha256, Self::RsaPssSha512, Self::EcdsaP256Sha256, Self::EcdsaP384Sha384, Self::Ed25519]
            .into_iter()
            .find(|a| a.http_name() == name)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.http_name())
    }
}

/// A kind of key, with its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyType {
    /// RSA with a modulus of this many bits.
    Rsa(u16),
    /// The NIST curve P-256.
    EcP256,
    /// The NIST curve P-384.
    EcP384,
    /// Ed25519 (RFC 8032).
    Ed25519,
}

impl KeyType {
    /// The default for new keys.
    pub const DEFAULT: Self = Self::Rsa(2048);

    /// From the words of the command line: `rsa`, `ec` or `ed25519`, and a size in bits where the kind has several.
    /// A size alone chooses the kind: 256 and 384 are curves, the rest RSA.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] with the sizes that exist.
    pub fn from_options(kind: Option<&str>, size: Option<u32>) -> Result<Self> {
        match (kind, size) {
            (None | Some("rsa"), None) => Ok(Self::DEFAULT),
            (None | Some("rsa"), Some(2048)) => Ok(Self::Rsa(2048)),
            (None | Some("rsa"), Some(3072)) => Ok(Self::Rsa(3072)),
            (None | Some("rsa"), Some(4096)) => Ok(Self::Rsa(4096)),
            (Some("ec"), None) | (None | Some("ec"), Some(256)) => Ok(Self::EcP256),
            (None | Some("ec"), Some(384)) => Ok(Self::EcP384),
            (Some("ed25519"), None) => Ok(Self::Ed25519),
            (Some("ed25519"), Some(size)) => {
                Err(Error::invalid("key size", size, "an Ed25519 key has only one size", "leave out --key-size"))
            }
            (Some("ec"), Some(size)) => {
                Err(Error::invalid("key size", size, "not a supported curve", "use 256 or 384"))
            }
            (None | Some("rsa"), Some(size)) => Err(Error::invalid(
                "key size",
                size,
                if size < 2048 { "too weak for RSA" } else { "not a supported RSA size" },
                "use 2048, 3072 or 4096 for RSA, 256 or 384 for EC",
            )),
            (Some(kind), _) => Err(Error::invalid("key type", kind, "unknown", "use rsa, ec or ed25519")),
        }
    }

    /// The algorithm that a key of this type signs requests and tokens with unless another is named.
    pub const fn algorithm(self) -> Algorithm {
        match self {
            Self::Rsa(_) => Algorithm::RsaV15Sha256,
            Self::EcP256 => Algorithm::EcdsaP256Sha256,
            Self::EcP384 => Algorithm::EcdsaP384Sha384,
            Self::Ed25519 => Algorithm::Ed25519,
        }
    }

    /// Whether a key of this type can sign with `algorithm`.
    pub const fn supports(self, algorithm: Algorithm) -> bool {
        matches!(
            (self, algorithm),
            (Self::Rsa(_), Algorithm::RsaV15Sha256 | Algorithm::RsaPssSha512)
                | (Self::EcP256, Algorithm::EcdsaP256Sha256)
                | (Self::EcP384, Algorithm::EcdsaP384Sha384)
                | (Self::Ed25519, Algorithm::Ed25519)
        )
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(f, "RSA-{bits}"),
            Self::EcP256 => f.write_str("EC P-256"),
            Self::EcP384 => f.write_str("EC P-384"),
            Self::Ed25519 => f.write_str("Ed25519"),
        }
    }
}
