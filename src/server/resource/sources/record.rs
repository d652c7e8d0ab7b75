//! What became of the readings of one source: counted for the metrics, and said in the log when something changes.

use super::fetch::FetchError;
use crate::{
    crl::{CrlError, CrlNumber},
    server::metrics::Counter,
};
use jiff::Timestamp;
use std::sync::atomic::{AtomicI64, Ordering};

/// What a source has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Kind {
    Crl,
    Jwks,
}

impl Kind {
    pub(in super::super) const fn label(self) -> &'static str {
        match self {
            Self::Crl => "crl",
            Self::Jwks => "jwks",
        }
    }

    /// In a message.
    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::Crl => "revocation list",
            Self::Jwks => "set of token keys",
        }
    }
}

/// The counts of one source.
#[derive(Debug)]
pub(in super::super) struct Record {
    pub(in super::super) kind: Kind,
    /// The URL or path, as it was configured.
    pub(in super::super) name: String,
    pub(in super::super) changed: Counter,
    pub(in super::super) unchanged: Counter,
    pub(in super::super) failed: Counter,
    /// In milliseconds since 1970; 0 for never.
    last_success: AtomicI64,
}

impl Record {
    pub(in super::super) fn new(kind: Kind, name: String) -> Self {
        let (changed, unchanged, failed) = Default::default();
        Self { kind, name, changed, unchanged, failed, last_success: AtomicI64::new(0) }
    }

    /// Notes that what is in use is what the source has.
    pub(in super::super) fn confirm(&self, now: Timestamp) {
        self.last_success.store(now.as_millisecond(), Ordering::Relaxed);
    }

    /// Counts a success.
    pub(in super::super) fn succeeded(&self, changed: bool, now: Timestamp) {
        if changed { &self.changed } else { &self.unchanged }.increment();
        self.confirm(now);
    }

    /// When what is in use was last known to be what the source has.
    pub(in super::super) fn last_success(&self) -> Option<Timestamp> {
        let millis = self.last_success.load(Ordering::Relaxed);
        if millis == 0 { None } else { Timestamp::from_millisecond(millis).ok() }
    }
}

/// What the log has been told of a source that fails. Without it an outage would be told with every interval.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    /// A bit for every kind of failure since the last success.
    told: u32,
    /// The old list that was complained about last: a cache that has it beside the new one is no news each time.
    older: Option<CrlNumber>,
    /// Whether the end of the failures is worth a line.
    failing: bool,
}

impl Complaints {
    /// Whether this failure is worth a line.
    pub(super) fn failed(&mut self, error: &FetchError) -> bool {
        if let FetchError::List(CrlError::Older { offered, .. }) = error {
            return self.older.replace(*offered) != Some(*offered);
        }
        let bit = 1u32.checked_shl(error.kind()).unwrap_or_default();
        let news = self.told & bit == 0;
        self.told |= bit;
        self.failing = true;
        news
    }

    /// Whether the last attempt failed.
    pub(super) fn is_failing(&self) -> bool {
        self.failing
    }

    /// Whether this success is worth a line.
    pub(super) fn succeeded(&mut self) -> bool {
        self.told = 0;
        std::mem::take(&mut self.failing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    #[test]
    fn an_outage_is_told_once_and_so_is_its_end() {
        let mut log = Complaints::default();
        assert!(!log.succeeded());
        let status = || FetchError::Status(StatusCode::BAD_GATEWAY);
        assert!(log.failed(&status()));
        assert!(!log.failed(&status()));
        assert!(log.failed(&FetchError::Encoded), "another cause");
        assert!(!log.failed(&status()), "to and fro");
        assert!(log.succeeded());
        assert!(!log.succeeded());
        assert!(log.failed(&status()), "the next outage");
    }

    #[test]
    fn an_old_list_that_comes_and_goes_is_told_once() {
        let mut log = Complaints::default();
        let older = |n: u64| FetchError::List(CrlError::Older { offered: n.into(), kept: 9.into() });
        assert!(log.failed(&older(4)));
        assert!(!log.succeeded());
        assert!(!log.failed(&older(4)));
        assert!(log.failed(&older(5)));
    }
}
