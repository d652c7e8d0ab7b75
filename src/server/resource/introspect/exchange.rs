//! One question to the authorization server, and its answer. Blocks.

use super::super::outgoing::agent_config;
use crate::{
    authz::MAX_INTROSPECTION_LEN,
    form,
    key::Signer,
    token::assertion::{ASSERTION_TYPE, assertion},
};
use http::{
    StatusCode, Uri,
    header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE},
};
use jiff::Timestamp;
use std::{
    fmt,
    io::Read as _,
    sync::Arc,
    time::{Duration, Instant},
};
use ureq::Agent;

/// How the authorization server is asked.
pub(super) struct Exchange {
    url: Uri,
    client: String,
    /// The audience of assertions: the issuer identifier (RFC 7523 section 3).
    audience: String,
    signer: Arc<dyn Signer>,
    agent: Agent,
    limit: Duration,
}

impl Exchange {
    /// `limit` is for the whole of it, but for looking up a host's name, which nobody can break off. `at_a_time` questions
    /// are asked at a time, each over a connection that is kept for the next.
    pub(super) fn new(
        url: Uri,
        client: String,
        audience: String,
        signer: Arc<dyn Signer>,
        limit: Duration,
        at_a_time: usize,
    ) -> Self {
        let agent = agent_config()
            // By steps: a limit on the whole would start a thread for the look-up of the name with each question.
            .timeout_connect(Some(limit))
            .timeout_send_request(Some(limit))
            .timeout_send_body(Some(limit))
            .timeout_recv_response(Some(limit))
            .timeout_recv_body(Some(limit))
            .max_idle_connections(at_a_time)
            .max_idle_connections_per_host(at_a_time)
            .build()
            .into();
        Self { url, client, audience, signer, agent, limit }
    }

    /// The body of the answer about a token.
    ///
    /// # Errors
    /// Why there is none, in words that hold no secret.
    pub(super) fn ask(&self, token: &str) -> Result<Vec<u8>, String> {
        let start = Instant::now();
        match self.attempt(token) {
            // A connection that was kept may have been closed meanwhile; a new one says whether anybody is there.
            Err(Failed { why: _, again: true }) if start.elapsed() < self.limit / 2 => self.attempt(token),
            attempted => attempted,
        }
        .map_err(|failed| failed.why)
    }

    fn attempt(&self, token: &str) -> Result<Vec<u8>, Failed> {
        let assertion = assertion(&*self.signer, &self.client, &self.audience, Timestamp::now())
            .map_err(|error| Failed::for_good(format!("no assertion can be made: {error}")))?;
        let body = form::encode([
            ("token", token),
            ("token_type_hint", "access_token"),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", &assertion),
        ]);
        let request = self
            .agent
            .post(&self.url)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json");
        let answer = request.send(body).map_err(|error| Failed { again: is_worth_trying(&error), why: why(error) })?;
        let (parts, body) = answer.into_parts();
        if parts.status != StatusCode::OK {
            return Err(Failed::for_good(format!("the answer is {}", parts.status)));
        }
        if parts.headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            return Err(Failed::for_good("the answer is encoded, which was not asked for".to_owned()));
        }
        let mut content = Vec::new();
        let limit = u64::try_from(MAX_INTROSPECTION_LEN + 1).unwrap_or(u64::MAX);
        let read = body.into_reader().take(limit).read_to_end(&mut content);
        read.map_err(|error| Failed::for_good(why(ureq::Error::from(error))))?;
        if content.len() > MAX_INTROSPECTION_LEN {
            return Err(Failed::for_good(format!("the answer is longer than {MAX_INTROSPECTION_LEN} bytes")));
        }
        Ok(content)
    }
}

/// Why there is no answer, and whether another attempt makes sense.
struct Failed {
    why: String,
    again: bool,
}

impl Failed {
    fn for_good(why: String) -> Self {
        Self { why, again: false }
    }
}

fn is_worth_trying(error: &ureq::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    match error {
        ureq::Error::Io(error) => {
            matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
        }
        // Closed before the answer began.
        ureq::Error::Protocol(_) => true,
        _ => false,
    }
}

fn why(error: ureq::Error) -> String {
    match error {
        // Without the prefix "io: ".
        ureq::Error::Io(error) => error.to_string(),
        ureq::Error::Timeout(_) => "no complete answer in time".to_owned(),
        error => error.to_string(),
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The signer is not to be printed, whatever it is.
        write!(f, "Exchange({} as {:?})", self.url, self.client)
    }
}
