//! The routes. Each reads what a verifier needs, asks it, and writes its answer.

use super::{
    Limits, Resource,
    refusal::{Route, accepted, body_refused, note_stale_list, problem, refused},
};
use crate::{
    error::Rejection,
    signature::{RequestParts, digest::BodyDigest},
};
use axum::{Router, body::Body, extract::State, response::Response, routing::any};
use http::{
    HeaderValue, Method, Request, StatusCode, Version,
    header::{CONTENT_TYPE, HOST},
    request::Parts,
};
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use jiff::Timestamp;
use std::sync::Arc;

struct App {
    resource: Arc<Resource>,
    limits: Limits,
}

pub(super) fn router(resource: Arc<Resource>, limits: Limits) -> Router {
    Router::new()
        .route("/token", any(token))
        .route("/cert", any(certificate))
        .route("/healthz", any(healthz))
        .fallback(|| async { problem(StatusCode::NOT_FOUND) })
        .with_state(Arc::new(App { resource, limits }))
}

/// What is refused whatever the route: a request that is not for an origin server, or that two servers could take for
/// two different services' (RFC 9112 section 3.2).
pub(super) fn refuse_outright<B>(request: &Request<B>) -> Option<Response> {
    if request.method() == Method::CONNECT {
        // RFC 9110 section 9.3.6: success would make a tunnel of the connection.
        return Some(problem(StatusCode::NOT_IMPLEMENTED));
    }
    let hosts = request.headers().get_all(HOST).iter().take(2).count();
    let acceptable = hosts == 1 || (hosts == 0 && request.version() < Version::HTTP_11);
    (!acceptable).then(|| problem(StatusCode::BAD_REQUEST))
}

/// Whether success on the request's route proves that its sender has a credential.
pub(super) fn wants_credential<B>(request: &Request<B>) -> bool {
    matches!(request.uri().path(), "/token" | "/cert")
}

async fn healthz() -> Response {
    let mut response = Response::new(Body::from("{\"status\":\"ok\"}"));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

async fn token(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    let resource = &app.resource;
    match resource.tokens.verify(request.headers(), &resource.required, Timestamp::now()) {
        Ok(principal) => accepted(&principal),
        Err(rejection) => refusal(&rejection, Route::Token, resource),
    }
}

async fn certificate(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let route = Route::Certificate { has_body: !body.is_end_stream() };
    let mut response = match decide(&app, &parts, body).await {
        Ok(response) => response,
        Err(rejection) => refusal(&rejection, route, &app.resource),
    };
    note_stale_list(&mut response, app.resource.certificates.stale_policy(Timestamp::now()));
    response
}

fn refusal(rejection: &Rejection, route: Route, resource: &Resource) -> Response {
    tracing::debug!(reason = rejection.reason().as_str(), "{rejection}");
    refused(rejection, route, &resource.required)
}

async fn decide(app: &App, parts: &Parts, body: Body) -> Result<Response, Rejection> {
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
async fn digest(body: Body, limits: &Limits) -> Result<BodyDigest, StatusCode> {
    if body.is_end_stream() {
        return Ok(BodyDigest::new());
    }
    match tokio::time::timeout(limits.body_timeout, consume(body, limits.max_body)).await {
        Ok(consumed) => consumed,
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

async fn consume(mut body: Body, max: usize) -> Result<BodyDigest, StatusCode> {
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
