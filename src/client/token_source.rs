//! One attempt to get a token (RFC 6749 section 4.4, client credentials): the request, and what its answer means.

use super::{
    failure::{Failure, Refusal},
    transport::{MAX_AUTHORITY_ANSWER, Transport},
};
use crate::{
    form,
    key::Signer,
    scope::Scopes,
    token::{
        MAX_TOKEN_LEN,
        assertion::{ASSERTION_TYPE, assertion},
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri,
    header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER},
};
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// A token is not used for longer, whatever its answer says.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3600);
/// What a token lives whose answer does not say it, nor the token itself.
const UNKNOWN_LIFE: Duration = Duration::from_secs(60);
/// So long before its end a token is no longer sent, if it lives long enough: the way to the service takes time.
const MARGIN: Duration = Duration::from_secs(5);
/// A token's times are whole seconds: it may end so much earlier than the answer says.
const ROUNDING: Duration = Duration::from_secs(1);
/// One with less is of no use.
const SHORTEST_LIFE: Duration = Duration::from_secs(2);

/// The errors that say no: RFC 6749 section 5.2, RFC 8707 section 2, and what servers say of clients that are locked.
const VERDICTS: [&str; 8] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "access_denied",
];

/// Where tokens come from, and which ones are asked for.
pub(super) struct TokenSource {
    pub(super) endpoint: Uri,
    pub(super) client: String,
    pub(super) audience: Option<String>,
    pub(super) scopes: Option<Scopes>,
    pub(super) transport: Arc<dyn Transport>,
}

/// A token and until when it can be used.
///
/// Its life is counted by the monotonic clock from before the request for it was sent, and by the difference of two readings
/// of the wall clock as well: the first stands still while a machine sleeps, the second jumps when it is set. Whichever is
/// first over ends the token; at worst that fetches one too many.
pub(super) struct Token {
    /// `Bearer …`; marked sensitive, so that it is not printed.
    pub(super) header: HeaderValue,
    /// What the answer, the token and the request all have. `None` where neither tells and nothing was asked for.
    pub(super) scopes: Option<Scopes>,
    pub(super) life: Duration,
    pub(super) since: Instant,
    since_wall: Timestamp,
}

impl Token {
    /// Whether it can be sent.
    pub(super) fn is_usable(&self, now: Instant, wall: Timestamp) -> bool {
        self.age(now, wall) < self.usable()
    }

    /// When it is time to fetch the next.
    pub(super) fn refresh_at(&self) -> Instant {
        self.since + self.young()
    }

    pub(super) fn is_aging(&self, now: Instant, wall: Timestamp) -> bool {
        self.age(now, wall) >= self.young()
    }

    fn usable(&self) -> Duration {
        self.life.saturating_sub(MARGIN.min(ROUNDING + self.life / 10))
    }

    /// 80 % of its life; less for one of some seconds, so that there is time to fetch the next.
    fn young(&self) -> Duration {
        (self.life / 5 * 4).min(self.usable() / 10 * 9)
    }

    fn age(&self, now: Instant, wall: Timestamp) -> Duration {
        let by_wall = Duration::try_from(wall.duration_since(self.since_wall)).unwrap_or_default();
        now.saturating_duration_since(self.since).max(by_wall)
    }
}

/// Why an attempt brought no token.
#[derive(Debug, PartialEq)]
pub(super) enum Denied {
    Failed(Failure),
    Refused(Refusal),
}

impl<F: Into<Failure>> From<F> for Denied {
    fn from(failure: F) -> Self {
        Self::Failed(failure.into())
    }
}

impl TokenSource {
    /// Asks once, for at most `limit`.
    pub(super) fn fetch(&self, signer: &dyn Signer, limit: Duration) -> Result<Token, Denied> {
        let (since, since_wall) = (Instant::now(), Timestamp::now());
        let request = self.request(signer, since_wall)?;
        // A key that is far away may have used up a part of the time.
        let limit = limit.saturating_sub(since.elapsed());
        if limit.is_zero() {
            return Err(Failure::TimedOut.into());
        }
        let answer = self.transport.send(request, limit)?;
        read(&answer, self.scopes.as_ref(), since, since_wall)
    }

    fn request(&self, signer: &dyn Signer, now: Timestamp) -> Result<Request<Vec<u8>>, Failure> {
        let assertion = assertion(signer, &self.client, &self.endpoint.to_string(), now)?;
        let mut form = vec![
            ("grant_type", "client_credentials".to_owned()),
            ("client_assertion_type", ASSERTION_TYPE.to_owned()),
            ("client_assertion", assertion),
        ];
        form.extend(self.scopes.as_ref().map(|scopes| ("scope", scopes.to_string())));
        form.extend(self.audience.as_ref().map(|audience| ("audience", audience.clone())));
        let body = form::encode(form.iter().map(|(name, value)| (*name, value.as_str())));
        Request::builder()
            .method(Method::POST)
            .uri(self.endpoint.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(body.into_bytes())
            .map_err(|error| Failure::Unreachable(error.to_string()))
    }
}

/// What an answer means.
fn read(
    answer: &Response<Vec<u8>>,
    requested: Option<&Scopes>,
    since: Instant,
    since_wall: Timestamp,
) -> Result<Token, Denied> {
    let garbage = |why: &'static str| Denied::Failed(Failure::Garbage(why.into()));
    if answer.body().len() > MAX_AUTHORITY_ANSWER {
        return Err(garbage("it is too large"));
    }
    let members = match serde_json::from_slice(answer.body()) {
        Ok(Value::Object(members)) => Some(members),
        _ => None,
    };
    let status = answer.status();
    if status != StatusCode::OK {
        let refusal = members.filter(|_| is_verdict(status)).and_then(|members| refusal(status, &members));
        let retry_after = retry_after(answer.headers(), since_wall);
        return Err(refusal.map_or(Denied::Failed(Failure::Status { status, retry_after }), Denied::Refused));
    }
    let members = members.ok_or_else(|| garbage("it is no JSON object"))?;
    let text = |name| members.get(name).and_then(Value::as_str);
    if !text("token_type").is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")) {
        return Err(garbage("token_type is not Bearer"));
    }
    let token = text("access_token").ok_or_else(|| garbage("there is no access_token"))?;
    let claims = claims(token).ok_or_else(|| garbage("access_token is no JWT"))?;
    let expires_in = match members.get("expires_in") {
        None => None,
        // Some write a string.
        Some(value) => Some(seconds(value).ok_or_else(|| garbage("expires_in is no number of seconds"))?),
    };
    let life = life(expires_in, &claims, since_wall);
    if life < SHORTEST_LIFE {
        return Err(garbage("the token has as good as ended"));
    }
    let mut header = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| garbage("access_token is no JWT"))?;
    header.set_sensitive(true);
    // RFC 6749 section 5.1: the member may be left out where it is what was asked for.
    let told = [text("scope"), claims.get("scope").and_then(Value::as_str)].into_iter().flatten();
    let told = told.map(Scopes::parse).collect::<Result<Vec<_>, _>>();
    let told = told.map_err(|_| garbage("scope is no list of scopes"))?;
    let scopes = told.iter().chain(requested).cloned().reduce(|one, other| common(&one, &other));
    Ok(Token { header, scopes, life, since, since_wall })
}

/// The scopes that are in both.
fn common(one: &Scopes, other: &Scopes) -> Scopes {
    // They are a part of a set: there is no failure.
    Scopes::new(one.iter().filter(|scope| other.contains(scope)).cloned()).unwrap_or_default()
}

/// The statuses of RFC 6749 section 5.2, and 403, which some use for clients that are locked.
fn is_verdict(status: StatusCode) -> bool {
    matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

fn refusal(status: StatusCode, members: &Map<String, Value>) -> Option<Refusal> {
    let plain = |text: &str| text.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e));
    let error = members.get("error")?.as_str().filter(|text| (1..=64).contains(&text.len()) && plain(text))?;
    // A gateway in front of the authorization server, too, writes JSON with an `error`.
    if !VERDICTS.contains(&error) {
        return None;
    }
    let description = members.get("error_description").and_then(Value::as_str).filter(|text| plain(text));
    Some(Refusal {
        status,
        error: error.to_owned(),
        description: description.map(|text| text.chars().take(200).collect()),
    })
}

/// RFC 9110 section 10.2.3: seconds, or a date.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Duration::try_from(date.duration_since(now)).ok()
}

/// The claims of a JWT. They are only read for what the client itself needs to know: the service judges.
fn claims(token: &str) -> Option<Map<String, Value>> {
    if token.len() > MAX_TOKEN_LEN {
        return None;
    }
    let mut parts = token.split('.');
    let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || URL_SAFE_NO_PAD.decode(signature).ok()?.is_empty() {
        return None;
    }
    object(header)?.get("alg")?.as_str()?;
    object(payload)
}

fn object(segment: &str) -> Option<Map<String, Value>> {
    match serde_json::from_slice(&URL_SAFE_NO_PAD.decode(segment).ok()?) {
        Ok(Value::Object(members)) => Some(members),
        _ => None,
    }
}

fn seconds(value: &Value) -> Option<Duration> {
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    (number >= 0.0).then(|| Duration::try_from_secs_f64(number).unwrap_or(LONGEST_LIFE))
}

/// How long a token can be used: what the answer says, but not beyond the token's own end. That is counted from its own
/// beginning, as the clocks of the two may differ.
fn life(expires_in: Option<Duration>, claims: &Map<String, Value>, now: Timestamp) -> Duration {
    let time = |name| claims.get(name).and_then(Value::as_f64).filter(|time| *time >= 0.0);
    let own = match (time("exp"), time("iat")) {
        (Some(exp), Some(iat)) => Some(exp - iat),
        // Without a beginning there is only the client's own clock. If by it the token has ended, either may be wrong.
        (Some(exp), None) => Some(exp - now.as_duration().as_secs_f64()).filter(|left| *left > 0.0),
        _ => None,
    };
    let own = own.map(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(LONGEST_LIFE));
    match (expires_in, own) {
        (Some(one), Some(other)) => one.min(other),
        (one, other) => one.or(other).unwrap_or(UNKNOWN_LIFE),
    }
    .min(LONGEST_LIFE)
}

#[cfg(test)]
mod tests;
