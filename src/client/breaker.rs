//! The circuit breaker: a pure state machine. It reads no clock, draws no random number, sends nothing and wakes nobody;
//! whoever drives it does.
//!
//! ```text
//!            attempts failed, or the budget is used up
//!   closed ──────────────────────────────────────────────▶ open ◀──────────┐
//!     ▲                                                     │ probe is due  │
//!     │                                                     ▼               │
//!     └──────────── a token, or a refusal ────────────── half-open ─────────┘
//!                                                                 failed
//! ```
//! While it is closed, tokens are fetched when they are wanted. While it is open nobody waits for one, and one trial after
//! another (never two at once) finds out whether the authorization server is back.

use std::time::{Duration, Instant};

/// How long a refusal is doubted that comes right after an outage; see [`Breaker::refused`].
const DOUBT: Duration = Duration::from_millis(1_100);
/// An attempt that has not ended so long after its time limit hangs for good.
const OVERDUE: Duration = Duration::from_millis(250);
/// With less time than this an attempt is not worth to be begun.
const SHORTEST_ATTEMPT: Duration = Duration::from_millis(20);

/// What the breaker allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BreakerState {
    /// Tokens are fetched.
    Closed,
    /// The authorization server is away: certificates are used.
    Open,
    /// As open, and one trial is under way.
    HalfOpen,
}

impl BreakerState {
    /// `closed`, `open` or `half-open`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

impl std::fmt::Display for BreakerState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The breaker's numbers. The defaults are those of [`Policy::default`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// So many failed attempts in a row open it (at least 1; default 3).
    pub attempts: u32,
    /// It opens at the latest so long after the first of these attempts began, however many have failed (default 1.8 s:
    /// nine tenths of the budget of a call, so that a call learns of it before its own time is over).
    pub budget: Duration,
    /// The longest time for one attempt (default 1 s).
    pub attempt: Duration,
    /// Between two attempts lies a random time up to this, doubled with each failure (full jitter; default 100 ms).
    pub backoff: Duration,
    /// … but not longer than this (default 1 s).
    pub longest_backoff: Duration,
    /// While it is open, trials begin at a random time between three quarters of this and this after the one before
    /// (default 5 s). It does not grow, so that an authorization server that is back is noticed within this time.
    pub probe_interval: Duration,
    /// `Retry-After` of the authorization server is respected up to this time (default 60 s).
    pub longest_retry_after: Duration,
    /// A refusal is repeated to callers for a random time between three quarters of this and this (default 5 s).
    pub refusal: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            attempts: 3,
            budget: Duration::from_millis(1_800),
            attempt: Duration::from_secs(1),
            backoff: Duration::from_millis(100),
            longest_backoff: Duration::from_secs(1),
            probe_interval: Duration::from_secs(5),
            longest_retry_after: Duration::from_secs(60),
            refusal: Duration::from_secs(5),
        }
    }
}

/// What whoever drives the breaker has to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Try to get a token, for at most so long, and report with [`Breaker::succeeded`], [`Breaker::failed`] or
    /// [`Breaker::refused`]. Until then there is no other attempt.
    Attempt {
        /// The time limit.
        limit: Duration,
    },
    /// Nothing before that time (`None`: at all), unless a token becomes wanted.
    Wait(Option<Instant>),
}

/// What a call does that needs a credential now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// There is a token that can be used.
    UseToken,
    /// A token is being fetched: wait for it, but not beyond the call's budget.
    Wait,
    /// The authorization server is away: use the certificate at once.
    FallBack,
    /// It refused a moment ago: repeat that to the caller.
    Refused,
}

/// Whether a refusal is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is to be told to callers.
    Believed,
    /// It comes right after an outage: it is asked for once more first.
    Doubted,
}

/// The circuit breaker; see the [module](self).
#[derive(Debug, Clone)]
pub struct Breaker {
    policy: Policy,
    phase: Phase,
    running: Option<Running>,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Closed(Closed),
    Open { probe_at: Instant, doubting: bool },
    HalfOpen { doubting: bool },
}

#[derive(Debug, Clone, Copy, Default)]
struct Closed {
    wanted: bool,
    /// When a call first wanted one.
    wanted_since: Option<Instant>,
    /// Failed attempts in a row.
    failures: u32,
    /// No attempt before: backing off, or a refusal is held.
    not_before: Option<Instant>,
    /// By then it opens; set when the first of several attempts begins.
    opens_at: Option<Instant>,
    refused: bool,
    doubting: bool,
}

#[derive(Debug, Clone, Copy)]
struct Running {
    started: Instant,
    overdue_at: Instant,
}

impl Breaker {
    /// A closed one. Times are bounded to a day, so that none is beyond what can be added to an [`Instant`].
    pub fn new(policy: Policy) -> Self {
        let bounded = |time: Duration| time.min(Duration::from_secs(86_400));
        let policy = Policy {
            attempts: policy.attempts.max(1),
            budget: bounded(policy.budget),
            attempt: bounded(policy.attempt),
            backoff: bounded(policy.backoff),
            longest_backoff: bounded(policy.longest_backoff),
            probe_interval: bounded(policy.probe_interval),
            longest_retry_after: bounded(policy.longest_retry_after),
            refusal: bounded(policy.refusal),
        };
        Self { policy, phase: Phase::Closed(Closed::default()), running: None }
    }

    /// What it allows now.
    pub fn state(&self) -> BreakerState {
        match self.phase {
            Phase::Closed(_) => BreakerState::Closed,
            Phase::Open { .. } => BreakerState::Open,
            Phase::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// Whether an attempt is under way.
    pub fn is_attempting(&self) -> bool {
        self.running.is_some()
    }

    /// A token is wanted, for a call or because the present one is about to end.
    pub fn want(&mut self) {
        if let Phase::Closed(closed) = &mut self.phase {
            closed.wanted = true;
        }
    }

    /// What a call does that begins, or goes on waiting, `now`. `has_token`: whether there is one that can be used.
    ///
    /// It never makes the caller send anything.
    pub fn decide(&mut self, has_token: bool, now: Instant) -> Decision {
        if has_token {
            return Decision::UseToken;
        }
        self.check_overdue(now);
        match &mut self.phase {
            Phase::Open { .. } | Phase::HalfOpen { .. } => Decision::FallBack,
            Phase::Closed(closed) if closed.refused && closed.not_before.is_some_and(|end| now < end) => {
                Decision::Refused
            }
            Phase::Closed(closed) => {
                closed.wanted = true;
                let since = *closed.wanted_since.get_or_insert(now);
                // Whoever drives this is busy elsewhere, or gone.
                let neglected = self.running.is_none()
                    && closed.not_before.is_none_or(|end| end <= now)
                    && now.saturating_duration_since(since) >= self.policy.budget;
                if neglected {
                    self.phase = Phase::Open { probe_at: now, doubting: false };
                    return Decision::FallBack;
                }
                Decision::Wait
            }
        }
    }

    /// What is to be done `now`.
    pub fn next(&mut self, now: Instant) -> Command {
        self.check_overdue(now);
        if let Some(running) = self.running {
            return Command::Wait((now < running.overdue_at).then_some(running.overdue_at));
        }
        let policy = self.policy;
        let limit = match &mut self.phase {
            Phase::Closed(Closed { wanted: false, .. }) => return Command::Wait(None),
            Phase::Closed(Closed { not_before: Some(time), .. }) | Phase::Open { probe_at: time, .. }
                if now < *time =>
            {
                return Command::Wait(Some(*time));
            }
            Phase::Closed(closed) => {
                closed.refused = false;
                let opens_at = *closed.opens_at.get_or_insert(now + policy.budget);
                policy.attempt.min(opens_at.saturating_duration_since(now)).max(SHORTEST_ATTEMPT)
            }
            Phase::Open { doubting, .. } => {
                self.phase = Phase::HalfOpen { doubting: *doubting };
                policy.attempt
            }
            // Without an attempt there is no such state.
            Phase::HalfOpen { .. } => policy.attempt,
        };
        self.running = Some(Running { started: now, overdue_at: now + limit + OVERDUE });
        Command::Attempt { limit }
    }

    /// The attempt brought a token.
    pub fn succeeded(&mut self) {
        self.running = None;
        self.phase = Phase::Closed(Closed::default());
    }

    /// The attempt failed at `now`: no answer, or none that a working authorization server gives. `retry_after` is what it
    /// asked for, `random` any number.
    pub fn failed(&mut self, retry_after: Option<Duration>, now: Instant, random: u64) {
        let started = self.running.take().map_or(now, |running| running.started);
        let retry_after = retry_after.unwrap_or_default().min(self.policy.longest_retry_after);
        match self.phase {
            Phase::Closed(mut closed) => {
                closed.failures = closed.failures.saturating_add(1);
                closed.doubting = false;
                let delay = self.backoff(closed.failures, random).max(retry_after);
                match closed.opens_at {
                    Some(end) if closed.failures < self.policy.attempts && now + delay + SHORTEST_ATTEMPT < end => {
                        closed.not_before = Some(now + delay);
                        self.phase = Phase::Closed(closed);
                    }
                    _ => self.open(started, retry_after, now, random),
                }
            }
            // Open: it was overdue.
            Phase::HalfOpen { .. } | Phase::Open { .. } => self.open(started, retry_after, now, random),
        }
    }

    /// The attempt was refused at `now`: the authorization server works, and said no. That is no outage: it closes.
    ///
    /// An authorization server that has just come back refuses assertions that were made in the second of its start, since
    /// it cannot know whether it has seen them before. So right after a failure a refusal is believed only if it is
    /// repeated a good second later.
    pub fn refused(&mut self, now: Instant, random: u64) -> Verdict {
        self.running = None;
        let again_at = now + DOUBT;
        match self.phase {
            Phase::Open { doubting: false, .. } | Phase::HalfOpen { doubting: false } => {
                self.phase = Phase::Open { probe_at: again_at, doubting: true };
                return Verdict::Doubted;
            }
            Phase::Closed(closed) if closed.failures > 0 && !closed.doubting => {
                self.phase = match closed.opens_at {
                    Some(end) if again_at + SHORTEST_ATTEMPT < end => {
                        Phase::Closed(Closed { not_before: Some(again_at), doubting: true, ..closed })
                    }
                    _ => Phase::Open { probe_at: again_at, doubting: true },
                };
                return Verdict::Doubted;
            }
            _ => {}
        }
        let not_before = Some(now + jittered(self.policy.refusal, random));
        self.phase = Phase::Closed(Closed { refused: true, not_before, ..Closed::default() });
        Verdict::Believed
    }

    /// The next trial begins within the interval after `since`, when the attempt that failed began: the authorization server
    /// may be back since then. Or when it wants to be asked again.
    fn open(&mut self, since: Instant, retry_after: Duration, now: Instant, random: u64) {
        let probe_at = since + jittered(self.policy.probe_interval, random);
        // A trial that takes longer than the interval is not followed by the next at once.
        let earliest = now + retry_after.max(self.policy.probe_interval / 10);
        self.phase = Phase::Open { probe_at: probe_at.max(earliest), doubting: false };
    }

    /// An attempt that does not end in spite of its time limit is an outage. It still counts as under way.
    fn check_overdue(&mut self, now: Instant) {
        if self.running.is_some_and(|running| now >= running.overdue_at) && !matches!(self.phase, Phase::Open { .. }) {
            self.phase = Phase::Open { probe_at: now, doubting: false };
        }
    }

    /// Exponential, with full jitter.
    fn backoff(&self, failures: u32, random: u64) -> Duration {
        let factor = 1u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        let longest = self.policy.backoff.saturating_mul(factor).min(self.policy.longest_backoff);
        fraction(longest, random)
    }
}

/// From three quarters of `duration` to all of it.
pub(super) fn jittered(duration: Duration, random: u64) -> Duration {
    duration - fraction(duration / 4, random)
}

/// `duration` × `random` / 2^64.
fn fraction(duration: Duration, random: u64) -> Duration {
    let nanos = duration.as_nanos().saturating_mul(u128::from(random)) >> 64;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
