//! The authorization server: documents that everybody may have, and decisions for its clients. Nothing is decided here.

mod document;
mod documents;
mod files;
mod metrics;
mod publisher;
mod state;

pub use files::{Publication, PublishedFile, publish};

use super::{
    Limits, Server,
    answer::{Answer, JSON, not_allowed, problem, unavailable, with_type},
    application::{Application, Endpoint},
    metrics::Families,
};
use crate::{
    cert::Lifetime,
    error::{Reason, Result},
    store::{Credentials, Name},
};
use documents::{CA_CERTIFICATE, CRL, CRL_PEM, Fixed, INTROSPECT, JWKS, METADATA, TOKEN};
use http::{HeaderValue, Method, Request, StatusCode};
use hyper::body::Incoming;
use jiff::Timestamp;
use publisher::Publisher;
use state::Shared;
use std::{fmt, future::Future, sync::Arc};
use tokio::task::JoinSet;

/// How long a revocation list that the authorization server publishes is current: 24 h. It is renewed after two thirds.
pub const PUBLISHED_CRL_LIFETIME: Lifetime = Lifetime::hours(24);

/// How an authorization server is to be.
#[derive(Debug, Clone)]
pub struct AuthorizationOptions {
    /// Its issuer identifier; the one that the CA was made with if `None`.
    pub issuer: Option<String>,
    /// How long the revocation lists that it publishes are current.
    pub crl_lifetime: Lifetime,
}

impl Default for AuthorizationOptions {
    fn default() -> Self {
        Self { issuer: None, crl_lifetime: PUBLISHED_CRL_LIFETIME }
    }
}

/// A CA that answers over HTTP: what [`Server::run_authorization`] wants.
pub struct AuthorizationServer {
    application: App,
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
    /// As [`Credentials::authority`].
    pub fn open(credentials: &Credentials, name: &Name, options: AuthorizationOptions, now: Timestamp) -> Result<Self> {
        let authority = credentials.authority(name)?;
        let issuer = options.issuer.map_or_else(|| authority.issuer_url(), Ok)?;
        let fixed = Fixed::new(authority.certificate(), &issuer, now)?;
        let shared = Arc::new(Shared::default());
        let publisher = Publisher::new(credentials, authority, options.crl_lifetime, Arc::clone(&shared), now)?;
        Ok(Self { application: App { fixed, shared }, publisher, issuer })
    }

    /// Its issuer identifier.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Why it cannot issue anything at present, if it cannot.
    pub fn unready(&self) -> Option<&'static str> {
        self.application.shared.readiness().err().map(state::Unready::text)
    }
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
        let mut beside = JoinSet::new();
        beside.spawn(server.publisher.watch());
        self.serve(Arc::new(server.application), limits, beside, shutdown).await;
    }
}

/// The authorization server at work.
struct App {
    fixed: Fixed,
    shared: Arc<Shared>,
}

impl Application for App {
    type Endpoint = Path;

    async fn answer(&self, path: Path, request: Request<Incoming>) -> Answer {
        let now = Timestamp::now();
        let send = |document: &document::Document| document.answer(request.method(), request.headers(), now);
        match path {
            Path::Crl | Path::CrlPem => match &*self.shared.published() {
                Some(published) => send(if path == Path::Crl { &published.der } else { &published.pem }),
                None => unavailable(state::Unready::NoList.text(), HeaderValue::from_static("5")),
            },
            Path::CaCertificate => send(&self.fixed.ca),
            Path::Jwks => send(&self.fixed.jwks),
            Path::Metadata => send(&self.fixed.metadata),
            Path::Readyz => self.readyz(request.method()),
            Path::Token | Path::Introspect | Path::Renew => problem(StatusCode::NOT_FOUND),
        }
    }

    fn expose(&self, to: &mut Families<'_>) -> fmt::Result {
        metrics::expose(&self.shared, to, Timestamp::now())
    }
}

impl App {
    /// What the publisher has found out: a request looks at nothing itself.
    fn readyz(&self, method: &Method) -> Answer {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return not_allowed(HeaderValue::from_static("GET, HEAD"));
        }
        match self.shared.readiness() {
            Ok(()) => with_type(JSON, "{\"status\":\"ready\"}").into(),
            Err(unready) => unavailable(unready.text(), HeaderValue::from_static("5")),
        }
    }
}

/// Its routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Path {
    Token,
    Introspect,
    Renew,
    Crl,
    CrlPem,
    CaCertificate,
    Jwks,
    Metadata,
    Readyz,
}

impl Endpoint for Path {
    const ALL: &'static [Self] = &[
        Self::Token,
        Self::Introspect,
        Self::Renew,
        Self::Crl,
        Self::CrlPem,
        Self::CaCertificate,
        Self::Jwks,
        Self::Metadata,
        Self::Readyz,
    ];

    fn of(path: &str) -> Option<Self> {
        Some(match path {
            TOKEN => Self::Token,
            INTROSPECT => Self::Introspect,
            "/certificates/renew" => Self::Renew,
            CRL => Self::Crl,
            CRL_PEM => Self::CrlPem,
            CA_CERTIFICATE => Self::CaCertificate,
            JWKS => Self::Jwks,
            METADATA => Self::Metadata,
            "/readyz" => Self::Readyz,
            _ => return None,
        })
    }

    fn place(self) -> usize {
        match self {
            Self::Token => 0,
            Self::Introspect => 1,
            Self::Renew => 2,
            Self::Crl => 3,
            Self::CrlPem => 4,
            Self::CaCertificate => 5,
            Self::Jwks => 6,
            Self::Metadata => 7,
            Self::Readyz => 8,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Introspect => "introspect",
            Self::Renew => "renew",
            Self::Crl => "crl",
            Self::CrlPem => "crl_pem",
            Self::CaCertificate => "ca_crt",
            Self::Jwks => "jwks",
            Self::Metadata => "metadata",
            Self::Readyz => "readyz",
        }
    }

    fn wants_credential(self) -> bool {
        matches!(self, Self::Token | Self::Introspect | Self::Renew)
    }

    fn can_refuse_for(self, reason: Reason) -> bool {
        self == Self::Renew && !reason.as_str().starts_with("token_")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_has_a_place_of_its_own() {
        for (place, path) in Path::ALL.iter().enumerate() {
            assert_eq!(path.place(), place);
        }
    }
}
