//! Why there is no token, and why a call fails.

use crate::{
    error::{Error, Rejection},
    key::KeyError,
    scope::Scopes,
};
use http::StatusCode;
use jiff::Timestamp;
use std::{borrow::Cow, fmt, time::Duration};

/// Why an attempt to reach the authorization server brought nothing: an outage, whatever its form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// Nothing came in time.
    #[error("the authorization server did not answer in time")]
    TimedOut,
    /// There was no connection, or it broke.
    #[error("the authorization server cannot be reached: {0}")]
    Unreachable(String),
    /// An answer that says that the server cannot answer.
    #[error("the authorization server answered {status}")]
    Status {
        /// The status.
        status: StatusCode,
        /// What it asks for, where it says so.
        retry_after: Option<Duration>,
    },
    /// An answer that a working authorization server does not give.
    #[error("the answer is none of an authorization server: {0}")]
    Garbage(Cow<'static, str>),
    /// The client's own key failed, so it could not authenticate.
    #[error("the client's key: {0}")]
    Key(#[from] KeyError),
}

/// What the authorization server said no with (RFC 6749 section 5.2). It is a verdict, not an outage.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status, 400 or 401 as a rule.
    pub status: StatusCode,
    /// The error code, e.g. `invalid_client`; at most 64 characters.
    pub error: String,
    /// The explanation, at most 200 characters, without any that command a terminal.
    pub description: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the authorization server refused: {}", self.error)?;
        self.description.as_ref().map_or(Ok(()), |description| write!(f, " ({description})"))
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Refusal({} {}, {:?})", self.status.as_u16(), self.error, self.description)
    }
}

/// Why a call got no credential, or no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The authorization server refuses this client a token: its certificates are revoked, or it asks for more than it has.
    #[error("{0}")]
    Refused(Refusal),
    /// There is no token, and in this mode nothing else.
    #[error("there is no token{}", because(.last.as_ref()))]
    Unavailable {
        /// Why the last attempt failed; `None` where none has ended yet.
        last: Option<Failure>,
    },
    /// The authorization server is away, and the certificate cannot stand in: it is past its end.
    #[error("there is no token{}, and the certificate ended at {not_after}", because(.last.as_ref()))]
    CertificateExpired {
        /// Its end.
        not_after: Timestamp,
        /// Why there is no token.
        last: Option<Failure>,
    },
    /// The authorization server is away, and the certificate must not stand in: it carries more than the last token did.
    #[error("there is no token{}, and the certificate has scopes that the token had not: {beyond}", because(.last.as_ref()))]
    CertificateTooBroad {
        /// These scopes.
        beyond: Scopes,
        /// Why there is no token.
        last: Option<Failure>,
    },
    /// The request cannot be signed or sent as it is, or the key failed.
    #[error(transparent)]
    Library(#[from] Error),
    /// The certificate was not renewed, or the new one not saved.
    #[error("the certificate was not renewed: {why}")]
    Renewal {
        /// Why.
        why: String,
    },
    /// The service did not answer.
    #[error("{url}: {why}")]
    Service {
        /// What was asked for.
        url: String,
        /// What happened.
        why: String,
    },
}

impl From<Rejection> for ClientError {
    fn from(rejection: Rejection) -> Self {
        Self::Library(rejection.into())
    }
}

impl ClientError {
    /// The next step for a person who sees this error.
    pub fn hint(&self) -> Option<Cow<'_, str>> {
        let text = match self {
            Self::Refused(refusal) if refusal.error == "invalid_client" => {
                "is the client known there, and its certificate neither revoked nor expired?"
            }
            Self::Refused(refusal) if refusal.error == "invalid_scope" => "ask for no more than the client has",
            Self::Unavailable { .. } => {
                "check the authorization server's URL and that it runs; mode auto falls back to the certificate"
            }
            Self::CertificateExpired { .. } => "renew it once the authorization server is back: `client renew`",
            Self::CertificateTooBroad { .. } => {
                "renew the certificate once the authorization server is back: the new one has today's scopes"
            }
            Self::Service { .. } => "check that the URL is right and that the service runs",
            Self::Library(error) => return error.hint(),
            Self::Refused(_) | Self::Renewal { .. } => return None,
        };
        Some(text.into())
    }
}

fn because(last: Option<&Failure>) -> String {
    last.map_or_else(String::new, |failure| format!(" ({failure})"))
}
