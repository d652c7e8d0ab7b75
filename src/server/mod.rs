//! The resource server: HTTP around [`crate::authz`]. Nothing is decided here.
//!
//! `/token` wants an access token, `/cert` a certificate and a signed request, `/healthz` nothing. Connections are bounded
//! in number, time and size (see [`Limits`]); a server that is full ends connections that wait, and lets newcomers in.

mod accept;
mod connection;
mod guests;
mod refusal;
mod reload;
mod routes;

pub use reload::RevocationFile;

use crate::{
    authz::{BearerVerifier, CertificateVerifier},
    error::{Error, Result},
    scope::Scopes,
};
use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpSocket},
    task::JoinSet,
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

/// The bounds of what one peer, and all of them together, can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of request line and header fields. More is answered with 431.
    pub max_head: usize,
    /// Bytes of a request's body. More is answered with 413.
    pub max_body: usize,
    /// Open connections; fewer where the limit on file descriptors leaves no room for them. Past them a new one takes the
    /// place of one that keeps it waiting (see `docs/attacks.md`), or gets 503 and is closed.
    pub max_connections: usize,
    /// From a request's first byte (or from the connection's start) to the end of its headers.
    pub header_timeout: Duration,
    /// For the whole body.
    pub body_timeout: Duration,
    /// Between requests on one connection.
    pub idle_timeout: Duration,
    /// For open requests once the server is told to stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_head: 64 * 1024,
            max_body: 1024 * 1024,
            max_connections: 10_000,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            drain: Duration::from_secs(10),
        }
    }
}

/// A server that has its address, and does not yet answer.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Takes the address; port 0 picks a free one. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`Error::Network`] where the address is taken or not ours.
    pub fn bind(address: SocketAddr) -> Result<Self> {
        let bind = || {
            let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
            // Without it a restart has to wait for the old connections' TIME_WAIT.
            socket.set_reuseaddr(true)?;
            socket.bind(address)?;
            let listener = socket.listen(4096)?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        };
        bind().map_err(|error: std::io::Error| Error::Network {
            url: address.to_string(),
            why: format!("cannot listen: {error}"),
            hint: "choose another --listen address; port 0 picks a free port".into(),
        })
    }

    /// The address, with the port that was picked.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until `shutdown` completes, then lets open requests finish for [`Limits::drain`]. `lists`, where
    /// given, is watched, and the revocation lists are replaced when it changes. Dropping the future closes everything.
    pub async fn run(
        self,
        resource: Resource,
        limits: Limits,
        lists: Option<RevocationFile>,
        shutdown: impl Future<Output = ()>,
    ) {
        let resource = Arc::new(resource);
        // Dropped with this future, however it ends; its tasks are then stopped.
        let mut watch = JoinSet::new();
        if let Some(file) = lists {
            watch.spawn(file.watch(Arc::clone(&resource)));
        }
        accept::run(self.listener, routes::router(resource, limits), limits, shutdown).await;
    }
}
