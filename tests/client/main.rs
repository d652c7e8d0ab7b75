//! The client against authorization servers that are away in every way, that refuse, and that come back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::as_conversions)]

mod authority;
mod calls;
mod outages;
mod program;
mod recovery;
mod refusals;
mod renewal;
mod scopes;
mod services;
mod world;
