//! Arguments of the commands that sign, send and verify.

use crate::values::{self, Data, Header, HttpUrl};
use certauthz::{scope::Scope, store::Name};
use clap::{Args, Subcommand, ValueEnum, ValueHint};
use http::Method;
use jiff::Timestamp;
use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

/// A request as curl would be told about it.
#[derive(Debug, Args)]
pub(crate) struct RequestArgs {
    /// Method [default: GET, or POST with a body]
    #[arg(short = 'X', long = "request", value_name = "METHOD", value_parser = values::method)]
    pub(crate) method: Option<Method>,
    /// A header of the request; repeat for several
    #[arg(short = 'H', long = "header", value_name = "K: V", value_parser = values::header)]
    pub(crate) headers: Vec<Header>,
    /// Body of the request: the data itself, @FILE for a file's bytes, @- for standard input
    #[arg(short = 'd', long = "data", value_name = "DATA|@FILE", value_parser = values::data)]
    pub(crate) data: Option<Data>,
    /// Where the request goes to
    #[arg(value_name = "URL", value_parser = values::url, value_hint = ValueHint::Url)]
    pub(crate) url: HttpUrl,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 for an answer 2xx, 1 for 401 and 403, 3 for everything else.

Examples:
  certauthz client request --name alice http://127.0.0.1:8585/token
  certauthz client request --name alice --mode cert -X POST -d '{\"a\":1}' http://127.0.0.1:8585/cert
  certauthz client request --name alice --mode auto --authority http://127.0.0.1:8586 \\
      --repeat 60 --interval 1s http://127.0.0.1:8585/token")]
pub(crate) struct ClientRequestArgs {
    /// The client that sends
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) name: Name,
    /// The credential to show
    #[arg(long, value_name = "MODE", value_enum, default_value = "token")]
    pub(crate) mode: ClientMode,
    /// The authorization server to fetch tokens from [default: none, the client's token.jwt is sent]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) authority: Option<String>,
    /// Where the request goes when it is signed in mode auto [default: URL; of /token and /cert,
    /// each credential takes its own]
    #[arg(long, value_name = "URL", value_parser = values::url, value_hint = ValueHint::Url, requires = "authority")]
    pub(crate) cert_url: Option<HttpUrl>,
    /// Send it this many times, and print one line for each
    #[arg(long, value_name = "N", value_parser = values::count)]
    pub(crate) repeat: Option<NonZeroUsize>,
    /// From the beginning of one request to that of the next
    #[arg(long, value_name = "DURATION", value_parser = values::positive_duration, default_value = "1s")]
    #[arg(requires = "repeat")]
    pub(crate) interval: Duration,
    #[command(flatten)]
    pub(crate) request: RequestArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RequestMode {
    /// The access token, in the header Authorization
    Token,
    /// The certificate and a signature of the request
    Cert,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClientMode {
    /// The access token, in the header Authorization
    Token,
    /// The certificate and a signature of the request
    Cert,
    /// The token, and the certificate while the authorization server is away
    Auto,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  certauthz sign-request --client alice --output http http://bob.example/cert > request.http
  bash -c \"$(certauthz sign-request --client alice --output curl http://127.0.0.1:8585/cert)\"

Other load generators, with one command each. A signature is good for one request and not for long:
with -lazy vegeta takes each target once, and new ones are signed while it sends. k6 reads all of
them before it sends the first, so all must be sent while the server still takes them (--max-age).
  certauthz sign-request --client alice --count 10000 --output vegeta http://127.0.0.1:8585/cert \\
    | vegeta attack -lazy -format=json -rate=500/s | vegeta report
  certauthz sign-request --client alice --count 10000 --output k6 http://127.0.0.1:8585/cert \\
    | k6 run -e VUS=16 -")]
pub(crate) struct SignRequestArgs {
    /// The client that signs
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) client: Name,
    #[command(flatten)]
    pub(crate) request: RequestArgs,
    /// How long the signature can be used, at most 300s
    #[arg(long, value_name = "DURATION", value_parser = values::positive_duration, default_value = "60s")]
    pub(crate) expires_in: Duration,
    /// Sign this many times, each with its own nonce, on all cores
    #[arg(long, value_name = "N", value_parser = values::count, default_value = "1")]
    pub(crate) count: NonZeroUsize,
    /// What to print [default: headers, or json with --format json]
    #[arg(long, value_name = "FORM", value_enum)]
    pub(crate) output: Option<SignOutput>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SignOutput {
    /// The headers to add, one `Name: value` a line
    Headers,
    /// A curl command that runs as it is
    Curl,
    /// The whole HTTP/1.1 message
    Http,
    /// An object with method, url, headers and body
    Json,
    /// The same object on one line
    Jsonl,
    /// A target of vegeta's JSON format
    Vegeta,
    /// One script for k6 that sends each request once
    K6,
}

#[derive(Debug, Subcommand)]
pub(crate) enum VerifyCommand {
    /// Verify a client certificate: chain, revocation, purpose, scopes
    Cert(VerifyCertArgs),
    /// Verify an access token (JWT)
    Token(VerifyTokenArgs),
    /// Verify a signed HTTP/1.1 request, as `sign-request --output http` prints it
    Request(VerifyRequestArgs),
    /// Verify a revocation list: signature and times
    Crl(VerifyCrlArgs),
}

/// What every verification takes.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Verify as of this RFC 3339 time [default: now]
    #[arg(long, value_name = "TIME", value_parser = values::timestamp)]
    pub(crate) at: Option<Timestamp>,
    /// Print every step: passed, failed with its reason, skipped, or not reached
    #[arg(long)]
    pub(crate) explain: bool,
}

/// Where revocation lists come from.
#[derive(Debug, Args)]
pub(crate) struct RevocationArgs {
    /// A revocation list (PEM or DER) instead of the CA's own; repeat for several
    #[arg(long = "crl", value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "no_crl")]
    pub(crate) crls: Vec<PathBuf>,
    /// Do not check revocation
    #[arg(long)]
    pub(crate) no_crl: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  certauthz verify cert --ca primary --require-scope bob.user.read credentials/alice/client.crt
  certauthz verify cert --ca root.pem --intermediate sub.pem --crl sub.crl --explain client.pem")]
pub(crate) struct VerifyCertArgs {
    /// A trusted CA: its name under --path, or a certificate file (PEM or DER); repeat for several
    #[arg(long = "ca", value_name = "CA", required = true)]
    pub(crate) cas: Vec<String>,
    /// An intermediate CA's certificate (PEM or DER); repeat for several
    #[arg(long = "intermediate", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) intermediates: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) revocation: RevocationArgs,
    /// A scope that the certificate must carry; repeat for several
    #[arg(long = "require-scope", value_name = "SCOPE", value_parser = values::scope, conflicts_with = "no_scopes")]
    pub(crate) require_scopes: Vec<Scope>,
    /// Do not look at scopes: accept a certificate that has none
    #[arg(long)]
    pub(crate) no_scopes: bool,
    /// Do not want the extended key usage clientAuth
    #[arg(long)]
    pub(crate) any_purpose: bool,
    #[command(flatten)]
    pub(crate) common: VerifyArgs,
    /// The certificate (PEM or DER); - is standard input
    #[arg(value_name = "CERT", value_hint = ValueHint::FilePath)]
    pub(crate) cert: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  certauthz verify token --ca primary --audience bob - < credentials/alice/token.jwt")]
pub(crate) struct VerifyTokenArgs {
    /// A trusted CA: its name under --path, or a certificate file (PEM or DER); repeat for several
    #[arg(long = "ca", value_name = "CA", required = true)]
    pub(crate) cas: Vec<String>,
    /// The audience that the token must be made for
    #[arg(long, value_name = "NAME")]
    pub(crate) audience: String,
    /// The issuer that the token must name [default: the CA's own, or http://127.0.0.1:8586 for a CA's file]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) issuer: Option<String>,
    /// A scope that the token must carry; repeat for several
    #[arg(long = "require-scope", value_name = "SCOPE", value_parser = values::scope)]
    pub(crate) require_scopes: Vec<Scope>,
    #[command(flatten)]
    pub(crate) revocation: RevocationArgs,
    #[command(flatten)]
    pub(crate) common: VerifyArgs,
    /// The token; - is standard input
    #[arg(value_name = "TOKEN")]
    pub(crate) token: String,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  certauthz sign-request --client alice --output http http://bob.example/cert | certauthz verify request --ca primary -")]
pub(crate) struct VerifyRequestArgs {
    /// A trusted CA: its name under --path, or a certificate file (PEM or DER); repeat for several
    #[arg(long = "ca", value_name = "CA", required = true)]
    pub(crate) cas: Vec<String>,
    #[command(flatten)]
    pub(crate) revocation: RevocationArgs,
    /// An authority that the request may be for; repeat for several [default: any]
    #[arg(long = "authority", value_name = "HOST[:PORT]", value_parser = values::authority)]
    pub(crate) authorities: Vec<String>,
    /// A scope that the certificate must carry; repeat for several
    #[arg(long = "require-scope", value_name = "SCOPE", value_parser = values::scope)]
    pub(crate) require_scopes: Vec<Scope>,
    #[command(flatten)]
    pub(crate) common: VerifyArgs,
    /// The HTTP/1.1 message; - is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  certauthz verify crl --ca primary credentials/primary/ca.crl")]
pub(crate) struct VerifyCrlArgs {
    /// The CA whose list it should be: its name under --path, or a certificate file (PEM or DER)
    #[arg(long, value_name = "CA")]
    pub(crate) ca: String,
    #[command(flatten)]
    pub(crate) common: VerifyArgs,
    /// The list (PEM or DER); - is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
}
