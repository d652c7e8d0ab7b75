//! The two servers: HTTP around [`crate::authz`]. Nothing is decided here.
//!
//! [`Resource`] is the resource server, Bob: `/token` wants an access token, `/cert` a certificate and a signed request.
//!
//! [`AuthorizationServer`] is the authorization server: what everybody needs to verify (`/crl`, `/crl.pem`, `/ca.crt`,
//! `/jwks.json`, `/.well-known/oauth-authorization-server`) from memory, `/readyz`, and the endpoints for its clients.
//! [`publish`] writes the same documents as files.
//!
//! They share the transport. `/healthz` wants nothing; `/metrics` shows what the server counts, here or on a listener of
//! its own ([`Server::with_metrics_at`]). Connections are bounded in number, time and size (see [`Limits`]); a server that
//! is full ends connections that wait, and lets newcomers in.

mod accept;
mod answer;
mod application;
mod authority;
mod bind;
mod connection;
mod guests;
mod limits;
mod metrics;
mod resource;

pub use authority::{
    AuthorizationOptions, AuthorizationServer, DecisionOptions, Decisions, PUBLISHED_CRL_LIFETIME, Publication,
    PublishedFile, publish,
};
pub use limits::Limits;
pub use resource::{Introspection, Loaded, Resource, RevocationFile, Source, Sources};

use crate::error::Result;
use application::{Application, Desk, Route};
use bind::Bound;
use metrics::{Exposition, Listener, Metrics};
use std::{future::Future, net::SocketAddr, sync::Arc};
use tokio::task::JoinSet;

/// The most connections of a listener for metrics: a few scrapers, and a person who looks.
const METRICS_CONNECTIONS: usize = 32;

/// A server that has its address, and does not yet answer.
#[derive(Debug)]
pub struct Server {
    public: Bound,
    metrics: Option<Bound>,
}

impl Server {
    /// Takes the address; port 0 picks a free one. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`crate::error::Error::Network`] where the address is taken or not ours.
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

    /// Answers requests until `shutdown` completes, then lets open requests finish for [`Limits::drain`]. `beside` runs
    /// meanwhile, and to the end. Dropping the future closes everything.
    async fn serve<A: Application>(
        self,
        application: Arc<A>,
        limits: Limits,
        mut beside: JoinSet<()>,
        shutdown: impl Future<Output = ()>,
    ) {
        let Self { public, metrics: own } = self;
        let metrics = Arc::new(Metrics::new(Route::<A::Endpoint>::COUNT));
        let limits = if own.is_some() { limits.leave_descriptors() } else { limits };
        let for_metrics = Limits { max_connections: METRICS_CONNECTIONS, ..limits };
        let mut served = vec![(Listener::Public, limits.max_connections)];
        served.extend(own.is_some().then_some((Listener::Metrics, for_metrics.max_connections)));
        let exposition = Arc::new(Exposition::new(Arc::clone(&application), Arc::clone(&metrics), served));
        let desk = |listener, limits, shows_metrics| {
            let (application, metrics) = (Arc::clone(&application), Arc::clone(&metrics));
            let exposition = Arc::clone(&exposition);
            Arc::new(Desk { application, limits, metrics, exposition, listener, shows_metrics })
        };
        let public_desk = desk(Listener::Public, limits, own.is_none());
        if let Some(own) = own {
            // To the end: what happens while requests drain is of interest too.
            let desk = desk(Listener::Metrics, for_metrics, true);
            beside.spawn(accept::run(own.listener, desk, std::future::pending()));
        }
        accept::run(public.listener, public_desk, shutdown).await;
    }
}
