//! Authorize service clients by X.509 certificates that carry scopes, plus signed requests, beside JWTs.
pub mod cert;
pub mod client;
pub mod crl;
pub mod error;
pub mod key;
pub mod scope;
pub mod signature;
pub mod store;
pub mod token;
