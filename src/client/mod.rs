//! What a calling service uses: the [`RequestSigner`].

pub mod breaker;
mod signer;

pub use signer::{MAX_WINDOW, OutgoingRequest, RequestSigner, SignedHeaders};
