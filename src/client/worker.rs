//! The background worker: the one place from which the authorization server is asked.

use super::{
    breaker::{BreakerState, Command, Verdict},
    event::{Event, Mode, count},
    failure::Failure,
    identity::Identity,
    keeper::{Inner, Keeper},
    renewal,
    renewal_plan::{Ended, Renewal},
    token_source::{Denied, Token},
};
use crate::scope::Scopes;
use jiff::Timestamp;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

enum Task {
    Stop,
    Fetch(Duration),
    Renew,
}

/// Works until the client's last handle is gone.
pub(super) fn run(keeper: &Keeper) {
    let _guard = Guard(keeper);
    loop {
        match next(keeper) {
            Task::Stop => return,
            Task::Fetch(limit) => fetch(keeper, limit),
            // What came of it is told in an event.
            Task::Renew => drop(renew(keeper)),
        }
    }
}

/// Tells when the worker panics: calls would wait for it for ever.
struct Guard<'k>(&'k Keeper);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.worker_died();
        }
    }
}

/// Waits for something to do.
fn next(keeper: &Keeper) -> Task {
    let mut inner = keeper.lock();
    loop {
        if inner.stopping {
            return Task::Stop;
        }
        let (now, wall) = (Instant::now(), Timestamp::now());
        let mut wake = None;
        if keeper.settings.mode != Mode::Certificate {
            match next_attempt(&mut inner, now, wall) {
                Ok(limit) => {
                    count(&keeper.counters.attempts);
                    if inner.breaker.state() == BreakerState::HalfOpen {
                        count(&keeper.counters.probes);
                    }
                    keeper.release(inner);
                    return Task::Fetch(limit);
                }
                Err(until) => wake = until,
            }
        }
        match next_renewal(keeper, &mut inner, now, wall) {
            Some(Renewal::Now) => {
                keeper.release(inner);
                return Task::Renew;
            }
            Some(Renewal::At(time)) => wake = Some(wake.map_or(time, |wake: Instant| wake.min(time))),
            None => {}
        }
        if inner.has_news() {
            keeper.release(inner);
            inner = keeper.lock();
            continue;
        }
        inner = wait(keeper, inner, wake.map(|wake| wake.saturating_duration_since(now)));
    }
}

fn wait<'k>(keeper: &'k Keeper, inner: MutexGuard<'k, Inner>, time: Option<Duration>) -> MutexGuard<'k, Inner> {
    match time {
        None => keeper.work.wait(inner).unwrap_or_else(PoisonError::into_inner),
        Some(time) => keeper.work.wait_timeout(inner, time).unwrap_or_else(PoisonError::into_inner).0,
    }
}

/// The time limit of the attempt that is due, or when to look again.
fn next_attempt(inner: &mut Inner, now: Instant, wall: Timestamp) -> Result<Duration, Option<Instant>> {
    let refresh = match &inner.token {
        Some(token) if token.is_aging(now, wall) => {
            inner.breaker.want();
            None
        }
        Some(token) => Some(token.refresh_at()),
        None => None,
    };
    match inner.breaker.next(now) {
        Command::Attempt { limit } => Ok(limit),
        Command::Wait(until) => Err([until, refresh].into_iter().flatten().min()),
    }
}

/// What to do about the certificate, if anything can be done: while the authorization server is away it is left alone.
fn next_renewal(keeper: &Keeper, inner: &mut Inner, now: Instant, wall: Timestamp) -> Option<Renewal> {
    let identity = keeper.identity.load();
    let aging_at = identity.aging_at();
    if inner.renewal.tells(aging_at, wall) {
        inner.push(Event::CertificateAging { not_after: identity.facts.not_after });
    }
    let has_token = inner.breaker.state() == BreakerState::Closed && inner.usable_token(now).is_some();
    let reachable = keeper.settings.mode == Mode::Certificate || has_token;
    let plan = inner.renewal.next(aging_at, now, wall);
    match plan {
        Renewal::Now if !keeper.settings.renews => None,
        Renewal::Now if !reachable => None,
        other => Some(other),
    }
}

fn fetch(keeper: &Keeper, limit: Duration) {
    let settings = &keeper.settings;
    // The key and the transport may be somebody else's code.
    let fetched = catch_unwind(AssertUnwindSafe(|| settings.source.fetch(&*settings.key, limit)))
        .unwrap_or_else(|_| Err(Denied::Failed(Failure::Unreachable("the transport panicked".to_owned()))));
    let mut inner = keeper.lock();
    let (now, random) = (Instant::now(), inner.random.bits());
    match fetched {
        Ok(token) => {
            inner.breaker.succeeded();
            take(keeper, &mut inner, token);
        }
        Err(Denied::Failed(failure)) => {
            let retry_after = match &failure {
                Failure::Status { retry_after, .. } => *retry_after,
                _ => None,
            };
            inner.breaker.failed(retry_after, now, random);
            fail(&mut inner, failure);
        }
        Err(Denied::Refused(refusal)) => match inner.breaker.refused(now, random) {
            Verdict::Believed => {
                inner.refusal = Some(refusal.clone());
                inner.push(Event::TokenRefused(refusal));
            }
            Verdict::Doubted => fail(&mut inner, Failure::Status { status: refusal.status, retry_after: None }),
        },
    }
    // Before the events are told: a callback may take its time.
    keeper.done.notify_all();
    keeper.release(inner);
}

fn fail(inner: &mut Inner, failure: Failure) {
    inner.last_failure = Some(failure.clone());
    inner.push(Event::AttemptFailed(failure));
}

fn take(keeper: &Keeper, inner: &mut Inner, token: Token) {
    // Where nobody tells, nothing is known to be granted.
    let granted = token.scopes.clone().unwrap_or_default();
    let beyond = keeper.identity.load().beyond(&granted);
    inner.renewal.compare(beyond.as_ref().is_some_and(|beyond| can_be_narrowed(keeper, beyond)));
    let changed = inner.granted.as_ref() != Some(&granted);
    inner.granted = Some(granted);
    if let Some(beyond) = beyond.filter(|_| changed) {
        inner.push(Event::CertificateTooBroad { beyond });
    }
    inner.push(Event::TokenFetched { life: token.life, scopes: token.scopes.clone() });
    inner.refusal = None;
    inner.last_failure = None;
    inner.token = Some(Arc::new(token));
}

/// Renews the certificate, once.
///
/// # Errors
/// Why it was not, or not saved.
pub(super) fn renew(keeper: &Keeper) -> Result<(), String> {
    let settings = &keeper.settings;
    let present = keeper.identity.load_full();
    let renewed = catch_unwind(AssertUnwindSafe(|| {
        renewal::renew(
            &present,
            &settings.key,
            &settings.oid,
            &settings.renewal,
            &*settings.source.transport,
            settings.renewal_limit,
        )
    }))
    .unwrap_or_else(|_| Err("the transport panicked".to_owned()))
    .map_err(NotRenewed::Failed)
    .and_then(|new| not_broader(keeper, &present, new));
    let saved = renewed.as_ref().map_or(Ok(()), |new| save(keeper, new));

    let mut inner = keeper.lock();
    let (now, random) = (Instant::now(), inner.random.bits());
    let too_broad = |new: &Identity| {
        let beyond = inner.granted.as_ref().and_then(|granted| new.beyond(granted));
        beyond.is_some_and(|beyond| can_be_narrowed(keeper, &beyond))
    };
    let ended = match &renewed {
        Ok(new) if too_broad(new) => Ended::TooBroad,
        Ok(_) => Ended::Renewed,
        Err(NotRenewed::TooBroad(_)) => Ended::TooBroad,
        Err(NotRenewed::Failed(_)) => Ended::Failed,
    };
    inner.renewal.ended(ended, now, random);
    let result = renewed.map_err(NotRenewed::why).and_then(|new| {
        inner.renewal.compare(ended == Ended::TooBroad);
        let facts = &new.facts;
        inner.push(Event::CertificateRenewed { serial: facts.serial.clone(), not_after: facts.not_after });
        keeper.identity.store(Arc::new(new));
        saved
    });
    if let Err(why) = &result {
        inner.push(Event::RenewalFailed { why: why.clone() });
    }
    keeper.release(inner);
    result
}

/// Why the present certificate stays.
enum NotRenewed {
    TooBroad(String),
    Failed(String),
}

impl NotRenewed {
    fn why(self) -> String {
        match self {
            Self::TooBroad(why) | Self::Failed(why) => why,
        }
    }
}

/// Whether a renewal may take something of this from the certificate. Where nothing stands in there is no need; and what the
/// client itself does not ask for it carries on purpose.
fn can_be_narrowed(keeper: &Keeper, beyond: &Scopes) -> bool {
    let asked = keeper.settings.source.scopes.as_ref();
    keeper.settings.mode != Mode::Token && asked.is_none_or(|asked| beyond.iter().any(|scope| asked.contains(scope)))
}

/// A certificate that could not stand in takes the place of none that can.
fn not_broader(keeper: &Keeper, present: &Identity, new: Identity) -> Result<Identity, NotRenewed> {
    let granted = keeper.lock().granted.clone();
    let allowed = [granted.as_ref(), keeper.settings.source.scopes.as_ref()];
    match new.beyond_any(allowed) {
        Some(beyond) if present.beyond_any(allowed).is_none() && !present.has_ended(Timestamp::now()) => {
            let why = "the new certificate carries scopes that the client does not ask for or is not granted";
            Err(NotRenewed::TooBroad(format!("{why}: {beyond}")))
        }
        _ => Ok(new),
    }
}

/// A certificate that cannot be written down is used all the same, until this process ends.
fn save(keeper: &Keeper, new: &Identity) -> Result<(), String> {
    let Some(credentials) = &keeper.settings.saves_to else { return Ok(()) };
    credentials
        .install_certificate(&keeper.settings.name, &new.facts, &new.chain)
        .map_err(|error| format!("the new certificate is in use, but was not saved: {error}"))
}
