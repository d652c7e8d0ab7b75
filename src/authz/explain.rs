//! What a verification did, step by step, for people who ask why.

use crate::error::{Reason, Rejection};
use serde::Serialize;

/// Is told of the steps of a verification as they pass. The server's observer is `()`, which costs nothing.
pub trait Observer {
    /// `step` held; `detail` says with which values.
    fn passed(&mut self, _step: &'static str, _detail: &dyn Fn() -> String) {}

    /// `step` was not made; `detail` says why not.
    fn skipped(&mut self, _step: &'static str, _detail: &dyn Fn() -> String) {}

    /// The signature base that the verifier computed (RFC 9421 section 2.5).
    fn signature_base(&mut self, _base: &[u8]) {}
}

impl Observer for () {}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepResult {
    /// It held.
    Passed,
    /// It did not, and the verification ended with it.
    Failed,
    /// It was not made: it was not wanted, as its detail says, or was not reached.
    Skipped,
}

/// One step of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its name.
    pub step: &'static str,
    /// How it ended.
    pub result: StepResult,
    /// With which values, or why not.
    pub detail: String,
}

/// Records the steps.
#[derive(Debug, Clone, Default)]
pub struct Explanation {
    ended: Vec<(&'static str, StepResult, String)>,
    /// The signature base that was expected, where the verification came so far.
    pub base: Option<String>,
}

impl Observer for Explanation {
    fn passed(&mut self, step: &'static str, detail: &dyn Fn() -> String) {
        self.ended.push((step, StepResult::Passed, detail()));
    }

    fn skipped(&mut self, step: &'static str, detail: &dyn Fn() -> String) {
        self.ended.push((step, StepResult::Skipped, detail()));
    }

    fn signature_base(&mut self, base: &[u8]) {
        // It is ASCII: whatever else a request holds is not signed.
        self.base = Some(String::from_utf8_lossy(base).into_owned());
    }
}

impl Explanation {
    /// All of `order`, with the outcome: what passed or was left out, the one that failed with this rejection, and what
    /// was not reached.
    pub fn steps(&self, order: &[&'static str], rejection: Option<&Rejection>) -> Vec<Step> {
        let mut failure = rejection;
        let step = |&name: &&'static str| {
            if let Some((_, result, detail)) = self.ended.iter().find(|(ended, ..)| *ended == name) {
                return Step { step: name, result: *result, detail: detail.clone() };
            }
            match failure.take() {
                Some(rejection) => {
                    let reason: Reason = rejection.reason();
                    Step { step: name, result: StepResult::Failed, detail: format!("{reason}: {rejection}") }
                }
                None => Step { step: name, result: StepResult::Skipped, detail: String::new() },
            }
        };
        order.iter().map(step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_that_did_not_pass_is_the_one_that_failed() {
        let mut explanation = Explanation::default();
        explanation.passed("a", &|| "fine".to_owned());
        let steps = explanation.steps(&["a", "b", "c"], Some(&Rejection::SignatureInvalid));
        let results: Vec<_> = steps.iter().map(|s| s.result).collect();
        assert_eq!(results, [StepResult::Passed, StepResult::Failed, StepResult::Skipped]);
        assert!(steps[1].detail.starts_with("signature_invalid: "), "{}", steps[1].detail);
        let steps = explanation.steps(&["a", "b"], None);
        assert_eq!(steps[1].result, StepResult::Skipped);
    }

    #[test]
    fn a_step_that_was_left_out_did_not_fail() {
        let mut explanation = Explanation::default();
        explanation.skipped("a", &|| "not wanted".to_owned());
        let steps = explanation.steps(&["a", "b"], Some(&Rejection::SignatureInvalid));
        assert_eq!((steps[0].result, steps[0].detail.as_str()), (StepResult::Skipped, "not wanted"));
        assert_eq!(steps[1].result, StepResult::Failed);
    }
}
