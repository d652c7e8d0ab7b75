//! CPU time, of this process' threads and of the server under test.

use super::number::float;
use std::time::Duration;

/// CPU time that the calling thread has used, and how long it waited for a CPU although it could have run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ThreadTime {
    pub(super) used: Duration,
    /// Linux tells; elsewhere this stays zero.
    pub(super) waited: Duration,
}

impl ThreadTime {
    pub(super) fn now() -> Self {
        let used = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Self { used: Duration::try_from(used).unwrap_or_default(), waited: run_queue_wait().unwrap_or_default() }
    }

    /// What was used since `earlier`.
    pub(super) fn since(self, earlier: Self) -> Self {
        Self { used: self.used.saturating_sub(earlier.used), waited: self.waited.saturating_sub(earlier.waited) }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.used += other.used;
        self.waited += other.waited;
    }
}

#[cfg(target_os = "linux")]
fn run_queue_wait() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    // Nanoseconds on the CPU, nanoseconds in the run queue, time slices.
    text.split_ascii_whitespace().nth(1)?.parse().ok().map(Duration::from_nanos)
}

#[cfg(not(target_os = "linux"))]
fn run_queue_wait() -> Option<Duration> {
    None
}

/// User and system time of all threads of process `pid` so far; `None` where it cannot be told.
#[cfg(target_os = "linux")]
pub(super) fn process_time(pid: u32) -> Option<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let ticks = ticks_of_stat(&text)?;
    let per_second = rustix::param::clock_ticks_per_second();
    (per_second > 0).then(|| Duration::from_secs_f64(float(ticks) / float(per_second)))
}

/// User and system time of all threads of process `pid` so far; `None` where it cannot be told.
#[cfg(not(target_os = "linux"))]
pub(super) fn process_time(_pid: u32) -> Option<Duration> {
    None
}

/// utime + stime of a `/proc/PID/stat` line, in clock ticks. The second field is the program's name in parentheses, and
/// may itself hold spaces and parentheses.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn ticks_of_stat(text: &str) -> Option<u64> {
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    user.checked_add(system)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_stat_line_is_read_behind_a_hostile_name() {
        let line = "42 (a) R 1 (b c) S 1 42 42 0 -1 4194560 100 0 0 0 1234 66 0 0 20 0 3 0 100 1 1";
        assert_eq!(ticks_of_stat(line), Some(1300));
        assert_eq!(ticks_of_stat("42 (x) S 1"), None);
        assert_eq!(ticks_of_stat(""), None);
    }

    proptest! {
        #[test]
        fn no_stat_line_panics(text in ".{0,200}") {
            let _ = ticks_of_stat(&text);
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn own_time_moves_with_work() {
        let before = ThreadTime::now();
        let mut sum = 0u64;
        while ThreadTime::now().since(before).used < Duration::from_millis(3) {
            sum = sum.wrapping_add(1);
        }
        assert!(sum > 0);
        assert!(process_time(std::process::id()).is_some());
        assert_eq!(process_time(u32::MAX), None);
    }
}
