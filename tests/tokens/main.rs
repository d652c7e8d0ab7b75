//! Access tokens at a resource server: they end with the certificate that they name, with the key that signed them, and
//! where the authorization server is asked, with its word.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod authority;
mod introspection;
mod keys;
mod python;
mod revocation;
mod verify;
mod world;
