//! What a rehearsal found, for people ([`Report::text`]) and for programs ([`Report::json`]).

mod chart;
mod json;
mod text;

use super::{
    super::report::Ending,
    analysis::Findings,
    journal::{Marks, Transition},
    plan::Plan,
    timeline::Timeline,
    worker::Sample,
};
use crate::measure::Environment;
use std::time::Duration;

/// What the numbers depend on besides the plan, for the report. All of it is the caller's and the authority's business.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Setting {
    /// In which way the authority is away.
    pub outage_kind: &'static str,
    /// How long the authority's tokens live.
    pub token_lifetime: Duration,
    /// The longest time that the caller may take for a credential.
    pub budget: Duration,
    /// How often the caller looks whether the authority is back: the shortest and the longest interval.
    pub probe_interval: (Duration, Duration),
}

/// The result of a rehearsal.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// The resource server.
    pub url: String,
    /// What was to be done.
    pub plan: Plan,
    /// What else the numbers depend on.
    pub setting: Setting,
    /// What the requests tell.
    pub findings: Findings,
    /// When the authority went and came.
    pub marks: Marks,
    /// The changes of the circuit breaker.
    pub transitions: Vec<Transition>,
    /// Where this ran.
    pub environment: Environment,
    /// Why it ended.
    pub ending: Ending,
    pub(super) samples: Vec<Sample>,
}

impl Report {
    /// What must not be in a rehearsal, a sentence each: failed requests; an outage that no certificate bridged, which
    /// proves nothing; no way back to tokens. None is a rehearsal that went well.
    pub fn verdict(&self) -> Vec<String> {
        let (found, mut complaints) = (&self.findings, Vec::new());
        if found.all.requests == 0 {
            complaints.push("no request was sent".to_owned());
        }
        if found.all.failed > 0 {
            complaints.push(format!("{} of {} requests failed", found.all.failed, found.all.requests));
        }
        if self.ending == Ending::Completed && self.plan.outage.is_some() {
            if found.switch.is_none() {
                complaints.push("no request in the outage used a certificate, so nothing was rehearsed".to_owned());
            }
            match found.recovery {
                None => complaints.push("the authority did not become ready again".to_owned()),
                Some(recovery) if recovery.first_token.is_none() => {
                    complaints.push("no request used a token after the outage".to_owned());
                }
                Some(_) => {}
            }
        }
        complaints
    }

    /// Whether it was carried out and nothing is to be complained of.
    pub fn passed(&self) -> bool {
        self.ending == Ending::Completed && self.verdict().is_empty()
    }

    /// The run in equal steps of time.
    pub fn timeline(&self) -> Timeline {
        Timeline::new(&self.samples, self.plan.duration)
    }

    /// The report for a terminal, with a newline at the end.
    pub fn text(&self) -> String {
        text::render(self)
    }

    /// The report as JSON; times are in seconds.
    pub fn json(&self) -> serde_json::Value {
        json::render(self)
    }
}
