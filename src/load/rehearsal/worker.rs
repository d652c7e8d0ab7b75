//! One connection and its thread: waits until a request is due, asks for a credential, sends.

use super::{
    super::{
        connection::{Connection, Limits},
        plan::Mode,
        source::outgoing,
        stock::Outgoing,
        target::Target,
    },
    Caller,
    plan::Plan,
};
use crate::error::{Error, Result};
use std::{
    borrow::Cow,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

/// How often a waiting thread looks whether it should stop.
const TICK: Duration = Duration::from_millis(50);
/// As much of a failure as is kept: it is a key of the report.
const WORDS: usize = 160;

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Answered, with this status.
    Answer(u16),
    /// Not answered, or not even sent, for this reason.
    Failure(Cow<'static, str>),
}

/// A request. Times are counted from the begin of the stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sample {
    /// When it should have been sent.
    pub(super) due: Duration,
    /// When a connection was free for it.
    pub(super) started: Duration,
    /// When it had a credential.
    pub(super) sent: Duration,
    /// When its answer was complete.
    pub(super) done: Duration,
    /// Which credential; `None` where there was none to be had.
    pub(super) mode: Option<Mode>,
    pub(super) outcome: Outcome,
}

impl Sample {
    /// From the time at which it was due.
    pub(super) fn latency(&self) -> Duration {
        self.done.saturating_sub(self.due)
    }

    /// Whether it was answered with 2xx.
    pub(super) fn succeeded(&self) -> bool {
        matches!(self.outcome, Outcome::Answer(200..300))
    }
}

/// A part of the run with one kind of caller.
pub(super) struct Stage<'a> {
    pub(super) caller: &'a dyn Caller,
    pub(super) plan: &'a Plan,
    pub(super) target: &'a Target,
    /// How long requests become due.
    pub(super) duration: Duration,
    pub(super) begin: Instant,
    /// The number of the next request that is due.
    pub(super) next: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) stop: AtomicBool,
    pub(super) interrupted: &'a AtomicBool,
}

impl Stage<'_> {
    pub(super) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.interrupted.load(Ordering::Relaxed)
    }

    /// The time at which the next request is due, once it is; `None` when none is any more.
    fn next_due(&self) -> Option<Duration> {
        let due = self.plan.due(self.next.fetch_add(1, Ordering::Relaxed));
        if due >= self.duration {
            return None;
        }
        loop {
            if self.stopped() {
                return None;
            }
            match due.checked_sub(self.begin.elapsed()) {
                None | Some(Duration::ZERO) => return Some(due),
                Some(wait) => thread::sleep(wait.min(TICK)),
            }
        }
    }
}

/// A connection with what its thread needs.
pub(super) struct Worker {
    runtime: Runtime,
    connection: Connection,
}

impl Worker {
    /// A worker that connects with its first request.
    ///
    /// # Errors
    /// [`Error::System`] where the system refuses an event queue.
    pub(super) fn new(target: &Target) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(|source| Error::System { action: "make a connection for the load test", source })?;
        let connection = {
            let _entered = runtime.enter();
            Connection::new([target.clone()].into())
        };
        Ok(Self { runtime, connection })
    }

    /// Sends what is due until the end of the stage.
    pub(super) fn run(&mut self, stage: &Stage<'_>) -> Vec<Sample> {
        let mut samples = Vec::new();
        while let Some(due) = stage.next_due() {
            let sample = self.one(stage, due);
            if !sample.succeeded() {
                stage.failed.fetch_add(1, Ordering::Relaxed);
            }
            samples.push(sample);
        }
        samples
    }

    fn one(&mut self, stage: &Stage<'_>, due: Duration) -> Sample {
        let started = stage.begin.elapsed();
        let (request, mode) = match stage.caller.request() {
            Ok(ready) => (outgoing(ready.request, stage.target), ready.mode),
            Err(error) => {
                let now = stage.begin.elapsed();
                let outcome = Outcome::Failure(shortened(error.to_string()).into());
                return Sample { due, started, sent: now, done: now, mode: None, outcome };
            }
        };
        let sent = stage.begin.elapsed();
        let outcome = self.send(request, &Limits::new(stage.plan.timeout));
        Sample { due, started, sent, done: stage.begin.elapsed(), mode: Some(mode), outcome }
    }

    fn send(&mut self, request: Outgoing, limits: &Limits) -> Outcome {
        match self.runtime.block_on(self.connection.exchange(request, Instant::now(), limits)) {
            Ok(status) => Outcome::Answer(status.as_u16()),
            Err(failure) => Outcome::Failure(failure.word.into()),
        }
    }
}

/// Runs a stage on a thread per worker, `conduct` on this one, and returns all samples in the order in which they were due.
///
/// # Errors
/// [`Error::System`] where the system refuses a thread; what `conduct` fails with, once all threads have ended.
pub(super) fn run<T>(
    workers: &mut [Worker],
    stage: &Stage<'_>,
    conduct: impl FnOnce() -> Result<T>,
) -> Result<(Vec<Sample>, T)> {
    let (samples, conducted) = thread::scope(|scope| {
        let mut threads = Vec::with_capacity(workers.len());
        let mut refused = None;
        for (index, worker) in workers.iter_mut().enumerate() {
            let name = format!("rehearsal-{index}");
            match thread::Builder::new().name(name).spawn_scoped(scope, || worker.run(stage)) {
                Ok(thread) => threads.push(thread),
                Err(source) => refused = Some(Error::System { action: "start a thread for the load test", source }),
            }
        }
        let conducted = refused.map_or_else(conduct, Err);
        if conducted.is_err() {
            stage.stop.store(true, Ordering::Relaxed);
        }
        let join = |thread: thread::ScopedJoinHandle<'_, Vec<Sample>>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        (threads.into_iter().flat_map(join).collect::<Vec<_>>(), conducted)
    });
    let mut samples = samples;
    samples.sort_by_key(|sample| sample.due);
    Ok((samples, conducted?))
}

fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(WORDS) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// What all connections of a run share.
pub(super) fn crew(plan: &Plan, target: &Target) -> Result<Vec<Worker>> {
    (0..plan.connections).map(|_| Worker::new(target)).collect()
}

/// For tests of what is made of samples: a connection was free for it at once.
#[cfg(test)]
pub(super) fn sample(due: u64, sent: u64, done: u64, mode: Mode, status: u16) -> Sample {
    let at = Duration::from_millis;
    let outcome = Outcome::Answer(status);
    Sample { due: at(due), started: at(due), sent: at(sent), done: at(done), mode: Some(mode), outcome }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_2xx_is_a_success() {
        for (status, succeeded) in [(199, false), (200, true), (204, true), (299, true), (302, false), (401, false)] {
            assert_eq!(sample(0, 1, 2, Mode::Token, status).succeeded(), succeeded, "{status}");
        }
        let failure = Outcome::Failure("timeout".into());
        assert!(!Sample { outcome: failure, ..sample(0, 1, 2, Mode::Token, 200) }.succeeded());
    }

    #[test]
    fn long_reasons_are_cut_between_characters() {
        assert_eq!(shortened("short".to_owned()), "short");
        let long = shortened("é".repeat(500));
        assert_eq!(long.chars().count(), WORDS + 1);
    }
}
