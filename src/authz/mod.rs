//! A request in, a [`Principal`] or a [`crate::Rejection`] out.

mod authority;
mod replay;

pub use authority::Authorities;
pub use replay::ReplayMemory;
