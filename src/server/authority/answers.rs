//! What OAuth endpoints answer when they refuse (RFC 6749 section 5.2).

use super::super::answer::{Answer, JSON, explained, json, with_type};
use crate::error::{Reason, Rejection};
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde::Serialize;

/// Why there is no token, and nothing to be said about one.
#[derive(Debug)]
pub(super) enum Refusal {
    /// One of the errors of RFC 6749, and what is wrong. Only who the client is must not be told by it.
    Request(&'static str, &'static str),
    /// The sender did not prove to be a client.
    Client(Rejection),
    /// The same request may succeed after so many seconds.
    Unavailable(&'static str),
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self::Client(rejection)
    }
}

#[derive(Serialize)]
struct OAuthError {
    error: &'static str,
    error_description: &'static str,
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Request(error, error_description) => {
                tracing::debug!("{error}: {error_description}");
                let response = json(StatusCode::BAD_REQUEST, JSON, &OAuthError { error, error_description });
                not_stored(response.into())
            }
            Refusal::Client(Rejection::ReplayMemoryFull) => unavailable(Some(Reason::ReplayMemoryFull), "5"),
            // From before the start, when nobody can tell whether it was used: a new one will do.
            Refusal::Client(Rejection::SignatureExpired { .. }) => unavailable(None, "1"),
            Refusal::Client(rejection) => invalid_client(&rejection),
            Refusal::Unavailable(seconds) => unavailable(None, seconds),
        }
    }
}

/// 401: the same to everybody, whatever they lack. Nor is it counted why: anybody may read the metrics.
fn invalid_client(rejection: &Rejection) -> Answer {
    tracing::debug!(reason = rejection.reason().as_str(), "invalid_client: {rejection}");
    let mut answer = Answer::from(with_type(JSON, "{\"error\":\"invalid_client\"}"));
    *answer.response.status_mut() = StatusCode::UNAUTHORIZED;
    // There is no scheme for clients that sign; the standard wants a challenge nevertheless.
    answer.response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"certauthz\""));
    not_stored(answer)
}

/// 503.
pub(super) fn unavailable(reason: Option<Reason>, seconds: &'static str) -> Answer {
    let mut answer = explained(StatusCode::SERVICE_UNAVAILABLE, reason);
    answer.response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(seconds));
    not_stored(answer)
}

/// Answers that carry secrets, or what may be different the next moment.
pub(super) fn not_stored(mut answer: Answer) -> Answer {
    let headers = answer.response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    answer
}
