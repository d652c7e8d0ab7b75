//! What a calling service uses: the [`RequestSigner`].

mod signer;

pub use signer::{MAX_WINDOW, OutgoingRequest, RequestSigner, SignedHeaders};
