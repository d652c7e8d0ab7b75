//! One file per command: each resolves its arguments, calls the library, and prints.

mod bench;
mod ca;
mod ca_serve;
mod client;
mod client_authority;
mod client_request;
mod completions;
mod crl;
mod init;
mod loadtest;
mod serve;
mod sign_request;
mod token;
mod trust;
mod verify;

use crate::{
    cli::{CaCommand, Cli, ClientCommand, Command, CrlCommand, GlobalArgs, TokenCommand},
    output::{Failure, Output, Result},
};
use certauthz::{
    error::{Error, Result as LibraryResult},
    store::{Credentials, Name},
};
use jiff::Timestamp;

/// What every command works with: the global options, resolved, and the time at which it began.
pub(crate) struct Context {
    pub(crate) credentials: Credentials,
    pub(crate) out: Output,
    pub(crate) now: Timestamp,
}

impl Context {
    fn new(global: GlobalArgs) -> Self {
        Self {
            credentials: Credentials::new(global.path).with_scopes_oid(global.scopes_oid),
            out: Output::new(global.format, global.quiet),
            now: Timestamp::now(),
        }
    }

    /// The program's name with the option that leads to these credentials, for commands that are suggested.
    fn program(&self) -> String {
        match self.credentials.root().to_str() {
            Some("credentials") => "certauthz".to_owned(),
            _ => format!("certauthz --path {}", self.credentials.root().display()),
        }
    }
}

/// What is not there under a name may be of the other kind: `of_kind` are the names of that, and `kind` is its command.
fn other_kind(name: &Name, kind: &str, error: Error, of_kind: LibraryResult<Vec<Name>>, context: &Context) -> Failure {
    match error {
        // Where the names cannot be listed the error itself still tells enough.
        Error::NotFound { .. } if of_kind.is_ok_and(|names| names.contains(name)) => {
            let hint =
                format!("{name} is a {kind}: see `{} {} show --name {name}`", context.program(), kind.to_lowercase());
            Failure::Hinted { error, hint }
        }
        other => other.into(),
    }
}

/// Runs the command that was given.
pub(crate) fn run(cli: Cli) -> Result {
    let context = Context::new(cli.global);
    match cli.command {
        Command::Init(args) => init::run(&args, &context),
        Command::Ca(CaCommand::Create(args)) => ca::create(args, &context),
        Command::Ca(CaCommand::Serve(args)) => ca_serve::serve(args, &context),
        Command::Ca(CaCommand::Publish(args)) => ca_serve::publish(args, &context),
        Command::Ca(CaCommand::List) => ca::list(&context),
        Command::Ca(CaCommand::Show(args)) => ca::show(&args, &context),
        Command::Client(ClientCommand::Create(args)) => client::create(args, &context),
        Command::Client(ClientCommand::Renew(args)) => client::renew(args, &context),
        Command::Client(ClientCommand::Token(args)) => client_authority::token(args, &context),
        Command::Client(ClientCommand::List) => client::list(&context),
        Command::Client(ClientCommand::Show(args)) => client::show(&args, &context),
        Command::Client(ClientCommand::Request(args)) => client_request::run(args, &context),
        Command::Token(TokenCommand::Create(args)) => token::create(args, &context),
        Command::Crl(CrlCommand::Revoke(args)) => crl::revoke(args, &context),
        Command::Crl(CrlCommand::Create(args)) => crl::create(&args, &context),
        Command::Crl(CrlCommand::Show(args)) => crl::show(&args, &context),
        Command::Crl(CrlCommand::Generate(args)) => crl::generate(&args, &context),
        Command::Verify(command) => verify::run(command, &context),
        Command::SignRequest(args) => sign_request::run(args, &context),
        Command::Serve(args) => serve::run(*args, &context),
        Command::Loadtest(args) => loadtest::run(&args, &context),
        Command::Bench(args) => bench::run(&args, &context),
        Command::Completions(args) => completions::run(&args, context.out),
    }
}
