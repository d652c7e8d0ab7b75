//! When a server is taken for gone.

use super::super::{plan::Plan, statistics::Tally};
use std::time::Duration;

/// How long a server has answered nothing. Times are of its lane's own clock, which stands still while others are measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Silence {
    answered: Duration,
    since: Option<Duration>,
    /// Whether something else happened than failures to connect.
    connected: bool,
}

impl Silence {
    /// Notes what happened from `from` to `to`, and says whether the server is gone.
    pub(super) fn note(&mut self, plan: &Plan, from: Duration, to: Duration, tally: &Tally) -> bool {
        if tally.answered() > 0 {
            *self = Self { answered: to, since: None, connected: false };
            return false;
        }
        if tally.failed() == 0 {
            return false;
        }
        // Nobody listening is certain; else every request deserves its timeout, and waited for it before it failed.
        self.connected |= !tally.errors.keys().all(|word| word.starts_with("connect"));
        let (waited, patience) = match self.connected {
            true => (plan.timeout, plan.patience.max(plan.timeout)),
            false => (Duration::ZERO, plan.patience),
        };
        let since = *self.since.get_or_insert(from.saturating_sub(waited).max(self.answered));
        to.saturating_sub(since) >= patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Stop;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn plan() -> Plan {
        Plan { patience: S(5), timeout: S(20), ..Plan::new(Stop::Requests(1)) }
    }

    fn failed(word: &'static str) -> Tally {
        Tally { errors: [(word, 1)].into(), ..Tally::default() }
    }

    fn answered() -> Tally {
        let mut tally = failed("timeout");
        tally.latencies.record(S(1));
        tally
    }

    #[test]
    fn nobody_listening_for_the_patience_is_gone() {
        let (plan, mut silence) = (plan(), Silence::default());
        assert!(!silence.note(&plan, S(0), S(1), &answered()));
        for second in 1..6 {
            assert_eq!(silence.note(&plan, S(second), S(second + 1), &failed("connect: refused")), second == 5);
        }
        assert!(!silence.note(&plan, S(6), S(7), &answered()));
        assert_eq!(silence.since, None);
    }

    #[test]
    fn timeouts_have_waited_already() {
        let (plan, mut silence) = (plan(), Silence::default());
        assert!(!silence.note(&plan, S(0), S(10), &answered()));
        assert!(!silence.note(&plan, S(10), S(11), &Tally::default()));
        assert!(silence.note(&plan, S(29), S(30), &failed("timeout")));
    }

    #[test]
    fn a_slow_schedule_is_no_silence() {
        let (plan, mut silence) = (plan(), Silence::default());
        assert!(!silence.note(&plan, S(0), S(100), &Tally::default()));
        assert!(!silence.note(&plan, S(100), S(101), &failed("connect: refused")));
        assert!(!silence.note(&plan, S(101), S(200), &answered()));
    }
}
