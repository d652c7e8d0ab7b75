//! The process itself, under the names that every Prometheus client uses.

use crate::{
    number::float,
    procfs::{Stat, boot_time, clock_ticks},
};
use rustix::{
    process::{Resource, getrlimit},
    time::{ClockId, clock_gettime},
};
use std::{fs::File, os::unix::fs::FileExt as _, time::Duration};

/// What can be read of this process. Its file is held open: metrics matter most when no descriptor is left.
#[derive(Debug)]
pub(super) struct Process {
    /// `/proc/self/stat`; `None` on systems without.
    stat: Option<File>,
    /// Seconds since 1970.
    start: Option<f64>,
}

impl Process {
    pub(super) fn new() -> Self {
        let stat = if cfg!(target_os = "linux") { File::open("/proc/self/stat").ok() } else { None };
        let mut process = Self { stat, start: None };
        process.start = process.start_time();
        process
    }

    fn start_time(&self) -> Option<f64> {
        let boot = boot_time(&std::fs::read_to_string("/proc/stat").ok()?)?;
        Some(float(boot) + clock_ticks(self.stat()?.start_ticks)?.as_secs_f64())
    }

    /// User and system time of all threads. The clock is finer than the ticks of `/proc`.
    pub(super) fn cpu_seconds() -> f64 {
        Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default().as_secs_f64()
    }

    pub(super) fn start_seconds(&self) -> Option<f64> {
        self.start
    }

    /// Virtual and resident memory in bytes.
    pub(super) fn memory(&self) -> Option<(u64, u64)> {
        let stat = self.stat()?;
        let page = u64::try_from(rustix::param::page_size()).ok()?;
        Some((stat.virtual_bytes, stat.resident_pages.saturating_mul(page)))
    }

    /// Open descriptors, and how many there may be.
    pub(super) fn descriptors(&self) -> Option<(u64, Option<u64>)> {
        self.stat.as_ref()?;
        let directory = "/proc/self/fd";
        let open = match std::fs::metadata(directory).ok()?.len() {
            // Linux before 6.2 does not tell: they are counted, without the one that counts.
            0 => u64::try_from(std::fs::read_dir(directory).ok()?.count()).ok()?.saturating_sub(1),
            told => told,
        };
        Some((open, getrlimit(Resource::Nofile).current))
    }

    fn stat(&self) -> Option<Stat> {
        // The name is at most 64 bytes, and each of some fifty numbers at most 20.
        let mut line = [0; 2048];
        let len = self.stat.as_ref()?.read_at(&mut line, 0).ok()?;
        Stat::parse(&String::from_utf8_lossy(line.get(..len)?))
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_twice_from_the_same_file() {
        let process = Process::new();
        let before = Process::cpu_seconds();
        let now = float(u64::try_from(jiff::Timestamp::now().as_second()).unwrap());
        let start = process.start_seconds().unwrap();
        assert!(start <= now + 2.0 && start > now - 86_400.0, "{start} {now}");
        let (open, limit) = process.descriptors().unwrap();
        assert!(open >= 3 && limit.is_none_or(|limit| limit >= open), "{open} {limit:?}");
        let block = vec![1u8; 64 << 20];
        let (virtual_bytes, resident) = process.memory().unwrap();
        assert!(virtual_bytes >= resident && resident > 32 << 20, "{virtual_bytes} {resident}");
        assert_eq!(block.iter().map(|byte| u64::from(*byte)).sum::<u64>(), 64 << 20);
        assert!(Process::cpu_seconds() > before);
    }
}
