//! The resource server: HTTP around [`crate::authz`]. Nothing is decided here.

pub(super) mod exposition;
mod issuers;
mod refusal;
mod reload;
pub(super) mod routes;

pub use reload::RevocationFile;

use crate::{
    authz::{BearerVerifier, CertificateVerifier},
    scope::Scopes,
};

/// What a resource server checks requests with.
pub struct Resource {
    /// Decides about `/token`.
    pub tokens: BearerVerifier,
    /// Decides about `/cert`.
    pub certificates: CertificateVerifier,
    /// The scopes that both routes require.
    pub required: Scopes,
}
