//! x
pub(crate) mod file;
mod name;
pub use name::Name;
