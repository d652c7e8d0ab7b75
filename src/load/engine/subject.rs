//! What is measured, and where its requests come from.

use super::super::{
    plan::{Mode, Plan},
    progress::Progress,
    server_clock::ServerClock,
    source::{PreparedRequest, RequestSource},
    statistics::Tally,
    target::Target,
};
use crate::error::{Error, Result};
use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

/// Lanes of one run: a dozen is a matrix of key types, and blocks take turns, so each further one stretches the run.
const MAX_LANES: usize = 16;
/// Names are keys of JSON, columns of tables, and words of thresholds (`cert/token.p50`).
const MAX_NAME: usize = 64;

/// A lane: a thing to measure.
#[derive(Debug)]
pub struct Subject {
    /// Unique within the run: letters, digits, `-` and `_`.
    pub name: String,
    /// How its requests authenticate.
    pub mode: Mode,
    /// Where its requests go. A request goes to the target with the authority of its URI, or where it has none, to the
    /// first.
    pub targets: Vec<Target>,
    /// What it sends.
    pub supply: Requests,
    /// Where the CPU time of its server is read, if anywhere.
    pub server: Option<ServerClock>,
}

/// The requests of a lane.
#[derive(Clone)]
pub enum Requests {
    /// These, in turn, as often as it takes.
    Repeat(Vec<PreparedRequest>),
    /// Each one once, made by this; see [`Presign`](super::super::Presign) for when.
    Sign(Arc<dyn RequestSource>),
}

impl fmt::Debug for Requests {
    /// Requests hold credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repeat(requests) => write!(f, "Repeat({} requests)", requests.len()),
            Self::Sign(_) => f.write_str("Sign(..)"),
        }
    }
}

/// Takes what was measured, piece by piece.
pub type Intervals<'a> = dyn FnMut(&Piece<'_>) -> Result<()> + 'a;

/// Who looks on.
pub struct Watch<'a> {
    /// Is told how far the run is, some twenty times a second.
    pub progress: Progress<'a>,
    /// Gets what was measured, piece by piece; an error of it ends the run.
    pub intervals: Option<&'a mut Intervals<'a>>,
}

impl Watch<'_> {
    /// Nobody.
    pub const SILENT: Self = Self { progress: Progress::Silent, intervals: None };
}

/// About a second of a lane, or a block that is shorter. Pieces come in the order of time, and together they are all that
/// is counted.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// The lane's name.
    pub lane: &'a str,
    /// Its begin, since that of the run.
    pub start: Duration,
    /// Its length.
    pub length: Duration,
    /// What happened in it.
    pub tally: &'a Tally,
}

/// Checks that the lanes can be measured, and told apart.
pub(super) fn check(plan: &Plan, subjects: &[Subject]) -> Result<()> {
    if !(1..=MAX_LANES).contains(&subjects.len()) {
        let why = format!("one run measures 1 to {MAX_LANES}");
        return Err(Error::invalid("number of lanes", subjects.len(), why, "split them into several runs"));
    }
    let mut names = BTreeSet::new();
    for subject in subjects {
        subject.check()?;
        if !names.insert(&subject.name) {
            return Err(Error::invalid("lane", &subject.name, "there are two of that name", "give each its own"));
        }
    }
    // A single lane has nothing to be compared with, whatever the plan's default is.
    let outside = |(base, other): &&(usize, usize)| base == other || subjects.len() <= (*base).max(*other);
    match plan.compare.iter().find(outside) {
        Some((base, other)) if subjects.len() > 1 => {
            let why = format!("there are {} lanes, counted from 0, and one is compared with another", subjects.len());
            Err(Error::invalid("comparison", format!("{other}/{base}"), why, "name two different lanes"))
        }
        _ => Ok(()),
    }
}

impl Subject {
    fn check(&self) -> Result<()> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if self.name.is_empty() || self.name.len() > MAX_NAME || !self.name.chars().all(fits) {
            let why = format!("a name is 1 to {MAX_NAME} ASCII letters, digits, - and _");
            return Err(Error::invalid("lane", &self.name, why, "choose another name"));
        }
        if self.targets.is_empty() {
            return Err(Error::invalid("lane", &self.name, "it has no target", "give it a URL"));
        }
        if matches!(&self.supply, Requests::Repeat(requests) if requests.is_empty()) {
            return Err(Error::invalid("lane", &self.name, "it has no request to repeat", "give it one"));
        }
        self.server.as_ref().map_or(Ok(()), ServerClock::check)
    }
}
