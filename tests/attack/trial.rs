//! One attack: the well-behaved client alone, then under attack, and what must hold.

use crate::{
    client::{Tally, behave},
    report::Row,
    served::Served,
    world::{Client, World, is_full},
};
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, sleep},
    time::{Duration, Instant},
};

/// The part of its undisturbed success that the well-behaved client keeps.
const KEEPS: f64 = 0.9;

/// What an attack has done: how often it tried, and what came of it.
#[derive(Default)]
pub struct Deeds {
    pub attempts: u64,
    pub answers: BTreeMap<String, u64>,
}

impl Deeds {
    pub fn note(&mut self, answer: impl Into<String>) {
        *self.answers.entry(answer.into()).or_default() += 1;
    }

    pub fn count(&self, answer: &str) -> u64 {
        self.answers.get(answer).copied().unwrap_or_default()
    }

    pub fn add(&mut self, other: Self) {
        self.attempts += other.attempts;
        for (what, count) in other.answers {
            *self.answers.entry(what).or_default() += count;
        }
    }
}

/// Tells an attack when it has lasted long enough. One that has to reach a number goes on until it has.
pub struct Until<'a>(&'a AtomicBool);

impl<'a> Until<'a> {
    pub fn new(over: &'a AtomicBool) -> Self {
        Self(over)
    }

    pub fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The turn of one test: each measures, so none runs beside another.
pub fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

pub struct Trial<'a> {
    pub name: &'a str,
    pub served: &'a Served,
    /// The most that the server may have resident meanwhile, in MiB.
    pub most_mib: u64,
}

impl Trial<'_> {
    /// Runs it, checks it and publishes its figures.
    pub fn run(&self, attack: impl FnOnce(&Until<'_>) -> Deeds + Send) -> Deeds {
        let carol = World::shared().client("carol");
        let lasts = Duration::from_millis(if is_full() { 5000 } else { 1200 });
        self.alone(&carol, Duration::from_millis(200));
        let (resident, cpu) = (self.served.resident(), self.served.cpu());
        let before = self.alone(&carol, lasts);
        let cpu_alone = (self.served.cpu() - cpu).as_secs_f64() / lasts.as_secs_f64();
        self.served.forget_peak();
        let (start, cpu) = (Instant::now(), self.served.cpu());
        let (during, deeds) = self.attacked(&carol, lasts, attack);
        let (time, cpu) = (start.elapsed().as_secs_f64(), (self.served.cpu() - cpu).as_secs_f64());
        let peak = self.served.peak();
        self.served.recovers(&carol);
        let per_attempt = (cpu - cpu_alone * time).max(0.0) / deeds.attempts.max(1) as f64;
        let row = Row {
            attack: self.name.to_owned(),
            attempts: deeds.attempts,
            answers: deeds.answers.clone(),
            before: (before.succeeded(), before.due()),
            during: (during.succeeded(), during.due()),
            p50: (before.quantile(0.5), during.quantile(0.5)),
            p99: (before.quantile(0.99), during.quantile(0.99)),
            cores: cpu / time,
            cpu_per_attempt: Duration::from_secs_f64(per_attempt),
            resident: (resident, peak, self.served.resident()),
        };
        row.publish();
        for (kind, before, during) in [("kept", &before.kept, &during.kept), ("fresh", &before.fresh, &during.fresh)] {
            assert!(before.success() > 0.9, "{kind}: undisturbed: {:?}", before.failures);
            let kept = during.success() / before.success();
            assert!(kept >= KEEPS, "{kind} connections: {kept:.3} of {} remain: {:?}", before.due, during.failures);
        }
        assert!(peak <= self.most_mib << 20, "{} MiB resident, {} allowed", peak >> 20, self.most_mib);
        deeds
    }

    fn alone(&self, client: &Client, time: Duration) -> Tally {
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            let behaving = scope.spawn(|| behave(client, self.served.address, &stop));
            sleep(time);
            stop.store(true, Ordering::Relaxed);
            behaving.join().unwrap()
        })
    }

    fn attacked(
        &self,
        client: &Client,
        time: Duration,
        attack: impl FnOnce(&Until<'_>) -> Deeds + Send,
    ) -> (Tally, Deeds) {
        let (over, stop) = (AtomicBool::new(false), AtomicBool::new(false));
        thread::scope(|scope| {
            let attacking = scope.spawn(|| attack(&Until::new(&over)));
            let behaving = scope.spawn(|| behave(client, self.served.address, &stop));
            let start = Instant::now();
            while !attacking.is_finished() {
                over.fetch_or(start.elapsed() > time, Ordering::Relaxed);
                sleep(Duration::from_millis(5));
            }
            stop.store(true, Ordering::Relaxed);
            (behaving.join().unwrap(), attacking.join().unwrap())
        })
    }
}

/// Keeps to a rate: where the processors are the limit, an attack without one would measure the attacker.
pub struct Pace {
    start: Instant,
    per_second: f64,
    done: u64,
}

impl Pace {
    pub fn new(per_second: usize) -> Self {
        Self { start: Instant::now(), per_second: per_second as f64, done: 0 }
    }

    /// Waits for the turn of the next one.
    pub fn wait(&mut self) {
        let due = self.start + Duration::from_secs_f64(self.done as f64 / self.per_second);
        self.done += 1;
        let early = due.saturating_duration_since(Instant::now());
        if early > Duration::from_millis(1) {
            sleep(early);
        }
    }
}
