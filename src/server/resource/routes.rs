//! The routes. Each reads what a verifier needs, asks it, and writes its answer.

use super::{
    Resource,
    exposition::{CONTENT_TYPE as METRICS_TYPE, Exposition},
    refusal::{Answer, Response, Route, accepted, body_refused, note_stale_list, problem, refused},
};
use crate::{
    error::Rejection,
    server::{
        Limits,
        metrics::{Endpoint, Listener, Metrics},
    },
    signature::{RequestParts, digest::BodyDigest},
};
use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, StatusCode, Version,
    header::{ALLOW, CONTENT_TYPE, HOST},
    request::Parts,
};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Incoming};
use jiff::Timestamp;
use std::sync::Arc;

/// What answers the requests of one listener.
pub(in crate::server) struct Routes {
    pub(in crate::server) resource: Arc<Resource>,
    pub(in crate::server) limits: Limits,
    pub(in crate::server) metrics: Arc<Metrics>,
    pub(in crate::server) exposition: Arc<Exposition>,
    pub(in crate::server) listener: Listener,
    /// Whether `/metrics` is one of this listener's.
    pub(in crate::server) shows_metrics: bool,
}

impl Routes {
    /// The answer to one request.
    pub(in crate::server) async fn answer(&self, endpoint: Endpoint, request: Request<Incoming>) -> Answer {
        if let Some(refusal) = refuse_outright(&request) {
            return refusal;
        }
        match (endpoint, self.listener) {
            (Endpoint::Metrics, _) if self.shows_metrics => self.metrics(request.method()),
            (Endpoint::Token, Listener::Public) => self.token(&request),
            (Endpoint::Certificate, Listener::Public) => self.certificate(request).await,
            (Endpoint::Healthz, Listener::Public) => healthz().into(),
            _ => problem(StatusCode::NOT_FOUND),
        }
    }

    fn token<B>(&self, request: &Request<B>) -> Answer {
        let resource = &self.resource;
        match resource.tokens.verify(request.headers(), &resource.required, Timestamp::now()) {
            Ok(principal) => accepted(&principal),
            Err(rejection) => refusal(&rejection, Route::Token, resource),
        }
    }

    async fn certificate(&self, request: Request<Incoming>) -> Answer {
        let (parts, body) = request.into_parts();
        let route = Route::Certificate { has_body: !body.is_end_stream() };
        let mut answer = match decide(self, &parts, body).await {
            Ok(answer) => answer,
            Err(rejection) => refusal(&rejection, route, &self.resource),
        };
        note_stale_list(&mut answer.response, self.resource.certificates.stale_policy(Timestamp::now()));
        answer
    }

    fn metrics(&self, method: &Method) -> Answer {
        if !matches!(*method, Method::GET | Method::HEAD) {
            let mut answer = problem(StatusCode::METHOD_NOT_ALLOWED);
            answer.response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        match self.exposition.text() {
            Ok(text) => with_type(METRICS_TYPE, text).into(),
            Err(error) => {
                tracing::error!("the metrics could not be written: {error}");
                problem(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }
}

/// What is refused whatever the route: a request that is not for an origin server, or that two servers could take for
/// two different services' (RFC 9112 section 3.2).
fn refuse_outright<B>(request: &Request<B>) -> Option<Answer> {
    if request.method() == Method::CONNECT {
        // RFC 9110 section 9.3.6: success would make a tunnel of the connection.
        return Some(problem(StatusCode::NOT_IMPLEMENTED));
    }
    let hosts = request.headers().get_all(HOST).iter().take(2).count();
    let acceptable = hosts == 1 || (hosts == 0 && request.version() < Version::HTTP_11);
    (!acceptable).then(|| problem(StatusCode::BAD_REQUEST))
}

fn healthz() -> Response {
    with_type(HeaderValue::from_static("application/json"), "{\"status\":\"ok\"}")
}

fn with_type(content_type: HeaderValue, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Full::new(body.into()));
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

fn refusal(rejection: &Rejection, route: Route, resource: &Resource) -> Answer {
    tracing::debug!(reason = rejection.reason().as_str(), "{rejection}");
    refused(rejection, route, &resource.required)
}

async fn decide(app: &Routes, parts: &Parts, body: Incoming) -> Result<Answer, Rejection> {
    let Some(authority) = authority(parts) else { return Ok(problem(StatusCode::BAD_REQUEST)) };
    if body.size_hint().lower() > u64::try_from(app.limits.max_body).unwrap_or(u64::MAX) {
        return Ok(body_refused(StatusCode::PAYLOAD_TOO_LARGE));
    }
    let request = RequestParts {
        method: parts.method.as_str(),
        // What arrives here came over plain TCP. Behind a proxy that ends TLS, clients must not cover @scheme.
        scheme: "http",
        authority,
        path: parts.uri.path(),
        query: parts.uri.query(),
        headers: &parts.headers,
    };
    let verifier = &app.resource.certificates;
    let announced = body.size_hint().lower() > 0;
    let checked = verifier.check_head(&request, announced, Timestamp::now(), &mut ())?;
    let digest = match digest(body, &app.limits).await {
        Ok(digest) => digest,
        Err(status) => return Ok(body_refused(status)),
    };
    let principal = verifier.check_body(checked, digest, &app.resource.required, Timestamp::now(), &mut ())?;
    Ok(accepted(&principal))
}

/// The authority of the target, or `Host`, of which there is at most one here.
fn authority(parts: &Parts) -> Option<&str> {
    match parts.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => parts.headers.get(HOST)?.to_str().ok(),
    }
}

/// Reads the body for its digest, and keeps none of it: whoever has seen a certificate can announce a body, and ten
/// thousand connections with a megabyte each would be more than most machines have.
async fn digest(body: Incoming, limits: &Limits) -> Result<BodyDigest, StatusCode> {
    if body.is_end_stream() {
        return Ok(BodyDigest::new());
    }
    match tokio::time::timeout(limits.body_timeout, consume(body, limits.max_body)).await {
        Ok(consumed) => consumed,
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

async fn consume(mut body: Incoming, max: usize) -> Result<BodyDigest, StatusCode> {
    let mut digest = BodyDigest::new();
    let max = u64::try_from(max).unwrap_or(u64::MAX);
    while let Some(frame) = body.frame().await {
        // What breaks here is the framing, or the connection.
        let frame = frame.map_err(|_| StatusCode::BAD_REQUEST)?;
        // Trailers are no part of the body, and nothing here reads them.
        if let Some(data) = frame.data_ref() {
            digest.update(data);
        }
        if digest.len() > max {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
    }
    Ok(digest)
}
