//! The resource server against peers that speak raw bytes: what it answers, what it refuses, and what it survives.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    missing_docs,
    unreachable_pub
)]

#[path = "../common/mod.rs"]
mod common;

mod answers;
mod bodies;
mod capacity;
mod framing;
mod headers;
mod lists;
mod metrics;
mod peer;
mod process;
mod targets;
mod timeouts;
mod world;
