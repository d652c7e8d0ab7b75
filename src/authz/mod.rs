//! A request in, a [`Principal`] or a [`crate::error::Rejection`] out.
//!
//! [`CertificateVerifier`] decides about signed requests, [`BearerVerifier`] about access tokens. Both take the time as an
//! argument and never touch the network.

mod assertion;
mod authority;
mod cache;
mod certificate;
mod client;
mod explain;
mod grant;
mod head;
mod introspected;
mod introspection;
mod message;
mod replay;
mod revocation;
mod token;

pub use assertion::{ASSERTION_TYPE, AssertionVerifier, MAX_ASSERTION_LIFE, assertion_audiences};
pub use authority::Authorities;
pub use cache::{CACHE_UNIT, CacheCounts};
pub use certificate::{CertificateVerifier, Policy};
pub use client::VerifiedClient;
pub use explain::{Explanation, Observer, Step, StepResult};
pub(crate) use grant::second_from;
pub use grant::{GrantError, TokenPolicy, TokenRequest};
pub use head::{CheckedHead, REQUEST_STEPS};
pub use introspected::{Introspected, IntrospectionCache, IntrospectionReader, MAX_INTROSPECTION_LEN};
pub use introspection::{ActiveToken, Introspector};
pub use message::Message;
pub use replay::ReplayMemory;
pub use revocation::{RevocationCheck, RevocationLookup, SharedLists};
pub(crate) use token::bearer;
pub use token::{BearerVerifier, TOKEN_STEPS};

use crate::{crl::Staleness, scope::Scopes};
use std::sync::Arc;

/// Who sent a request, and with what right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The client's name: the certificate's common name, or the token's `client_id`.
    pub client: Arc<str>,
    /// What it may do.
    pub scopes: Scopes,
    /// What it showed.
    pub credential: Credential,
}

/// The kind of credential that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credential {
    /// An access token.
    Token {
        /// Whether a stale revocation list was tolerated for the certificate that it names, if it names one.
        revocation: Staleness,
    },
    /// A certificate with a request signature.
    Certificate {
        /// Whether a stale revocation list was tolerated.
        revocation: Staleness,
    },
}

impl Credential {
    /// `token` or `certificate`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Token { .. } => "token",
            Self::Certificate { .. } => "certificate",
        }
    }
}
