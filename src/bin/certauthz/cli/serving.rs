//! Arguments of the servers.

use crate::values::{self, ByteSize, HttpUrl};
use certauthz::{crl::StalePolicy, scope::Scope, server::Source, store::Name};
use clap::{Args, ValueHint};
use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf, time::Duration};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  certauthz serve
  certauthz serve --listen 0.0.0.0:8585 --authority bob.example --stale-crl grace=15m
  certauthz serve --listen 0.0.0.0:8585 --authority bob.example --metrics-listen 127.0.0.1:9585
  certauthz serve --ca ca.crt --issuer https://as.example --crl https://as.example/crl \\
    --jwks https://as.example/jwks.json")]
pub(crate) struct ServeArgs {
    /// The CA whose certificates and tokens are accepted: its name under --path, or a file with its certificate (PEM or
    /// DER; then name the issuer and the revocation lists, too)
    #[arg(long, value_name = "CA|FILE", default_value = "primary", value_hint = ValueHint::AnyPath)]
    pub(crate) ca: String,
    /// Address to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDR:PORT", value_parser = values::listen, default_value = "127.0.0.1:8585")]
    pub(crate) listen: SocketAddr,
    /// Address where /metrics is shown, and there alone; port 0 picks a free one [default: at /metrics of --listen]
    #[arg(long, value_name = "ADDR:PORT", value_parser = values::listen)]
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// This service's name, which tokens must be made for
    #[arg(long, value_name = "NAME", default_value = "bob")]
    pub(crate) audience: String,
    /// A scope that callers must have; repeat for several
    #[arg(long = "require-scope", value_name = "SCOPE", value_parser = values::scope, default_value = "bob.user.read")]
    pub(crate) require_scopes: Vec<Scope>,
    /// A name that this service is called by; repeat for several [default: the address it listens on]
    #[arg(long = "authority", value_name = "HOST[:PORT]", value_parser = values::authority)]
    pub(crate) authorities: Vec<String>,
    /// Oldest signature that is accepted
    #[arg(long, value_name = "DURATION", value_parser = values::positive_duration, default_value = "60s")]
    pub(crate) max_age: Duration,
    /// Difference of clocks that is tolerated
    #[arg(long, value_name = "DURATION", value_parser = values::duration, default_value = "5s")]
    pub(crate) skew: Duration,
    /// Largest request body that is accepted
    #[arg(long, value_name = "SIZE", value_parser = values::size, default_value = "1MiB")]
    pub(crate) max_body: ByteSize,
    /// Most connections at a time; past them, those that keep the server waiting make room for newcomers
    #[arg(long, value_name = "N", value_parser = values::count, default_value = "10000")]
    pub(crate) max_connections: NonZeroUsize,
    /// Revocation list (PEM or DER): a file, read again when it changes, or a URL; repeat for several [default: ca.crl of
    /// the CA and of the CAs below it]
    #[arg(long = "crl", value_name = "URL|FILE", value_parser = values::source, value_hint = ValueHint::AnyPath)]
    pub(crate) crls: Vec<Source>,
    /// How often the URLs of --crl and --jwks are asked for news, from 1s
    #[arg(long, value_name = "DURATION", value_parser = values::interval, default_value = "1h")]
    pub(crate) crl_interval: Duration,
    /// The keys of the tokens, as a JWK set: a file, read again when it changes, or a URL [default: the CA's key, which
    /// also holds until a set was read]
    #[arg(long, value_name = "URL|FILE", value_parser = values::source, value_hint = ValueHint::AnyPath)]
    pub(crate) jwks: Option<Source>,
    /// Ask the authorization server about tokens at this URL (RFC 7662), instead of checking them here
    #[arg(long, value_name = "URL", value_parser = values::url, value_hint = ValueHint::Url)]
    #[arg(requires = "introspect_client")]
    pub(crate) introspect: Option<HttpUrl>,
    /// The client under --path as which it is asked: this service's own name there
    #[arg(long, value_name = "NAME", value_parser = values::name, requires = "introspect")]
    pub(crate) introspect_client: Option<Name>,
    /// How long its answers are remembered; 0s for not at all
    #[arg(long, value_name = "DURATION", value_parser = values::duration, default_value = "30s")]
    #[arg(requires = "introspect")]
    pub(crate) introspect_cache: Duration,
    /// What holds once the list is stale: fail-closed, grace=DURATION or fail-open
    #[arg(long, value_name = "POLICY", value_parser = values::stale_crl, default_value = "fail-closed")]
    pub(crate) stale_crl: StalePolicy,
    /// Issuer that tokens must name [default: the CA's own]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) issuer: Option<String>,
    /// Most nonces that are remembered against replays
    #[arg(long, value_name = "N", value_parser = values::count, default_value = "4000000")]
    pub(crate) replay_capacity: NonZeroUsize,
    /// Most certificates whose verified chain is remembered, in at most 8 KiB each; 0 for none
    #[arg(long, value_name = "N", default_value = "10000")]
    pub(crate) cert_cache: usize,
    /// Most tokens whose verified signature is remembered, in at most 8 KiB each; 0 for none
    #[arg(long, value_name = "N", default_value = "0")]
    pub(crate) token_cache: usize,
    /// Worker threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = values::count)]
    pub(crate) workers: Option<NonZeroUsize>,
    /// Stop when standard input ends: a child that must not outlive its parent
    #[arg(long, hide = true)]
    pub(crate) stop_with_stdin: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Answered from memory: /crl /crl.pem /ca.crt /jwks.json /.well-known/oauth-authorization-server
For clients: POST /oauth/token /oauth/introspect /certificates/renew
For operators: /healthz (the process lives), /readyz (it can issue), /metrics

A revocation list that it publishes is current for 24 h and renewed after 16 h; a revocation by
`crl revoke` is published within a second.

Examples:
  certauthz ca serve --name primary
  certauthz ca serve --name primary --listen 0.0.0.0:8586 --issuer https://as.example --authority as.example")]
pub(crate) struct CaServeArgs {
    /// Name of the CA
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) name: Name,
    /// Address to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDR:PORT", value_parser = values::listen, default_value = "127.0.0.1:8586")]
    pub(crate) listen: SocketAddr,
    /// Issuer identifier: `iss` of the tokens, and where clients reach this server [default: the CA's own]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) issuer: Option<String>,
    /// A name that this server is called by, besides the issuer's; repeat for several [default: the address it listens on]
    #[arg(long = "authority", value_name = "HOST[:PORT]", value_parser = values::authority)]
    pub(crate) authorities: Vec<String>,
    /// How long a token lives at most
    #[arg(long, value_name = "DURATION", value_parser = values::positive_duration, default_value = "15m")]
    pub(crate) token_lifetime: Duration,
    /// Address where /metrics is shown, and there alone; port 0 picks a free one [default: at /metrics of --listen]
    #[arg(long, value_name = "ADDR:PORT", value_parser = values::listen)]
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// Most connections at a time; past them, those that keep the server waiting make room for newcomers
    #[arg(long, value_name = "N", value_parser = values::count, default_value = "10000")]
    pub(crate) max_connections: NonZeroUsize,
    /// Worker threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = values::count)]
    pub(crate) workers: Option<NonZeroUsize>,
    /// Stop when standard input ends: a child that must not outlive its parent
    #[arg(long, hide = true)]
    pub(crate) stop_with_stdin: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Files, and the content types to serve them with:
  crl                                     application/pkix-crl
  crl.pem                                 application/x-pem-file
  ca.crt                                  application/pem-certificate-chain
  jwks.json                               application/jwk-set+json
  .well-known/oauth-authorization-server  application/json
The list is a new one only where the one at hand is past two thirds of its life: repeat this daily,
and after each revocation.

Example:
  certauthz ca publish --name primary --out public")]
pub(crate) struct CaPublishArgs {
    /// Name of the CA
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) name: Name,
    /// Directory of the files; made if need be
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: PathBuf,
    /// Issuer identifier in the metadata [default: the CA's own]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) issuer: Option<String>,
}
