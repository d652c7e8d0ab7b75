//! A certificate is trusted only over a valid path to a CA, and only while no current revocation list names it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    missing_docs
)]

mod lists;
mod openssl;
mod paths;
mod revocation;
mod robustness;
mod weak_keys;
mod world;
