//! How old a list is, and what that means.

use super::RevocationList;
use crate::error::Rejection;
use jiff::{SignedDuration, Timestamp};

/// How far ahead of ours an issuer's clock may be before its list counts as not yet issued.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Whether a list is current at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Between `thisUpdate` and `nextUpdate`.
    Current,
    /// `nextUpdate` has passed.
    Stale {
        /// Since when.
        since: Timestamp,
    },
    /// `thisUpdate` lies in the future, by more than clocks differ.
    NotYetValid {
        /// From when on it holds.
        from: Timestamp,
    },
}

/// What happens to requests once the list's `nextUpdate` has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StalePolicy {
    /// They are refused.
    #[default]
    FailClosed,
    /// The old list is used for this long, then they are refused.
    Grace(SignedDuration),
    /// The old list is used.
    FailOpen,
}

impl StalePolicy {
    /// The policy's name on the command line and in the answers' header, without the grace period.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FailClosed => "fail-closed",
            Self::Grace(_) => "grace",
            Self::FailOpen => "fail-open",
        }
    }

    /// Whether a list of this age may be used, and if so whether it is only this policy that allows it.
    ///
    /// # Errors
    /// [`Rejection::RevocationUnknown`].
    pub fn judge(self, freshness: Freshness, now: Timestamp) -> Result<Staleness, Rejection> {
        let since = match freshness {
            Freshness::Current => return Ok(Staleness::Current),
            Freshness::NotYetValid { from } => {
                let text = format!("the revocation list is valid from {from} on (checked for {now})");
                return Err(Rejection::RevocationUnknown(text.into()));
            }
            Freshness::Stale { since } => since,
        };
        let tolerated = match self {
            Self::FailClosed => false,
            Self::Grace(period) => now.duration_since(since) < period,
            Self::FailOpen => true,
        };
        if tolerated {
            return Ok(Staleness::Tolerated { since, policy: self });
        }
        let text = format!("the next revocation list was due at {since} (checked for {now}; policy {})", self.name());
        Err(Rejection::RevocationUnknown(text.into()))
    }
}

/// With what right the lists that were asked were used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Staleness {
    /// They were all current.
    Current,
    /// At least one was stale, and this policy let it be used: to be said in the answer and in the log.
    Tolerated {
        /// Since when the oldest of them is stale.
        since: Timestamp,
        /// The policy that applied.
        policy: StalePolicy,
    },
}

impl Staleness {
    /// The worse of two.
    pub fn max(self, other: Self) -> Self {
        match (self, other) {
            (Self::Current, other) => other,
            (this, Self::Current) => this,
            (Self::Tolerated { since: a, .. }, Self::Tolerated { since: b, .. }) => {
                if b < a {
                    other
                } else {
                    self
                }
            }
        }
    }
}

impl RevocationList {
    /// How the list stands at this time. At `nextUpdate` itself it is stale.
    pub fn freshness(&self, now: Timestamp) -> Freshness {
        if now >= self.next_update() {
            Freshness::Stale { since: self.next_update() }
        } else if self.this_update().duration_since(now) > SKEW {
            Freshness::NotYetValid { from: self.this_update() }
        } else {
            Freshness::Current
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn what_each_policy_does_with_a_stale_list() {
        let stale = Freshness::Stale { since: t(1000) };
        let grace = StalePolicy::Grace(SignedDuration::from_secs(60));
        for policy in [StalePolicy::FailClosed, grace, StalePolicy::FailOpen] {
            assert_eq!(policy.judge(Freshness::Current, t(0)).unwrap(), Staleness::Current);
            assert!(policy.judge(Freshness::NotYetValid { from: t(9) }, t(0)).is_err());
        }
        let reason = StalePolicy::default().judge(stale, t(1000)).unwrap_err().reason();
        assert_eq!(reason.as_str(), "revocation_unknown");
        let tolerated = |policy| Staleness::Tolerated { since: t(1000), policy };
        assert_eq!(grace.judge(stale, t(1059)).unwrap(), tolerated(grace));
        assert!(grace.judge(stale, t(1060)).is_err());
        assert_eq!(StalePolicy::FailOpen.judge(stale, t(1 << 30)).unwrap(), tolerated(StalePolicy::FailOpen));
    }

    #[test]
    fn the_oldest_list_is_the_one_to_tell_of() {
        let policy = StalePolicy::FailOpen;
        let (old, older) = (Staleness::Tolerated { since: t(2), policy }, Staleness::Tolerated { since: t(1), policy });
        assert_eq!(old.max(older), older);
        assert_eq!(older.max(old), older);
        assert_eq!(Staleness::Current.max(old), old);
        assert_eq!(old.max(Staleness::Current), old);
    }
}
