//! Authorize service clients by X.509 certificates that carry scopes, plus signed requests, beside JWTs.
//!
//! An authorization server that is also a certificate authority issues each client a certificate with its scopes. A client
//! sends it with a request that it signs; a service decides with the CA's certificate and a recent revocation list alone,
//! also while the authorization server is away. Access tokens (JWTs) are accepted beside it, so that both can be compared.
//!
//! | module | what it holds |
//! |---|---|
//! | [`authz`] | a request in, a [`authz::Principal`] or an [`error::Rejection`] out: what a service uses |
//! | [`client`] | authorizes requests by token or certificate behind a circuit breaker: what a calling service uses |
//! | [`store`] | the credentials directory: CAs, clients, revocation |
//! | [`cert`], [`crl`], [`token`], [`signature`] | certificates and paths, revocation lists, JWTs, HTTP message signatures |
//! | [`key`], [`scope`], [`error`] | keys behind a seam, scopes, errors and the stable reasons |
//! | [`server`], [`load`], [`bench`](mod@bench) | the resource server, the load generator and the benchmark of the command line |
//!
//! # Example
//! A service verifies a request that a client has signed.
//!
//! ```
//! use certauthz::{
//!     authz::{Authorities, CertificateVerifier, Policy},
//!     cert::chain::Anchors,
//!     client::{OutgoingRequest, RequestSigner},
//!     crl::{RevocationList, RevocationStore},
//!     key::KeyType,
//!     scope::Scopes,
//!     signature::RequestParts,
//!     store::{CaOptions, ClientKey, ClientOptions, Credentials, Name},
//! };
//! use http::{HeaderMap, Method, Uri};
//! use jiff::Timestamp;
//! use std::time::Duration;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let root = directory.path();
//! let now = Timestamp::now();
//!
//! // Once: a CA, and a client with its scopes. (`certauthz init` does the same.)
//! let credentials = Credentials::new(root);
//! let ca = CaOptions { key_type: KeyType::EcP256, ..CaOptions::new(Name::new("primary")?) };
//! credentials.create_ca(&ca, now)?;
//! let alice = ClientOptions {
//!     key: ClientKey::New(KeyType::Ed25519),
//!     ..ClientOptions::new(Name::new("alice")?, Name::new("primary")?, Scopes::parse("bob.user.read")?)
//! };
//! credentials.create_client(&alice, now, |_, _| Ok(None))?;
//!
//! // Alice signs a request to Bob.
//! let client = credentials.client(&Name::new("alice")?)?;
//! let signer = RequestSigner::new(&client.certificate.der, &[], client.signer()?)?;
//! let uri = Uri::from_static("http://bob.example/users?page=2");
//! let request = OutgoingRequest { method: &Method::GET, uri: &uri, body: b"" };
//! let headers: HeaderMap = signer.sign(&request, Duration::from_secs(60), now)?.into_iter().collect();
//!
//! // Bob has the CA's certificate and its revocation list, and decides offline.
//! let ca = credentials.ca_facts(&Name::new("primary")?)?;
//! let list = certauthz::crl::pem_or_der(std::fs::read(&ca.crl_path)?)?;
//! let mut lists = RevocationStore::new();
//! lists.offer(RevocationList::verify(&list, &ca.certificate.der)?)?;
//! let bob = CertificateVerifier::new(
//!     Anchors::new([ca.certificate.der])?,
//!     Policy::new(Authorities::new(["bob.example"])?),
//!     lists,
//!     10_000,
//!     1_000_000,
//! );
//! let received = RequestParts {
//!     method: "GET",
//!     scheme: "http",
//!     authority: "bob.example",
//!     path: "/users",
//!     query: Some("page=2"),
//!     headers: &headers,
//! };
//! let principal = bob.verify(&received, b"", &Scopes::parse("bob.user.read")?, now)?;
//! assert_eq!(&*principal.client, "alice");
//!
//! // The same request again is a replay.
//! let again = bob.verify(&received, b"", &Scopes::parse("bob.user.read")?, now).unwrap_err();
//! assert_eq!(again.reason().as_str(), "nonce_reused");
//! # Ok(())
//! # }
//! ```
//!
//! # What it is not
//! No TLS: put a proxy in front, or use it inside one. No policy language: a scope matches by equality. No user sign-in:
//! clients are services. Not related to the Traefik plugin of the same name, which matches certificate names.

pub mod authz;
pub mod bench;
pub mod cert;
pub mod client;
pub mod crl;
mod der;
pub mod error;
mod form;
pub mod key;
pub mod load;
mod measure;
mod number;
mod procfs;
pub mod rlimit;
pub mod scope;
mod scratch;
pub mod server;
pub mod signature;
pub mod store;
pub mod token;
