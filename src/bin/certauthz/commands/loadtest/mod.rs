//! `loadtest`: both modes over HTTP, measured; or an outage of the authority, rehearsed.

mod authority;
mod compare;
mod feeds;
mod file;
mod merge;
mod options;
mod output;
mod process;
mod rehearsal;
mod setting;
mod sources;
mod stand_in;
mod template;
mod world;

use super::Context;
use crate::{
    cli::{LoadMode, LoadtestArgs, LoadtestCommand, PresignMode},
    output::{Failure, Result},
};
use certauthz::load::{self, Ending, Piece, Plan, Presign, Progress, Report, Schedule, Stop, WarmUp, Watch};
use feeds::FeedFiles;
use jiff::Timestamp;
use output::Results;
use process::interrupt_flag;
use setting::Setting;
use std::{io, time::Duration};
use world::system;

const DEFAULT_DURATION: Duration = Duration::from_secs(5);
const WARM_UP: Duration = Duration::from_secs(1);

pub(crate) fn run(args: &LoadtestArgs, context: &Context) -> Result {
    match (&args.command, args.subject.mode) {
        (Some(LoadtestCommand::Compare(args)), _) => compare::run(args, context),
        (Some(LoadtestCommand::Merge(args)), _) => merge::run(args, context),
        (None, LoadMode::Auto) => rehearsal::run(args, context),
        (None, _) => measure(args, context),
    }
}

fn measure(args: &LoadtestArgs, context: &Context) -> Result {
    options::check(args)?;
    let mut plan = plan(args);
    let results = Results::prepare(&args.results.files)?;
    let files = FeedFiles::prepare(&args.results)?;
    let interrupted = interrupt_flag().map_err(system("listen for signals"))?;
    let mut setting = Setting::make(args, context, &interrupted)?;
    results.check_lanes(setting.subjects.iter().map(|subject| subject.name.as_str()))?;
    plan.compare = std::mem::take(&mut setting.compare);
    let subjects = std::mem::take(&mut setting.subjects);
    let mut feeds = files.begin(Timestamp::now())?;
    let wanted = feeds.wanted();
    let mut feed = |piece: &Piece<'_>| feeds.write(piece);
    let watch = Watch { progress: progress(args, context), intervals: if wanted { Some(&mut feed) } else { None } };
    let report = load::run(&plan, subjects, watch, &interrupted)?;
    if report.ending == Ending::Interrupted && report.modes.iter().all(|mode| mode.tally.done() == 0) {
        return Err(Failure::Interrupted);
    }
    feeds.publish()?;
    let held = results.publish(&report, context)?;
    held.and_measured(&report)
}

/// Whether how it goes is shown, where standard error is a terminal.
fn shows_progress(args: &LoadtestArgs, context: &Context) -> bool {
    !args.results.no_progress && !context.out.is_quiet()
}

fn progress<'a>(args: &LoadtestArgs, context: &Context) -> Progress<'a> {
    if shows_progress(args, context) { Progress::Bar } else { Progress::Silent }
}

fn plan(args: &LoadtestArgs) -> Plan {
    let pace = &args.pace;
    let stop = match pace.requests {
        Some(requests) => Stop::Requests(u64::try_from(requests.get()).unwrap_or(u64::MAX)),
        None => Stop::Duration(pace.duration.unwrap_or(DEFAULT_DURATION)),
    };
    let mut plan = Plan::new(stop);
    plan.connections = pace.connections.get();
    plan.schedule = pace.rate.map_or(Schedule::Closed, |rate| Schedule::Open { rate: rate.per_second() });
    plan.ramp = pace.ramp;
    plan.drain = pace.drain;
    plan.keep_alive = !pace.disable_keepalive;
    plan.presign = match pace.presign {
        PresignMode::Block => Presign::Block,
        PresignMode::All => Presign::All,
        PresignMode::Inline => Presign::Inline,
    };
    plan.window = pace.max_age;
    plan.timeout = pace.timeout;
    plan.connect_timeout = pace.connect_timeout;
    plan.warm_up = match pace.warmup {
        Some(duration) => WarmUp { requests: u64::MAX, duration },
        None => WarmUp { duration: WARM_UP, ..plan.warm_up },
    };
    plan
}

/// Why a report is none that a program should take for a measurement, if it is.
fn failure(report: &Report) -> Option<Failure> {
    let cut_short = report.ending == Ending::Interrupted;
    // Whoever interrupts knows that a mode may be missing.
    let failed = |mode: &&load::ModeReport| mode.tally.successes() == 0 && !(cut_short && mode.tally.done() == 0);
    let why = match (report.ending, report.modes.iter().find(failed)) {
        (Ending::ServerGone, _) => "it stopped answering".to_owned(),
        (Ending::SourceDry, _) => "there were no more signed requests to send, and none is sent twice".to_owned(),
        (_, Some(mode)) => format!("in mode {} no request was answered with 2xx", mode.name),
        (_, None) => return None,
    };
    Some(Failure::System { action: format!("measure {}", report.urls.join(" ")).into(), source: io::Error::other(why) })
}
