//! The routes. Each reads what a verifier needs, asks it, and writes its answer.

use super::{
    super::{
        Limits,
        answer::{Answer, authority, body_refused, problem},
    },
    App, Introspection, Resource,
    refusal::{Route, accepted, note_stale_list, refused},
};
use crate::{
    authz::{Credential, Principal, bearer},
    crl::{StalePolicy, Staleness},
    error::Rejection,
    signature::{RequestParts, digest::BodyDigest},
};
use http::{HeaderMap, Request, StatusCode, request::Parts};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Incoming};
use jiff::Timestamp;

impl App {
    pub(super) async fn token(&self, headers: &HeaderMap) -> Answer {
        let resource = &self.resource;
        let outcome = match &resource.introspection {
            None => self.verify_token(headers).await,
            Some(introspection) => introspected(introspection, resource, headers).await,
        };
        let stale = token_policy(&outcome, || resource.tokens.stale_policy(Timestamp::now()));
        let mut answer = match outcome {
            Ok(principal) => accepted(&principal),
            Err(rejection) => refusal(&rejection, Route::Token, resource),
        };
        note_stale_list(&mut answer.response, stale);
        answer
    }

    /// Checks the token here.
    async fn verify_token(&self, headers: &HeaderMap) -> Result<Principal, Rejection> {
        let resource = &self.resource;
        let verify = || resource.tokens.verify(headers, &resource.required, Timestamp::now());
        let keys = resource.tokens.tokens().keys_digest();
        let outcome = verify();
        if let (Err(Rejection::TokenSignature | Rejection::AlgorithmForbidden(_)), Some(desk)) =
            (&outcome, &self.running.keys)
        {
            // The issuer may have a key of which nothing was heard yet.
            if resource.tokens.names_unknown_key(headers) {
                desk.wait().await;
            }
            if resource.tokens.tokens().keys_digest() != keys {
                return verify();
            }
        }
        outcome
    }

    pub(super) async fn certificate(&self, request: Request<Incoming>) -> Answer {
        let (parts, body) = request.into_parts();
        let route = Route::Certificate { has_body: !body.is_end_stream() };
        let mut answer = match decide(self, &parts, body).await {
            Ok(answer) => answer,
            Err(rejection) => refusal(&rejection, route, &self.resource),
        };
        note_stale_list(&mut answer.response, self.resource.certificates.stale_policy(Timestamp::now()));
        answer
    }
}

/// Asks the authorization server about the token.
async fn introspected(
    introspection: &Introspection,
    resource: &Resource,
    headers: &HeaderMap,
) -> Result<Principal, Rejection> {
    let verified = introspection.ask(bearer(headers)?).await?;
    resource.tokens.admit_introspected(&verified, &resource.required)
}

/// The policy that was applied to a token's answer because the list was stale. Most tokens that are refused never came so
/// far as to have a list asked, and one that names no certificate is not looked up.
fn token_policy(
    verdict: &Result<Principal, Rejection>,
    stale: impl FnOnce() -> Option<StalePolicy>,
) -> Option<StalePolicy> {
    match verdict {
        Ok(Principal { credential: Credential::Token { revocation: Staleness::Tolerated { policy, .. } }, .. }) => {
            Some(*policy)
        }
        Err(Rejection::RevocationUnknown(_) | Rejection::CertificateRevoked { .. }) => stale(),
        _ => None,
    }
}

fn refusal(rejection: &Rejection, route: Route, resource: &Resource) -> Answer {
    tracing::debug!(reason = rejection.reason().as_str(), "{rejection}");
    refused(rejection, route, &resource.required)
}

async fn decide(app: &App, parts: &Parts, body: Incoming) -> Result<Answer, Rejection> {
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
