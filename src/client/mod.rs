//! What a calling service uses: the [`Client`], and below it the [`RequestSigner`].
//!
//! A client fetches access tokens from the authorization server, and shows its certificate, with a signature of each
//! request, while that server is away. It is blocking, has one background thread, and one instance is enough for a program.
//!
//! # How it decides (mode auto)
//! - A token that can still be used is used, without waiting for anything, whatever the state. It is refreshed in the
//!   background once 80 % of its life are over, and no longer used 5 s before its end (less where it lives for seconds).
//! - Without one a call waits for the background thread to fetch one, at most for its budget (2 s; [`BUDGET`]). Calls that
//!   come at the same time share that. All network for tokens is the background thread's.
//! - When attempts fail (3 in a row, with exponential backoff and full jitter between them, or as many as fit into the
//!   budget) the [circuit breaker](breaker) opens. From then on calls are signed at once: nobody waits, and nothing is sent
//!   to the authorization server by a call. One trial at a time, at intervals of 3.75 to 5 s, finds out when it is back.
//! - Whatever is no answer of a working authorization server is an outage: no connection, silence, 5xx, 429, redirects,
//!   HTML, half an answer, a token that is none. `Retry-After` is respected up to a minute.
//! - A refusal is none: 400, 401 or 403 with an error of OAuth (RFC 6749 section 5.2). It opens nothing and is returned, for
//!   5 s without asking again. Right after an outage it is believed only when it is repeated: see [`breaker::Breaker::refused`].
//! - The certificate stands in only if it carries no scope that the last token did not, or, before there was one, whatever
//!   the authorization server put into it. One that carries more is renewed while the server is there; so is one of whose
//!   life two thirds are over.
//! - A service that refuses a token (401 `invalid_token`) gets a fresh one, and then the certificate; see [`Client::send`].
//!
//! # Example
//! ```no_run
//! use certauthz::{client::{Client, Event}, store::{Credentials, Name}};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let credentials = Credentials::new("credentials");
//! let alice = credentials.client(&Name::new("alice")?)?;
//! let client = Client::builder(alice, "https://auth.example")
//!     .save_certificates_to(credentials)
//!     .on_event(|event| if let Event::Transition { to, .. } = event { println!("the breaker is {to}") })
//!     .build()?;
//!
//! // Sent with a token, or signed while the authorization server is away.
//! let request = http::Request::get("https://bob.example/users").body(Vec::new())?;
//! let answer = client.send(request)?;
//! println!("{}, breaker {}, {:?}", answer.status(), client.state(), client.counts());
//! # Ok(())
//! # }
//! ```
//! With another HTTP library, take the headers from [`Client::authorize`] and report refused tokens by
//! [`Client::token_refused`].

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
mod successor;
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
