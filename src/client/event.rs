//! What can be seen of a client from outside: what it shows, what happens, and how often.

use super::{breaker::BreakerState, failure::Failure, failure::Refusal};
use crate::{cert::Serial, scope::Scopes};
use jiff::Timestamp;
use serde::Serialize;
use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Which credential a client shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Its access token, or nothing.
    Token,
    /// Its certificate, with a signature of each request. No token is ever fetched.
    Certificate,
    /// Its access token, and its certificate while the authorization server is away.
    Auto,
}

impl Mode {
    /// `token`, `certificate` or `auto`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Certificate => "certificate",
            Self::Auto => "auto",
        }
    }
}

/// The credential that a request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialUsed {
    /// An access token, in `Authorization`.
    Token,
    /// The certificate and a signature (RFC 9421).
    Certificate,
}

impl CredentialUsed {
    /// `token` or `certificate`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Certificate => "certificate",
        }
    }
}

impl fmt::Display for CredentialUsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Something that happened; see [`super::ClientBuilder::on_event`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// The breaker changed its state.
    Transition {
        /// What it was.
        from: BreakerState,
        /// What it is.
        to: BreakerState,
    },
    /// A token was fetched.
    TokenFetched {
        /// How long it can be used.
        life: Duration,
        /// What its bearer may do, where the answer or the token tells.
        scopes: Option<Scopes>,
    },
    /// An attempt to get a token failed.
    AttemptFailed(Failure),
    /// The authorization server refused a token.
    TokenRefused(Refusal),
    /// Two thirds of the certificate's life are over, and it has not been renewed.
    CertificateAging {
        /// Its end.
        not_after: Timestamp,
    },
    /// The certificate carries scopes that the token does not: it is not used until it is renewed.
    CertificateTooBroad {
        /// These scopes.
        beyond: Scopes,
    },
    /// There is a new certificate, and it is in use.
    CertificateRenewed {
        /// Its serial number.
        serial: Serial,
        /// Its end.
        not_after: Timestamp,
    },
    /// The certificate could not be renewed (or not be saved: then it is in use all the same).
    RenewalFailed {
        /// Why.
        why: String,
    },
}

impl Event {
    /// The same as a message of `tracing`.
    pub(super) fn trace(&self) {
        match self {
            Self::Transition { from, to: BreakerState::Open } if *from == BreakerState::Closed => {
                tracing::warn!(%from, to = "open", "the authorization server is away: certificates are used");
            }
            Self::Transition { from, to: to @ BreakerState::Closed } => {
                tracing::info!(%from, %to, "the authorization server is back: tokens are used");
            }
            Self::Transition { from, to } => tracing::debug!(%from, %to, "circuit breaker"),
            Self::TokenFetched { life, .. } => tracing::debug!(?life, "a token was fetched"),
            Self::AttemptFailed(failure) => tracing::info!("no token: {failure}"),
            Self::TokenRefused(refusal) => tracing::warn!("no token: {refusal}"),
            Self::CertificateAging { not_after } => {
                tracing::warn!(%not_after, "two thirds of the certificate's life are over");
            }
            Self::CertificateTooBroad { beyond } => {
                tracing::warn!(%beyond, "the certificate carries scopes that the token does not: it is not used");
            }
            Self::CertificateRenewed { serial, not_after } => {
                tracing::info!(%serial, %not_after, "the certificate was renewed");
            }
            Self::RenewalFailed { why } => tracing::warn!("the certificate was not renewed: {why}"),
        }
    }
}

/// How often things happened since the client was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// Requests that got a token.
    pub with_token: u64,
    /// Requests that were signed.
    pub with_certificate: u64,
    /// Calls that got no credential.
    pub without: u64,
    /// Calls that waited for a token.
    pub waited: u64,
    /// Calls whose budget was over before there was a token or the breaker opened.
    pub out_of_time: u64,
    /// Attempts to get a token, trials included.
    pub attempts: u64,
    /// Trials while the breaker was open.
    pub probes: u64,
    /// Tokens that were fetched.
    pub tokens_fetched: u64,
    /// Attempts that failed.
    pub failures: u64,
    /// Attempts that were refused.
    pub refusals: u64,
    /// How often the breaker changed its state.
    pub transitions: u64,
    /// How often it opened from closed.
    pub opened: u64,
    /// Certificates that were renewed.
    pub renewals: u64,
    /// Tokens that a service refused although they had not ended.
    pub tokens_rejected: u64,
}

/// [`Counts`] that several threads add to.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) with_token: AtomicU64,
    pub(super) with_certificate: AtomicU64,
    pub(super) without: AtomicU64,
    pub(super) waited: AtomicU64,
    pub(super) out_of_time: AtomicU64,
    pub(super) attempts: AtomicU64,
    pub(super) probes: AtomicU64,
    pub(super) tokens_fetched: AtomicU64,
    pub(super) failures: AtomicU64,
    pub(super) refusals: AtomicU64,
    pub(super) transitions: AtomicU64,
    pub(super) opened: AtomicU64,
    pub(super) renewals: AtomicU64,
    pub(super) tokens_rejected: AtomicU64,
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

impl Counters {
    pub(super) fn read(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Relaxed);
        Counts {
            with_token: read(&self.with_token),
            with_certificate: read(&self.with_certificate),
            without: read(&self.without),
            waited: read(&self.waited),
            out_of_time: read(&self.out_of_time),
            attempts: read(&self.attempts),
            probes: read(&self.probes),
            tokens_fetched: read(&self.tokens_fetched),
            failures: read(&self.failures),
            refusals: read(&self.refusals),
            transitions: read(&self.transitions),
            opened: read(&self.opened),
            renewals: read(&self.renewals),
            tokens_rejected: read(&self.tokens_rejected),
        }
    }

    /// Counts what an event says.
    pub(super) fn note(&self, event: &Event) {
        match event {
            Event::Transition { from, to } => {
                count(&self.transitions);
                if (*from, *to) == (BreakerState::Closed, BreakerState::Open) {
                    count(&self.opened);
                }
            }
            Event::TokenFetched { .. } => count(&self.tokens_fetched),
            Event::AttemptFailed(_) => count(&self.failures),
            Event::TokenRefused(_) => count(&self.refusals),
            Event::CertificateRenewed { .. } => count(&self.renewals),
            _ => {}
        }
    }
}
