//! One document behind a URL: asked for only if it has changed, with bounds on time, and without trust in who answers.

use super::super::outgoing::agent_config;
use crate::{crl::CrlError, error::Error};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode, Uri,
    header::{
        ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, RETRY_AFTER,
    },
};
use jiff::{Timestamp, fmt::rfc2822};
use std::{io::Read, time::Duration};
use ureq::Agent;

/// Until the connection stands, TLS included, and again until the answer's head is there.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest validator that is kept and sent back.
const MAX_VALIDATOR: usize = 1024;

/// A document that is fetched again and again.
#[derive(Debug)]
pub(super) struct Fetcher {
    url: Uri,
    accept: HeaderValue,
    agent: Agent,
    /// Of the version that was taken last. Empty until then.
    validators: Vec<(HeaderName, HeaderValue)>,
}

/// What an answer brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fetched<T> {
    /// A body, and what was made of it.
    Body(T),
    /// What was taken last is still the newest (304).
    NotModified,
}

/// Why nothing could be taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("{0}")]
    Transport(String),
    #[error("the answer is {0}")]
    Status(StatusCode),
    #[error("the answer is {0}: redirects are not followed, so name the final URL")]
    Redirect(StatusCode),
    #[error("the answer is 304 Not Modified, but no version was named to it")]
    NothingToKeep,
    #[error("the answer is encoded, which was not asked for")]
    Encoded,
    #[error(transparent)]
    List(#[from] CrlError),
    #[error("{0}")]
    Keys(Error),
}

/// A failure, and when the server wants to be asked again.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: FetchError,
    pub(super) retry_after: Option<Duration>,
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        Self { error, retry_after: None }
    }
}

impl FetchError {
    /// A number below 32 for the kind of failure: enough to say each once.
    pub(super) fn kind(&self) -> u32 {
        match self {
            Self::Transport(_) => 0,
            Self::Status(status) if status.is_server_error() => 1,
            Self::Status(_) => 2,
            Self::Redirect(_) => 3,
            Self::NothingToKeep => 4,
            Self::Encoded => 5,
            Self::Keys(_) => 6,
            Self::List(CrlError::Signature | CrlError::Algorithm) => 7,
            Self::List(CrlError::WrongIssuer { .. } | CrlError::WrongKey | CrlError::NoIssuer) => 8,
            Self::List(CrlError::Older { .. }) => 9,
            Self::List(CrlError::Conflicting { .. }) => 10,
            Self::List(CrlError::TooLarge { .. }) => 11,
            Self::List(_) => 12,
        }
    }

    /// For the person who started the server.
    pub(super) fn about(&self, url: &str) -> Error {
        let hint = match self {
            Self::Transport(_) => "check that the URL is right and that the server there runs; it is tried again",
            Self::Redirect(_) => "name the URL that it redirects to",
            _ => "check that the URL is right; it is tried again",
        };
        Error::Network { url: url.to_owned(), why: self.to_string(), hint: hint.into() }
    }
}

impl From<ureq::Error> for FetchError {
    fn from(error: ureq::Error) -> Self {
        Self::Transport(match error {
            // Without the prefix "io: ".
            ureq::Error::Io(error) => error.to_string(),
            ureq::Error::Timeout(_) => "no complete answer in time".to_owned(),
            error => error.to_string(),
        })
    }
}

impl From<std::io::Error> for FetchError {
    fn from(error: std::io::Error) -> Self {
        ureq::Error::from(error).into()
    }
}

impl Fetcher {
    /// For an `http` or `https` URL; `accept` names the media type that is wanted.
    pub(super) fn new(url: Uri, accept: &'static str) -> Self {
        let agent = agent_config()
            .timeout_connect(Some(STEP_TIMEOUT))
            .timeout_recv_response(Some(STEP_TIMEOUT))
            // An idle connection of an hour is none, and one that the server closed meanwhile would be a failure.
            .max_idle_connections(0)
            .build()
            .into();
        Self { url, accept: HeaderValue::from_static(accept), agent, validators: Vec::new() }
    }

    /// Asks for the document unless it is the one that was taken last. `take` reads the body, of which it is told the
    /// length that the server claims, and must bound what it reads. A version counts as taken once it returns `Ok`.
    /// All of this takes at most `limit`.
    ///
    /// # Errors
    /// Whatever is neither 200 nor an answer of 304 to a version that was named; that of `take`.
    pub(super) fn fetch<T>(
        &mut self,
        limit: Duration,
        take: impl FnOnce(&mut dyn Read, Option<usize>) -> Result<T, FetchError>,
    ) -> Result<Fetched<T>, Failure> {
        let mut request = self.agent.get(&self.url).header(ACCEPT, &self.accept);
        for (name, value) in &self.validators {
            request = request.header(name, value);
        }
        let answer = request.config().timeout_global(Some(limit)).build().call().map_err(FetchError::from)?;
        let (parts, body) = answer.into_parts();
        match parts.status {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED if self.validators.is_empty() => return Err(FetchError::NothingToKeep.into()),
            StatusCode::NOT_MODIFIED => return Ok(Fetched::NotModified),
            status => {
                let error =
                    if status.is_redirection() { FetchError::Redirect(status) } else { FetchError::Status(status) };
                return Err(Failure { error, retry_after: retry_after(&parts.headers, Timestamp::now()) });
            }
        }
        if parts
            .headers
            .get(CONTENT_ENCODING)
            .is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
        {
            return Err(FetchError::Encoded.into());
        }
        let length = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let taken = take(&mut body.into_reader(), length)?;
        self.validators = validators(&parts.headers);
        Ok(Fetched::Body(taken))
    }
}

/// What to name a version by (RFC 9110 section 13.1), in the next question.
fn validators(answer: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
    let pairs = [(ETAG, IF_NONE_MATCH), (LAST_MODIFIED, IF_MODIFIED_SINCE)];
    let short = |value: &&HeaderValue| value.len() <= MAX_VALIDATOR;
    pairs.into_iter().filter_map(|(from, to)| Some((to, answer.get(from).filter(short)?.clone()))).collect()
}

/// RFC 9110 section 10.2.3: seconds, or a date.
fn retry_after(answer: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = answer.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let then = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Duration::try_from(then.duration_since(now)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn asked(value: &str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(value).ok()?);
        retry_after(&headers, "1994-11-06T08:49:00Z".parse().unwrap()).map(|wait| wait.as_secs())
    }

    #[test]
    fn when_to_come_back_is_read_in_both_forms() {
        assert_eq!(asked("120"), Some(120));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:37 GMT"), Some(37));
        for nothing in ["", "-1", "soon", "Sun, 06 Nov 1994 08:48:00 GMT", "99999999999999999999999"] {
            assert_eq!(asked(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_version_is_named_as_it_came() {
        let mut headers = HeaderMap::new();
        assert!(validators(&headers).is_empty());
        headers.insert(ETAG, HeaderValue::from_static("W/\"7\""));
        headers.insert(LAST_MODIFIED, HeaderValue::from_bytes(&vec![b'x'; MAX_VALIDATOR + 1]).unwrap());
        assert_eq!(validators(&headers), [(IF_NONE_MATCH, HeaderValue::from_static("W/\"7\""))]);
    }

    proptest! {
        #[test]
        fn junk_never_panics(text in "[ -~]{0,40}") {
            let _ = asked(&text);
        }
    }
}
