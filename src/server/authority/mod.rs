//! The authorization server: HTTP around [`crate::authz`].

mod answers;
mod current;
mod decisions;
mod form;
mod introspect;
mod renew;
mod signing;
mod token;

pub use decisions::{DecisionOptions, Decisions};

#[cfg(test)]
mod tests;
