//! The resource server under attack: a child process, real sockets, and a well-behaved client that must hardly notice.
//!
//! Every attack is one test. They take turns, as each measures. `CERTAUTHZ_ATTACK=full` runs all of them at full size,
//! `CERTAUTHZ_ATTACK_MINUTES=10` the leak test for that long, `CERTAUTHZ_ATTACK_BIN=FILE` attacks that program, and
//! `CERTAUTHZ_ATTACK_REPORT=FILE` appends the figures to a file (`.jsonl`: JSON lines; else rows of a Markdown table).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    missing_docs,
    unreachable_pub
)]

mod client;
mod connections;
mod crowd;
mod flood;
mod full;
mod leak;
mod messages;
mod report;
mod requests;
mod served;
mod trial;
mod wire;
mod world;
