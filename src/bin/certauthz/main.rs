//! The command line of certauthz: reads arguments, calls the library, prints.

mod cli;
mod commands;
mod input;
mod output;
mod request;
mod values;
mod view;

use clap::Parser as _;
use cli::{Cli, GlobalArgs};
use output::Failure;
use std::{io, process::ExitCode};
use tracing_subscriber::filter::LevelFilter;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return print_usage(&error),
    };
    log_to_stderr(&cli.global);
    match commands::run(cli) {
        Ok(outcome) => outcome.into(),
        Err(failure) => failure.report(),
    }
}

/// Prints clap's error, help or version text: 2, or 0 for a text that was asked for.
fn print_usage(error: &clap::Error) -> ExitCode {
    let code = if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
    match error.print() {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe && !error.use_stderr() => {
            Failure::Stdout(source).report()
        }
        _ => code,
    }
}

/// The library's messages go to standard error; `-v` and `-q` say how many of them.
fn log_to_stderr(global: &GlobalArgs) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => LevelFilter::ERROR,
        (_, 0) => LevelFilter::WARN,
        (_, 1) => LevelFilter::INFO,
        (_, 2) => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(output::stderr_is_coloured())
        .with_target(false)
        .with_max_level(level)
        .init();
}
