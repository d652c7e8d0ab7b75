//! What happened when, besides requests: the caller's circuit breaker, and the authority's going and coming.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A breaker that flutters must not fill the memory.
const MOST_TRANSITIONS: usize = 10_000;

/// The state of the caller's circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Circuit {
    /// Requests carry tokens.
    Closed,
    /// Requests carry certificates.
    Open,
    /// One token is tried.
    HalfOpen,
}

impl Circuit {
    /// The word in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

impl fmt::Display for Circuit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A change of the circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transition {
    /// When, after the begin of the run.
    pub at: Duration,
    /// To which state.
    pub to: Circuit,
}

/// Takes note of the circuit breaker's changes, from any thread. Clones write the same journal.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    transitions: Arc<Mutex<Vec<(Instant, Circuit)>>>,
}

impl Journal {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that the breaker is now in this state. After 10,000 changes nothing more is noted.
    pub fn note(&self, to: Circuit) {
        let mut transitions = self.transitions.lock().unwrap_or_else(PoisonError::into_inner);
        if transitions.len() < MOST_TRANSITIONS {
            transitions.push((Instant::now(), to));
        }
    }

    /// What was noted from `begin` on.
    pub(super) fn since(&self, begin: Instant) -> Vec<Transition> {
        let transitions = self.transitions.lock().unwrap_or_else(PoisonError::into_inner);
        let after = |at: Instant| at.checked_duration_since(begin);
        transitions.iter().filter_map(|(at, to)| Some(Transition { at: after(*at)?, to: *to })).collect()
    }
}

/// When the authority went and came, after the begin of the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Marks {
    /// It began to be taken away.
    pub outage: Option<Duration>,
    /// It began to be brought back.
    pub restored: Option<Duration>,
    /// It said that it was ready again.
    pub ready: Option<Duration>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_tells_what_happened_since() {
        let journal = Journal::new();
        journal.note(Circuit::Open);
        std::thread::sleep(Duration::from_millis(2));
        let begin = Instant::now();
        journal.clone().note(Circuit::HalfOpen);
        journal.note(Circuit::Closed);
        let states: Vec<_> = journal.since(begin).into_iter().map(|transition| transition.to).collect();
        assert_eq!(states, [Circuit::HalfOpen, Circuit::Closed]);
    }

    #[test]
    fn it_is_bounded() {
        let journal = Journal::new();
        let begin = Instant::now();
        for _ in 0..MOST_TRANSITIONS + 5 {
            journal.note(Circuit::Open);
        }
        assert_eq!(journal.since(begin).len(), MOST_TRANSITIONS);
    }
}
