//! What the rooms that measure have in common: random order, and where it all took place.

mod environment;
pub(crate) mod random;

pub use environment::Environment;
