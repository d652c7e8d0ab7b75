//! Authorize service clients by X.509 certificates that carry scopes, plus signed requests, beside JWTs.
pub mod error;
pub mod key;
pub mod load;
pub mod rlimit;
pub mod scope;
