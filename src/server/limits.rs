//! The bounds of what peers can take.

use super::METRICS_CONNECTIONS;
use crate::{number, rlimit};
use std::time::Duration;

/// Descriptors that are kept from the public listener besides, for reading lists and for turning connections away.
const SPARE_DESCRIPTORS: u64 = 16;

/// The bounds of what one peer, and all of them together, can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of request line and header fields. More is answered with 431.
    pub max_head: usize,
    /// Bytes of a request's body. More is answered with 413.
    pub max_body: usize,
    /// Open connections; fewer where the limit on file descriptors leaves no room for them. Past them a new one takes the
    /// place of one that keeps it waiting (see `docs/attacks.md`), or gets 503 and is closed.
    pub max_connections: usize,
    /// From a request's first byte (or from the connection's start) to the end of its headers.
    pub header_timeout: Duration,
    /// For the whole body of a request, and between any two pieces of an answer that the peer takes.
    pub body_timeout: Duration,
    /// Between requests on one connection.
    pub idle_timeout: Duration,
    /// For open requests once the server is told to stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_head: 64 * 1024,
            max_body: 1024 * 1024,
            max_connections: 10_000,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            drain: Duration::from_secs(10),
        }
    }
}

impl Limits {
    /// A flood of public connections must not take the last descriptors: a listener for metrics has its share.
    pub(super) fn leave_descriptors(self) -> Self {
        let limit = rlimit::fd_limit();
        let aside = SPARE_DESCRIPTORS.saturating_add(number::count(METRICS_CONNECTIONS));
        // Less than half of them: with very few descriptors there is no room for everything.
        let left = limit.saturating_sub(aside).max(limit / 2);
        Self { max_connections: self.max_connections.min(number::length(left)), ..self }
    }
}
