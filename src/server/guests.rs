//! Who makes room when the server is full: the connection that has kept it waiting for the longest.
//!
//! Connections cost an attacker nothing. A server that only turned newcomers away when it is full could be closed to
//! everybody by whoever fills it first, for as long as an incomplete request may take. So a newcomer takes the place of
//! another connection. First those go that were never let in, in the order in which they came, unless they began a request
//! less than a second ago; then those that were let in before, and are idle. Nobody is sent away in the middle of a request
//! that is getting on.

use super::connection::{Doing, Phase};
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::task::AbortHandle;

/// What a request takes at most, unless its body is slow. A busy server must not give up what it has begun.
const LONG_REQUEST: Duration = Duration::from_secs(1);
/// A client that calls more often than this keeps its connection.
const LONG_PAUSE: Duration = Duration::from_secs(5);
/// How many are looked at before a newcomer is turned away instead: some microseconds.
const LOOK_AT: usize = 128;
/// As many connections as may have ended without being forgotten, beyond a quarter of the open ones.
const SLACK: usize = 64;

/// The open connections, in about the order of their arrival. Only the accept loop has it, so it needs no lock.
#[derive(Default)]
pub(super) struct Guests {
    /// Who was not let in so far.
    strangers: VecDeque<Guest>,
    /// Who was.
    known: VecDeque<Guest>,
    /// How many entries there may be before those that ended are looked for.
    sweep_at: usize,
}

/// One connection.
pub(super) struct Guest {
    /// Ends it.
    pub(super) task: AbortHandle,
    /// Tells what it is doing.
    pub(super) phase: Arc<Phase>,
}

impl Guests {
    /// Takes note of a new one.
    pub(super) fn admit(&mut self, guest: Guest) {
        if self.len() >= self.sweep_at {
            self.strangers.retain(Guest::is_open);
            self.known.retain(Guest::is_open);
            self.sweep_at = self.len() + self.len() / 4 + SLACK;
        }
        self.strangers.push_back(guest);
    }

    fn len(&self) -> usize {
        self.strangers.len() + self.known.len()
    }

    /// Ends one connection, if there is one that may be ended. Its place is free a moment later.
    pub(super) fn evict(&mut self) -> bool {
        let victim = self.oldest_stranger().or_else(|| self.idle_known());
        if let Some(guest) = &victim {
            guest.task.abort();
        }
        victim.is_some()
    }

    fn oldest_stranger(&mut self) -> Option<Guest> {
        let mut looked_at = 0;
        while looked_at < LOOK_AT.min(self.strangers.len()) {
            let guest = self.strangers.pop_front()?;
            if !guest.is_open() {
                continue;
            }
            if guest.phase.is_known() {
                self.known.push_back(guest);
                continue;
            }
            match guest.phase.doing() {
                Doing::Waiting(_) => return Some(guest),
                Doing::Request(lasted) if lasted >= LONG_REQUEST => return Some(guest),
                Doing::Request(_) => self.strangers.push_back(guest),
            }
            looked_at += 1;
        }
        None
    }

    fn idle_known(&mut self) -> Option<Guest> {
        let mut looked_at = 0;
        while looked_at < LOOK_AT.min(self.known.len()) {
            let guest = self.known.pop_front()?;
            if !guest.is_open() {
                continue;
            }
            match guest.phase.doing() {
                Doing::Waiting(lasted) if lasted >= LONG_PAUSE => return Some(guest),
                _ => self.known.push_back(guest),
            }
            looked_at += 1;
        }
        None
    }
}

impl Guest {
    fn is_open(&self) -> bool {
        !self.task.is_finished()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{runtime::Runtime, task::JoinHandle};

    struct Inn {
        runtime: Runtime,
        guests: Guests,
    }

    impl Inn {
        fn new() -> Self {
            Self { runtime: tokio::runtime::Builder::new_current_thread().build().unwrap(), guests: Guests::default() }
        }

        fn admit(&mut self) -> (JoinHandle<()>, Arc<Phase>) {
            let (task, phase) = (self.runtime.spawn(std::future::pending()), Arc::new(Phase::new()));
            self.guests.admit(Guest { task: task.abort_handle(), phase: Arc::clone(&phase) });
            (task, phase)
        }

        /// Lets aborted tasks end.
        fn settle(&self) {
            self.runtime.block_on(async {
                for _ in 0..4 {
                    tokio::task::yield_now().await;
                }
            });
        }

        fn end(&self, task: JoinHandle<()>) {
            task.abort();
            assert!(self.runtime.block_on(task).unwrap_err().is_cancelled());
        }
    }

    #[test]
    fn the_oldest_stranger_goes_first_and_requests_go_on() {
        let mut inn = Inn::new();
        let (known, phase) = inn.admit();
        phase.let_in();
        let (busy, phase) = inn.admit();
        phase.begin();
        let (older, _) = inn.admit();
        let (newer, _) = inn.admit();
        assert!(inn.guests.evict());
        inn.settle();
        assert!(older.is_finished() && !newer.is_finished());
        assert!(inn.guests.evict());
        inn.settle();
        assert!(newer.is_finished());
        // What is left was let in a moment ago, or is at work.
        assert!(!inn.guests.evict());
        inn.settle();
        assert!(!known.is_finished() && !busy.is_finished());
        std::thread::sleep(LONG_REQUEST);
        assert!(inn.guests.evict());
        inn.settle();
        assert!(busy.is_finished() && !known.is_finished());
    }

    #[test]
    fn those_that_ended_neither_pile_up_nor_hide_others() {
        let mut inn = Inn::new();
        let mut most = 0;
        for _ in 0..5000 {
            let (task, _) = inn.admit();
            inn.end(task);
            most = most.max(inn.guests.len());
        }
        assert!(most <= SLACK + 1, "{most}");
        let ended: Vec<_> = (0..1000).map(|_| inn.admit().0).collect();
        let (last, _) = inn.admit();
        ended.into_iter().for_each(|task| inn.end(task));
        assert!(inn.guests.evict());
        inn.settle();
        assert!(last.is_finished());
        assert!(!inn.guests.evict());
        assert_eq!(inn.guests.len(), 0);
    }

    #[test]
    fn a_search_is_short_however_many_are_at_work() {
        let mut inn = Inn::new();
        for _ in 0..1000 {
            inn.admit().1.begin();
        }
        let (last, _) = inn.admit();
        let tries = (0..20).position(|_| inn.guests.evict()).unwrap();
        assert_eq!(tries, 1000 / LOOK_AT);
        assert!(inn.runtime.block_on(last).unwrap_err().is_cancelled());
    }
}
