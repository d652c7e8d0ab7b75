//! Who makes room when the server is full: the connection that has kept it waiting for the longest.
//!
//! Connections cost an attacker nothing. A server that only turned newcomers away when it is full could be closed to
//! everybody by whoever fills it first, for as long as an incomplete request may take. So a newcomer takes the place of
//! another one. First those go who were never let in and owe a request, in the order in which they came; then those who
//! were never let in and have been in one request for a while (a body that does not end); last the idle connections of
//! clients that were let in before. Nobody is sent away in the middle of a request that is getting on.

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
        for _ in 0..LOOK_AT.min(self.strangers.len()) {
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
                Doing::Request(since) if since >= LONG_REQUEST => return Some(guest),
                Doing::Request(_) => self.strangers.push_back(guest),
            }
        }
        None
    }

    fn idle_known(&mut self) -> Option<Guest> {
        for _ in 0..LOOK_AT.min(self.known.len()) {
            let guest = self.known.pop_front()?;
            match guest.phase.doing() {
                _ if !guest.is_open() => {}
                Doing::Waiting(since) if since >= LONG_PAUSE => return Some(guest),
                _ => self.known.push_back(guest),
            }
        }
        None
    }
}

impl Guest {
    fn is_open(&self) -> bool {
        !self.task.is_finished()
    }
}
