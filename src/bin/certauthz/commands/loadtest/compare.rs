//! `loadtest compare`: one run with another.

use crate::{
    cli::LoadCompareArgs,
    commands::Context,
    output::{Failure, Outcome, Result},
};
use certauthz::load::{Report, compare_reports, comparison_json, comparison_text, differences};

pub(super) fn run(args: &LoadCompareArgs, context: &Context) -> Result {
    let (base, other) = (Report::read(&args.base)?, Report::read(&args.other)?);
    let found = compare_reports(&base, &other);
    if found.is_empty() {
        let lanes = |report: &Report| report.modes.iter().map(|mode| mode.name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Failure::Usage {
            why: format!(
                "nothing was measured in both runs: {} has {}, {} has {}",
                args.base.display(),
                lanes(&base),
                args.other.display(),
                lanes(&other)
            ),
            hint: "compare runs of the same modes".into(),
        });
    }
    let notes = differences(&base, &other);
    context.out.data(|| comparison_text(&found, &notes), &comparison_json(&found, &notes))?;
    Ok(Outcome::Done)
}
