//! Keys: the [`Signer`] seam behind which a private key lives, and the [`PublicKey`] that checks what it signed.
//!
//! One file per place a key can live: [`LocalKey`] is a PKCS#8 file. Whatever signs (certificates, revocation lists,
//! tokens, requests) goes through [`Signer`], whatever verifies goes through [`PublicKey::verify`].

mod algorithm;
mod ecdsa;
mod error;
mod jwk;
mod local;
mod public;
mod uri;
mod verified;
mod x509;

pub use algorithm::{Algorithm, KeyType};
pub use ecdsa::{ecdsa_from_der, ecdsa_to_der};
pub use error::{Fault, KeyError};
pub use local::LocalKey;
pub use public::{PublicKey, VerifyError, sha256};
pub use uri::{KeyUri, Scheme};
pub use verified::Verified;
pub(crate) use x509::{AlgorithmWithKeys, verify_x509};

/// A private key, wherever it lives.
///
/// An implementation holds or reaches exactly one key. It must be cheap to ask for the public key (no I/O); `sign` may
/// block. Both are called from several threads at once. To implement it for a remote key, fetch the public key when the
/// signer is built, and wrap it into [`Verified`], which checks every signature that comes back before anybody uses it.
pub trait Signer: Send + Sync {
    /// The public half.
    fn public_key(&self) -> &PublicKey;

    /// Signs `message` (not its digest) with `algorithm`.
    ///
    /// The result is in the encoding of RFC 9421 and RFC 7518: for RSA the signature of the modulus' length, for ECDSA
    /// the fixed-length `r ‖ s` (see [`ecdsa_to_der`] for the form that certificates use), for Ed25519 64 bytes.
    ///
    /// # Errors
    /// [`KeyError::WrongAlgorithm`] where the key cannot sign so, [`KeyError::Crypto`] where signing failed,
    /// [`KeyError::Remote`] where the place that holds the key did not sign: its [`Fault`] tells what is worth a retry.
    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, KeyError>;

    /// Whether a signature is waited for and not computed, because the key is in another process or machine. Then more
    /// of them at once than there are cores make sense.
    fn is_remote(&self) -> bool {
        false
    }
}

impl<S: Signer + ?Sized> Signer for &S {
    fn public_key(&self) -> &PublicKey {
        (**self).public_key()
    }
    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        (**self).sign(algorithm, message)
    }
    fn is_remote(&self) -> bool {
        (**self).is_remote()
    }
}

impl<S: Signer + ?Sized> Signer for std::sync::Arc<S> {
    fn public_key(&self) -> &PublicKey {
        (**self).public_key()
    }
    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        (**self).sign(algorithm, message)
    }
    fn is_remote(&self) -> bool {
        (**self).is_remote()
    }
}
