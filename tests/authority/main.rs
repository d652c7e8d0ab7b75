//! The authorization server as everybody sees it: its documents, how they stay current, and how it bears its peers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    missing_docs,
    unreachable_pub
)]

#[allow(dead_code, reason = "the tests of the resource server use more of it")]
#[path = "../server/peer.rs"]
mod peer;

mod documents;
mod files;
mod load;
mod process;
mod publisher;
mod world;
