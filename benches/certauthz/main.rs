//! Benchmarks with `divan`: time, allocations and bytes per operation. One file per topic:
//!
//! | file | what |
//! |---|---|
//! | `article` | the table of the article that this project starts from: JWT against certificate, in four depths |
//! | `request` | whole signed requests, and signing them |
//! | `keys` | bare signatures and verifications of all key types |
//! | `lists` | revocation lists of a thousand to a million entries: load, look up |
//! | `replay` | the replay memory with a million live nonces |
//!
//! `cargo bench` runs all, `cargo bench article` those of one file. `certauthz bench` measures the same operations
//! interleaved, for ratios; here each runs by itself.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot be set up fails by panicking"
)]

mod article;
mod keys;
mod lists;
mod replay;
mod request;
mod support;

use divan::AllocProfiler;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}
