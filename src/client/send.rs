//! Sending a request to a service, with the credential that the client has, and once more with another where the service
//! refuses that.

use super::{Authorized, Client, CredentialUsed, Mode, OutgoingRequest, failure::ClientError, transport::agent_config};
use crate::{
    error::{Error, Reason},
    signature::{CLIENT_CERT, CLIENT_CERT_CHAIN},
};
use http::{
    HeaderMap, HeaderValue, Request, Response, StatusCode, Uri,
    header::{AUTHORIZATION, HOST, WWW_AUTHENTICATE},
};
use serde::Deserialize;
use std::{
    io,
    net::IpAddr,
    sync::OnceLock,
    time::{Duration, Instant},
};
use ureq::{Agent, AsSendBody, Body, RequestExt as _};

/// The most that is read of a service's answer, in bytes.
pub const MAX_ANSWER: u64 = 16 << 20;
/// No problem document that matters here is larger.
const MAX_PROBLEM: usize = 16 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a request goes when it is signed.
pub(super) type SignedUri = Box<dyn Fn(&Uri) -> Uri + Send + Sync>;

/// What sending needs beside the credential.
pub(super) struct Sender {
    /// Made when it is first used: many clients only ask for headers.
    agent: OnceLock<Agent>,
    answer_timeout: Duration,
    pub(super) signed_uri: Option<SignedUri>,
}

impl Sender {
    pub(super) fn new(answer_timeout: Duration, signed_uri: Option<SignedUri>) -> Self {
        Self { agent: OnceLock::new(), answer_timeout, signed_uri }
    }

    fn agent(&self) -> &Agent {
        self.agent.get_or_init(|| {
            let config = agent_config()
                .timeout_connect(Some(CONNECT_TIMEOUT.min(self.answer_timeout)))
                .timeout_send_request(Some(self.answer_timeout))
                .timeout_send_body(Some(self.answer_timeout))
                .timeout_recv_response(Some(self.answer_timeout))
                .timeout_recv_body(Some(self.answer_timeout));
            config.build().into()
        })
    }

    /// A limit makes the resolver start a thread, for each request: addresses, which take no time, go without.
    fn run<B: AsSendBody>(&self, request: Request<B>) -> Result<Response<Body>, ureq::Error> {
        if request.uri().host().is_some_and(is_address) {
            return self.agent().run(request);
        }
        let limit = CONNECT_TIMEOUT.min(self.answer_timeout);
        request.with_agent(self.agent()).configure().timeout_resolve(Some(limit)).build().run()
    }

    fn exchange(
        &self,
        parts: &http::request::Parts,
        body: &[u8],
        authorized: &Authorized,
    ) -> Result<Response<Vec<u8>>, ClientError> {
        let outgoing = OutgoingRequest { method: &parts.method, uri: &authorized.uri, body };
        let mut headers = parts.headers.clone();
        // What is signed is the normalized name; it is sent as it is signed.
        let host = HeaderValue::try_from(outgoing.authority()?).map_err(|_| unusable(&authorized.uri))?;
        headers.insert(HOST, host);
        headers.extend(authorized.headers.iter().cloned());
        let mut request = Request::builder().method(&parts.method).uri(&authorized.uri);
        if let Some(place) = request.headers_mut() {
            *place = headers;
        }
        let failed = |error: ureq::Error| service_error(&authorized.uri, &error);
        let sent = match body.is_empty() && !has_length(&parts.method) {
            true => self.run(request.body(()).map_err(|_| unusable(&authorized.uri))?),
            false => self.run(request.body(body).map_err(|_| unusable(&authorized.uri))?),
        };
        let (parts, mut body) = sent.map_err(failed)?.into_parts();
        let body = body.with_config().limit(MAX_ANSWER).read_to_vec().map_err(failed)?;
        Ok(Response::from_parts(parts, body))
    }
}

fn is_address(host: &str) -> bool {
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.parse::<IpAddr>().is_ok()
}

/// RFC 9110 section 8.6: with these methods a body is expected, so that its absence is said.
fn has_length(method: &http::Method) -> bool {
    matches!(*method, http::Method::POST | http::Method::PUT | http::Method::PATCH)
}

impl Client {
    /// Authorizes a request, sends it, and reads the answer, of at most [`MAX_ANSWER`] bytes. Redirects are not followed:
    /// the credential is for one URL.
    ///
    /// A service may refuse a token that has not ended (401 with `invalid_token`, RFC 6750 section 3.1), for instance after
    /// its keys have changed. Then the request is sent again with a fresh token, and at last, in mode auto, with the
    /// certificate; what is still refused then is returned. A service that cannot judge a token, since it asks the authorization
    /// server about each (503, its problem's `reason` is `introspection_unavailable`), gets the certificate at once, in mode
    /// auto. Nothing else leads to that, so no request is carried out twice.
    ///
    /// # Errors
    /// As [`Client::authorize`]; [`ClientError::Service`] where the service does not answer. An answer of any status is an
    /// answer.
    pub fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, ClientError> {
        self.send_with(request).map(|(answer, _)| answer)
    }

    /// As [`Client::send`], and says what was used.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub fn send_with(&self, request: Request<Vec<u8>>) -> Result<(Response<Vec<u8>>, Authorized), ClientError> {
        let deadline = Instant::now() + self.keeper().settings.budget;
        let (parts, body) = request.into_parts();
        check_headers(&parts.headers)?;
        let outgoing = OutgoingRequest { method: &parts.method, uri: &parts.uri, body: &body };
        let mut authorized = self.authorize_until(&outgoing, deadline)?;
        let mut answer = self.sender().exchange(&parts, &body, &authorized)?;
        // A fresh token, then the certificate.
        for _ in 0..2 {
            let auto = self.keeper().settings.mode == Mode::Auto;
            let other = match authorized.credential {
                CredentialUsed::Token if refuses_token(&answer) => {
                    if !self.token_refused(&authorized) && !auto {
                        break;
                    }
                    self.authorize_until(&outgoing, deadline.max(Instant::now()))
                }
                // That service asks the authorization server, in vain. The token is as good as it was.
                CredentialUsed::Token if auto && cannot_judge(&answer) => self.authorize_by_certificate(&outgoing),
                _ => break,
            };
            // Where there is nothing else, the service's answer says most.
            let Ok(other) = other else { break };
            authorized = other;
            answer = self.sender().exchange(&parts, &body, &authorized)?;
        }
        Ok((answer, authorized))
    }
}

/// Headers that the client makes: a second one would contradict it.
fn check_headers(headers: &HeaderMap) -> Result<(), ClientError> {
    const OWN: [&str; 7] =
        ["authorization", CLIENT_CERT, CLIENT_CERT_CHAIN, "content-digest", "signature-input", "signature", "host"];
    match OWN.iter().find(|name| headers.contains_key(**name)) {
        None => Ok(()),
        Some(name) => {
            let why = "it follows from the request and its credential";
            Err(Error::invalid("header", name, why, "leave it out").into())
        }
    }
}

/// RFC 6750 section 3.1.
fn refuses_token(answer: &Response<Vec<u8>>) -> bool {
    let names_it = |value: &HeaderValue| {
        let text = value.to_str().unwrap_or_default().to_ascii_lowercase();
        text.contains("bearer") && (text.contains("error=\"invalid_token\"") || text.contains("error=invalid_token"))
    };
    answer.status() == StatusCode::UNAUTHORIZED && answer.headers().get_all(WWW_AUTHENTICATE).iter().any(names_it)
}

/// A problem document (RFC 9457) that says that there was no introspection (RFC 7662).
fn cannot_judge(answer: &Response<Vec<u8>>) -> bool {
    #[derive(Deserialize)]
    struct Problem {
        reason: String,
    }
    answer.status() == StatusCode::SERVICE_UNAVAILABLE
        && answer.body().len() <= MAX_PROBLEM
        && serde_json::from_slice::<Problem>(answer.body())
            .is_ok_and(|problem| problem.reason == Reason::IntrospectionUnavailable.as_str())
}

fn unusable(uri: &Uri) -> ClientError {
    Error::invalid("URL", uri, "no request can be made for it", "give one like http://bob.example/cert").into()
}

fn service_error(uri: &Uri, error: &ureq::Error) -> ClientError {
    let why = match error {
        // Without the prefix "io: ".
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::WouldBlock => "no answer in time".to_owned(),
        ureq::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    };
    ClientError::Service { url: uri.to_string(), why }
}

/// The header of a token, if these are one's.
pub(super) fn token_header(headers: &[(http::HeaderName, HeaderValue)]) -> Option<&HeaderValue> {
    headers.iter().find(|(name, _)| *name == AUTHORIZATION).map(|(_, value)| value)
}
