//! The routes. Each reads what a verifier needs, asks it, and writes its answer.

use super::{
    Limits, Resource,
    refusal::{Route, accepted, body_refused, note_stale_list, problem, refused},
};
use crate::{error::Rejection, signature::RequestParts};
use axum::{Router, body::Body, extract::State, response::Response, routing::any};
use bytes::Bytes;
use http::{
    HeaderValue, Request, StatusCode,
    header::{CONTENT_TYPE, HOST},
    request::Parts,
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
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
    let mut response = match decide(&app, &parts, body).await {
        Ok(response) => response,
        Err(rejection) => refusal(&rejection, Route::Certificate, &app.resource),
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
    let body = match read(body, &app.limits).await {
        Ok(body) => body,
        Err(status) => return Ok(body_refused(status)),
    };
    let principal = verifier.check_body(checked, &body, &app.resource.required, Timestamp::now(), &mut ())?;
    Ok(accepted(&principal))
}

/// The authority of the target, or the one `Host` (RFC 9112 section 3.2: anything else is a bad request).
fn authority(parts: &Parts) -> Option<&str> {
    let mut hosts = parts.headers.get_all(HOST).iter();
    let host = hosts.next()?;
    if hosts.next().is_some() {
        return None;
    }
    match parts.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => host.to_str().ok(),
    }
}

async fn read(body: Body, limits: &Limits) -> Result<Bytes, StatusCode> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let collect = Limited::new(body, limits.max_body).collect();
    match tokio::time::timeout(limits.body_timeout, collect).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}
