//! `POST /oauth/introspect`: what one of our tokens says, for the service that it is made for (RFC 7662).

use super::{
    super::answer::{Answer, JSON, json, with_type},
    answers::{Refusal, not_stored},
    decisions::Decisions,
    form::Form,
};
use crate::authz::ActiveToken;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

/// All that anybody learns of a token that is not in force, or not theirs (RFC 7662 section 2.2).
const INACTIVE: &str = "{\"active\":false}";

impl Decisions {
    /// Answers a service that asks about a token.
    pub(in crate::server) async fn introspect(&self, headers: &HeaderMap, body: Bytes, now: Timestamp) -> Answer {
        match self.examine(headers, &body, now) {
            Ok(Some(active)) => not_stored(json(StatusCode::OK, JSON, &active).into()),
            Ok(None) => not_stored(with_type(JSON, INACTIVE).into()),
            Err(refusal) => refusal.into(),
        }
    }

    fn examine(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Option<ActiveToken>, Refusal> {
        let form = Form::parse(headers, body).map_err(|why| Refusal::Request("invalid_request", why))?;
        let token = form.get("token").ok_or(Refusal::Request("invalid_request", "token is missing"))?;
        let registry = self.clients()?;
        let caller = self.authenticate(headers, &form, &registry, now)?;
        match self.introspector.examine(token, &caller, &registry, now) {
            Ok(active) => Ok(Some(active)),
            Err(rejection) => {
                tracing::debug!(reason = rejection.reason().as_str(), "inactive for {}: {rejection}", caller.name());
                Ok(None)
            }
        }
    }
}
