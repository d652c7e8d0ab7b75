//! How the authorization server is reached: one request, one answer, within a time.

use super::failure::Failure;
use http::{Request, Response};
use std::{io, sync::Arc, time::Duration};
use ureq::{
    Agent,
    config::ConfigBuilder,
    tls::{RootCerts, TlsConfig},
    typestate::AgentScope,
};

/// The largest answer of an authorization server, in bytes.
pub const MAX_AUTHORITY_ANSWER: usize = 64 * 1024;
/// The largest header block that is read of it, in bytes.
const MAX_HEADERS: usize = 16 * 1024;

/// Reaches the authorization server. [`HttpTransport`] does it; another one may go through a proxy of its own, or show a TLS
/// certificate.
///
/// It is called from one background thread at a time. It should keep to the limit; if it does not, no caller waits longer
/// for that, but there is no other attempt until it returns. A panic counts as a failed attempt.
pub trait Transport: Send + Sync + 'static {
    /// Sends `request`, follows no redirect, and reads the whole answer, at most [`MAX_AUTHORITY_ANSWER`] bytes of it, within
    /// `limit`. An answer of any status is an answer.
    ///
    /// # Errors
    /// The [`Failure`] where there is none.
    fn send(&self, request: Request<Vec<u8>>, limit: Duration) -> Result<Response<Vec<u8>>, Failure>;
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, request: Request<Vec<u8>>, limit: Duration) -> Result<Response<Vec<u8>>, Failure> {
        (**self).send(request, limit)
    }
}

/// HTTP by `ureq`; certificates are verified as the platform does.
#[derive(Debug)]
pub struct HttpTransport {
    agent: Agent,
    connect: Duration,
}

impl HttpTransport {
    /// A connection, with TLS, has to stand after `connect`.
    pub fn new(connect: Duration) -> Self {
        // Tokens are fetched minutes apart, and an authorization server that was started again does not know old connections.
        let config = agent_config().max_idle_connections(0).max_response_header_size(MAX_HEADERS);
        Self { agent: config.build().into(), connect }
    }
}

/// What both ways out have in common. No redirects: a credential is for one URL.
pub(super) fn agent_config() -> ConfigBuilder<AgentScope> {
    // Fails only where there is one already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Agent::config_builder()
        .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
        .http_status_as_error(false)
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .user_agent(concat!("certauthz/", env!("CARGO_PKG_VERSION")))
}

impl Transport for HttpTransport {
    fn send(&self, request: Request<Vec<u8>>, limit: Duration) -> Result<Response<Vec<u8>>, Failure> {
        use ureq::RequestExt as _;
        // The limit over everything also covers the resolver: `ureq` then asks it in a thread of its own.
        let request = request
            .with_agent(&self.agent)
            .configure()
            .timeout_global(Some(limit))
            .timeout_connect(Some(self.connect.min(limit)))
            .build();
        let (parts, mut body) = request.run().map_err(failure)?.into_parts();
        let limit = u64::try_from(MAX_AUTHORITY_ANSWER).unwrap_or(u64::MAX);
        let body = body.with_config().limit(limit).read_to_vec().map_err(failure)?;
        Ok(Response::from_parts(parts, body))
    }
}

fn failure(error: ureq::Error) -> Failure {
    match error {
        ureq::Error::Timeout(_) => Failure::TimedOut,
        ureq::Error::Io(error) if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) => {
            Failure::TimedOut
        }
        ureq::Error::Io(error) => Failure::Unreachable(error.to_string()),
        ureq::Error::BodyExceedsLimit(_) => Failure::Garbage("it is too large".into()),
        ureq::Error::Protocol(error) => Failure::Garbage(error.to_string().into()),
        other => Failure::Unreachable(other.to_string()),
    }
}
