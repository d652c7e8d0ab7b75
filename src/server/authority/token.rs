//! `POST /oauth/token`: an access token for a client that signs (RFC 6749 section 4.4, RFC 7523 section 2.2).

use super::{
    super::answer::{Answer, JSON, json},
    answers::{Refusal, not_stored},
    decisions::Decisions,
    form::Form,
    signing::SigningError,
};
use crate::{
    authz::{GrantError, TokenRequest, second_from},
    error::Rejection,
    token::Claims,
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::Serialize;

/// RFC 6749 section 5.1.
#[derive(Serialize)]
struct TokenAnswer<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: i64,
    scope: &'a str,
}

impl Decisions {
    /// Answers a request for a token, whose body is of at most [`super::form::MAX_FORM`] bytes.
    pub(in crate::server) async fn token(&self, headers: &HeaderMap, body: Bytes, now: Timestamp) -> Answer {
        let claims = match self.grant(headers, &body, now) {
            Ok(claims) => claims,
            Err(refusal) => return refusal.into(),
        };
        // Not by `iat`, which is cut to the second: nobody must trust in a token that has ended.
        let (expires_in, scope) = (claims.exp.saturating_sub(second_from(now)), claims.scope.clone());
        match self.signer.sign(claims).await {
            Ok(token) => {
                let answer = TokenAnswer { access_token: &token, token_type: "Bearer", expires_in, scope: &scope };
                not_stored(json(StatusCode::OK, JSON, &answer).into())
            }
            Err(SigningError::Overloaded) => Refusal::Unavailable("1").into(),
            Err(SigningError::Key(error)) => {
                tracing::error!("a token could not be signed: {error}");
                Refusal::Unavailable("5").into()
            }
        }
    }

    fn grant(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Claims, Refusal> {
        let form = Form::parse(headers, body).map_err(|why| Refusal::Request("invalid_request", why))?;
        match form.get("grant_type") {
            Some("client_credentials") => {}
            Some(_) => {
                return Err(Refusal::Request("unsupported_grant_type", "grant_type is not client_credentials"));
            }
            None => return Err(Refusal::Request("invalid_request", "grant_type is missing")),
        }
        let client = self.authenticate(headers, &form, &*self.clients()?, now)?;
        let request = TokenRequest { scope: form.get("scope"), audience: form.get("audience") };
        self.policy.grant(&client, request, now).map_err(|error| match error {
            GrantError::Scope(why) => Refusal::Request("invalid_scope", why),
            GrantError::Audience(why) => Refusal::Request("invalid_request", why),
            GrantError::NoCertificate => Rejection::CertificateUntrusted("no certificate is valid".into()).into(),
            GrantError::Failed(error) => {
                tracing::error!("a token could not be made: {error}");
                Refusal::Unavailable("5")
            }
        })
    }
}
