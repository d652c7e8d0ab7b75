//! What the transport hands requests to: one of the two applications, and what both have in common.
//!
//! The transport knows an application by its type, so a request costs no indirect call.

use super::{
    Limits,
    answer::{Answer, not_allowed, problem, refuse_outright, with_type},
    metrics::{Exposition, Families, Listener, Metrics, TEXT_FORMAT},
};
use crate::error::Reason;
use http::{HeaderValue, Method, Request, StatusCode};
use hyper::body::Incoming;
use std::{fmt, future::Future, sync::Arc};

/// An application: what answers requests for paths of its own.
pub(super) trait Application: Send + Sync + 'static {
    /// Its paths.
    type Endpoint: Endpoint;

    /// The answer to one request.
    fn answer(&self, endpoint: Self::Endpoint, request: Request<Incoming>) -> impl Future<Output = Answer> + Send;

    /// Writes the metrics that it alone has.
    ///
    /// # Errors
    /// Those of the writer.
    fn expose(&self, to: &mut Families<'_>) -> fmt::Result;
}

/// One of an application's paths. A plain enumeration.
pub(super) trait Endpoint: fmt::Debug + Copy + PartialEq + Send + Sync + 'static {
    /// All of them, in the order of [`Endpoint::place`].
    const ALL: &'static [Self];

    /// The one with this path.
    fn of(path: &str) -> Option<Self>;

    /// Its place in [`Endpoint::ALL`].
    fn place(self) -> usize;

    /// Its name in metrics.
    fn label(self) -> &'static str;

    /// Whether success proves that the sender has a credential.
    fn wants_credential(self) -> bool;

    /// Whether it can refuse a request for this reason. Such counts are shown from the start, as zero: the step from
    /// nothing to one would be no increase to whoever watches.
    fn can_refuse_for(self, reason: Reason) -> bool;
}

/// Where a request goes: every server has these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route<E> {
    /// To a path of the application.
    Own(E),
    /// `/healthz`: the process lives.
    Healthz,
    /// `/metrics`.
    Metrics,
    /// Any other path, and requests whose path was never read.
    Other,
}

impl<E: Endpoint> Route<E> {
    /// How many there are.
    pub(super) const COUNT: usize = E::ALL.len() + 3;

    pub(super) fn of(path: &str) -> Self {
        match E::of(path) {
            Some(endpoint) => Self::Own(endpoint),
            None if path == "/healthz" => Self::Healthz,
            None if path == "/metrics" => Self::Metrics,
            None => Self::Other,
        }
    }

    /// All, in the order of their places.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        E::ALL.iter().map(|endpoint| Self::Own(*endpoint)).chain([Self::Healthz, Self::Metrics, Self::Other])
    }

    /// A number below [`Route::COUNT`].
    pub(super) fn place(self) -> usize {
        match self {
            Self::Own(endpoint) => endpoint.place(),
            Self::Healthz => E::ALL.len(),
            Self::Metrics => E::ALL.len() + 1,
            Self::Other => E::ALL.len() + 2,
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Own(endpoint) => endpoint.label(),
            Self::Healthz => "healthz",
            Self::Metrics => "metrics",
            Self::Other => "other",
        }
    }

    pub(super) fn wants_credential(self) -> bool {
        matches!(self, Self::Own(endpoint) if endpoint.wants_credential())
    }

    pub(super) fn can_refuse_for(self, reason: Reason) -> bool {
        matches!(self, Self::Own(endpoint) if endpoint.can_refuse_for(reason))
    }
}

/// What answers the requests of one listener.
pub(super) struct Desk<A> {
    pub(super) application: Arc<A>,
    pub(super) limits: Limits,
    pub(super) metrics: Arc<Metrics>,
    pub(super) exposition: Arc<Exposition>,
    pub(super) listener: Listener,
    /// Whether `/metrics` is one of this listener's.
    pub(super) shows_metrics: bool,
}

impl<A: Application> Desk<A> {
    /// The answer to one request.
    pub(super) async fn answer(&self, route: Route<A::Endpoint>, request: Request<Incoming>) -> Answer {
        if let Some(refusal) = refuse_outright(&request) {
            return refusal;
        }
        match (route, self.listener) {
            (Route::Metrics, _) if self.shows_metrics => self.metrics(request.method()),
            (Route::Own(endpoint), Listener::Public) => self.application.answer(endpoint, request).await,
            (Route::Healthz, Listener::Public) => {
                with_type(HeaderValue::from_static("application/json"), "{\"status\":\"ok\"}").into()
            }
            _ => problem(StatusCode::NOT_FOUND),
        }
    }

    fn metrics(&self, method: &Method) -> Answer {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return not_allowed(HeaderValue::from_static("GET, HEAD"));
        }
        match self.exposition.text() {
            Ok(text) => with_type(TEXT_FORMAT, text).into(),
            Err(error) => {
                tracing::error!("the metrics could not be written: {error}");
                problem(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }
}
