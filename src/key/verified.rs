//! A signer that is not believed: each of its signatures is verified before anybody uses it.

use super::{Algorithm, Fault, KeyError, PublicKey, Signer};

/// A key in another process or machine, whose every signature is verified with the public key that was learned when it
/// was opened. A place that signs with another key, or whose answer was damaged on its way, makes an error and never a
/// certificate, list, token or request that nobody accepts.
#[derive(Debug)]
pub struct Verified<S> {
    signer: S,
    uri: String,
}

impl<S: Signer> Verified<S> {
    /// Wraps `signer`; messages name it by `uri`.
    pub fn new(signer: S, uri: impl Into<String>) -> Self {
        Self { signer, uri: uri.into() }
    }
}

impl<S: Signer> Signer for Verified<S> {
    fn public_key(&self) -> &PublicKey {
        self.signer.public_key()
    }

    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let key = self.public_key().key_type();
        if !key.supports(algorithm) {
            return Err(KeyError::WrongAlgorithm { key, algorithm });
        }
        let signature = self.signer.sign(algorithm, message)?;
        match self.public_key().verify(algorithm, message, &signature) {
            Ok(()) => Ok(signature),
            Err(_) => Err(KeyError::remote(
                &self.uri,
                Fault::BadAnswer,
                "the signature that came back does not verify with the public key: it was not used",
                "was the key replaced, or does something change the answers on their way? Look at it with `certauthz key test`",
            )),
        }
    }

    fn is_remote(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{KeyType, LocalKey};

    /// Signs what it likes.
    struct Liar(LocalKey, LocalKey);

    impl Signer for Liar {
        fn public_key(&self) -> &PublicKey {
            self.0.public_key()
        }
        fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, KeyError> {
            if message == b"lie" { self.1.sign(algorithm, message) } else { self.0.sign(algorithm, message) }
        }
    }

    #[test]
    fn another_keys_signature_is_not_passed_on() {
        let [own, other] = [(); 2].map(|()| LocalKey::generate(KeyType::EcP256).unwrap());
        let signer = Verified::new(Liar(own, other), "vaulttransit:name=ca");
        assert!(signer.sign(Algorithm::EcdsaP256Sha256, b"truth").is_ok() && signer.is_remote());
        let error = signer.sign(Algorithm::EcdsaP256Sha256, b"lie").unwrap_err();
        assert_eq!(error.fault(), Some(Fault::BadAnswer));
        assert!(error.to_string().starts_with("vaulttransit:name=ca: "), "{error}");
        assert!(matches!(signer.sign(Algorithm::Ed25519, b"truth"), Err(KeyError::WrongAlgorithm { .. })));
    }
}
