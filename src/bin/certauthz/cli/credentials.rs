//! Arguments of the commands that make and show credentials.

use crate::values;
use certauthz::{
    cert::{Lifetime, Serial},
    crl::RevocationReason,
    error::Result,
    key::KeyType,
    scope::Scope,
    store::Name,
};
use clap::{Args, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  certauthz --path /tmp/world init")]
pub(crate) struct InitArgs {
    /// Replace an example world that exists already
    #[arg(long)]
    pub(crate) force: bool,
}

/// The kind and size of a new key.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct KeyArgs {
    /// Kind of the new key [default: rsa, or what the size implies]
    #[arg(long, value_name = "TYPE", value_enum)]
    pub(crate) key_type: Option<KeyKind>,
    /// Size of the new key in bits: 2048, 3072 or 4096 (RSA), 256 or 384 (EC) [default: 2048 or 256]
    #[arg(long, value_name = "BITS")]
    pub(crate) key_size: Option<u32>,
}

impl KeyArgs {
    /// The library's key type.
    pub(crate) fn resolve(self) -> Result<KeyType> {
        let kind = self.key_type.map(|kind| match kind {
            KeyKind::Rsa => "rsa",
            KeyKind::Ec => "ec",
            KeyKind::Ed25519 => "ed25519",
        });
        KeyType::from_options(kind, self.key_size)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyKind {
    /// RSA with 2048, 3072 or 4096 bits
    Rsa,
    /// Elliptic curve P-256 or P-384
    Ec,
    /// Ed25519
    Ed25519,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CaCommand {
    /// Make a CA: key pair, certificate, database and first revocation list
    Create(CaCreateArgs),
    /// List the CAs under --path
    #[command(after_help = "Example:\n  certauthz ca list")]
    List,
    /// Show a CA and what it issued
    Show(CaShowArgs),
    /// Run the authorization server: tokens, renewals, revocation list, keys
    Serve(super::CaServeArgs),
    /// Write the revocation list, keys and certificate as files for any web server or CDN
    Publish(super::CaPublishArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  certauthz ca create --name primary
  certauthz ca create --name second --common-name 'Second CA' --key-type ec --key-size 384 --expiration 5y")]
pub(crate) struct CaCreateArgs {
    /// Name of the CA, and of its directory under --path
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) name: Name,
    /// Common name (CN) of the subject [default: the name]
    #[arg(long, value_name = "CN")]
    pub(crate) common_name: Option<String>,
    /// Organization (O) of the subject
    #[arg(long, value_name = "O")]
    pub(crate) organization: Option<String>,
    /// Life of the certificate: a duration, or the RFC 3339 time of its end [default: 8766h, or the parent's end]
    #[arg(long, value_name = "DURATION|TIME", value_parser = values::lifetime)]
    pub(crate) expiration: Option<Lifetime>,
    /// Serial number: decimal, 0x… or colon-hex [default: random, 128 bits]
    #[arg(long, value_name = "N", value_parser = values::serial)]
    pub(crate) serial_number: Option<Serial>,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// Make an intermediate CA that this CA signs
    #[arg(long, value_name = "CA", value_parser = values::name)]
    pub(crate) parent: Option<Name>,
    /// Where clients of the certificates will find the revocation list
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) crl_url: Option<String>,
    /// Issuer identifier in the CA's access tokens (`iss`) [default: http://127.0.0.1:8586]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) issuer: Option<String>,
    /// Replace a CA of this name; what it issued will no longer verify
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  certauthz ca show --name primary")]
pub(crate) struct CaShowArgs {
    /// Name of the CA
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) name: Name,
    /// Print the public key as a JWK set (RFC 7517) instead
    #[arg(long)]
    pub(crate) jwks: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Make a client: key pair, certificate with scopes, and token
    Create(ClientCreateArgs),
    /// Issue a new certificate and token for a client's key, or have one issued by the authorization server
    Renew(ClientRenewArgs),
    /// Fetch an access token from the authorization server and print it
    Token(ClientTokenArgs),
    /// List the clients under --path
    #[command(after_help = "Example:\n  certauthz client list")]
    List,
    /// Show a client: certificate, scopes, token
    Show(ClientShowArgs),
    /// Send a request as a client, with its token or its certificate
    Request(super::ClientRequestArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  certauthz client create --name carol --ca primary --scope bob.user.read --scope bob.user.write
  certauthz client create --name dave --ca primary --scope bob.user.read --csr dave.csr")]
pub(crate) struct ClientCreateArgs {
    /// Name of the client, and of its directory under --path
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) name: Name,
    /// The CA that issues
    #[arg(long, value_name = "CA", value_parser = values::name)]
    pub(crate) ca: Name,
    /// A scope that the client gets; repeat for several
    #[arg(long = "scope", value_name = "SCOPE", value_parser = values::scope, required = true)]
    pub(crate) scopes: Vec<Scope>,
    /// Common name (CN) of the subject [default: the name]
    #[arg(long, value_name = "CN")]
    pub(crate) common_name: Option<String>,
    /// Organization (O) of the subject
    #[arg(long, value_name = "O")]
    pub(crate) organization: Option<String>,
    /// Life of the certificate: a duration, or the RFC 3339 time of its end [default: 365d, or the CA's end]
    #[arg(long, value_name = "DURATION|TIME", value_parser = values::lifetime)]
    pub(crate) expiration: Option<Lifetime>,
    /// Serial number: decimal, 0x… or colon-hex [default: random, 128 bits]
    #[arg(long, value_name = "N", value_parser = values::serial)]
    pub(crate) serial_number: Option<Serial>,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// A PKCS#10 request (PEM or DER) of a key that stays where it is
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["key_type", "key_size"])]
    pub(crate) csr: Option<PathBuf>,
    /// Replace a client of this name
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  certauthz client renew --name alice --scope bob.user.read
  certauthz client renew --name alice --authority http://127.0.0.1:8586")]
pub(crate) struct ClientRenewArgs {
    /// Name of the client
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) name: Name,
    /// The client's scopes from now on; repeat for several [default: those it has]
    #[arg(long = "scope", value_name = "SCOPE", value_parser = values::scope)]
    pub(crate) scopes: Vec<Scope>,
    /// Life of the new certificate: a duration, or the RFC 3339 time of its end [default: 365d, or the CA's end]
    #[arg(long, value_name = "DURATION|TIME", value_parser = values::lifetime)]
    pub(crate) expiration: Option<Lifetime>,
    /// The authorization server that issues it; without, the CA's own files are used
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, conflicts_with_all = ["scopes", "expiration"])]
    pub(crate) authority: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  curl -H \"Authorization: Bearer $(certauthz client token --name alice --authority http://127.0.0.1:8586)\" \\
      http://127.0.0.1:8585/token")]
pub(crate) struct ClientTokenArgs {
    /// Name of the client
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) name: Name,
    /// The authorization server
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) authority: String,
    /// The service that shall accept it [default: the first segment of the scopes, e.g. bob of bob.user.read]
    #[arg(long, value_name = "NAME")]
    pub(crate) audience: Option<String>,
    /// A scope of the token; repeat for several; only scopes that the client has [default: all of them]
    #[arg(long = "scope", value_name = "SCOPE", value_parser = values::scope)]
    pub(crate) scopes: Vec<Scope>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  certauthz client show --name alice")]
pub(crate) struct ClientShowArgs {
    /// Name of the client
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) name: Name,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make an access token (RFC 9068) for a client and print it
    Create(TokenCreateArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  curl -H \"Authorization: Bearer $(certauthz token create --ca primary --client alice)\" http://127.0.0.1:8585/token")]
pub(crate) struct TokenCreateArgs {
    /// The CA that issues
    #[arg(long, value_name = "CA", value_parser = values::name)]
    pub(crate) ca: Name,
    /// The client that the token is for
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) client: Name,
    /// The service that shall accept it [default: the first segment of the scopes, e.g. bob of bob.user.read]
    #[arg(long, value_name = "NAME")]
    pub(crate) audience: Option<String>,
    /// A scope of the token; repeat for several; only scopes that the client has [default: all of them]
    #[arg(long = "scope", value_name = "SCOPE", value_parser = values::scope)]
    pub(crate) scopes: Vec<Scope>,
    /// Life of the token: a duration, or the RFC 3339 time of its end [default: 15m, but not beyond the certificate]
    #[arg(long, value_name = "DURATION|TIME", value_parser = values::lifetime)]
    pub(crate) expiration: Option<Lifetime>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CrlCommand {
    /// Revoke certificates and publish a new list
    Revoke(CrlRevokeArgs),
    /// Publish a new list
    Create(CrlCreateArgs),
    /// Print a list: number, times, entries
    Show(CrlShowArgs),
    /// Write a list with many invented entries, to try out and measure
    #[command(hide = true)]
    Generate(CrlGenerateArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  certauthz crl revoke --ca primary --client alice --reason keyCompromise
  certauthz crl revoke --ca primary --serial 0x1a2b3c")]
pub(crate) struct CrlRevokeArgs {
    /// The CA that issued
    #[arg(long, value_name = "CA", value_parser = values::name)]
    pub(crate) ca: Name,
    #[command(flatten)]
    pub(crate) what: RevokeTarget,
    /// Why (RFC 5280 section 5.3.1)
    #[arg(long, value_name = "REASON", value_parser = values::revocation_reason(), default_value = "unspecified")]
    #[arg(ignore_case = true)]
    pub(crate) reason: RevocationReason,
}

/// Which certificates to revoke; exactly one way to say it.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct RevokeTarget {
    /// Every certificate of this client that is still in force
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) client: Option<Name>,
    /// The certificate with this serial number: decimal, 0x… or colon-hex
    #[arg(long, value_name = "SERIAL", value_parser = values::serial)]
    pub(crate) serial: Option<Serial>,
    /// This certificate (PEM or DER)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) cert: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  certauthz crl create --ca primary --next-update 24h")]
pub(crate) struct CrlCreateArgs {
    /// The CA whose list it is
    #[arg(long, value_name = "CA", value_parser = values::name)]
    pub(crate) ca: Name,
    /// When the following list will be there at the latest: a duration, or an RFC 3339 time
    #[arg(long, value_name = "DURATION|TIME", value_parser = values::lifetime, default_value = "7d")]
    pub(crate) next_update: Lifetime,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  certauthz crl show credentials/primary/ca.crl")]
pub(crate) struct CrlShowArgs {
    /// The list (PEM or DER); - is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
The list takes the next number of the CA, so servers take it; a later list without the invented entries takes its place.

Example:
  certauthz crl generate --ca primary --entries 1000000 --out credentials/primary/ca.crl")]
pub(crate) struct CrlGenerateArgs {
    /// The CA whose list it is
    #[arg(long, value_name = "CA", value_parser = values::name)]
    pub(crate) ca: Name,
    /// How many entries to invent beside those of the CA
    #[arg(long, value_name = "N")]
    pub(crate) entries: u32,
    /// Where to write it: DER if the name ends in .der, else PEM
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) out: PathBuf,
    /// The same seed invents the same entries
    #[arg(long, value_name = "N", default_value_t)]
    pub(crate) seed: u64,
    /// When the following list will be there at the latest: a duration, or an RFC 3339 time
    #[arg(long, value_name = "DURATION|TIME", value_parser = values::lifetime, default_value = "7d")]
    pub(crate) next_update: Lifetime,
}
