//! `client request`: the example client.

use super::Context;
use crate::{
    cli::{ClientRequestArgs, RequestMode},
    output::{self, Failure, Outcome, Result},
    request::{ResolvedRequest, authorization, title},
};
use certauthz::{client::RequestSigner, error::Error, store::Name};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use serde_json::{Map, Value, json};
use std::{borrow::Cow, time::Duration};
use ureq::{
    Agent, Body,
    tls::{RootCerts, TlsConfig},
};

/// How long the signature can be used: the way to the server, and its clock.
const SIGNED_FOR: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// The most that is read of an answer.
const MAX_ANSWER: u64 = 16 << 20;

pub(crate) fn run(args: ClientRequestArgs, context: &Context) -> Result {
    let request = ResolvedRequest::new(args.request)?;
    let credential = credential(args.mode, &args.name, &request, context)?;
    let url = request.uri.to_string();
    let answer = send(&request, credential).map_err(|error| no_answer(&url, &error))?;
    let status = answer.status();
    let (parts, mut body) = answer.into_parts();
    let body = body.with_config().limit(MAX_ANSWER).read_to_vec().map_err(|error| no_answer(&url, &error))?;
    print(&Response::from_parts(parts, body), context)?;
    match status {
        status if status.is_success() => Ok(Outcome::Done),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Ok(Outcome::Refused),
        status => Err(Error::Network { url, why: format!("the answer is {status}"), hint: hint(status) }.into()),
    }
}

/// The headers that say who sends.
fn credential(
    mode: RequestMode,
    name: &Name,
    request: &ResolvedRequest,
    context: &Context,
) -> std::result::Result<Vec<(HeaderName, HeaderValue)>, Failure> {
    if mode == RequestMode::Token && request.has_header(&header::AUTHORIZATION) {
        return Err(Failure::Usage {
            why: "-H Authorization and the client's token are two credentials".to_owned(),
            hint: "leave out -H Authorization, or send it with curl".to_owned(),
        });
    }
    let client = context.credentials.client(name)?;
    match mode {
        RequestMode::Token => {
            let token = context.credentials.read_token(name)?;
            Ok(vec![authorization(&token, client.token_path)?])
        }
        RequestMode::Cert => {
            let chain: Vec<_> = client.chain.iter().map(|facts| facts.der.clone()).collect();
            let signer = RequestSigner::new(&client.certificate.der, &chain, client.signer()?)?;
            Ok(signer.sign(&request.outgoing(), SIGNED_FOR, context.now)?)
        }
    }
}

fn send(
    request: &ResolvedRequest,
    credential: Vec<(HeaderName, HeaderValue)>,
) -> std::result::Result<Response<Body>, ureq::Error> {
    // Fails only where there is one already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let agent: Agent = Agent::config_builder()
        .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
        .http_status_as_error(false)
        // The credential is for this URL. To follow a redirect would show a token to somebody else.
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_recv_response(Some(ANSWER_TIMEOUT))
        .timeout_recv_body(Some(ANSWER_TIMEOUT))
        .user_agent(concat!("certauthz/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let mut message = Request::builder().method(&request.method).uri(&request.uri);
    for (name, value) in request.headers.iter().chain(&credential) {
        message = message.header(name, value);
    }
    match request.content_length() {
        None => agent.run(message.body(())?),
        Some(_) => agent.run(message.body(&request.body[..])?),
    }
}

fn no_answer(url: &str, error: &ureq::Error) -> Error {
    let why = match error {
        // Without the prefix "io: ".
        ureq::Error::Io(error) => error.to_string(),
        error => error.to_string(),
    };
    let hint = "check that the URL is right and that the server runs (`certauthz serve`)".into();
    Error::Network { url: url.to_owned(), why, hint }
}

fn hint(status: StatusCode) -> Cow<'static, str> {
    match status {
        status if status.is_redirection() => "redirects are not followed with a credential: ask the new URL".into(),
        StatusCode::NOT_FOUND => "the resource server has the routes /token and /cert".into(),
        StatusCode::SERVICE_UNAVAILABLE => "the server cannot decide now: see its log, and try again".into(),
        _ => "".into(),
    }
}

/// The status is a message, the body is the data.
fn print(answer: &Response<Vec<u8>>, context: &Context) -> output::Result<()> {
    if !context.out.is_json() {
        context.out.note(&format!("{:?} {}", answer.version(), answer.status()));
        return output::foreign_to_stdout(answer.body());
    }
    let mut headers = Map::new();
    for (name, value) in answer.headers() {
        let text = String::from_utf8_lossy(value.as_bytes());
        match headers.entry(title(name)).or_insert(Value::Null) {
            Value::String(list) => list.push_str(&format!(", {text}")),
            empty => *empty = text.into(),
        }
    }
    let body = answer.body();
    // An answer of this server is JSON itself; then it is part of the document, not text in it.
    let body = serde_json::from_slice::<Value>(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into());
    output::json_to_stdout(&json!({"status": answer.status().as_u16(), "headers": headers, "body": body}))
}
