//! Access tokens: JWTs of the profile of RFC 9068, signed by the CA's key.
//!
//! Signing and verifying go through [`crate::key`], so that a token's key can live wherever a [`Signer`] can, and the
//! public key is parsed once. The time is an argument.

pub(crate) mod assertion;
mod keys;
mod verify;
pub(crate) mod wire;

pub use keys::{KeySet, MAX_JWKS_LEN, MAX_KEYS};
pub use verify::{KeyDigest, TokenVerifier, VerifiedToken};

use crate::{
    cert::{Serial, facts::Facts},
    key::{KeyError, PublicKey, Signer, sha256},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

/// The longest token that is looked at, in bytes: a header line, with room for many scopes.
pub const MAX_TOKEN_LEN: usize = 16 * 1024;

/// The claims of an access token (RFC 9068 section 2.2). Times are seconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claims {
    /// The issuer identifier of the authorization server.
    pub iss: String,
    /// The subject: the client itself, as no user is involved.
    pub sub: String,
    /// The client.
    pub client_id: String,
    /// The service for which the token is made.
    pub aud: String,
    /// When the token ends.
    pub exp: i64,
    /// When it was made.
    pub iat: i64,
    /// Unique.
    pub jti: String,
    /// Space-delimited scopes.
    pub scope: String,
    /// The certificate of the client that this token stands beside: with the certificate's revocation it ends too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
}

/// What the claim `cnf` (RFC 7800) says here: which certificate the client has. Whoever has the bearer token need not show
/// it; a service looks its serial number up in the revocation list of the CA that signs the tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confirmation {
    /// SHA-256 of the certificate's DER, base64url without padding: 43 characters (RFC 8705 section 3.1).
    #[serde(rename = "x5t#S256")]
    pub x5t_s256: String,
    /// Its serial number, as [`Serial::to_hex`] writes it.
    pub serial: String,
}

impl Confirmation {
    /// Names the certificate with this DER and serial number.
    pub fn new(certificate: &[u8], serial: &Serial) -> Self {
        Self::from_digest(&sha256(certificate), serial)
    }

    /// As [`Confirmation::new`], where the SHA-256 of the DER is known.
    pub fn from_digest(sha256: &[u8; 32], serial: &Serial) -> Self {
        Self { x5t_s256: URL_SAFE_NO_PAD.encode(sha256), serial: serial.to_hex() }
    }
}

impl From<&Facts> for Confirmation {
    fn from(certificate: &Facts) -> Self {
        Self::new(&certificate.der, &certificate.serial)
    }
}

#[derive(Serialize)]
struct HeaderOut<'a> {
    alg: &'a str,
    typ: &'a str,
    kid: &'a str,
}

/// Signs an access token with the algorithm that the key dictates.
///
/// # Errors
/// [`KeyError`] where the key cannot sign.
pub fn issue(signer: &dyn Signer, claims: &Claims) -> Result<String, KeyError> {
    issue_with(&header(signer.public_key())?, signer, claims)
}

/// The first segment of the tokens that this key signs: the same one each time.
pub(crate) fn header(key: &PublicKey) -> Result<String, KeyError> {
    encode(&HeaderOut::new(key, &key.thumbprint()))
}

/// As [`issue`], with the first segment at hand.
pub(crate) fn issue_with(header: &str, signer: &dyn Signer, claims: &Claims) -> Result<String, KeyError> {
    let mut token = format!("{header}.{}", encode(claims)?);
    let signature = signer.sign(signer.public_key().key_type().algorithm(), token.as_bytes())?;
    token.push('.');
    token.push_str(&URL_SAFE_NO_PAD.encode(signature));
    Ok(token)
}

impl<'a> HeaderOut<'a> {
    fn new(key: &PublicKey, kid: &'a str) -> Self {
        Self { alg: key.key_type().algorithm().jose_name(), typ: "at+jwt", kid }
    }
}

/// A segment of a token.
pub(crate) fn encode(value: &impl Serialize) -> Result<String, KeyError> {
    let json = serde_json::to_vec(value).map_err(|_| KeyError::Malformed("claims that are not JSON"))?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}
