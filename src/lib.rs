//! Authorize service clients by X.509 certificates that carry scopes, plus signed requests, beside JWTs.
pub mod authz;
pub mod cert;
pub mod client;
pub mod crl;
mod der;
pub mod error;
pub mod key;
pub mod load;
pub mod rlimit;
pub mod scope;
pub mod server;
pub mod signature;
pub mod store;
pub mod token;
