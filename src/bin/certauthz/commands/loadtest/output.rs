//! What becomes of a report: printed, written to files, held against thresholds.

use super::{failure, file::Pending};
use crate::{
    cli::ReportFileArgs,
    commands::Context,
    output::{Failure, Outcome, Result, escaped_json},
};
use certauthz::load::{Report, Threshold, Verdict};
use serde_json::{Value, json};

/// Where a report goes besides standard output, and what must hold.
pub(super) struct Results<'a> {
    json: Option<Pending>,
    html: Option<Pending>,
    thresholds: &'a [Threshold],
}

impl<'a> Results<'a> {
    /// Makes the files, so that a place that cannot be written is found out now.
    pub(super) fn prepare(args: &'a ReportFileArgs) -> Result<Self> {
        let pending = |path: &Option<_>| path.as_deref().map(Pending::new).transpose();
        Ok(Self { json: pending(&args.output)?, html: pending(&args.report)?, thresholds: &args.thresholds })
    }

    /// Refuses thresholds for what is not measured, before it takes an hour to find out.
    pub(super) fn check_lanes<'l>(&self, lanes: impl Iterator<Item = &'l str> + Clone) -> Result<()> {
        for threshold in self.thresholds {
            if let Some(unknown) = threshold.lanes().find(|name| !lanes.clone().any(|lane| lane == *name)) {
                return Err(Failure::Usage {
                    why: format!("the threshold {threshold} speaks of {unknown}, which is not measured"),
                    hint: format!("name one of: {}", lanes.collect::<Vec<_>>().join(", ")),
                });
            }
        }
        Ok(())
    }

    /// Writes the report and prints it. Files first: they were asked for by name, and a reader of standard output may have
    /// left.
    pub(super) fn publish(self, report: &Report, context: &Context) -> Result<Verdicts> {
        let verdicts = Verdicts(self.thresholds.iter().map(|threshold| threshold.check(report)).collect());
        let mut document = report.json();
        if let (Value::Object(document), false) = (&mut document, verdicts.0.is_empty()) {
            document.insert("thresholds".into(), verdicts.json());
        }
        if let Some(file) = self.json {
            file.publish_with(&json(&document)?)?;
        }
        if let Some(file) = self.html {
            file.publish_with(report.html().as_bytes())?;
        }
        context.out.data(|| report.text() + &verdicts.text(), &document)?;
        Ok(verdicts)
    }
}

/// A document as a file holds it.
pub(super) fn json(document: &Value) -> Result<Vec<u8>> {
    let text = serde_json::to_string_pretty(document).map_err(|error| Failure::Stdout(error.into()))?;
    Ok(format!("{}\n", escaped_json(&text)).into_bytes())
}

/// What became of the thresholds.
pub(super) struct Verdicts(Vec<Verdict>);

impl Verdicts {
    fn text(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let lines: String = self.0.iter().map(|verdict| format!("  {}\n", verdict.text)).collect();
        format!("\nThresholds:\n{lines}")
    }

    fn json(&self) -> Value {
        let one = |verdict: &Verdict| json!({ "held": verdict.held, "found": verdict.found, "text": verdict.text });
        self.0.iter().map(one).collect()
    }

    /// The command's end. A threshold that does not hold is what whoever set one waits for, so it comes before a run that
    /// went wrong altogether.
    pub(super) fn and_measured(self, report: &Report) -> Result {
        let failed: Vec<_> =
            self.0.iter().filter(|verdict| !verdict.held).map(|verdict| verdict.text.as_str()).collect();
        match failure(report) {
            _ if !failed.is_empty() => {
                Err(Failure::Threshold { why: format!("threshold {}", failed.join("; threshold ")) })
            }
            Some(failure) => Err(failure),
            None => Ok(Outcome::Done),
        }
    }
}
