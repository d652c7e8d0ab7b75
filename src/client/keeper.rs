//! What the callers and the background worker of a client share, and what a call does with it.
//!
//! All network for tokens and certificates is the worker's. A call looks at the breaker and the cached token, and may wait
//! for the worker to report; it never sends anything to the authorization server itself.

use super::{
    breaker::{Breaker, BreakerState, Decision},
    event::{Counters, Event, Mode, count},
    failure::{Failure, Refusal},
    identity::Identity,
    renewal::Renewal,
    renewal_plan::RenewalPlan,
    token_source::{Token, TokenSource},
    worker,
};
use crate::{
    cert::extension::Oid,
    key::Signer,
    measure::random::Random,
    scope::Scopes,
    store::{Credentials, Name},
};
use arc_swap::ArcSwap;
use http::HeaderValue;
use jiff::Timestamp;
use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

/// A callback for events.
pub(super) type Callback = Box<dyn Fn(&Event) + Send + Sync>;

/// What a client was built with.
pub(super) struct Settings {
    pub(super) name: Name,
    pub(super) mode: Mode,
    pub(super) budget: Duration,
    pub(super) source: TokenSource,
    pub(super) renewal: Renewal,
    pub(super) renews: bool,
    pub(super) renewal_limit: Duration,
    pub(super) probe_interval: Duration,
    pub(super) saves_to: Option<Credentials>,
    pub(super) oid: Oid,
    pub(super) key: Arc<dyn Signer>,
    pub(super) on_event: Option<Callback>,
}

/// One for all handles of a client, and its worker.
pub(super) struct Keeper {
    pub(super) settings: Settings,
    pub(super) identity: ArcSwap<Identity>,
    pub(super) counters: Counters,
    /// Whether the worker was started for a client that fetches no tokens.
    pub(super) watched: AtomicBool,
    inner: Mutex<Inner>,
    /// For the worker: there is something to do.
    pub(super) work: Condvar,
    /// For callers: an attempt has ended.
    pub(super) done: Condvar,
}

pub(super) struct Inner {
    pub(super) breaker: Breaker,
    pub(super) token: Option<Arc<Token>>,
    /// What the last token could do: a certificate that stands in may carry no more. `None`: no token has told yet.
    pub(super) granted: Option<Scopes>,
    pub(super) refusal: Option<Refusal>,
    pub(super) last_failure: Option<Failure>,
    pub(super) renewal: RenewalPlan,
    pub(super) random: Random,
    pub(super) stopping: bool,
    worker_runs: bool,
    /// When a service's refusal last cost a token.
    rejected_at: Option<Instant>,
    /// A service refuses even fresh tokens: certificates are used until then, if the mode has them.
    distrusted_until: Option<Instant>,
    /// The state that was last told in an event.
    told: BreakerState,
    /// What happened, until the lock is released.
    events: Vec<Event>,
}

/// What a call gets.
pub(super) enum Outcome {
    Token(Arc<Token>),
    /// No token: the certificate, if the mode has it.
    FallBack(FallBack),
    Refused(Refusal),
}

/// Why there is no token, and what may stand in.
pub(super) struct FallBack {
    pub(super) out_of_time: bool,
    pub(super) last: Option<Failure>,
    /// See [`Inner::granted`].
    pub(super) granted: Option<Scopes>,
}

impl Keeper {
    pub(super) fn new(settings: Settings, identity: Identity, breaker: Breaker, renewal: RenewalPlan) -> Self {
        let inner = Inner {
            told: breaker.state(),
            breaker,
            token: None,
            granted: None,
            refusal: None,
            last_failure: None,
            renewal,
            random: Random::from_system(),
            stopping: false,
            worker_runs: false,
            rejected_at: None,
            distrusted_until: None,
            events: Vec::new(),
        };
        Self {
            settings,
            identity: ArcSwap::from_pointee(identity),
            counters: Counters::default(),
            watched: AtomicBool::new(false),
            inner: Mutex::new(inner),
            work: Condvar::new(),
            done: Condvar::new(),
        }
    }

    /// A panic elsewhere leaves nothing half done that would matter here.
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Releases the lock, and only then tells what happened.
    pub(super) fn release(&self, mut inner: MutexGuard<'_, Inner>) {
        let state = inner.breaker.state();
        if state != inner.told {
            let from = std::mem::replace(&mut inner.told, state);
            inner.events.push(Event::Transition { from, to: state });
        }
        let events = std::mem::take(&mut inner.events);
        drop(inner);
        events.iter().for_each(|event| self.tell(event));
    }

    fn tell(&self, event: &Event) {
        self.counters.note(event);
        event.trace();
        let Some(callback) = &self.settings.on_event else { return };
        if catch_unwind(AssertUnwindSafe(|| callback(event))).is_err() {
            tracing::error!("a callback for the client's events panicked");
        }
    }

    /// The token, or what to do without one. Waits for the worker, but not beyond `deadline`.
    ///
    /// # Errors
    /// Where the worker cannot be started.
    pub(super) fn credential(self: &Arc<Self>, deadline: Instant) -> io::Result<Outcome> {
        let mut inner = self.lock();
        let started = self.start_worker(&mut inner);
        let mut waited = false;
        let outcome = loop {
            let now = Instant::now();
            if self.settings.mode == Mode::Auto && inner.distrusted_until.is_some_and(|end| now < end) {
                break Ok(Outcome::FallBack(inner.fall_back(false)));
            }
            let token = inner.usable_token(now).map(Arc::clone);
            match (inner.breaker.decide(token.is_some(), now), token) {
                (Decision::UseToken, Some(token)) => break Ok(Outcome::Token(token)),
                (Decision::Refused, _) => {
                    if let Some(refusal) = inner.refusal.clone() {
                        break Ok(Outcome::Refused(refusal));
                    }
                }
                (Decision::FallBack | Decision::UseToken, _) => {
                    break Ok(Outcome::FallBack(inner.fall_back(false)));
                }
                (Decision::Wait, _) => {}
            }
            if let Err(error) = started {
                break Err(error);
            }
            let left = deadline.saturating_duration_since(now);
            if left.is_zero() {
                break Ok(Outcome::FallBack(inner.fall_back(true)));
            }
            waited = true;
            self.work.notify_one();
            inner = self.done.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0;
        };
        self.release(inner);
        if waited {
            count(&self.counters.waited);
        }
        outcome
    }

    /// Starts the worker if it does not run: at first use, so that a client that is only made costs no thread.
    pub(super) fn start_worker(self: &Arc<Self>, inner: &mut Inner) -> io::Result<()> {
        if !inner.worker_runs {
            let keeper = Arc::clone(self);
            thread::Builder::new().name("certauthz-client".to_owned()).spawn(move || worker::run(&keeper))?;
            inner.worker_runs = true;
        }
        Ok(())
    }

    /// The worker ends by a panic: the next call starts another. An attempt that it was in has failed.
    pub(super) fn worker_died(&self) {
        let mut inner = self.lock();
        inner.worker_runs = false;
        self.watched.store(false, Relaxed);
        if inner.breaker.is_attempting() {
            let random = inner.random.bits();
            inner.breaker.failed(None, Instant::now(), random);
        }
        drop(inner);
        self.done.notify_all();
    }

    /// A service refused this token though it has not ended. It is dropped and another is fetched, unless that happened
    /// within an `interval`: a service that refuses every token must not make the authorization server busy. Then
    /// certificates are used for such an interval, if the mode has them. So they are while the authorization server is away:
    /// there is no other token, and another service may still take this one.
    ///
    /// Returns whether another token can be expected.
    pub(super) fn token_refused(&self, header: &HeaderValue, interval: Duration) -> bool {
        let mut inner = self.lock();
        let now = Instant::now();
        // One that is not the present one was dropped before.
        let current = inner.token.as_ref().is_some_and(|token| token.header == header);
        let too_soon = inner.rejected_at.is_some_and(|last| now.saturating_duration_since(last) < interval);
        if current {
            count(&self.counters.tokens_rejected);
        }
        let kept = too_soon || inner.breaker.state() != BreakerState::Closed;
        if current && kept {
            inner.distrusted_until = Some(now + interval);
        } else if current {
            inner.rejected_at = Some(now);
            inner.token = None;
            inner.breaker.want();
            self.work.notify_one();
        }
        self.release(inner);
        !(current && kept)
    }

    /// Lets the worker end; it does so once the attempt that it may be in is over.
    pub(super) fn stop(&self) {
        self.lock().stopping = true;
        self.work.notify_one();
    }
}

impl Inner {
    pub(super) fn usable_token(&self, now: Instant) -> Option<&Arc<Token>> {
        self.token.as_ref().filter(|token| token.is_usable(now, Timestamp::now()))
    }

    pub(super) fn fall_back(&self, out_of_time: bool) -> FallBack {
        FallBack { out_of_time, last: self.last_failure.clone(), granted: self.granted.clone() }
    }

    pub(super) fn push(&mut self, event: Event) {
        self.events.push(event);
    }

    pub(super) fn has_news(&self) -> bool {
        !self.events.is_empty() || self.told != self.breaker.state()
    }
}
