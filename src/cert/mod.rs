//! Certificates: what is in them, how they are issued, and the path from a client's certificate to a CA that is trusted.

pub mod chain;
pub mod csr;
pub mod extension;
pub mod facts;
pub mod issuer;
mod serial;
mod subject;

pub use serial::Serial;
pub use subject::{Lifetime, Subject, check_issuer, check_url};
