//! `loadtest merge`: runs of several machines, as if they were one.
use crate::{cli::LoadMergeArgs, commands::Context, output::Result};
pub(super) fn run(_: &LoadMergeArgs, _: &Context) -> Result {
    Ok(crate::output::Outcome::Done)
}
