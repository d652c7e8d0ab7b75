//! What to do: how many connections, until when, with which limits.

use super::number::whole;
use crate::{
    error::{Error, Result},
    rlimit::raise_fd_limit,
};
use std::{fmt, num::NonZero, time::Duration};

/// Descriptors that the process needs besides its connections: runtimes, files, the terminal, the child's pipes.
const SPARE_DESCRIPTORS: u64 = 32;

/// No machine sends more, and beyond it due times would not differ by a nanosecond any more.
const MAX_RATE: f64 = 1e8;
/// Longer ramps and the like are slips of a unit.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

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

/// When a lane has been measured enough. With several lanes it holds for each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// After exactly this many requests.
    Requests(u64),
    /// After requests were on their way for this long. Requests under way at that time are awaited and counted.
    /// With a rate, these are the requests that are due before this time is over.
    Duration(Duration),
}

/// Requests that are sent first, per lane, and not counted: until either limit is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WarmUp {
    /// At most so many; 0 is no warm-up.
    pub requests: u64,
    /// At most for so long.
    pub duration: Duration,
}

/// Who decides when a request starts.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Schedule {
    /// Each connection sends its next request when the last answer is complete.
    #[default]
    Closed,
    /// Request number `i` (from 0) is due at the begin + `i`/`rate`, whatever the server does.
    Open {
        /// Requests per second, all connections together. More than 0.
        rate: f64,
    },
}

/// When requests are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Presign {
    /// Before each block, off the clock.
    #[default]
    Block,
    /// All of them before the first is sent.
    All,
    /// Each one before it is due, while others are on their way.
    Inline,
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
    /// Who decides when a request starts (default: closed loop).
    pub schedule: Schedule,
    /// The time in which the load rises to its full height: the rate from 0, or the number of connections from 1
    /// (default 0). Like the warm-up it is not counted.
    pub ramp: Duration,
    /// At the end, requests that are due or under way get so much longer (default 5 s).
    pub drain: Duration,
    /// Whether connections are used for more than one request (default).
    pub keep_alive: bool,
    /// When requests are signed (default: before each block).
    pub presign: Presign,
    /// How long the server accepts a signature; nothing is sent that was signed more than half of it ago (default 60 s).
    pub window: Duration,
    /// After this an attempt to connect counts as failed (default 10 s).
    pub connect_timeout: Duration,
    /// Which lanes are compared: indices into the subjects, the one that is divided by first (default: the second with
    /// the first).
    pub compare: Vec<(usize, usize)>,
    /// What to send first (default 200 requests or 0.3 s).
    pub warm_up: WarmUp,
    /// After this a request counts as failed (default 20 s).
    pub timeout: Duration,
    /// The run ends when a server answers nothing for this long while requests are sent (default 5 s), or for
    /// [`timeout`](Self::timeout) where that is longer and connections are still accepted.
    pub patience: Duration,
}

impl Plan {
    /// A plan with the defaults.
    pub fn new(stop: Stop) -> Self {
        Self {
            connections: 16,
            threads: std::thread::available_parallelism().map_or(1, NonZero::get),
            stop,
            schedule: Schedule::Closed,
            ramp: Duration::ZERO,
            drain: Duration::from_secs(5),
            keep_alive: true,
            presign: Presign::Block,
            window: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(10),
            compare: vec![(0, 1)],
            warm_up: WarmUp { requests: 200, duration: Duration::from_millis(300) },
            timeout: Duration::from_secs(20),
            patience: Duration::from_secs(5),
        }
    }

    /// Nothing is sent that was prepared longer ago than this: the other half of the server's window is for clocks that
    /// disagree, and for the request's own way.
    pub(super) fn fresh(&self) -> Duration {
        self.window / 2
    }

    /// Requests per second, where a schedule says so.
    pub(super) fn rate(&self) -> Option<f64> {
        match self.schedule {
            Schedule::Closed => None,
            Schedule::Open { rate } => Some(rate),
        }
    }

    /// Requests that each lane sends, where that is known beforehand: with a rate, those that are due within the time.
    pub(super) fn requests(&self) -> Option<u64> {
        match (self.stop, self.rate()) {
            (Stop::Requests(n), _) => Some(n),
            (Stop::Duration(_), None) => None,
            // Number `i` is due at i/rate. The tolerance is for products like 0.3 × 10, which is a little more than 3.
            (Stop::Duration(time), Some(rate)) => Some(whole((time.as_secs_f64() * rate - 1e-9).ceil()).max(1)),
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
        positive("connect timeout", format!("{:?}", self.connect_timeout), !self.connect_timeout.is_zero())?;
        positive("patience", format!("{:?}", self.patience), !self.patience.is_zero())?;
        positive("freshness window", format!("{:?}", self.window), !self.window.is_zero())?;
        if let Schedule::Open { rate } = self.schedule
            && !(rate > 0.0 && rate <= MAX_RATE)
        {
            let why = format!("a rate is more than 0 and at most {MAX_RATE} requests a second");
            return Err(Error::invalid("rate", rate, why, "leave it out to measure capacity instead"));
        }
        if let Some(most) = [self.ramp, self.drain, self.warm_up.duration, self.window].into_iter().max()
            && most > LONGEST
        {
            let why = format!("ramp, drain, warm-up and freshness window are at most {LONGEST:?}");
            return Err(Error::invalid("duration", format!("{most:?}"), why, "choose a shorter one"));
        }
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
            Plan { connect_timeout: zero, ..plan.clone() },
            Plan { window: zero, ..plan.clone() },
            Plan { schedule: Schedule::Open { rate: 0.0 }, ..plan.clone() },
            Plan { schedule: Schedule::Open { rate: f64::NAN }, ..plan.clone() },
            Plan { schedule: Schedule::Open { rate: f64::INFINITY }, ..plan.clone() },
            Plan { ramp: Duration::MAX, ..plan.clone() },
            Plan { stop: Stop::Requests(0), ..plan.clone() },
            Plan { stop: Stop::Duration(zero), ..plan.clone() },
        ] {
            assert!(bad.check().unwrap_err().is_usage(), "{bad:?}");
        }
    }

    #[test]
    fn a_rate_and_a_time_are_a_number_of_requests() {
        let of = |rate, millis| {
            let stop = Stop::Duration(Duration::from_millis(millis));
            Plan { schedule: Schedule::Open { rate }, ..Plan::new(stop) }.requests()
        };
        assert_eq!(of(1.0, 3_000), Some(3));
        assert_eq!(of(10.0, 300), Some(3));
        assert_eq!(of(10.0, 301), Some(4));
        assert_eq!(of(0.1, 300), Some(1));
        assert_eq!(Plan::new(Stop::Duration(Duration::from_secs(1))).requests(), None);
        assert_eq!(Plan::new(Stop::Requests(7)).requests(), Some(7));
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
