//! What to do: how many connections, until when, with which limits.

use crate::{
    error::{Error, Result},
    rlimit::raise_fd_limit,
};
use std::{fmt, num::NonZero, time::Duration};

/// Descriptors that the process needs besides its connections: runtimes, files, the terminal, the child's pipes.
const SPARE_DESCRIPTORS: u64 = 32;

/// A way to authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// A bearer token.
    Token,
    /// A certificate and a signed request.
    Cert,
}

impl Mode {
    /// `token` or `cert`, as on the command line and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Cert => "cert",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// When a mode has been measured enough. With two modes it holds for each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// After exactly this many requests, answered or failed.
    Requests(u64),
    /// After requests were on their way for this long. Requests under way at that time are awaited and counted.
    Duration(Duration),
}

/// Requests that are sent first, per mode, and not counted: until either limit is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WarmUp {
    /// At most so many; 0 is no warm-up.
    pub requests: u64,
    /// At most for so long.
    pub duration: Duration,
}

/// The parameters of a run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
    /// Connections, each with at most one request under way (default 16).
    pub connections: usize,
    /// Threads that send, and threads that sign (default: one per core).
    pub threads: usize,
    /// When to stop.
    pub stop: Stop,
    /// What to send first (default 200 requests or 0.3 s).
    pub warm_up: WarmUp,
    /// After this a request counts as failed (default 20 s).
    pub timeout: Duration,
    /// The run ends when a server answers nothing for this long while requests are sent (default 5 s), or for
    /// [`timeout`](Self::timeout) where that is longer and connections are still accepted.
    pub patience: Duration,
    /// The server's process, if it runs on this machine: its CPU time is then part of the report (Linux).
    pub server_pid: Option<u32>,
}

impl Plan {
    /// A plan with the defaults.
    pub fn new(stop: Stop) -> Self {
        Self {
            connections: 16,
            threads: std::thread::available_parallelism().map_or(1, NonZero::get),
            stop,
            warm_up: WarmUp { requests: 200, duration: Duration::from_millis(300) },
            timeout: Duration::from_secs(20),
            patience: Duration::from_secs(5),
            server_pid: None,
        }
    }

    /// Checks the values, and raises the limit on open files so that the connections fit.
    pub(super) fn check(&self) -> Result<()> {
        let positive = |what, value: String, good: bool| {
            let error = || Error::invalid(what, value, "it must be more than 0", "leave it out for the default");
            if good { Ok(()) } else { Err(error()) }
        };
        positive("connections", self.connections.to_string(), self.connections > 0)?;
        positive("threads", self.threads.to_string(), self.threads > 0)?;
        positive("timeout", format!("{:?}", self.timeout), !self.timeout.is_zero())?;
        positive("patience", format!("{:?}", self.patience), !self.patience.is_zero())?;
        match self.stop {
            Stop::Requests(n) => positive("number of requests", n.to_string(), n > 0)?,
            Stop::Duration(duration) => positive("duration", format!("{duration:?}"), !duration.is_zero())?,
        }
        let limit = raise_fd_limit();
        if super::number::count(self.connections) > limit.saturating_sub(SPARE_DESCRIPTORS) {
            return Err(Error::invalid(
                "connections",
                self.connections,
                format!(
                    "this process may open {limit} files, of which it needs {SPARE_DESCRIPTORS} for other things than connections"
                ),
                "use fewer connections, or raise the hard limit (ulimit -Hn)",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_hold_and_nonsense_is_a_usage_error() {
        let plan = Plan::new(Stop::Requests(1));
        assert!(plan.check().is_ok());
        let zero = Duration::ZERO;
        for bad in [
            Plan { connections: 0, ..plan.clone() },
            Plan { threads: 0, ..plan.clone() },
            Plan { timeout: zero, ..plan.clone() },
            Plan { patience: zero, ..plan.clone() },
            Plan { stop: Stop::Requests(0), ..plan.clone() },
            Plan { stop: Stop::Duration(zero), ..plan.clone() },
        ] {
            assert!(bad.check().unwrap_err().is_usage(), "{bad:?}");
        }
    }

    #[test]
    fn too_many_connections_are_refused_with_both_numbers() {
        let limit = raise_fd_limit();
        if let Ok(connections) = usize::try_from(limit) {
            let error = Plan { connections, ..Plan::new(Stop::Requests(1)) }.check().unwrap_err().to_string();
            assert!(
                error.contains(&format!("\"{connections}\"")) && error.contains(&format!("{limit} files")),
                "{error}"
            );
        }
    }
}
