//! What can be wrong with a key, or with the place where it lives.

use super::{Algorithm, KeyType};
use std::borrow::Cow;

/// What can be wrong with a key. No variant carries key material, and none a PIN, token or password.
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
    /// The URI of a key cannot be understood.
    #[error("{uri:?}: {why}")]
    Uri {
        /// The URI as it was given, or the part of it that holds no secret.
        uri: String,
        /// What is wrong with it.
        why: Cow<'static, str>,
        /// What would be understood.
        hint: Cow<'static, str>,
    },
    /// A password or PIN is missing, wrong, or cannot be read.
    #[error("{of}: {why}")]
    Password {
        /// What it is the password of.
        of: String,
        /// What is wrong.
        why: Cow<'static, str>,
        /// The next step.
        hint: Cow<'static, str>,
    },
    /// The place where the key lives did not do what it was asked for.
    #[error("{uri}: {why}")]
    Remote {
        /// The URI of the key.
        uri: String,
        /// Of what kind it is, for callers who decide what to do about it.
        fault: Fault,
        /// What happened, in words.
        why: Cow<'static, str>,
        /// The next step.
        hint: Cow<'static, str>,
    },
}

/// Why a place where keys live did not do what it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// There is no such key.
    Unknown,
    /// There is one already, where a new one was to be made.
    Exists,
    /// Whoever asks may not use the key, or could not prove who it is.
    Refused,
    /// The credentials for the place have expired.
    Expired,
    /// The key is there, but disabled, destroyed, or not ready.
    Disabled,
    /// The key is of another type, size or use than what it is wanted for.
    WrongKey,
    /// The place cannot be reached, or is not working.
    Unreachable,
    /// There was no answer in time.
    TimedOut,
    /// The place asks for fewer requests.
    Throttled,
    /// The answer cannot be right: broken, damaged on its way, or a signature that is not the key's.
    BadAnswer,
    /// The place, or this build of the program, cannot do this.
    Unsupported,
}

impl Fault {
    /// Whether the same question may well have an answer a little later.
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::Unreachable | Self::TimedOut | Self::Throttled)
    }
}

impl KeyError {
    /// What the parser found, in words: a file that was cut off is the commonest case.
    pub(super) fn pem(error: pem::PemError) -> Self {
        Self::Pem(match error {
            pem::PemError::MalformedFraming => "none is complete, from BEGIN to END".to_owned(),
            other => other.to_string(),
        })
    }

    /// Something that the place where the key lives did.
    pub(crate) fn remote(
        uri: impl ToString,
        fault: Fault,
        why: impl Into<Cow<'static, str>>,
        hint: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Remote { uri: uri.to_string(), fault, why: why.into(), hint: hint.into() }
    }

    /// What the place where the key lives did, if that is what was wrong.
    pub const fn fault(&self) -> Option<Fault> {
        match self {
            Self::Remote { fault, .. } => Some(*fault),
            _ => None,
        }
    }

    /// Whether the same question may well have an answer a little later: the place was out of reach, slow, or asked for
    /// fewer requests.
    pub fn is_transient(&self) -> bool {
        self.fault().is_some_and(Fault::is_transient)
    }

    /// The next step for a person who sees this error.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Pem(_) | Self::Malformed(_) => Some(
                "keys are PEM: PKCS#8 (BEGIN PRIVATE KEY) or SPKI (BEGIN PUBLIC KEY); convert with `openssl pkcs8 -topk8 -nocrypt`",
            ),
            Self::Unsupported(_) => Some("supported are RSA with 2048 to 8192 bits, EC P-256 and P-384, and Ed25519"),
            Self::Uri { hint, .. } | Self::Password { hint, .. } | Self::Remote { hint, .. } => {
                (!hint.is_empty()).then_some(hint.as_ref())
            }
            Self::WrongAlgorithm { .. } | Self::Crypto(_) => None,
        }
    }
}
