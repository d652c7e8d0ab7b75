//! What bad input gets: the right exit code, the value, the reason and the next step, no panic, no unbounded work, and
//! nothing half-written.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod arguments;
mod clock;
mod files;
mod peers;
mod streams;
mod world;
