//! The rehearsal: requests at a steady rate while the authority goes away and comes back.
//!
//! ```text
//! warm-up ─► certificates, undisturbed ─► warm-up ─► tokens │ outage: certificates │ tokens ─► report
//! ```
//!
//! Other than the rest of the load test this is an **open loop**: requests become due at even distances, whatever the
//! servers do, and a latency counts from the time at which the request was *due*, so that a caller who blocks while it
//! makes up its mind is seen by all the requests that it keeps waiting. It includes getting the credential (which may
//! sign), and ends with the last byte of the answer.
//!
//! Phases, by the time at which a request was due:
//! - **before** the outage, **during** it (until the authority says that it is ready), **after** it;
//! - the **switch**: from the begin of the outage until the first certificate was sent, the requests that were due by then
//!   are answered, and the queue is gone that they may have caused;
//! - **settled**: from there until the authority is brought back. This is what is compared with certificates that were
//!   measured undisturbed, in the same run, on the same connections, at the same rate.

mod analysis;
mod journal;
mod plan;
mod report;
mod run;
#[cfg(test)]
mod tests;
mod timeline;
mod worker;

pub use analysis::{Findings, PhaseReport, Recovery, Switch};
pub use journal::{Circuit, Journal, Marks, Transition};
pub use plan::{Outage, Plan};
pub use report::{Report, Setting};
pub use run::{Cast, run};
pub use timeline::{Slot, Timeline};

use super::{Mode, PreparedRequest};
use crate::error::Result;

/// A request with its credential, and which one that is.
#[derive(Debug)]
pub struct Ready {
    /// Ready to be sent once.
    pub request: PreparedRequest,
    /// What it carries.
    pub mode: Mode,
}

/// Makes requests with credentials. Called from one thread per connection, right before each request.
pub trait Caller: Sync {
    /// A request that is ready to be sent. May block; that is part of the request's latency.
    ///
    /// # Errors
    /// Why there is no credential: the request then counts as failed.
    fn request(&self) -> std::result::Result<Ready, Box<dyn std::error::Error + Send + Sync>>;
}

/// The authority, as far as a rehearsal deals with it.
pub trait Authority {
    /// Makes it unusable, now. Called once.
    ///
    /// # Errors
    /// Whatever keeps it there; ends the run.
    fn take_away(&mut self) -> Result<()>;

    /// Makes it usable again, at the same address. Called once, after [`take_away`](Self::take_away). It need not be ready
    /// when this returns.
    ///
    /// # Errors
    /// Whatever keeps it away; ends the run.
    fn bring_back(&mut self) -> Result<()>;

    /// Whether it says that it is ready. Called every few milliseconds; should return within a fraction of a second.
    fn is_ready(&mut self) -> bool;
}
