//! The bodies of the fuzz targets: one function for each, which panics where a promise does not hold.
//!
//! `fuzz_targets/` calls them from libFuzzer, `tests/fuzz_findings.rs` from `cargo test` with what is kept.

mod certificate;
mod crl;
mod der;
mod fixtures;
mod message;
mod reference;
mod request;
mod signature_fields;
mod sizes;
mod token;

pub use certificate::certificate;
pub use crl::crl;
pub use request::request;
pub use signature_fields::signature_fields;
pub use sizes::sizes;
pub use token::token;
