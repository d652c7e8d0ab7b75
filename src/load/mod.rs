//! A load test of both ways in: how a server answers requests with a token and requests that are signed, side by side.
//!
//! ```text
//! plan ─► probe ─► warm-up ─► rounds of blocks ─► report
//!                             │ prepare (sign) on all cores, off the clock
//!                             └ send on all connections, on the clock
//! ```
//!
//! What the numbers mean, and what they do not:
//! - **Closed loop**: each connection sends its next request when the last answer is complete. That tells capacity; it
//!   says nothing about what users feel when requests arrive regardless of the server's state.
//! - A **latency** is the time from the decision to send (so including a reconnect, if one is needed) to the last byte of
//!   the answer's body. It covers every request that was answered, whatever its status; mean and percentiles describe
//!   the same samples. Requests under way at the end are awaited and counted: dropping them would drop the slowest.
//! - The **duration** of a run is the time in which requests were on their way. Signing happens between blocks of
//!   requests and has figures of its own.
//! - With two modes, blocks alternate in **random order within pairs**, on the same connections, and intervals are taken
//!   over the pairs: neighbours in time see the same machine, halves of a run do not.
//!
//! The entry is [`run`]: a [`Plan`], and for each lane a [`Subject`] with its [`Target`]s and [`Requests`]. What
//! clients feel while the authority is away is another question, with another kind of loop: see [`rehearsal`].

mod bootstrap;
mod codec;
mod compare;
mod comparison;
mod connection;
mod cpu;
pub mod csv;
mod engine;
pub mod hdr_log;
mod latch;
mod merge;
pub mod pacer;
mod plan;
mod probe;
mod progress;
pub mod rehearsal;
pub mod report;
mod samples;
pub mod series;
mod server_clock;
mod session;
mod sizing;
mod sketch;
mod source;
mod statistics;
mod stock;
mod stretch;
mod target;
#[cfg(test)]
#[allow(clippy::as_conversions)]
mod tests;
mod threshold;
mod timer;
mod varint;
mod words;
mod worker;

use crate::{measure::random, number};

pub use crate::measure::Environment;
pub use compare::{compare_reports, differences};
pub use comparison::{Comparison, Metric, Ratio};
pub use engine::{Intervals, Piece, Requests, Subject, Watch, run};
pub use merge::merge;
pub use plan::{Mode, Plan, Presign, Schedule, Stop, WarmUp};
pub use progress::{Phase, Progress};
pub use report::{Ending, Generator, ModeReport, Report, comparison_json, comparison_text};
pub use samples::{BlockMetrics, Pairs};
pub use server_clock::{ServerClock, probe_metrics};
pub use source::{PreparedRequest, RequestSource};
pub use statistics::{Exact, Latencies, Tally};
pub use target::Target;
pub use threshold::{Threshold, Verdict};
