//! HTTP message signatures (RFC 9421) for the request profile of this project.
//!
//! [`params`] reads and writes `Signature-Input` and `Signature`, [`base`] turns a request and a list of components into
//! the bytes that are signed, [`digest`] is `Content-Digest` (RFC 9530). Nothing here decides about trust: keys, time and
//! replay are [`crate::authz`]'s.

pub mod base;
pub mod digest;
mod fields;
pub mod params;
mod plain;
mod query;

pub use base::{RequestParts, signature_base};
pub use params::{Component, Parameters, SignatureInput};

use crate::key::{Algorithm, KeyError, Signer};

/// The `tag` parameter (RFC 9421 section 2.3) by which our signatures are found among others.
pub const TAG: &str = "certauthz";

/// The label under which this library sends its signature. A verifier accepts any.
pub const LABEL: &str = "certauthz";

/// The header that carries the base64 DER certificate.
pub const CLIENT_CERT: &str = "x-client-cert";

/// The header that carries intermediates, the leaf's issuer first.
pub const CLIENT_CERT_CHAIN: &str = "x-client-cert-chain";

/// The most intermediates in [`CLIENT_CERT_CHAIN`]: what a client may send and a verifier looks at.
pub const MAX_CHAIN: usize = 4;

/// Why a message could not be signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// A component cannot be computed from this request.
    #[error(transparent)]
    Base(#[from] base::BaseError),
    /// The key failed.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The values of the two signature headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureHeaders {
    /// The value of `Signature-Input`.
    pub signature_input: String,
    /// The value of `Signature`.
    pub signature: String,
}

/// Signs `request` with `signer`, covering `components` (their order is kept), under `label`.
///
/// # Errors
/// [`SignError::Base`] where a component is not in the request, [`SignError::Key`] where the key refuses.
pub fn sign(
    signer: &dyn Signer,
    algorithm: Algorithm,
    request: &RequestParts<'_>,
    label: &str,
    components: &[Component<'_>],
    parameters: &Parameters<'_>,
) -> Result<SignatureHeaders, SignError> {
    let params = params::serialize(components, parameters);
    let mut base = Vec::new();
    signature_base(request, components, &params, &mut base)?;
    let signature = signer.sign(algorithm, &base)?;
    Ok(SignatureHeaders {
        signature_input: format!("{label}={params}"),
        signature: params::serialize_signature(label, &signature),
    })
}
