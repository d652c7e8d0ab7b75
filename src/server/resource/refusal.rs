//! Refusals as HTTP answers: RFC 9457 problem details with the stable reason, and the challenges that belong to them.

use super::super::answer::{Answer, JSON, Response, explained, json, status};
use crate::{
    authz::Principal,
    crl::StalePolicy,
    error::{Reason, Rejection},
    scope::Scopes,
};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde::Serialize;

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
struct Accepted<'a> {
    client: &'a str,
    scopes: &'a Scopes,
    credential: &'static str,
}

/// 200 with who was let in.
pub(super) fn accepted(principal: &Principal) -> Answer {
    let body =
        Accepted { client: &principal.client, scopes: &principal.scopes, credential: principal.credential.name() };
    json(StatusCode::OK, JSON, &body).into()
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
pub(super) fn note_stale_list(response: &mut Response, policy: Option<StalePolicy>) {
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
