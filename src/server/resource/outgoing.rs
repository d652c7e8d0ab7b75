//! What the exchanges with other servers have in common.

use rustls::crypto::aws_lc_rs;
use std::sync::Arc;
use ureq::{
    Agent,
    config::ConfigBuilder,
    tls::{RootCerts, TlsConfig},
    typestate::AgentScope,
};

/// No redirects: who is asked was configured, and nobody else. No compression: the bound on the bytes that arrive is the
/// bound on the document. Every status is an answer. Limits on time are the caller's.
pub(super) fn agent_config() -> ConfigBuilder<AgentScope> {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
        .build();
    Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .max_redirects(0)
        .accept_encoding("identity")
        .user_agent(concat!("certauthz/", env!("CARGO_PKG_VERSION")))
}
