//! Answers that both applications give, and the questions that come before any route.

use crate::error::Reason;
use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, StatusCode, Version,
    header::{ALLOW, CONTENT_TYPE, HOST, RETRY_AFTER},
    request::Parts,
};
use http_body_util::Full;
use serde::Serialize;

/// An HTTP answer: its body is there as a whole.
pub(super) type Response = http::Response<Full<Bytes>>;

/// An answer, and the reason if it is a refusal for one.
pub(super) struct Answer {
    pub(super) response: Response,
    pub(super) reason: Option<Reason>,
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self { response, reason: None }
    }
}

pub(super) const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

#[derive(Serialize)]
struct Problem {
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'static str>,
}

/// The status of each reason.
pub(super) const fn status(reason: Reason) -> StatusCode {
    match reason {
        Reason::InsufficientScope => StatusCode::FORBIDDEN,
        Reason::RevocationUnknown | Reason::ReplayMemoryFull | Reason::IntrospectionUnavailable => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Reason::CredentialTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        _ => StatusCode::UNAUTHORIZED,
    }
}

/// An answer without a reason of its own: unknown routes, broken requests.
pub(super) fn problem(status: StatusCode) -> Answer {
    explained(status, None)
}

/// A problem, with the reason if it is a refusal for one.
pub(super) fn explained(status: StatusCode, reason: Option<Reason>) -> Answer {
    let title = status.canonical_reason().unwrap_or("Error");
    Answer {
        response: json(status, PROBLEM, &Problem { title, status: status.as_u16(), reason, detail: None }),
        reason,
    }
}

/// A problem in words, for whoever wrote the request.
pub(super) fn problem_because(status: StatusCode, detail: &'static str) -> Answer {
    let title = status.canonical_reason().unwrap_or("Error");
    json(status, PROBLEM, &Problem { title, status: status.as_u16(), reason: None, detail: Some(detail) }).into()
}

/// 503 with what is missing, and when to come back.
pub(super) fn unavailable(detail: &'static str, retry_after: HeaderValue) -> Answer {
    let mut answer = problem_because(StatusCode::SERVICE_UNAVAILABLE, detail);
    answer.response.headers_mut().insert(RETRY_AFTER, retry_after);
    answer
}

/// A body that is larger or slower than allowed.
pub(super) fn body_refused(status: StatusCode) -> Answer {
    explained(status, (status == StatusCode::PAYLOAD_TOO_LARGE).then_some(Reason::CredentialTooLarge))
}

/// 405 with the methods that there are.
pub(super) fn not_allowed(allowed: HeaderValue) -> Answer {
    let mut answer = problem(StatusCode::METHOD_NOT_ALLOWED);
    answer.response.headers_mut().insert(ALLOW, allowed);
    answer
}

/// A document of this type.
pub(super) fn with_type(content_type: HeaderValue, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Full::new(body.into()));
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// A document that is written now.
pub(super) fn json(status: StatusCode, content_type: HeaderValue, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(body) => {
            let mut response = Response::new(Full::from(body));
            *response.status_mut() = status;
            response.headers_mut().insert(CONTENT_TYPE, content_type);
            response
        }
        Err(error) => {
            tracing::error!("an answer could not be written as JSON: {error}");
            let mut response = Response::default();
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    }
}

/// What is refused whatever the route: a request that is not for an origin server, or that two servers could take for
/// two different services' (RFC 9112 section 3.2).
pub(super) fn refuse_outright<B>(request: &Request<B>) -> Option<Answer> {
    if request.method() == Method::CONNECT {
        // RFC 9110 section 9.3.6: success would make a tunnel of the connection.
        return Some(problem(StatusCode::NOT_IMPLEMENTED));
    }
    let hosts = request.headers().get_all(HOST).iter().take(2).count();
    let acceptable = hosts == 1 || (hosts == 0 && request.version() < Version::HTTP_11);
    (!acceptable).then(|| problem(StatusCode::BAD_REQUEST))
}

/// The authority of the target, or `Host`, of which there is at most one here.
pub(super) fn authority(parts: &Parts) -> Option<&str> {
    match parts.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => parts.headers.get(HOST)?.to_str().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_the_status_of_the_contract() {
        for reason in Reason::ALL {
            let wanted = match reason.as_str() {
                "insufficient_scope" => 403,
                "revocation_unknown" | "replay_memory_full" | "introspection_unavailable" => 503,
                "credential_too_large" => 431,
                _ => 401,
            };
            assert_eq!(status(*reason).as_u16(), wanted, "{reason}");
        }
    }
}
