//! One file per command: each resolves its arguments, calls the library, and prints.

mod completions;

use crate::{
    cli::{Cli, Command},
    output::{Output, Result},
};

/// Runs the command that was given.
pub(crate) fn run(cli: Cli) -> Result {
    let out = Output::new(cli.global.format, cli.global.quiet);
    match cli.command {
        Command::Completions(args) => completions::run(&args, out),
        _ => unreachable!(),
    }
}
