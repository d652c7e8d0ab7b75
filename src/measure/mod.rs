//! What the rooms that measure have in common: arithmetic, random order, and where it all took place.

mod environment;
pub(crate) mod number;
pub(crate) mod random;

pub use environment::Environment;
