//! The command line of certauthz.
fn main() {}
