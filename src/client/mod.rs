//! What a calling service uses: the [`Client`], and below it the [`RequestSigner`].

pub mod breaker;
mod builder;
mod event;
mod failure;
mod handle;
mod identity;
mod keeper;
mod renewal;
mod renewal_plan;
mod send;
mod signer;
mod token_source;
mod transport;
mod worker;

pub use breaker::BreakerState;
pub use builder::{BUDGET, ClientBuilder};
pub use event::{Counts, CredentialUsed, Event, Mode};
pub use failure::{ClientError, Failure, Refusal};
pub use handle::{AccessToken, Authorized, Client};
pub use send::MAX_ANSWER;
pub use signer::{MAX_WINDOW, OutgoingRequest, RequestSigner, SignedHeaders};
pub use transport::{HttpTransport, MAX_AUTHORITY_ANSWER, Transport};
