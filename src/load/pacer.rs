//! When the next request starts: one function, elapsed time and requests sent in, a wait or a stop out.

use std::time::Duration;

/// What a worker does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Send now.
    Now,
    /// Nothing is due for this long; ask again then.
    Wait(Duration),
    /// Send nothing more. Requests under way are still awaited and counted.
    Stop,
}

/// A schedule. It holds no state and reads no clock, so that a whole run can be checked with a table of numbers.
pub trait Pacer: Send + Sync {
    /// Decides about the next request, `elapsed` after the start of the block, in which the worker that asks has started
    /// `sent` requests so far. Must not block: it is called before every request.
    fn pace(&self, elapsed: Duration, sent: u64) -> Pace;
}

/// Every connection sends its next request as soon as the last one came back, until the time is over. Tells capacity;
/// says nothing about what users feel when requests arrive no matter how the server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedLoop {
    /// No request starts at or after this.
    pub stop_after: Duration,
}

impl Pacer for ClosedLoop {
    fn pace(&self, elapsed: Duration, _sent: u64) -> Pace {
        if elapsed < self.stop_after { Pace::Now } else { Pace::Stop }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_loop_sends_until_the_time_is_over() {
        let pacer = ClosedLoop { stop_after: Duration::from_millis(100) };
        for sent in [0, 1, u64::MAX] {
            assert_eq!(pacer.pace(Duration::ZERO, sent), Pace::Now);
            assert_eq!(pacer.pace(Duration::from_micros(99_999), sent), Pace::Now);
            assert_eq!(pacer.pace(Duration::from_millis(100), sent), Pace::Stop);
            assert_eq!(pacer.pace(Duration::MAX, sent), Pace::Stop);
        }
    }
}
