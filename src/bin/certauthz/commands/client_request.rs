//! `client request`: the example client.

use super::{Context, client_authority};
use crate::{
    cli::{ClientMode, ClientRequestArgs},
    output::{self, Failure, Outcome, Result},
    request::{ResolvedRequest, authorization, title},
    values::HttpUrl,
};
use certauthz::{
    client::{Authorized, Client, ClientError, Mode, RequestSigner},
    error::Error,
    store::Name,
};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, Uri, header};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::{
    borrow::Cow,
    num::NonZeroUsize,
    ops::ControlFlow,
    thread,
    time::{Duration, Instant},
};
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
    let mut request = ResolvedRequest::new(args.request)?;
    if args.mode == ClientMode::Auto && args.cert_url.is_none() {
        // Either of the two routes may be given: each credential goes to its own.
        request.uri = token_route(&request.uri);
    }
    if args.mode != ClientMode::Cert && request.has_header(&header::AUTHORIZATION) {
        return Err(Failure::Usage {
            why: "-H Authorization and the client's token are two credentials".to_owned(),
            hint: "leave out -H Authorization, or send it with curl".to_owned(),
        });
    }
    let (mode, name) = (args.mode, args.name);
    let client = match (&args.authority, mode) {
        (Some(authority), _) => Some(client(&name, authority, mode, args.cert_url, context)?),
        (None, ClientMode::Auto) => {
            return Err(Failure::Usage {
                why: "--mode auto fetches tokens, so it needs --authority URL".to_owned(),
                hint: "name the authorization server, like --authority http://127.0.0.1:8586".to_owned(),
            });
        }
        (None, _) => None,
    };
    let exchange = || match &client {
        Some(client) => exchange(client, &request),
        None => send(&request, credential(mode, &name, &request, context)?).map(|answer| (answer, None)),
    };
    match args.repeat {
        None => once(&request.uri, exchange, context),
        Some(times) => repeat(times, args.interval, exchange, context),
    }
}

/// An answer, and how its request was authorized where the library chose that.
type Exchanged = (Response<Vec<u8>>, Option<Authorized>);

fn once(uri: &Uri, exchange: impl Fn() -> Result<Exchanged>, context: &Context) -> Result {
    let (answer, authorized) = exchange()?;
    print(&answer, authorized.as_ref(), context)?;
    match answer.status() {
        status if status.is_success() => Ok(Outcome::Done),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Ok(Outcome::Refused),
        status => {
            let url = authorized.map_or_else(|| uri.to_string(), |authorized| authorized.uri.to_string());
            Err(Error::Network { url, why: format!("the answer is {status}"), hint: hint(status) }.into())
        }
    }
}

/// One line for each request, as it comes; what fails is no reason to stop.
fn repeat(
    times: NonZeroUsize,
    interval: Duration,
    exchange: impl Fn() -> Result<Exchanged>,
    context: &Context,
) -> Result {
    let (mut refused, mut failed) = (0usize, 0usize);
    let mut planned = Instant::now();
    for i in 0..times.get() {
        if i > 0 {
            planned += interval;
            thread::sleep(planned.saturating_duration_since(Instant::now()));
        }
        let (at, started) = (Timestamp::now(), Instant::now());
        let outcome = exchange();
        match &outcome {
            Ok((answer, _)) if answer.status().is_success() => {}
            Ok((answer, _)) if matches!(answer.status().as_u16(), 401 | 403) => refused += 1,
            Err(Failure::Client(ClientError::Refused(_))) => refused += 1,
            // Nothing of it changes with the next request.
            Err(Failure::Usage { .. } | Failure::Library(Error::InvalidValue { .. } | Error::NotFound { .. })) => {
                return outcome.map(|_| Outcome::Done);
            }
            Ok(_) | Err(_) => failed += 1,
        }
        if line(at, started.elapsed(), &outcome, context)?.is_break() {
            break;
        }
    }
    match (refused, failed) {
        (0, 0) => Ok(Outcome::Done),
        (0, failed) => Err(Failure::Requests { failed, times: times.get() }),
        _ => Ok(Outcome::Refused),
    }
}

/// What is told of one of several requests.
#[derive(Serialize)]
struct Line {
    at: String,
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    breaker: Option<&'static str>,
    milliseconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Line {
    fn json(&self) -> Result<String> {
        let text = serde_json::to_string(self).map_err(|error| Failure::Stdout(error.into()))?;
        Ok(output::escaped_json(&text).into_owned())
    }

    fn text(&self) -> String {
        let status = self.status.map_or_else(|| "---".to_owned(), |status| status.to_string());
        let mut text = format!("{}  {status}", self.at);
        for (member, width) in [(self.credential, 11), (self.breaker, 9)] {
            text.push_str(&member.map_or_else(String::new, |member| format!("  {member:width$}")));
        }
        text.push_str(&format!("  {:7.1} ms", self.milliseconds));
        text.push_str(&self.error.as_ref().map_or_else(String::new, |error| format!("  {}", output::printable(error))));
        text
    }
}

/// Breaks where nobody reads any more.
fn line(at: Timestamp, took: Duration, outcome: &Result<Exchanged>, context: &Context) -> Result<ControlFlow<()>> {
    let authorized = outcome.as_ref().ok().and_then(|(_, authorized)| authorized.as_ref());
    let line = Line {
        at: format!("{at:.3}"),
        status: outcome.as_ref().ok().map(|(answer, _)| answer.status().as_u16()),
        credential: authorized.map(|used| used.credential.name()),
        breaker: authorized.map(|used| used.state.name()),
        milliseconds: (took.as_secs_f64() * 1e4).round() / 10.0,
        error: outcome.as_ref().err().map(ToString::to_string),
    };
    let text = if context.out.is_json() { line.json()? } else { line.text() };
    output::stream_to_stdout(format!("{text}\n").as_bytes())
}

/// The library's client, which has its tokens from the authorization server.
fn client(
    name: &Name,
    authority: &str,
    mode: ClientMode,
    cert_url: Option<HttpUrl>,
    context: &Context,
) -> Result<Client> {
    let builder = client_authority::builder(name, authority, context)?.answer_timeout(ANSWER_TIMEOUT);
    let mode = match mode {
        ClientMode::Token => Mode::Token,
        ClientMode::Cert => Mode::Certificate,
        ClientMode::Auto => Mode::Auto,
    };
    let builder = match (mode, cert_url) {
        (Mode::Auto, Some(url)) => builder.signed_uri(move |_| url.uri().clone()),
        (Mode::Auto, None) => builder.signed_uri(signed_route),
        _ => builder,
    };
    Ok(builder.mode(mode).build()?)
}

/// The resource server of this program takes tokens at `/token` and signed requests at `/cert`.
fn signed_route(uri: &Uri) -> Uri {
    rerouted(uri, "/token", "/cert")
}

fn token_route(uri: &Uri) -> Uri {
    rerouted(uri, "/cert", "/token")
}

fn rerouted(uri: &Uri, from: &str, to: &str) -> Uri {
    let mut parts = uri.clone().into_parts();
    let target = parts.path_and_query.as_ref().map_or("", |target| target.as_str());
    let Some(rest) = target.strip_prefix(from).filter(|rest| rest.is_empty() || rest.starts_with('?')) else {
        return uri.clone();
    };
    parts.path_and_query = format!("{to}{rest}").parse().ok();
    Uri::from_parts(parts).unwrap_or_else(|_| uri.clone())
}

fn exchange(client: &Client, request: &ResolvedRequest) -> Result<Exchanged> {
    let mut message = Request::builder().method(&request.method).uri(&request.uri);
    for (name, value) in &request.headers {
        message = message.header(name, value);
    }
    let unusable = |error: http::Error| Error::Network {
        url: request.uri.to_string(),
        why: error.to_string(),
        hint: "check the URL and the headers".into(),
    };
    let (answer, authorized) = client.send_with(message.body(request.body.clone()).map_err(unusable)?)?;
    Ok((answer, Some(authorized)))
}

/// The headers that say who sends.
fn credential(
    mode: ClientMode,
    name: &Name,
    request: &ResolvedRequest,
    context: &Context,
) -> Result<Vec<(HeaderName, HeaderValue)>> {
    let client = context.credentials.client(name)?;
    if mode == ClientMode::Token {
        let token = context.credentials.read_token(name)?;
        return Ok(vec![authorization(&token, client.token_path)?]);
    }
    let chain: Vec<_> = client.chain.iter().map(|facts| facts.der.clone()).collect();
    let signer = RequestSigner::new(&client.certificate.der, &chain, client.signer()?)?;
    Ok(signer.sign(&request.outgoing(), SIGNED_FOR, Timestamp::now())?)
}

fn send(request: &ResolvedRequest, credential: Vec<(HeaderName, HeaderValue)>) -> Result<Response<Vec<u8>>> {
    let failed = |error: ureq::Error| no_answer(&request.uri, &error);
    let (parts, mut body) = send_unread(request, credential).map_err(failed)?.into_parts();
    let body = body.with_config().limit(MAX_ANSWER).read_to_vec().map_err(failed)?;
    Ok(Response::from_parts(parts, body))
}

fn send_unread(
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
        .timeout_resolve(Some(CONNECT_TIMEOUT))
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_send_request(Some(ANSWER_TIMEOUT))
        .timeout_send_body(Some(ANSWER_TIMEOUT))
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

fn no_answer(uri: &Uri, error: &ureq::Error) -> Error {
    let why = match error {
        // Without the prefix "io: ".
        ureq::Error::Io(error) => error.to_string(),
        error => error.to_string(),
    };
    let hint = "check that the URL is right and that the server runs (`certauthz serve`)".into();
    Error::Network { url: uri.to_string(), why, hint }
}

fn hint(status: StatusCode) -> Cow<'static, str> {
    match status {
        status if status.is_redirection() => "redirects are not followed with a credential: ask the new URL".into(),
        StatusCode::NOT_FOUND => "the resource server has the routes /token and /cert".into(),
        StatusCode::SERVICE_UNAVAILABLE => "the server cannot decide now: see its log, and try again".into(),
        _ => "".into(),
    }
}

/// The status is a message, and so is what was shown; the body is the data.
fn print(answer: &Response<Vec<u8>>, authorized: Option<&Authorized>, context: &Context) -> Result<()> {
    if !context.out.is_json() {
        if let Some(used) = authorized {
            context.out.note(&format!("credential: {}, breaker: {}", used.credential, used.state));
        }
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
    let mut document = json!({"status": answer.status().as_u16(), "headers": headers, "body": body});
    if let (Some(used), Value::Object(members)) = (authorized, &mut document) {
        members.insert("credential".into(), used.credential.name().into());
        members.insert("breaker".into(), used.state.name().into());
    }
    output::json_to_stdout(&document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_requests_go_to_their_route() {
        for (with_token, signed) in [
            ("http://127.0.0.1:8585/token", "http://127.0.0.1:8585/cert"),
            ("http://bob/token?page=2", "http://bob/cert?page=2"),
            ("https://bob.example/users", "https://bob.example/users"),
            ("http://bob/tokens", "http://bob/tokens"),
            ("http://bob/token/", "http://bob/token/"),
            ("http://bob/", "http://bob/"),
        ] {
            let (with_token, signed): (Uri, Uri) = (with_token.parse().unwrap(), signed.parse().unwrap());
            assert_eq!(signed_route(&with_token), signed);
            assert_eq!(token_route(&signed), with_token);
        }
    }
}
