//! Keys: the [`Signer`] seam behind which a private key lives, and the [`PublicKey`] that checks what it signed.
//!
//! One file per place a key can live: [`LocalKey`] is a PKCS#8 file. Whatever signs (certificates, revocation lists,
//! tokens, requests) goes through [`Signer`], whatever verifies goes through [`PublicKey::verify`].

mod algorithm;
mod ecdsa;
mod jwk;
mod local;
mod public;
mod x509;

pub use algorithm::{Algorithm, KeyType};
pub use ecdsa::{ecdsa_from_der, ecdsa_to_der};
pub use local::LocalKey;
pub use public::{PublicKey, VerifyError, sha256};
pub(crate) use x509::{AlgorithmWithKeys, verify_x509};

/// What can be wrong with a key. No variant carries key material.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text holds no PEM block of the wanted kind.
    #[error("no usable PEM block: {0}")]
    Pem(String),
    /// The encoding is broken.
    #[error("the key cannot be decoded: {0}")]
    Malformed(&'static str),
    /// The key's kind or size is not one of ours.
    #[error("{0} keys are not supported")]
    Unsupported(String),
    /// This key cannot make or check signatures of that algorithm.
    #[error("{key} keys do not sign with {algorithm}")]
    WrongAlgorithm {
        /// The key's type.
        key: KeyType,
        /// The algorithm that was asked for.
        algorithm: Algorithm,
    },
    /// The cryptographic library failed.
    #[error("the cryptographic library failed to {0}")]
    Crypto(&'static str),
}

impl KeyError {
    /// What the parser found, in words: a file that was cut off is the commonest case.
    fn pem(error: pem::PemError) -> Self {
        Self::Pem(match error {
            pem::PemError::MalformedFraming => "none is complete, from BEGIN to END".to_owned(),
            other => other.to_string(),
        })
    }

    /// The next step for a person who sees this error.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Pem(_) | Self::Malformed(_) => Some(
                "keys are PEM: PKCS#8 (BEGIN PRIVATE KEY) or SPKI (BEGIN PUBLIC KEY); convert with `openssl pkcs8 -topk8 -nocrypt`",
            ),
            Self::Unsupported(_) => Some("supported are RSA with 2048 to 8192 bits, EC P-256 and P-384, and Ed25519"),
            Self::WrongAlgorithm { .. } | Self::Crypto(_) => None,
        }
    }
}

/// A private key, wherever it lives.
///
/// An implementation holds or reaches exactly one key. It must be cheap to ask for the public key (no I/O); `sign` may
/// block. Both are called from several threads at once. To implement it for a remote key, fetch the public key when the
/// signer is built and verify every signature that comes back with [`PublicKey::verify`] before returning it.
pub trait Signer: Send + Sync {
    /// The public half.
    fn public_key(&self) -> &PublicKey;

    /// Signs `message` (not its digest) with `algorithm`.
    ///
    /// The result is in the encoding of RFC 9421 and RFC 7518: for RSA the signature of the modulus' length, for ECDSA
    /// the fixed-length `r ‖ s` (see [`ecdsa_to_der`] for the form that certificates use), for Ed25519 64 bytes.
    ///
    /// # Errors
    /// [`KeyError::WrongAlgorithm`] where the key cannot sign so, [`KeyError::Crypto`] where signing failed.
    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, KeyError>;
}

impl<S: Signer + ?Sized> Signer for &S {
    fn public_key(&self) -> &PublicKey {
        (**self).public_key()
    }
    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        (**self).sign(algorithm, message)
    }
}

impl<S: Signer + ?Sized> Signer for std::sync::Arc<S> {
    fn public_key(&self) -> &PublicKey {
        (**self).public_key()
    }
    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        (**self).sign(algorithm, message)
    }
}
