//! The certificate: the path from a client's certificate to a CA that is trusted.
pub mod chain;
