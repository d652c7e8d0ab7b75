//! `loadtest merge`: runs of several machines, as if they were one.

use super::output::Results;
use crate::{cli::LoadMergeArgs, commands::Context, output::Result};
use certauthz::load::{Report, merge};

pub(super) fn run(args: &LoadMergeArgs, context: &Context) -> Result {
    let read = |path: &std::path::PathBuf| Ok((path.display().to_string(), Report::read(path)?));
    let report = merge(args.runs.iter().map(read).collect::<Result<_>>()?)?;
    let results = Results::prepare(&args.files)?;
    results.check_lanes(report.modes.iter().map(|mode| mode.name.as_str()))?;
    results.publish(&report, context)?.and_measured(&report)
}
