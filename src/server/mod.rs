//! The resource server: HTTP around [`crate::authz`]. Nothing is decided here.
//!
//! `/token` wants an access token, `/cert` a certificate and a signed request, `/healthz` nothing; `/metrics` shows what the
//! server counts, here or on a listener of its own ([`Server::with_metrics_at`]). Connections are bounded
//! in number, time and size (see [`Limits`]); a server that is full ends connections that wait, and lets newcomers in.

mod accept;
mod connection;
mod guests;
mod metrics;
mod resource;

pub use resource::{Resource, RevocationFile};

use crate::{
    error::{Error, Result},
    number, rlimit,
};
use metrics::{Listener, Metrics};
use resource::{exposition::Exposition, routes::Routes};
use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpSocket},
    task::JoinSet,
};

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

/// The most connections of a listener for metrics: a few scrapers, and a person who looks.
const METRICS_CONNECTIONS: usize = 32;
/// Descriptors that are kept from the public listener besides, for reading lists and for turning connections away.
const SPARE_DESCRIPTORS: u64 = 16;

/// A server that has its address, and does not yet answer.
#[derive(Debug)]
pub struct Server {
    public: Bound,
    metrics: Option<Bound>,
}

#[derive(Debug)]
struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Takes the address; port 0 picks a free one. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`Error::Network`] where the address is taken or not ours.
    pub fn bind(address: SocketAddr) -> Result<Self> {
        Ok(Self { public: Bound::new(address, "--listen")?, metrics: None })
    }

    /// Shows `/metrics` at this address, and there alone: nothing else is answered there, and connections have limits of
    /// their own. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// As [`Server::bind`].
    pub fn with_metrics_at(self, address: SocketAddr) -> Result<Self> {
        Ok(Self { metrics: Some(Bound::new(address, "--metrics-listen")?), ..self })
    }

    /// The address, with the port that was picked.
    pub fn address(&self) -> SocketAddr {
        self.public.address
    }

    /// The address of the listener for metrics, if they have one of their own.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|bound| bound.address)
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
        let Self { public, metrics: own } = self;
        let resource = Arc::new(resource);
        let metrics = Arc::new(Metrics::default());
        let limits = if own.is_some() { leave_descriptors(limits) } else { limits };
        let for_metrics = Limits { max_connections: METRICS_CONNECTIONS, ..limits };
        let mut served = vec![(Listener::Public, limits.max_connections)];
        served.extend(own.is_some().then_some((Listener::Metrics, for_metrics.max_connections)));
        let issuers = lists.as_ref().map(RevocationFile::issuers).unwrap_or_default();
        let exposition = Arc::new(Exposition::new(Arc::clone(&resource), Arc::clone(&metrics), issuers, served));
        let routes = |listener, limits, shows_metrics| {
            let (resource, metrics) = (Arc::clone(&resource), Arc::clone(&metrics));
            let exposition = Arc::clone(&exposition);
            Arc::new(Routes { resource, limits, metrics, exposition, listener, shows_metrics })
        };
        // Dropped with this future, however it ends; its tasks are then stopped.
        let mut beside = JoinSet::new();
        if let Some(file) = lists {
            beside.spawn(file.watch(Arc::clone(&resource), Arc::clone(&metrics)));
        }
        let public_routes = routes(Listener::Public, limits, own.is_none());
        if let Some(own) = own {
            // To the end: what happens while requests drain is of interest too.
            let routes = routes(Listener::Metrics, for_metrics, true);
            beside.spawn(accept::run(own.listener, routes, std::future::pending()));
        }
        accept::run(public.listener, public_routes, shutdown).await;
    }
}

/// A flood of public connections must not take the last descriptors: a listener for metrics has its share.
fn leave_descriptors(limits: Limits) -> Limits {
    let limit = rlimit::fd_limit();
    let aside = SPARE_DESCRIPTORS.saturating_add(number::count(METRICS_CONNECTIONS));
    // Less than half of them: with very few descriptors there is no room for everything.
    let left = limit.saturating_sub(aside).max(limit / 2);
    Limits { max_connections: limits.max_connections.min(number::length(left)), ..limits }
}

impl Bound {
    fn new(address: SocketAddr, option: &str) -> Result<Self> {
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
            hint: format!("choose another {option} address; port 0 picks a free port").into(),
        })
    }
}
