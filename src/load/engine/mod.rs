//! The run: probe, warm-up, rounds of blocks.

mod subject;

pub use subject::{Piece, Requests, Subject, Watch};

use super::{
    comparison::{Comparison, Summary},
    cpu::{ProcessTime, ThreadTime},
    number::{count, float},
    pacer::{ClosedLoop, Pacer},
    plan::{Mode, Plan},
    probe,
    progress::{Display, Phase, Progress},
    random::Random,
    report::{Ending, Generator, ModeReport, Report},
    samples::{BlockMetrics, Pairs},
    series::Series,
    sizing::{self, Situation, Size},
    source::{self, Chunk, Cost, Order, RequestSource, Stock},
    statistics::Tally,
    target::Target,
    worker::{Block, Crew},
};
use crate::{
    error::{Error, Result},
    measure::Environment,
};
use jiff::Timestamp;
use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Before anything was measured: a guess that makes the first block small.
const FIRST_RATE: f64 = 1_000.0;

/// A mode to measure.
#[derive(Clone, Copy)]
struct Old<'a> {
    mode: Mode,
    source: &'a dyn RequestSource,
}

/// Runs the load test.
///
/// # Errors
/// [`Error::InvalidValue`] for a plan that cannot be carried out, [`Error::Network`] where the first request of a mode
/// gets no answer or one that is not 2xx, and whatever a source fails with. Requests that fail later are no error; see
/// [`Report::all_failed`].
pub fn run(plan: &Plan, subjects: Vec<Subject>, watch: Watch<'_>, interrupted: &Arc<AtomicBool>) -> Result<Report> {
    plan.check()?;
    subject::check(plan, &subjects)?;
    let Some(target) = subjects.first().and_then(|s| s.targets.first()).cloned() else {
        return Err(Error::invalid("lanes", 0, "none", ""));
    };
    let sources: Vec<(Mode, Arc<dyn RequestSource>)> = subjects
        .iter()
        .map(|s| match &s.supply {
            Requests::Sign(source) => (s.mode, Arc::clone(source)),
            Requests::Repeat(all) => {
                let one = all.first().cloned().unwrap_or_default();
                let repeat: Arc<dyn RequestSource> = Arc::new(move |n: usize| Ok(vec![one.clone(); n]));
                (s.mode, repeat)
            }
        })
        .collect();
    let olds: Vec<Old<'_>> =
        sources.iter().map(|(mode, source)| Old { mode: *mode, source: source.as_ref() }).collect();
    for subject in &olds {
        probe::first_request(plan, &target, subject.source, interrupted)?;
    }
    let mut run = Run::start(plan, &target, &olds, watch.progress, interrupted)?;
    run.warm_up()?;
    run.measure()?;
    Ok(run.report())
}

/// A mode in the course of the run.
struct Lane<'a> {
    subject: Old<'a>,
    stock: VecDeque<Chunk>,
    tally: Tally,
    measured: Duration,
    blocks: u64,
    cost: Cost,
    server_cpu: Option<Duration>,
    generator: ThreadTime,
    /// Answers per second in the last block.
    rate: f64,
    mean: Duration,
}

impl<'a> Lane<'a> {
    fn new(subject: Old<'a>) -> Self {
        Self {
            subject,
            stock: VecDeque::new(),
            tally: Tally::default(),
            measured: Duration::ZERO,
            blocks: 0,
            cost: Cost::default(),
            server_cpu: None,
            generator: ThreadTime::default(),
            rate: FIRST_RATE,
            mean: Duration::ZERO,
        }
    }
}

/// What a block brought.
struct Outcome {
    tally: Tally,
    elapsed: Duration,
    server_cpu: Option<Duration>,
    generator: ThreadTime,
}

impl Outcome {
    fn summary(&self) -> Summary {
        Summary::new(&self.tally, self.elapsed, self.server_cpu)
    }
}

struct Run<'a, 'd> {
    plan: &'a Plan,
    target: &'a Target,
    interrupted: &'a Arc<AtomicBool>,
    crew: Crew,
    lanes: Vec<Lane<'a>>,
    pairs: Pairs,
    random: Random,
    display: Display<'d>,
    ending: Ending,
    /// Time with requests under way since the last answer.
    silent: Duration,
    started: Timestamp,
}

impl<'a, 'd> Run<'a, 'd> {
    fn start(
        plan: &'a Plan,
        target: &'a Target,
        subjects: &[Old<'a>],
        progress: Progress<'d>,
        interrupted: &'a Arc<AtomicBool>,
    ) -> Result<Self> {
        Ok(Self {
            plan,
            target,
            interrupted,
            crew: Crew::start(target.addresses(), plan.connections, plan.threads, interrupted)?,
            lanes: subjects.iter().map(|subject| Lane::new(*subject)).collect(),
            pairs: Pairs::default(),
            random: Random::from_system(),
            display: Display::new(progress),
            ending: Ending::Completed,
            silent: Duration::ZERO,
            started: Timestamp::now(),
        })
    }

    fn over(&self) -> bool {
        self.ending != Ending::Completed
    }

    /// Opens the connections, and sends some requests that are not counted.
    fn warm_up(&mut self) -> Result<()> {
        // Connections that do not open are tried again by their first request, and counted there.
        self.crew.open(self.plan.timeout.min(self.plan.patience))?;
        if self.plan.warm_up.requests == 0 {
            return Ok(());
        }
        let size = Size { requests: self.plan.warm_up.requests, limit: self.plan.warm_up.duration };
        for index in 0..self.lanes.len() {
            self.stock_up(index, size.requests)?;
            self.send(index, size)?;
            if let Some(lane) = self.lanes.get_mut(index) {
                lane.stock.clear();
            }
        }
        self.silent = Duration::ZERO;
        Ok(())
    }

    /// Rounds of one block per mode, in random order, until each mode has been measured enough.
    fn measure(&mut self) -> Result<()> {
        while !self.over() {
            let mut round: Vec<(usize, Size)> =
                (0..self.lanes.len()).filter_map(|index| Some((index, self.situation(index)?.next_block()?))).collect();
            if round.is_empty() {
                break;
            }
            if self.random.coin() {
                round.reverse();
            }
            for (index, size) in &round {
                self.stock_up(*index, size.requests)?;
            }
            let mut summaries = Vec::new();
            for (index, size) in round {
                let Some(outcome) = self.send(index, size)? else { continue };
                self.note_silence(&outcome);
                summaries.extend(self.book(index, outcome));
            }
            summaries.sort_by_key(|(mode, _)| *mode);
            if let ([(Mode::Token, token), (Mode::Cert, cert)], false) = (summaries.as_slice(), self.over()) {
                self.pairs.push(token, cert);
            }
        }
        Ok(())
    }

    fn situation(&self, index: usize) -> Option<Situation> {
        let lane = self.lanes.get(index)?;
        Some(Situation {
            stop: self.plan.stop,
            connections: self.plan.connections,
            paired: self.lanes.len() > 1,
            done: lane.tally.done(),
            measured: lane.measured,
            rate: lane.rate,
            fastest_rate: self.lanes.iter().map(|lane| lane.rate).fold(0.0, f64::max),
            preparation_rate: lane.cost.rate(),
            mean: lane.mean,
            patience: self.plan.patience,
        })
    }

    /// The part of the whole run that is done.
    fn part(&self) -> f64 {
        let parts: f64 = (0..self.lanes.len()).filter_map(|index| Some(self.situation(index)?.part())).sum();
        parts / float(count(self.lanes.len()).max(1))
    }

    /// Fills the stock of a mode up to `requests` fresh ones.
    fn stock_up(&mut self, index: usize, requests: u64) -> Result<()> {
        let part = self.part();
        let Some(lane) = self.lanes.get_mut(index) else { return Ok(()) };
        let now = Instant::now();
        let before = in_stock(&lane.stock);
        lane.stock.retain(|chunk| chunk.is_fresh(now));
        let fresh = in_stock(&lane.stock);
        lane.tally.expired += before - fresh;
        let missing = requests.saturating_sub(fresh);
        if missing == 0 || self.ending != Ending::Completed {
            return Ok(());
        }
        self.display.show(Phase::Preparing { lane: lane.subject.mode.as_str(), requests: missing }, part);
        let (chunks, cost, dry) = source::prepare(Order {
            source: lane.subject.source,
            target: self.target,
            count: missing,
            chunk: sizing::chunk(requests, self.plan.connections),
            threads: self.plan.threads,
            interrupted: self.interrupted,
        })?;
        lane.stock.extend(chunks);
        lane.cost.add(cost);
        if self.interrupted.load(Ordering::Relaxed) {
            self.ending = Ending::Interrupted;
        } else if dry && lane.stock.is_empty() {
            self.ending = Ending::SourceDry;
        }
        Ok(())
    }

    /// Sends the stock of a mode for at most `size.limit`. `None` when there is nothing to send.
    fn send(&mut self, index: usize, size: Size) -> Result<Option<Outcome>> {
        let part = self.part();
        let Some(lane) = self.lanes.get_mut(index) else { return Ok(None) };
        if lane.stock.is_empty() || self.ending != Ending::Completed {
            return Ok(None);
        }
        let (mode, pid) = (lane.subject.mode, None::<u32>);
        let pacer: Box<dyn Pacer> = Box::new(ClosedLoop { stop_after: size.limit });
        let stock = Stock::new(std::mem::take(&mut lane.stock));
        let cpu = pid.and_then(ProcessTime::of);
        let begin = Instant::now();
        let block = Arc::new(Block { stock, pacer, begin, timeout: self.plan.timeout });
        let answered = self.crew.answered();
        let (crew, display) = (&self.crew, &mut self.display);
        let shares = crew.run(&block, || {
            let rate = float(crew.answered() - answered) / begin.elapsed().as_secs_f64().max(1e-3);
            display.show(Phase::Running { lane: mode.as_str(), rate, p50: None, p99: None, errors: 0 }, part);
        })?;
        let ended = shares.iter().filter_map(|share| share.ended).max().unwrap_or(begin);
        let elapsed = ended.saturating_duration_since(begin);
        let server_cpu = pid.and_then(ProcessTime::of).zip(cpu).map(|(after, before)| after.since(before));
        lane.stock = block.stock.drain();
        let (mut tally, mut generator) = (Tally::default(), ThreadTime::default());
        for share in &shares {
            tally.merge(&share.tally);
            generator.add(share.time);
        }
        if tally.answered() > 0 {
            lane.rate = float(tally.answered()) / elapsed.as_secs_f64().max(1e-9);
            lane.mean = tally.latencies.mean().unwrap_or_default();
        }
        if self.interrupted.load(Ordering::Relaxed) {
            self.ending = Ending::Interrupted;
        }
        Ok(Some(Outcome { tally, elapsed, server_cpu, generator }))
    }

    /// Ends the run when the server has been silent for too long.
    fn note_silence(&mut self, outcome: &Outcome) {
        if outcome.tally.answered() > 0 || outcome.tally.done() == 0 {
            self.silent = Duration::ZERO;
            return;
        }
        self.silent += outcome.elapsed;
        // Nobody listening is certain; else every request deserves its timeout.
        let refused = outcome.tally.errors.keys().all(|word| word.starts_with("connect"));
        let patience = if refused { self.plan.patience } else { self.plan.patience.max(self.plan.timeout) };
        if self.silent >= patience {
            self.ending = Ending::ServerGone;
        }
    }

    /// Adds a block to its mode.
    fn book(&mut self, index: usize, outcome: Outcome) -> Option<(Mode, Summary)> {
        let lane = self.lanes.get_mut(index)?;
        let summary = outcome.summary();
        lane.tally.merge(&outcome.tally);
        lane.measured += outcome.elapsed;
        lane.blocks += 1;
        lane.generator.add(outcome.generator);
        if let Some(cpu) = outcome.server_cpu {
            *lane.server_cpu.get_or_insert_default() += cpu;
        }
        Some((lane.subject.mode, summary))
    }

    fn report(mut self) -> Report {
        let summary = |mode| {
            let lane = self.lanes.iter().find(|lane| lane.subject.mode == mode)?;
            Some(Summary::new(&lane.tally, lane.measured, lane.server_cpu))
        };
        let comparisons = summary(Mode::Token)
            .zip(summary(Mode::Cert))
            .map(|(token, cert)| {
                let pairs = std::mem::take(&mut self.pairs);
                Comparison::new("token", "cert", pairs, (&token, &cert), &mut self.random)
            })
            .into_iter()
            .collect();
        let mut generator = Generator::new(
            self.plan.schedule,
            self.plan.presign,
            self.plan.connections,
            self.crew.threads(),
            self.plan.timeout,
        );
        for lane in &self.lanes {
            generator.add(lane.generator.used, lane.generator.waited, lane.measured, lane.tally.done());
        }
        let mut modes: Vec<_> = self.lanes.into_iter().map(|lane| lane_report(lane)).collect();
        modes.sort_by_key(|report| report.mode);
        Report {
            urls: vec![self.target.url().to_string()],
            started: self.started,
            modes,
            comparisons,
            generator,
            environment: Environment::here(),
            ending: self.ending,
        }
    }
}

fn in_stock(stock: &VecDeque<Chunk>) -> u64 {
    stock.iter().map(|chunk| count(chunk.requests.len())).sum()
}

fn lane_report(lane: Lane<'_>) -> ModeReport {
    let per = |total: Duration, n: u64| (n > 0).then(|| total.as_secs_f64() / float(n));
    ModeReport {
        name: lane.subject.mode.to_string(),
        mode: lane.subject.mode,
        series: Series::default(),
        block_metrics: BlockMetrics::default(),
        measured: lane.measured,
        blocks: lane.blocks,
        server_cpu_per_request: lane.server_cpu.and_then(|cpu| per(cpu, lane.tally.answered())),
        signing_time_per_request: per(lane.cost.time, lane.cost.requests),
        signing_cpu_per_request: per(lane.cost.cpu, lane.cost.requests),
        header_bytes: (lane.cost.requests > 0).then(|| float(lane.cost.header_bytes) / float(lane.cost.requests)),
        tally: lane.tally,
    }
}
