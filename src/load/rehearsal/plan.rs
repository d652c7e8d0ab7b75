//! What to rehearse: how long, at which rate, and when the authority is away.

use super::super::number::{count, float};
use crate::{
    error::{Error, Result},
    rlimit::raise_fd_limit,
};
use std::{fmt, time::Duration};

/// After an outage the run must go on for at least this long: less would not show that the tokens come back.
const ROOM: Duration = Duration::from_secs(1);
/// Each connection has a thread, since asking for a credential may block.
const MOST_CONNECTIONS: usize = 512;
/// Every request of a run is kept until its end, in some 100 bytes.
const MOST_REQUESTS: f64 = 10_000_000.0;
/// Descriptors of a connection: its socket, and the event queue of its thread (an epoll and a waker).
const DESCRIPTORS: u64 = 4;
/// Descriptors for everything else.
const SPARE_DESCRIPTORS: u64 = 64;

/// The part of a run in which the authority is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    from: Duration,
    to: Duration,
}

impl Outage {
    /// An outage between two times after the begin of the run.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] where it does not end after it has begun, or begins with the run: there must be a token
    /// that it can take away.
    pub fn new(from: Duration, to: Duration) -> Result<Self> {
        let outage = Self { from, to };
        let invalid = |why| Error::invalid("outage", outage, why, "give begin and end, like 5s..15s");
        if from.is_zero() {
            return Err(invalid("it begins before the first request"));
        }
        if from >= to {
            return Err(invalid("it ends before it begins"));
        }
        Ok(outage)
    }

    /// When it begins.
    pub fn from(&self) -> Duration {
        self.from
    }

    /// When the authority is brought back.
    pub fn to(&self) -> Duration {
        self.to
    }

    /// How long it is.
    pub fn length(&self) -> Duration {
        self.to.saturating_sub(self.from)
    }
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}..{:?}", self.from, self.to)
    }
}

/// The parameters of a rehearsal.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
    /// How long requests become due.
    pub duration: Duration,
    /// When the authority is away; `None` for never.
    pub outage: Option<Outage>,
    /// Requests per second that become due, all connections together (default 200).
    pub rate: u32,
    /// Connections, each with a thread and at most one request under way (default 16).
    pub connections: usize,
    /// How long the undisturbed certificate mode is measured first; zero for not at all (default: as long as the outage,
    /// 2 to 10 s).
    pub undisturbed: Duration,
    /// How long unmeasured requests are sent before either (default 0.5 s).
    pub warm_up: Duration,
    /// After this, once it is sent, a request counts as failed (default 10 s).
    pub timeout: Duration,
}

impl Plan {
    /// A plan with the defaults.
    pub fn new(duration: Duration, outage: Option<Outage>) -> Self {
        let (least, most) = (Duration::from_secs(2), Duration::from_secs(10));
        Self {
            duration,
            outage,
            rate: 200,
            connections: 16,
            undisturbed: outage.map_or(Duration::ZERO, |outage| outage.length().clamp(least, most)),
            warm_up: Duration::from_millis(500),
            timeout: Duration::from_secs(10),
        }
    }

    /// Checks the values, and raises the limit on open files so that the connections fit.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] with the value that cannot be.
    pub fn check(&self) -> Result<()> {
        let positive = |what, value: String, good: bool| {
            let error = || Error::invalid(what, value, "it must be more than 0", "leave it out for the default");
            if good { Ok(()) } else { Err(error()) }
        };
        positive("rate", self.rate.to_string(), self.rate > 0)?;
        positive("connections", self.connections.to_string(), self.connections > 0)?;
        positive("timeout", format!("{:?}", self.timeout), !self.timeout.is_zero())?;
        positive("duration", format!("{:?}", self.duration), !self.duration.is_zero())?;
        if let Some(outage) = self.outage.filter(|outage| outage.to + ROOM > self.duration) {
            let why = format!("a run of {:?} leaves no second to recover in", self.duration);
            let hint = format!("run for {:?} or longer (-z), or end the outage earlier", outage.to + ROOM);
            return Err(Error::invalid("outage", outage, why, hint));
        }
        let seconds = (self.duration + self.undisturbed).as_secs_f64();
        if f64::from(self.rate) * seconds > MOST_REQUESTS {
            let why = format!("{seconds:.0} s of it are more requests than can be kept (10 million)");
            return Err(Error::invalid("rate", self.rate, why, "lower it, or run for a shorter time"));
        }
        self.check_connections()
    }

    fn check_connections(&self) -> Result<()> {
        let invalid = |why, hint| Err(Error::invalid("connections", self.connections, why, hint));
        if self.connections > MOST_CONNECTIONS {
            return invalid(format!("each has a thread here, at most {MOST_CONNECTIONS}"), "use fewer");
        }
        let (wanted, limit) = (count(self.connections) * DESCRIPTORS + SPARE_DESCRIPTORS, raise_fd_limit());
        if wanted > limit {
            let why = format!("they need {wanted} open files, of which this process may have {limit}");
            return invalid(why, "use fewer connections, or raise the hard limit (ulimit -Hn)");
        }
        Ok(())
    }

    /// When the request with this number is due.
    pub(super) fn due(&self, number: u64) -> Duration {
        Duration::from_secs_f64(float(number) / f64::from(self.rate.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn outage(from: u64, to: u64) -> Result<Outage> {
        Outage::new(seconds(from), seconds(to))
    }

    #[test]
    fn an_outage_begins_after_the_run_and_ends_after_it_began() {
        assert_eq!(outage(5, 15).unwrap().length(), seconds(10));
        assert_eq!(outage(5, 15).unwrap().to_string(), "5s..15s");
        for (from, to) in [(0, 5), (5, 5), (6, 5)] {
            assert!(outage(from, to).unwrap_err().is_usage(), "{from}..{to}");
        }
    }

    #[test]
    fn the_defaults_hold_and_nonsense_is_a_usage_error() {
        let plan = Plan::new(seconds(20), Some(outage(5, 15).unwrap()));
        plan.check().unwrap();
        assert_eq!(plan.undisturbed, seconds(10));
        assert_eq!(Plan::new(seconds(20), None).undisturbed, Duration::ZERO);
        let zero = Duration::ZERO;
        for bad in [
            Plan { rate: 0, ..plan.clone() },
            Plan { rate: 1_000_000, ..plan.clone() },
            Plan { connections: 0, ..plan.clone() },
            Plan { connections: MOST_CONNECTIONS + 1, ..plan.clone() },
            Plan { timeout: zero, ..plan.clone() },
            Plan { duration: zero, outage: None, ..plan.clone() },
            Plan { duration: Duration::from_millis(15_999), ..plan.clone() },
        ] {
            assert!(bad.check().unwrap_err().is_usage(), "{bad:?}");
        }
        let error = Plan { duration: seconds(15), ..plan }.check().unwrap_err();
        assert_eq!(error.to_string(), "outage \"5s..15s\": a run of 15s leaves no second to recover in");
        assert!(error.hint().unwrap().contains("16s"));
    }

    #[test]
    fn requests_are_due_at_even_distances() {
        let plan = Plan { rate: 250, ..Plan::new(seconds(20), None) };
        assert_eq!([0, 1, 250, 1_000].map(|n| plan.due(n).as_millis()), [0, 4, 1_000, 4_000]);
    }
}
