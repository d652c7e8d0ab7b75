//! `verify cert|token|request|crl`: offline, with the reason of every refusal.

mod certificate;
mod crl;
mod report;
mod request;
mod token;

use super::{Context, trust};
use crate::{cli::VerifyCommand, output::Result};

pub(crate) fn run(command: VerifyCommand, context: &Context) -> Result {
    match command {
        VerifyCommand::Cert(args) => certificate::run(&args, context),
        VerifyCommand::Token(args) => token::run(args, context),
        VerifyCommand::Request(args) => request::run(args, context),
        VerifyCommand::Crl(args) => crl::run(&args, context),
    }
}
