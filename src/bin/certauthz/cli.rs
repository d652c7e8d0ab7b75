//! The command line as it is typed. Only clap types live here; the commands resolve them into what the library takes.

mod credentials;
mod load;
mod measuring;
mod requests;
mod serving;

pub(crate) use credentials::*;
pub(crate) use load::*;
pub(crate) use measuring::*;
pub(crate) use requests::*;
pub(crate) use serving::*;

use crate::values;
use certauthz::cert::extension::Oid;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

/// Authorize service clients by X.509 certificates that carry scopes, plus signed requests, beside JWTs.
#[derive(Debug, Parser)]
#[command(name = "certauthz", version, max_term_width = 100, arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  certauthz init                                          make the example world
  certauthz serve                                         run the resource server (port 8585)
  certauthz client request --name alice --mode cert http://127.0.0.1:8585/cert
  certauthz loadtest                                      measure both ways, without any set-up

Exit codes: 0 done or accepted, 1 refused, 2 usage, 3 anything else failed, 99 a load test did not
hold what it must.";

/// `certauthz::cert::extension::SCOPES_OID`, as text.
const SCOPES_OID: &str = "2.25.4309002870052747561";

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct GlobalArgs {
    /// Directory of the credentials
    #[arg(long, global = true, value_name = "DIR", env = "CERTAUTHZ_PATH", default_value = "credentials")]
    #[arg(hide_env_values = true, value_hint = ValueHint::DirPath, help_heading = "Global options")]
    pub(crate) path: PathBuf,
    /// Object identifier of the scopes extension
    #[arg(long, global = true, value_name = "OID", env = "CERTAUTHZ_SCOPES_OID", value_parser = values::oid)]
    #[arg(default_value = SCOPES_OID, hide_env_values = true, help_heading = "Global options")]
    pub(crate) scopes_oid: Oid,
    /// How results are printed to standard output
    #[arg(long, global = true, value_name = "FORMAT", value_enum, default_value_t, help_heading = "Global options")]
    pub(crate) format: Format,
    /// Print no summaries and no warnings, only errors and the data that was asked for
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Global options")]
    pub(crate) quiet: bool,
    /// Tell more on standard error; repeat for even more
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Global options")]
    pub(crate) verbose: u8,
}

/// For people, or one JSON document. (Comments on the variants would make every `--help` twice as long.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make the example world: the CA `primary`, the clients `alice` and `bob`, their tokens, an empty CRL
    Init(InitArgs),
    /// Certificate authorities: create, list, show, serve, publish
    #[command(subcommand)]
    Ca(CaCommand),
    /// Clients: create, renew, list, show, and send a request as one
    #[command(subcommand)]
    Client(ClientCommand),
    /// Access tokens (JWT)
    #[command(subcommand)]
    Token(TokenCommand),
    /// Revocation: revoke certificates, publish and show lists
    #[command(subcommand)]
    Crl(CrlCommand),
    /// Sign a request as a client, without sending it
    SignRequest(SignRequestArgs),
    /// Verify a certificate, token, signed request or revocation list, offline
    #[command(subcommand)]
    Verify(VerifyCommand),
    /// Run a resource server with the routes /token, /cert, /healthz and /metrics
    Serve(Box<ServeArgs>),
    /// Measure a resource server: tokens and signed requests side by side
    Loadtest(Box<LoadtestArgs>),
    /// Measure signing and verifying alone: what each type of key costs client and server
    Bench(BenchArgs),
    /// Print the completion script of a shell
    Completions(CompletionsArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  certauthz completions bash > ~/.local/share/bash-completion/completions/certauthz")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_tree_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_option_is_documented() {
        fn check(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{} has no description", command.get_name());
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{} {} has no help", command.get_name(), argument.get_id());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }

    #[test]
    fn the_default_identifier_is_the_library_s() {
        assert_eq!(values::oid(SCOPES_OID).unwrap(), certauthz::cert::extension::SCOPES_OID);
    }

    #[test]
    fn short_letters_are_those_people_know() {
        fn collect(command: &clap::Command, into: &mut std::collections::BTreeSet<char>) {
            into.extend(command.get_arguments().filter_map(clap::Arg::get_short));
            command.get_subcommands().for_each(|c| collect(c, into));
        }
        let mut letters = std::collections::BTreeSet::new();
        collect(&Cli::command(), &mut letters);
        assert_eq!(letters.into_iter().collect::<String>(), "DHTXcdnoqvz");
    }
}
