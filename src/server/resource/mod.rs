//! The resource server: HTTP around [`crate::authz`]. Nothing is decided here.

mod exposition;
mod introspect;
mod issuers;
mod outgoing;
pub(super) mod refusal;
mod reload;
mod routes;
mod sources;

pub use introspect::Introspection;
pub use reload::RevocationFile;
pub use sources::{Loaded, Source, Sources};

use super::{
    Limits, Server,
    answer::Answer,
    application::{Application, Endpoint},
    metrics::{Counter, Families},
};
use crate::{
    authz::{BearerVerifier, CertificateVerifier},
    error::{Reason, Result},
    scope::Scopes,
};
use http::Request;
use hyper::body::Incoming;
use sources::Running;
use std::{fmt, future::Future, sync::Arc};

/// What a resource server checks requests with.
pub struct Resource {
    /// Decides about `/token`.
    pub tokens: BearerVerifier,
    /// Says what a token says, in place of `tokens`, which then decides about revocation and scopes alone.
    pub introspection: Option<Introspection>,
    /// Decides about `/cert`.
    pub certificates: CertificateVerifier,
    /// The scopes that both routes require.
    pub required: Scopes,
}

impl Server {
    /// Answers requests as a resource server until `shutdown` completes, then lets open requests finish for
    /// [`Limits::drain`]. Meanwhile the revocation lists and the token keys of `sources` are kept current. Dropping the
    /// future closes everything.
    ///
    /// # Errors
    /// [`crate::error::Error::System`] where no thread can be started for a source.
    pub async fn run(
        self,
        resource: Resource,
        limits: Limits,
        sources: impl Into<Sources>,
        shutdown: impl Future<Output = ()>,
    ) -> Result<()> {
        let (resource, counts) = (Arc::new(resource), Arc::new(ListCounts::default()));
        let (running, beside) = sources.into().start(&resource, &counts)?;
        self.serve(Arc::new(App { resource, limits, running, counts }), limits, beside, shutdown).await;
        Ok(())
    }
}

/// The resource server at work.
struct App {
    resource: Arc<Resource>,
    limits: Limits,
    running: Running,
    counts: Arc<ListCounts>,
}

/// What became of the readings of revocation lists.
#[derive(Debug, Default)]
struct ListCounts {
    /// Lists that were read again, whether they brought news or not.
    read: Counter,
    /// Lists that could not be read or were not acceptable.
    failed: Counter,
}

impl Application for App {
    type Endpoint = Path;

    async fn answer(&self, path: Path, request: Request<Incoming>) -> Answer {
        match path {
            Path::Token => self.token(request.headers()).await,
            Path::Certificate => self.certificate(request).await,
        }
    }

    fn expose(&self, to: &mut Families<'_>) -> fmt::Result {
        self.expose_all(to)
    }
}

/// Its routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Path {
    Token,
    Certificate,
}

impl Endpoint for Path {
    const ALL: &'static [Self] = &[Self::Token, Self::Certificate];

    fn of(path: &str) -> Option<Self> {
        match path {
            "/token" => Some(Self::Token),
            "/cert" => Some(Self::Certificate),
            _ => None,
        }
    }

    fn place(self) -> usize {
        match self {
            Self::Token => 0,
            Self::Certificate => 1,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Certificate => "cert",
        }
    }

    fn wants_credential(self) -> bool {
        true
    }

    fn can_refuse_for(self, reason: Reason) -> bool {
        let for_token = reason.as_str().starts_with("token_");
        match self {
            Self::Certificate => !for_token && reason != Reason::IntrospectionUnavailable,
            Self::Token => {
                for_token
                    || matches!(
                        reason,
                        Reason::CredentialMissing
                            | Reason::CredentialMalformed
                            | Reason::CredentialTooLarge
                            | Reason::CertificateRevoked
                            | Reason::RevocationUnknown
                            | Reason::IntrospectionUnavailable
                            | Reason::AlgorithmForbidden
                            | Reason::InsufficientScope
                    )
            }
        }
    }
}
