//! A lane in the course of the run.

use super::{
    super::{
        comparison::Summary,
        cpu::ThreadTime,
        number::{count, float},
        plan::Plan,
        samples::BlockMetrics,
        series::Series,
        server_clock::Clock,
        sizing::{Making, Situation},
        source::{Cost, Routes, header_bytes},
        statistics::Tally,
        stock::{Chunk, Outgoing},
        target::Target,
    },
    silence::Silence,
    subject::{Requests, Subject},
};
use crate::load::{Mode, RequestSource};
use std::{collections::VecDeque, sync::Arc, time::Duration};

/// Before anything was measured: a guess that makes the first block small.
const FIRST_RATE: f64 = 1_000.0;

/// Where its requests come from.
pub(super) enum Source {
    /// Ready to be sent, as often as it takes.
    Repeat(Arc<[Outgoing]>),
    Sign(Arc<dyn RequestSource>),
}

pub(super) struct Lane {
    pub(super) name: String,
    pub(super) mode: Mode,
    pub(super) source: Source,
    pub(super) making: Making,
    pub(super) routes: Routes,
    pub(super) clock: Option<Clock>,
    /// Signed and not yet sent, the oldest first.
    pub(super) stock: VecDeque<Chunk>,
    pub(super) tally: Tally,
    pub(super) series: Series,
    pub(super) block_metrics: BlockMetrics,
    /// Time with requests under way, those that are not counted included.
    pub(super) elapsed: Duration,
    /// The counted requests' part of it.
    pub(super) measured: Duration,
    pub(super) blocks: u64,
    /// How much of its schedule is over.
    pub(super) next: u64,
    pub(super) schedule: Duration,
    pub(super) cost: Cost,
    pub(super) server_cpu: Option<Duration>,
    pub(super) generator: ThreadTime,
    pub(super) silence: Silence,
    /// Blocks since anything was sent.
    pub(super) futile: u32,
    /// Answers per second in the last block, or a guess before the lane is warm.
    pub(super) rate: f64,
    pub(super) warm: bool,
    pub(super) mean: Duration,
    /// Of the last piece, for showing progress.
    pub(super) shown_rate: Option<f64>,
    pub(super) p50: Option<Duration>,
    pub(super) p99: Option<Duration>,
}

impl Lane {
    /// `targets` gets those that are not yet in it.
    pub(super) fn new(subject: Subject, plan: &Plan, targets: &mut Vec<Target>) -> Self {
        let routes = Routes::new(&subject.targets, targets);
        let mut cost = Cost::default();
        let (source, making) = match subject.supply {
            Requests::Sign(source) => (Source::Sign(source), Making::of(plan.presign)),
            Requests::Repeat(requests) => {
                let requests: Arc<[_]> = requests.into_iter().map(|request| routes.outgoing(request)).collect();
                // They were made before the run, and cost it nothing.
                cost.requests = count(requests.len());
                cost.header_bytes = requests.iter().map(|outgoing| header_bytes(&outgoing.request)).sum();
                (Source::Repeat(requests), Making::Endless)
            }
        };
        Self {
            name: subject.name,
            mode: subject.mode,
            source,
            making,
            routes,
            clock: subject.server.map(Clock::new),
            stock: VecDeque::new(),
            tally: Tally::default(),
            series: Series::default(),
            block_metrics: BlockMetrics::default(),
            elapsed: Duration::ZERO,
            measured: Duration::ZERO,
            blocks: 0,
            next: 0,
            schedule: Duration::ZERO,
            cost,
            server_cpu: None,
            generator: ThreadTime::default(),
            silence: Silence::default(),
            futile: 0,
            rate: plan.rate().unwrap_or(FIRST_RATE),
            warm: false,
            mean: Duration::ZERO,
            shown_rate: None,
            p50: None,
            p99: None,
        }
    }

    /// Requests whose turn has come.
    pub(super) fn done(&self) -> u64 {
        self.tally.done() + self.tally.unsent + self.tally.unfinished
    }

    pub(super) fn signer(&self) -> Option<&Arc<dyn RequestSource>> {
        match &self.source {
            Source::Sign(source) => Some(source),
            Source::Repeat(_) => None,
        }
    }

    pub(super) fn in_stock(&self) -> u64 {
        self.stock.iter().map(|chunk| count(chunk.requests.len())).sum()
    }

    pub(super) fn summary(&self) -> Summary {
        Summary::new(&self.tally, self.measured, self.server_cpu())
    }

    /// CPU time of the server, where it is known for all of its blocks.
    pub(super) fn server_cpu(&self) -> Option<Duration> {
        self.server_cpu.filter(|_| self.clock.as_ref().is_some_and(Clock::is_sound))
    }
}

/// What is known about lane `index` of `lanes`.
pub(super) fn situation<'a>(plan: &'a Plan, lanes: &[Lane], index: usize) -> Option<Situation<'a>> {
    let lane = lanes.get(index)?;
    let signing = lanes.iter().filter(|lane| lane.making == Making::PerBlock);
    let slowest = |slowest: Option<f64>, rate: f64| Some(slowest.map_or(rate, |slowest| slowest.min(rate)));
    Some(Situation {
        plan,
        lanes: lanes.len(),
        signing_lanes: signing.clone().count(),
        making: lane.making,
        blocks: lane.blocks,
        done: lane.done(),
        elapsed: lane.elapsed,
        rate: lane.rate,
        fastest_rate: lanes.iter().map(|lane| lane.rate).fold(0.0, f64::max),
        preparation_rate: signing.filter_map(|lane| lane.cost.rate()).fold(None, slowest),
        mean: lane.mean,
    })
}

/// The part of the whole run that is done.
pub(super) fn part(plan: &Plan, lanes: &[Lane]) -> f64 {
    let parts: f64 = (0..lanes.len()).filter_map(|index| Some(situation(plan, lanes, index)?.part())).sum();
    parts / float(count(lanes.len()).max(1))
}
