//! The run: warm-up, undisturbed certificates, the rehearsal itself.

use super::{
    super::{
        plan::Mode,
        progress::{Display, Phase, Progress},
        report::Ending,
        target::Target,
    },
    Authority, Caller,
    analysis::Findings,
    journal::{Journal, Marks},
    plan::{Outage, Plan},
    report::{Report, Setting},
    worker::{self, Outcome, Sample, Stage, Worker},
};
use crate::{
    error::{Error, Result},
    measure::Environment,
};
use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

/// How often the authority is asked whether it is ready again.
const POLL: Duration = Duration::from_millis(5);
/// How often progress is shown.
const TICK: Duration = Duration::from_millis(50);

/// Who and what takes part in a rehearsal.
pub struct Cast<'a> {
    /// The resource server.
    pub target: &'a Target,
    /// Takes tokens while it can, else certificates.
    pub auto: &'a dyn Caller,
    /// Uses certificates only: what the other is compared with.
    pub certificates: &'a dyn Caller,
    /// The authority; needed where the plan has an outage.
    pub authority: Option<&'a mut dyn Authority>,
    /// Where the circuit breaker of `auto` notes its changes.
    pub journal: &'a Journal,
}

/// Runs the rehearsal. Blocks until the end; set `interrupted` to end early, with a report of what there is. An authority
/// that is away then stays away: its owner ends it.
///
/// # Errors
/// [`Error::InvalidValue`] for a plan that cannot be carried out, [`Error::Network`] where no warm-up request is answered
/// with 2xx, and whatever the authority fails with. Requests that fail later are no error: see [`Report::verdict`].
pub fn run(
    plan: &Plan,
    setting: Setting,
    cast: Cast<'_>,
    progress: Progress<'_>,
    interrupted: &AtomicBool,
) -> Result<Report> {
    plan.check()?;
    let Cast { target, auto, certificates, authority, journal } = cast;
    if plan.outage.is_some() && authority.is_none() {
        let why = "there is no authority to take away";
        return Err(Error::invalid("outage", plan.outage.map_or_else(String::new, |o| o.to_string()), why, ""));
    }
    let mut run = Run {
        plan,
        target,
        interrupted,
        workers: worker::crew(plan, target)?,
        display: Display::new(progress),
        done: Duration::ZERO,
    };
    let undisturbed = if plan.undisturbed.is_zero() {
        Vec::new()
    } else {
        run.warm_up(certificates)?;
        run.stage(certificates, plan.undisturbed, "certificates, undisturbed", None)?.samples
    };
    run.warm_up(auto)?;
    let played = run.stage(auto, plan.duration, "tokens", authority)?;
    let ending = if interrupted.load(Ordering::Relaxed) { Ending::Interrupted } else { Ending::Completed };
    let transitions = journal.since(played.begin);
    Ok(Report {
        url: target.url().to_string(),
        plan: plan.clone(),
        setting,
        findings: Findings::new(&played.samples, &undisturbed, played.marks),
        marks: played.marks,
        transitions,
        samples: played.samples,
        environment: Environment::here(),
        ending,
    })
}

/// What a stage brought.
struct Played {
    samples: Vec<Sample>,
    marks: Marks,
    begin: Instant,
}

struct Run<'a, 'd> {
    plan: &'a Plan,
    target: &'a Target,
    interrupted: &'a AtomicBool,
    workers: Vec<Worker>,
    display: Display<'d>,
    /// How much of the whole is behind us.
    done: Duration,
}

impl Run<'_, '_> {
    /// Requests that are not counted. They open the connections, and the first of them pay for what the first of all
    /// requests pay for.
    fn warm_up(&mut self, caller: &dyn Caller) -> Result<()> {
        if self.plan.warm_up.is_zero() {
            return Ok(());
        }
        let samples = self.stage(caller, self.plan.warm_up, "warm-up", None)?.samples;
        match samples.last() {
            Some(last) if samples.iter().all(|sample| !sample.succeeded()) => Err(Error::Network {
                url: self.target.url().to_string(),
                why: match (&last.outcome, last.mode) {
                    (Outcome::Answer(status), Some(mode)) => {
                        format!("all requests with a {} were answered {status}", credential(mode))
                    }
                    (Outcome::Failure(why), Some(mode)) => {
                        format!("no request with a {} was answered ({why})", credential(mode))
                    }
                    (Outcome::Answer(status), None) => format!("all requests were answered {status}"),
                    (Outcome::Failure(why), None) => format!("there was no credential to send ({why})"),
                },
                hint: "a rehearsal begins with a day on which all is well: see the messages of the servers".into(),
            }),
            _ => Ok(()),
        }
    }

    fn stage(
        &mut self,
        caller: &dyn Caller,
        duration: Duration,
        name: &'static str,
        authority: Option<&mut dyn Authority>,
    ) -> Result<Played> {
        let begin = Instant::now();
        let stage = Stage {
            caller,
            plan: self.plan,
            target: self.target,
            duration,
            begin,
            next: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            interrupted: self.interrupted,
        };
        // Two warm-ups, at most.
        let whole = self.plan.duration + self.plan.undisturbed + self.plan.warm_up * 2;
        let (display, done) = (&mut self.display, self.done);
        let tick = |what: &'static str, elapsed: Duration| {
            let part = (done + elapsed).as_secs_f64() / whole.as_secs_f64().max(f64::MIN_POSITIVE);
            display.show(Phase::Rehearsing { what, failed: stage.failed.load(Ordering::Relaxed) }, part.min(1.0));
        };
        let outage = if authority.is_some() { self.plan.outage } else { None };
        let conduct = || conduct(&stage, outage, authority, name, tick);
        let (samples, marks) = worker::run(&mut self.workers, &stage, conduct)?;
        self.done += duration;
        Ok(Played { samples, marks, begin })
    }
}

fn credential(mode: Mode) -> &'static str {
    match mode {
        Mode::Token => "token",
        Mode::Cert => "certificate",
    }
}

/// Takes the authority away and brings it back, while the workers send.
fn conduct(
    stage: &Stage<'_>,
    outage: Option<Outage>,
    mut authority: Option<&mut dyn Authority>,
    name: &'static str,
    mut tick: impl FnMut(&'static str, Duration),
) -> Result<Marks> {
    let mut marks = Marks::default();
    let mut shown = None;
    loop {
        let elapsed = stage.begin.elapsed();
        if elapsed >= stage.duration || stage.stopped() {
            return Ok(marks);
        }
        let mut wait = TICK.min(stage.duration.saturating_sub(elapsed));
        let mut what = name;
        if let (Some(outage), Some(authority)) = (outage, authority.as_deref_mut()) {
            if marks.ready.is_some() {
                what = "the authority is back";
            } else if marks.restored.is_some() {
                what = "the authority comes back";
                if authority.is_ready() {
                    marks.ready = Some(stage.begin.elapsed());
                }
                wait = POLL;
            } else if marks.outage.is_some() {
                what = "the authority is away";
                if elapsed >= outage.to() {
                    marks.restored = Some(elapsed);
                    authority.bring_back()?;
                    continue;
                }
                wait = wait.min(outage.to().saturating_sub(elapsed));
            } else if elapsed >= outage.from() {
                marks.outage = Some(elapsed);
                authority.take_away()?;
                continue;
            } else {
                wait = wait.min(outage.from().saturating_sub(elapsed));
            }
        }
        if shown.is_none_or(|shown: Duration| elapsed.saturating_sub(shown) >= TICK) {
            shown = Some(elapsed);
            tick(what, elapsed);
        }
        thread::sleep(wait);
    }
}
