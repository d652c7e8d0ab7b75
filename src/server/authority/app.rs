//! The routes: each reads what an answer needs, asks for it, and sends it.

use super::{
    answers::Refusal,
    decisions::Decisions,
    document::Document,
    documents::{CA_CERTIFICATE, CRL, CRL_PEM, Fixed, INTROSPECT, JWKS, METADATA, TOKEN},
    form::MAX_FORM,
    metrics,
    state::{Shared, Unready},
};
use crate::{
    error::Reason,
    server::{
        Limits,
        answer::{Answer, JSON, not_allowed, problem, unavailable, with_type},
        application::{Application, Endpoint},
        metrics::Families,
    },
};
use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Method, Request, StatusCode, request::Parts};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use jiff::Timestamp;
use std::{fmt, sync::Arc, time::Duration};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::Instant,
};

/// The authorization server at work.
pub(super) struct App {
    pub(super) fixed: Fixed,
    pub(super) shared: Arc<Shared>,
    pub(super) decisions: Arc<Decisions>,
    pub(super) limits: Limits,
    /// Places for large bodies.
    pub(super) large: Semaphore,
}

impl Application for App {
    type Endpoint = Path;

    async fn answer(&self, path: Path, request: Request<Incoming>) -> Answer {
        let (parts, body) = request.into_parts();
        let now = Timestamp::now();
        let send = |document: &Document| document.answer(&parts.method, &parts.headers, now);
        match path {
            Path::Crl | Path::CrlPem => match &*self.shared.published() {
                Some(published) => send(if path == Path::Crl { &published.der } else { &published.pem }),
                None => unavailable(Unready::NoList.text(), HeaderValue::from_static("5")),
            },
            Path::CaCertificate => send(&self.fixed.ca),
            Path::Jwks => send(&self.fixed.jwks),
            Path::Metadata => send(&self.fixed.metadata),
            Path::Readyz => self.readyz(&parts.method),
            Path::Token | Path::Introspect | Path::Renew => self.decide(path, &parts, body).await,
        }
    }

    fn expose(&self, to: &mut Families<'_>) -> fmt::Result {
        metrics::expose(&self.shared, to, Timestamp::now())
    }
}

impl App {
    /// Reads the body and asks for a decision. Its time begins once the body is there.
    async fn decide(&self, path: Path, parts: &Parts, body: Incoming) -> Answer {
        if parts.method != Method::POST {
            return not_allowed(HeaderValue::from_static("POST"));
        }
        let (body, _held) = match tokio::time::timeout(self.limits.body_timeout, read(body, &self.large)).await {
            Ok(Ok(read)) => read,
            Ok(Err(answer)) => return *answer,
            Err(_) => return problem(StatusCode::REQUEST_TIMEOUT),
        };
        let now = Timestamp::now();
        let answer = match path {
            // The CA may have been replaced, and the key that is at hand be a retired one.
            Path::Token if self.shared.readiness() == Err(Unready::Database) => Refusal::Unavailable("5").into(),
            Path::Introspect => self.decisions.introspect(&parts.headers, body, now).await,
            Path::Renew => self.decisions.renew(parts, body, now).await,
            _ => self.decisions.token(&parts.headers, body, now).await,
        };
        self.count(path, answer.response.status());
        answer
    }

    fn count(&self, path: Path, status: StatusCode) {
        let counts = &self.shared.counts;
        match (path, status) {
            (Path::Token, StatusCode::OK) => counts.tokens_issued.increment(),
            (Path::Token, _) => counts.tokens_refused.increment(),
            (Path::Renew, StatusCode::OK) => counts.certificates_renewed.increment(),
            _ => {}
        }
    }

    /// What the publisher has found out: a request looks at nothing itself.
    fn readyz(&self, method: &Method) -> Answer {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return not_allowed(HeaderValue::from_static("GET, HEAD"));
        }
        match self.shared.readiness() {
            Ok(()) if !self.decisions.is_current() => {
                unavailable(Unready::Database.text(), HeaderValue::from_static("5"))
            }
            Ok(()) => with_type(JSON, "{\"status\":\"ready\"}").into(),
            Err(unready) => unavailable(unready.text(), HeaderValue::from_static("5")),
        }
    }
}

/// A body of up to so many bytes may come with every connection. An assertion has one or two thousand.
const SMALL: usize = 8 * 1024;
/// So many larger ones are read or held at the same time: else a few thousand connections would take all memory.
const LARGE: usize = 512;
/// How long the rest of a large one may take: whoever stops half-way keeps a place from others.
const LARGE_TIMEOUT: Duration = Duration::from_secs(5);

/// As many places as there are for large bodies.
pub(super) fn places_for_large() -> Semaphore {
    Semaphore::new(LARGE)
}

/// All of a body, and the place that it takes if it is a large one. Of one that is longer than any that is answered, one
/// byte more than that: whoever reads it refuses it.
async fn read(mut body: Incoming, large: &Semaphore) -> Result<(Bytes, Option<SemaphorePermit<'_>>), Box<Answer>> {
    let mut whole = BytesMut::new();
    let mut held = None;
    let mut end = None;
    loop {
        let next = match end {
            None => body.frame().await,
            Some(end) => match tokio::time::timeout_at(end, body.frame()).await {
                Ok(next) => next,
                Err(_) => return Err(Box::new(problem(StatusCode::REQUEST_TIMEOUT))),
            },
        };
        let Some(frame) = next else { break };
        // What breaks here is the framing, or the connection.
        let frame = frame.map_err(|_| Box::new(problem(StatusCode::BAD_REQUEST)))?;
        let Some(data) = frame.data_ref() else { continue };
        let room = (MAX_FORM + 1).saturating_sub(whole.len());
        let data = data.get(..room).unwrap_or(data);
        if held.is_none() && whole.len() + data.len() > SMALL {
            let full = |_| Box::new(Refusal::Unavailable("1").into());
            held = Some(large.try_acquire().map_err(full)?);
            end = Some(Instant::now() + LARGE_TIMEOUT);
        }
        whole.extend_from_slice(data);
        if whole.len() > MAX_FORM {
            break;
        }
    }
    Ok((whole.freeze(), held))
}

/// Its routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Path {
    Token,
    Introspect,
    Renew,
    Crl,
    CrlPem,
    CaCertificate,
    Jwks,
    Metadata,
    Readyz,
}

impl Endpoint for Path {
    const ALL: &'static [Self] = &[
        Self::Token,
        Self::Introspect,
        Self::Renew,
        Self::Crl,
        Self::CrlPem,
        Self::CaCertificate,
        Self::Jwks,
        Self::Metadata,
        Self::Readyz,
    ];

    fn of(path: &str) -> Option<Self> {
        Some(match path {
            TOKEN => Self::Token,
            INTROSPECT => Self::Introspect,
            "/certificates/renew" => Self::Renew,
            CRL => Self::Crl,
            CRL_PEM => Self::CrlPem,
            CA_CERTIFICATE => Self::CaCertificate,
            JWKS => Self::Jwks,
            METADATA => Self::Metadata,
            "/readyz" => Self::Readyz,
            _ => return None,
        })
    }

    fn place(self) -> usize {
        match self {
            Self::Token => 0,
            Self::Introspect => 1,
            Self::Renew => 2,
            Self::Crl => 3,
            Self::CrlPem => 4,
            Self::CaCertificate => 5,
            Self::Jwks => 6,
            Self::Metadata => 7,
            Self::Readyz => 8,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Introspect => "introspect",
            Self::Renew => "renew",
            Self::Crl => "crl",
            Self::CrlPem => "crl_pem",
            Self::CaCertificate => "ca_crt",
            Self::Jwks => "jwks",
            Self::Metadata => "metadata",
            Self::Readyz => "readyz",
        }
    }

    fn wants_credential(self) -> bool {
        matches!(self, Self::Token | Self::Introspect | Self::Renew)
    }

    fn can_refuse_for(self, reason: Reason) -> bool {
        self == Self::Renew && !reason.as_str().starts_with("token_")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_has_a_place_of_its_own() {
        for (place, path) in Path::ALL.iter().enumerate() {
            assert_eq!(path.place(), place);
        }
    }
}
