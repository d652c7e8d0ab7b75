//! What Linux tells about a process under `/proc`; other systems tell nothing here.

use crate::number::float;
use std::time::Duration;

/// The fields of a `/proc/PID/stat` line that are of use (proc_pid_stat(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat {
    /// utime + stime, in clock ticks.
    pub(crate) cpu_ticks: u64,
    /// Clock ticks from the system's start to the process'.
    pub(crate) start_ticks: u64,
    /// Virtual memory in bytes.
    pub(crate) virtual_bytes: u64,
    /// Resident memory in pages.
    pub(crate) resident_pages: u64,
}

impl Stat {
    /// Reads a line. The second field is the program's name in parentheses, and may itself hold spaces and parentheses.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let (_, fields) = line.rsplit_once(')')?;
        // The first of these is field 3, the state.
        let mut fields = fields.split_ascii_whitespace().skip(14 - 3);
        let mut next = |skipped: usize| fields.nth(skipped)?.parse::<u64>().ok();
        let (user, system) = (next(0)?, next(0)?);
        Some(Self {
            cpu_ticks: user.checked_add(system)?,
            start_ticks: next(22 - 16)?,
            virtual_bytes: next(0)?,
            resident_pages: next(0)?,
        })
    }
}

/// When the system was started, in seconds since 1970: the `btime` line of `/proc/stat`.
pub(crate) fn boot_time(stat: &str) -> Option<u64> {
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

/// CPU time of the whole machine so far, in clock ticks: what a hypervisor gave to others, and all of it, from the first
/// line of `/proc/stat` (proc_stat(5)). Guests are counted as user time there already.
pub(crate) fn stolen_ticks(stat: &str) -> Option<(u64, u64)> {
    let mut fields = stat.lines().next()?.strip_prefix("cpu ")?.split_ascii_whitespace();
    // user, nice, system, idle, iowait, irq, softirq, steal
    let (mut all, mut last) = (0u64, 0);
    for _ in 0..8 {
        last = fields.next()?.parse().ok()?;
        all = all.checked_add(last)?;
    }
    Some((last, all))
}

/// Clock ticks as a time.
#[cfg(target_os = "linux")]
pub(crate) fn clock_ticks(ticks: u64) -> Option<Duration> {
    let per_second = rustix::param::clock_ticks_per_second();
    (per_second > 0).then(|| Duration::try_from_secs_f64(float(ticks) / float(per_second)).ok())?
}

/// Clock ticks as a time.
#[cfg(not(target_os = "linux"))]
pub(crate) fn clock_ticks(_: u64) -> Option<Duration> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LINE: &str = "42 (a) R 1 (b c) S 1 42 42 0 -1 4194560 100 0 0 0 1234 66 0 0 20 0 3 0 100 4096000 250 \
        18446744073709551615 1 1";

    #[test]
    fn the_stat_line_is_read_behind_a_hostile_name() {
        let wanted = Stat { cpu_ticks: 1300, start_ticks: 100, virtual_bytes: 4_096_000, resident_pages: 250 };
        assert_eq!(Stat::parse(LINE), Some(wanted));
        assert_eq!(Stat::parse("42 (x) S 1"), None);
        assert_eq!(Stat::parse(""), None);
    }

    #[test]
    fn the_time_of_boot_is_a_line_of_its_own() {
        assert_eq!(boot_time("cpu 1 2\nbtime 1700000000\nprocesses 5\n"), Some(1_700_000_000));
        assert_eq!(boot_time("xbtime 1\nbtime x"), None);
    }

    #[test]
    fn stolen_time_is_the_eighth_number() {
        assert_eq!(stolen_ticks("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\n"), Some((8, 36)));
        assert_eq!(stolen_ticks("cpu  1 2 3 4 5 6 7\n"), None);
        assert_eq!(stolen_ticks("cpu0 1 2 3 4 5 6 7 8 9 10\n"), None);
        assert_eq!(stolen_ticks("cpu 1 2 3 4 5 6 18446744073709551615 8"), None);
        assert_eq!(stolen_ticks("cpu -1 2 3 4 5 6 7 8"), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,200}", cut in 0..LINE.len()) {
            let _ = (stolen_ticks(&text), stolen_ticks(&format!("cpu {text}")));
            let _ = (Stat::parse(&text), boot_time(&text), Stat::parse(&LINE[..cut]));
        }
    }
}
