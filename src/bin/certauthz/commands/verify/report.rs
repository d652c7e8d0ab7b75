//! The answer of a verification, as text and as the one JSON document that all of them have.

use crate::{
    output::{self, BAD, GOOD, Outcome, Output, Result},
    view,
};
use certauthz::{
    authz::{Explanation, Step, StepResult},
    error::{Reason, Rejection},
    scope::Scopes,
};
use jiff::Timestamp;
use serde::Serialize;

/// What was verified, how far that came, and the verdict.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// Whose credential it is.
    pub(super) subject: Option<String>,
    /// Lower-case hex.
    pub(super) serial: Option<String>,
    pub(super) scopes: Scopes,
    pub(super) not_after: Option<Timestamp>,
    /// What the verification told while it went.
    pub(super) explanation: Explanation,
    /// Its steps in order.
    pub(super) order: &'static [&'static str],
    /// Why it was refused, if it was.
    pub(super) rejection: Option<Rejection>,
}

#[derive(Serialize)]
struct Document<'a> {
    valid: bool,
    reason: Option<Reason>,
    subject: &'a Option<String>,
    serial: &'a Option<String>,
    scopes: &'a Scopes,
    not_after: Option<String>,
    steps: Vec<Step>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature_base: Option<&'a str>,
}

impl Report {
    /// Prints the answer: whether, why not, about what, and with `explain` how it came to be.
    pub(super) fn print(&self, explain: bool, out: Output) -> Result {
        let steps = self.explanation.steps(self.order, self.rejection.as_ref());
        let base = self.expected_base().filter(|_| explain);
        let text = || {
            let mut text = self.text();
            if explain {
                text.push_str(&steps_text(&steps));
            }
            if let Some(base) = base {
                text.push_str(&format!("\nexpected signature base:\n{}\n", printable_lines(base)));
            }
            text
        };
        let document = Document {
            valid: self.rejection.is_none(),
            reason: self.rejection.as_ref().map(Rejection::reason),
            subject: &self.subject,
            serial: &self.serial,
            scopes: &self.scopes,
            not_after: self.not_after.map(view::time),
            steps: steps.clone(),
            signature_base: base,
        };
        out.summary(text, &document)?;
        Ok(if self.rejection.is_none() { Outcome::Done } else { Outcome::Refused })
    }

    /// Only a bad signature leaves the question what should have been signed.
    fn expected_base(&self) -> Option<&str> {
        let bad = matches!(self.rejection, Some(Rejection::SignatureInvalid | Rejection::AlgorithmForbidden(_)));
        self.explanation.base.as_deref().filter(|_| bad)
    }

    fn text(&self) -> String {
        let mut rows = vec![];
        rows.extend(self.rejection.as_ref().map(|why| ("why", output::printable(&why.to_string()))));
        rows.extend(self.subject.as_ref().map(|subject| ("subject", output::printable(subject))));
        rows.extend(self.serial.as_ref().map(|serial| ("serial", format!("0x{serial}"))));
        if !self.scopes.is_empty() {
            rows.push(("scopes", self.scopes.to_string()));
        }
        rows.extend(self.not_after.map(|end| ("until", view::time(end))));
        let title = match &self.rejection {
            None => format!("{GOOD}valid{GOOD:#}"),
            Some(why) => format!("{BAD}refused{BAD:#}: {}", why.reason()),
        };
        view::fields(&title, &rows)
    }
}

fn steps_text(steps: &[Step]) -> String {
    let rows: Vec<_> = steps
        .iter()
        .map(|step| {
            let result = match step.result {
                StepResult::Passed => "passed",
                StepResult::Failed => "failed",
                StepResult::Skipped if step.detail.is_empty() => "not reached",
                StepResult::Skipped => "skipped",
            };
            vec![format!("  {}", step.step), result.to_owned(), output::printable(&step.detail)]
        })
        .collect();
    format!("\nsteps:\n{}", output::table(&rows))
}

fn printable_lines(text: &str) -> String {
    text.lines().map(output::printable).collect::<Vec<_>>().join("\n")
}
