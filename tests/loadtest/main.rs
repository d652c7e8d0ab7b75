//! The load generator, judged from outside: by servers that know what they did and when, and by other generators.
//!
//! Times are asserted here, so these tests take turns ([`world::quiet`]), and bounds from above are generous: what a
//! busy machine adds is no fault of the generator. Bounds from below have no tolerance but the histogram's three digits.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    unreachable_pub,
    reason = "a test fails by panicking"
)]

mod answers;
mod interrupted;
mod known;
mod memory;
mod oha;
mod peer;
mod schedule;
mod stall;
mod world;
