//! CPU time, of this process' threads and of the server under test.

use crate::{
    number::float,
    procfs::{Stat, clock_ticks, stolen_ticks},
};
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
        Self { used: thread_cpu(), waited: run_queue_wait().unwrap_or_default() }
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

/// CPU time that the calling thread has used.
pub(super) fn thread_cpu() -> Duration {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(used).unwrap_or_default()
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

/// CPU time of a process so far, all threads, user and system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProcessTime {
    /// In steps of 10 ms, threads that ended included.
    ticks: Duration,
    /// In nanoseconds, of the threads that are alive.
    alive: Option<Duration>,
}

impl ProcessTime {
    /// Reads the clocks of process `pid`; `None` where they cannot be read (another system than Linux, no such process).
    pub(super) fn of(pid: u32) -> Option<Self> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let ticks = clock_ticks(Stat::parse(&text)?.cpu_ticks)?;
        Some(Self { ticks, alive: time_of_tasks(pid) })
    }

    /// What was used since `earlier`: in nanoseconds, unless a thread ended in between and took its count along. That
    /// shows as a difference beyond the rounding of the ticks.
    pub(super) fn since(self, earlier: Self) -> Duration {
        const ROUNDING: Duration = Duration::from_millis(40);
        let ticks = self.ticks.saturating_sub(earlier.ticks);
        let alive = self.alive.zip(earlier.alive).and_then(|(after, before)| after.checked_sub(before));
        alive.filter(|alive| alive.abs_diff(ticks) <= ROUNDING).unwrap_or(ticks)
    }
}

/// The sum of the tasks' `schedstat`. A task that ends while it is read counts as nothing.
fn time_of_tasks(pid: u32) -> Option<Duration> {
    let mut sum = Duration::ZERO;
    for task in std::fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        let Ok(text) = std::fs::read_to_string(task.ok()?.path().join("schedstat")) else { continue };
        sum += Duration::from_nanos(text.split_ascii_whitespace().next()?.parse().ok()?);
    }
    (!sum.is_zero()).then_some(sum)
}

/// CPU time of the whole machine, over any number of stretches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Machine {
    stolen: u64,
    all: u64,
}

impl Machine {
    /// The clocks as they stand; `None` where the system does not tell.
    pub(super) fn now() -> Option<Self> {
        let (stolen, all) = stolen_ticks(&std::fs::read_to_string("/proc/stat").ok()?)?;
        Some(Self { stolen, all })
    }

    /// Adds the time from `earlier` to `later`.
    pub(super) fn add(&mut self, earlier: Option<Self>, later: Option<Self>) {
        if let Some((earlier, later)) = earlier.zip(later) {
            self.stolen += later.stolen.saturating_sub(earlier.stolen);
            self.all += later.all.saturating_sub(earlier.all);
        }
    }

    /// The part of it that a hypervisor gave to others, 0 to 1.
    pub(super) fn steal(self) -> Option<f64> {
        (self.all > 0).then(|| (float(self.stolen) / float(self.all)).min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stolen_time_is_a_part_of_the_stretches_that_were_added() {
        let at = |stolen, all| Some(Machine { stolen, all });
        let mut machine = Machine::default();
        assert_eq!(machine.steal(), None);
        machine.add(at(10, 1_000), at(20, 1_100));
        machine.add(None, at(90, 9_000));
        machine.add(at(90, 9_000), at(90, 9_100));
        assert_eq!(machine.steal(), Some(0.05));
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
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_time_of_a_process_is_finer_than_ticks() {
        let own = || ProcessTime::of(std::process::id()).unwrap();
        let (before, start) = (own(), ThreadTime::now());
        while ThreadTime::now().since(start).used < Duration::from_millis(30) {}
        // Other tests run in this process too, so only a lower bound holds; the kernel's count lags by a few ms.
        assert!(own().since(before) >= Duration::from_millis(15));
        assert_eq!(ProcessTime::of(u32::MAX), None);
    }

    #[test]
    fn a_thread_that_ended_makes_the_ticks_count() {
        let ms = Duration::from_millis;
        let at = |ticks, alive: Option<u64>| ProcessTime { ticks: ms(ticks), alive: alive.map(ms) };
        assert_eq!(at(150, Some(157)).since(at(100, Some(104))), ms(53));
        assert_eq!(at(250, Some(107)).since(at(100, Some(104))), ms(150));
        assert_eq!(at(250, Some(90)).since(at(100, Some(104))), ms(150));
        assert_eq!(at(250, None).since(at(100, None)), ms(150));
    }
}
