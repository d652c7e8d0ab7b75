//! Refusals as HTTP answers: RFC 9457 problem details with the stable reason, and the challenges that belong to them.

use crate::{
    authz::Principal,
    crl::StalePolicy,
    error::{Reason, Rejection},
    scope::Scopes,
};
use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use http_body_util::Full;
use serde::Serialize;

/// An HTTP answer: its body is there as a whole.
pub(in crate::server) type Response = http::Response<Full<Bytes>>;

/// An answer, and the reason if it is a refusal for one.
pub(in crate::server) struct Answer {
    pub(in crate::server) response: Response,
    pub(in crate::server) reason: Option<Reason>,
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self { response, reason: None }
    }
}

/// Says which policy was applied while the revocation list was stale.
const REVOCATION: HeaderName = HeaderName::from_static("certauthz-revocation");
/// RFC 9421 section 5.1.
const ACCEPT_SIGNATURE: HeaderName = HeaderName::from_static("accept-signature");
const WANTED_SIGNATURE: HeaderValue = HeaderValue::from_static(
    "certauthz=(\"@method\" \"@authority\" \"@path\" \"@query\" \"x-client-cert\");created;expires;tag=\"certauthz\"",
);
const WANTED_SIGNATURE_OF_BODY: HeaderValue = HeaderValue::from_static(
    "certauthz=(\"@method\" \"@authority\" \"@path\" \"@query\" \"x-client-cert\" \"content-digest\");created;expires;tag=\"certauthz\"",
);
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The route's kind, which decides about the challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum Route {
    Token,
    Certificate {
        /// Whether the request announced a body, which has to be covered then.
        has_body: bool,
    },
}

#[derive(Serialize)]
struct Problem {
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
}

#[derive(Serialize)]
struct Accepted<'a> {
    client: &'a str,
    scopes: &'a Scopes,
    credential: &'static str,
}

/// The status of each reason.
pub(in crate::server) const fn status(reason: Reason) -> StatusCode {
    match reason {
        Reason::InsufficientScope => StatusCode::FORBIDDEN,
        Reason::RevocationUnknown | Reason::ReplayMemoryFull => StatusCode::SERVICE_UNAVAILABLE,
        Reason::CredentialTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        _ => StatusCode::UNAUTHORIZED,
    }
}

/// 200 with who was let in.
pub(in crate::server) fn accepted(principal: &Principal) -> Answer {
    let body =
        Accepted { client: &principal.client, scopes: &principal.scopes, credential: principal.credential.name() };
    json(StatusCode::OK, JSON, &body).into()
}

/// An answer without a reason of its own: unknown routes, broken requests.
pub(in crate::server) fn problem(status: StatusCode) -> Answer {
    explained(status, None)
}

fn explained(status: StatusCode, reason: Option<Reason>) -> Answer {
    let title = status.canonical_reason().unwrap_or("Error");
    Answer { response: json(status, PROBLEM, &Problem { title, status: status.as_u16(), reason }), reason }
}

/// A body that is larger or slower than allowed.
pub(in crate::server) fn body_refused(status: StatusCode) -> Answer {
    explained(status, (status == StatusCode::PAYLOAD_TOO_LARGE).then_some(Reason::CredentialTooLarge))
}

/// The answer to a request that was refused.
pub(in crate::server) fn refused(rejection: &Rejection, route: Route, required: &Scopes) -> Answer {
    let reason = rejection.reason();
    let status = status(reason);
    let mut answer = explained(status, Some(reason));
    let headers = answer.response.headers_mut();
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            if let Ok(challenge) = HeaderValue::try_from(challenge(reason, route, required)) {
                headers.insert(WWW_AUTHENTICATE, challenge);
            }
            if let Route::Certificate { has_body } = route {
                let wanted = if has_body { WANTED_SIGNATURE_OF_BODY } else { WANTED_SIGNATURE };
                headers.insert(ACCEPT_SIGNATURE, wanted);
            }
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        _ => {}
    }
    answer
}

/// Notes in an answer that the list was stale and what was done about it.
pub(in crate::server) fn note_stale_list(response: &mut Response, policy: Option<StalePolicy>) {
    let value = match policy {
        None => return,
        Some(StalePolicy::FailClosed) => "stale; policy=fail-closed",
        Some(StalePolicy::Grace(_)) => "stale; policy=grace",
        Some(StalePolicy::FailOpen) => "stale; policy=fail-open",
    };
    response.headers_mut().insert(REVOCATION, HeaderValue::from_static(value));
}

/// RFC 6750 section 3 for tokens. Signed requests have no registered scheme; theirs names the reason.
fn challenge(reason: Reason, route: Route, required: &Scopes) -> String {
    match (route, reason) {
        (Route::Token, Reason::CredentialMissing) => "Bearer realm=\"certauthz\"".to_owned(),
        (Route::Token, Reason::InsufficientScope) => {
            // A scope has neither quote nor backslash (RFC 6749 section 3.3).
            format!("Bearer realm=\"certauthz\", error=\"insufficient_scope\", scope=\"{required}\"")
        }
        (Route::Token, Reason::CredentialMalformed) => {
            "Bearer realm=\"certauthz\", error=\"invalid_request\"".to_owned()
        }
        (Route::Token, _) => "Bearer realm=\"certauthz\", error=\"invalid_token\"".to_owned(),
        (Route::Certificate { .. }, Reason::InsufficientScope) => {
            format!("Certauthz realm=\"certauthz\", error=\"insufficient_scope\", scope=\"{required}\"")
        }
        (Route::Certificate { .. }, reason) => format!("Certauthz realm=\"certauthz\", error=\"{reason}\""),
    }
}

fn json(status: StatusCode, content_type: HeaderValue, body: &impl Serialize) -> Response {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_the_status_of_the_contract() {
        for reason in Reason::ALL {
            let wanted = match reason.as_str() {
                "insufficient_scope" => 403,
                "revocation_unknown" | "replay_memory_full" => 503,
                "credential_too_large" => 431,
                _ => 401,
            };
            assert_eq!(status(*reason).as_u16(), wanted, "{reason}");
        }
    }
}
