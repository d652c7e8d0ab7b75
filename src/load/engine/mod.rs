//! The run: probe, warm-up, rounds of blocks.
//!
//! A lane alone that has nothing to sign in between is one block; else lanes take turns in rounds of one block each, in
//! random order, and a round is a pair of neighbours for each comparison.

mod finish;
mod lane;
mod measure;
mod send;
mod silence;
mod stock_up;
mod subject;
mod warm_up;
mod watching;

pub use subject::{Intervals, Piece, Requests, Subject, Watch};

use super::{
    cpu::Machine,
    plan::Plan,
    progress::Display,
    random::Random,
    report::{Ending, Report},
    samples::Pairs,
    stretch::Limits,
    target::Target,
    worker::Crew,
};
use crate::error::Result;
use jiff::Timestamp;
use lane::Lane;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

/// Runs the load test: `plan` with 1 to 16 lanes of different names.
///
/// Blocks until the end. Set `interrupted` to end early: signing stops at once, requests under way get half a second,
/// and what there is, is reported.
///
/// # Errors
/// [`InvalidValue`](crate::error::Error::InvalidValue) for a plan that cannot be carried out,
/// [`Network`](crate::error::Error::Network) where the first request of a lane
/// gets no answer or one that is not 2xx, and whatever a source, or the one who watches, fails with. Requests that fail
/// later are no error; see [`Report::all_failed`].
pub fn run(plan: &Plan, subjects: Vec<Subject>, watch: Watch<'_>, interrupted: &Arc<AtomicBool>) -> Result<Report> {
    plan.check()?;
    subject::check(plan, &subjects)?;
    stock_up::check(plan, &subjects)?;
    let mut run = Run::start(plan, subjects, watch, interrupted)?;
    run.probe()?;
    run.warm_up()?;
    run.sign_all()?;
    run.measure()?;
    Ok(run.report())
}

struct Run<'a, 'w> {
    plan: &'a Plan,
    interrupted: &'a Arc<AtomicBool>,
    /// Tells the crew to stop: the caller interrupted the run, or the server is gone.
    halt: Arc<AtomicBool>,
    crew: Crew,
    targets: Vec<Target>,
    lanes: Vec<Lane>,
    /// One list for each comparison of the plan.
    pairs: Vec<Pairs>,
    machine: Machine,
    random: Random,
    display: Display<'w>,
    intervals: Option<&'w mut Intervals<'w>>,
    ending: Ending,
    urls: Vec<String>,
    started: Timestamp,
    begin: Instant,
}

impl<'a, 'w> Run<'a, 'w> {
    fn start(
        plan: &'a Plan,
        subjects: Vec<Subject>,
        watch: Watch<'w>,
        interrupted: &'a Arc<AtomicBool>,
    ) -> Result<Self> {
        let mut urls: Vec<String> = Vec::new();
        for url in subjects.iter().flat_map(|subject| &subject.targets).map(|target| target.url().to_string()) {
            if !urls.contains(&url) {
                urls.push(url);
            }
        }
        let mut targets = Vec::new();
        let lanes: Vec<_> = subjects.into_iter().map(|subject| Lane::new(subject, plan, &mut targets)).collect();
        let halt = Arc::new(AtomicBool::new(false));
        let comparisons = if lanes.len() > 1 { plan.compare.len() } else { 0 };
        Ok(Self {
            plan,
            interrupted,
            crew: Crew::start(&targets, plan.connections, plan.threads, &halt)?,
            halt,
            targets,
            lanes,
            pairs: vec![Pairs::default(); comparisons],
            machine: Machine::default(),
            random: Random::from_system(),
            display: Display::new(watch.progress),
            intervals: watch.intervals,
            ending: Ending::Completed,
            urls,
            started: Timestamp::now(),
            begin: Instant::now(),
        })
    }

    fn over(&self) -> bool {
        self.ending != Ending::Completed
    }

    /// Ends the run where the caller wants that.
    fn note_interruption(&mut self) {
        if self.interrupted.load(Ordering::Relaxed) {
            self.halt.store(true, Ordering::Relaxed);
            self.end(Ending::Interrupted);
        }
    }

    /// The first reason counts.
    fn end(&mut self, ending: Ending) {
        if self.ending == Ending::Completed {
            self.ending = ending;
        }
    }

    fn limits(&self) -> Limits {
        Limits {
            timeout: self.plan.timeout,
            connect_timeout: self.plan.connect_timeout,
            drain: self.plan.drain,
            keep_alive: self.plan.keep_alive,
        }
    }
}
