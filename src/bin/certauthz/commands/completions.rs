//! `completions SHELL`.

use crate::{
    cli::{Cli, CompletionsArgs},
    output::{self, Outcome, Output, Result},
};
use clap::CommandFactory as _;

pub(crate) fn run(args: &CompletionsArgs, out: Output) -> Result {
    // clap_complete panics where it cannot write, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "certauthz", &mut script);
    if out.is_json() {
        let document = serde_json::json!({
            "shell": args.shell.to_string(),
            "script": String::from_utf8_lossy(&script),
        });
        out.data(String::new, &document)?;
    } else {
        output::raw_to_stdout(&script)?;
    }
    Ok(Outcome::Done)
}
