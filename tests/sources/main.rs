//! The resource server keeps itself current, whatever those do that it asks: revocation lists and token keys from URLs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    dead_code,
    missing_docs,
    unreachable_pub
)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../server/peer.rs"]
mod peer;
#[path = "../server/world.rs"]
mod world;

mod keys;
mod lists;
mod program;
mod sequences;
mod stand_in;
