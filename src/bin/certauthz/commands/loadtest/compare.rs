//! `loadtest compare`: one run with another.
use crate::{cli::LoadCompareArgs, commands::Context, output::Result};
pub(super) fn run(_: &LoadCompareArgs, _: &Context) -> Result {
    Ok(crate::output::Outcome::Done)
}
