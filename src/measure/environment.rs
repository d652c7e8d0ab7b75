//! Where a measurement took place.

use std::num::NonZero;

/// Where a run took place.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Environment {
    /// This program's version.
    pub version: &'static str,
    /// Whether it was built without optimization: its numbers are then worth little.
    pub debug_build: bool,
    /// Operating system.
    pub os: &'static str,
    /// Processor architecture.
    pub arch: &'static str,
    /// CPUs that this process may use.
    pub cpus: usize,
    /// The processor's name, where the system tells.
    pub cpu_model: Option<String>,
}

impl Environment {
    /// This machine and program.
    pub fn here() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            debug_build: cfg!(debug_assertions),
            os: std::env::consts::OS,
            arch: std::env::consts::ARCH,
            cpus: std::thread::available_parallelism().map_or(1, NonZero::get),
            cpu_model: cpu_model(),
        }
    }
}

fn cpu_model() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
