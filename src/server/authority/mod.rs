//! The authorization server: documents that everybody may have, and decisions for its clients. Nothing is decided here
//! that [`crate::authz`] could say.

mod answers;
mod app;
mod current;
mod decisions;
mod document;
mod documents;
mod files;
mod form;
mod introspect;
mod metrics;
mod publisher;
mod renew;
mod signing;
mod state;
mod token;

pub use decisions::{DecisionOptions, Decisions};
pub use files::{Publication, PublishedFile, publish};

#[cfg(test)]
mod tests;

use super::{Limits, Server};
use crate::{
    authz::Authorities,
    cert::{Lifetime, check_issuer},
    error::Result,
    store::{Authority, Credentials, Name},
};
use app::{App, places_for_large};
use documents::Fixed;
use http::Uri;
use jiff::{SignedDuration, Timestamp};
use publisher::Publisher;
use state::{Shared, Unready};
use std::{fmt, future::Future, sync::Arc};
use tokio::task::JoinSet;

/// How long a revocation list that the authorization server publishes is current: 24 h. It is renewed after two thirds.
pub const PUBLISHED_CRL_LIFETIME: Lifetime = Lifetime::hours(24);

/// How long the tokens of the authorization server live unless it is told otherwise: 15 min.
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_mins(15);

/// How an authorization server is to be.
#[derive(Debug, Clone)]
pub struct AuthorizationOptions {
    /// Its issuer identifier; the one that the CA was made with if `None`.
    pub issuer: Option<String>,
    /// The names under which it is called. That in the issuer identifier is always one of them.
    pub authorities: Authorities,
    /// How long its tokens live at most.
    pub token_lifetime: SignedDuration,
    /// How long the revocation lists that it publishes are current.
    pub crl_lifetime: Lifetime,
}

impl AuthorizationOptions {
    /// The CA's own issuer identifier, and the default life of everything.
    pub fn new(authorities: Authorities) -> Self {
        Self { issuer: None, authorities, token_lifetime: TOKEN_LIFETIME, crl_lifetime: PUBLISHED_CRL_LIFETIME }
    }
}

/// A CA that answers over HTTP: what [`Server::run_authorization`] wants.
pub struct AuthorizationServer {
    fixed: Fixed,
    shared: Arc<Shared>,
    decisions: Arc<Decisions>,
    publisher: Publisher,
    issuer: String,
}

impl fmt::Debug for AuthorizationServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationServer").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl AuthorizationServer {
    /// Opens the CA, reads its revocation list, and publishes a new one where that is missing, out of date or past two
    /// thirds of its life. Where it cannot, what there is will be served: see [`AuthorizationServer::unready`].
    ///
    /// # Errors
    /// As [`Credentials::authority`]; [`crate::error::Error::InvalidValue`] for an issuer that is no URL.
    pub fn open(credentials: &Credentials, name: &Name, options: AuthorizationOptions, now: Timestamp) -> Result<Self> {
        let authority = credentials.authority(name)?;
        let issuer = issuer_of(&authority, options.issuer)?;
        let fixed = Fixed::new(authority.certificate(), &issuer, now)?;
        let authorities = with_issuer(&options.authorities, &issuer)?;
        let token_lifetime = options.token_lifetime;
        let decided_by = DecisionOptions { issuer: issuer.clone(), authorities, token_lifetime };
        let decisions = Arc::new(Decisions::open(credentials, name, decided_by, now)?);
        let shared = Arc::new(Shared::new(Some(Arc::clone(&decisions))));
        let publisher = Publisher::new(credentials, authority, options.crl_lifetime, Arc::clone(&shared), now)?;
        Ok(Self { fixed, shared, decisions, publisher, issuer })
    }

    /// Its issuer identifier.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Why it cannot issue anything at present, if it cannot.
    pub fn unready(&self) -> Option<&'static str> {
        self.shared.readiness().err().map(Unready::text)
    }
}

/// The issuer identifier that was given, or else the CA's.
fn issuer_of(authority: &Authority, given: Option<String>) -> Result<String> {
    match given {
        Some(url) => check_issuer(&url),
        None => authority.issuer_url(),
    }
}

/// These authorities and the one of the issuer identifier.
fn with_issuer(authorities: &Authorities, issuer: &str) -> Result<Authorities> {
    let issuer: Option<Uri> = issuer.parse().ok();
    let own = issuer.as_ref().and_then(Uri::authority).map(|authority| authority.as_str());
    Authorities::new(authorities.iter().chain(own))
}

impl Server {
    /// Answers requests as an authorization server until `shutdown` completes, then lets open requests finish for
    /// [`Limits::drain`]. Meanwhile the revocation list is kept current. Dropping the future closes everything.
    pub async fn run_authorization(
        self,
        server: AuthorizationServer,
        limits: Limits,
        shutdown: impl Future<Output = ()>,
    ) {
        let AuthorizationServer { fixed, shared, decisions, publisher, .. } = server;
        let mut beside = JoinSet::new();
        beside.spawn(publisher.watch());
        self.serve(
            Arc::new(App { fixed, shared, decisions, limits, large: places_for_large() }),
            limits,
            beside,
            shutdown,
        )
        .await;
    }
}
