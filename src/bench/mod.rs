//! The validators and signers alone, without HTTP: what a key type costs whoever signs and whoever verifies.
//!
//! ```text
//! for each key: world (in memory) ─► calibration ─► rounds ─► figures
//!                                                   │ all operations once, in random order, a short block each
//!                                                   └ ratio to the bare verification of the same round
//! ```
//!
//! What the numbers mean:
//! - One key plays every part: it signs as the CA, as the client, and the tokens. So all verifications are by the same
//!   key, and each [`Figure::ratio`] says how many **bare verifications** ([`Operation::Verify`]) an operation costs.
//! - A machine's speed drifts. Operations take turns in blocks of milliseconds, ratios are taken **within a round**, and
//!   the median over the rounds is reported, with half of the distance between the quartiles as the spread.
//! - No nonce is used twice. Requests are signed before the clock runs; each pass over them meets a new replay memory.
//! - Operations are repeated back to back, so caches and branch predictors are warm: a server that does other work in
//!   between pays more.
//!
//! The entry is [`run`].

mod operation;
mod report;
mod rounds;
mod statistics;
mod world;

pub use crate::measure::Environment;
pub use operation::Operation;
pub use report::{Choice, HeaderBytes, KeyReport, Report};
pub use statistics::Figure;
pub use world::{SignedRequest, World};

use crate::{
    error::{Error, Result},
    key::{KeyType, LocalKey, Signer},
};
use jiff::Timestamp;
use std::{sync::Arc, time::Duration};

/// The key types that are measured unless others are asked for.
pub const KEY_TYPES: [KeyType; 6] =
    [KeyType::Rsa(2048), KeyType::Rsa(3072), KeyType::Rsa(4096), KeyType::EcP256, KeyType::EcP384, KeyType::Ed25519];

/// The longest time that may be spent on one key.
pub const MAX_BUDGET: Duration = Duration::from_secs(3600);

/// A key to measure.
pub enum Subject {
    /// A new key of this type, in memory.
    New(KeyType),
    /// A key that exists, wherever it lives. Making its world takes five signatures, the measurement as many as fit into
    /// the time.
    Existing {
        /// What it is called in the report, e.g. its file.
        name: String,
        /// The key.
        signer: Arc<dyn Signer>,
    },
}

impl Subject {
    fn signer(&self) -> Result<Arc<dyn Signer>> {
        match self {
            Self::New(key_type) => Ok(Arc::new(LocalKey::generate(*key_type)?)),
            Self::Existing { signer, .. } => Ok(Arc::clone(signer)),
        }
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::New(_) => None,
            Self::Existing { name, .. } => Some(name),
        }
    }

    fn key_type(&self) -> KeyType {
        match self {
            Self::New(key_type) => *key_type,
            Self::Existing { signer, .. } => signer.public_key().key_type(),
        }
    }
}

/// Measures each key for about `budget`, longer where its few signatures take longer. `progress` is told which key's turn
/// it is and the part of the whole (0 to 1) that is done.
///
/// # Errors
/// [`Error::InvalidValue`] for no key, or a budget of zero or past [`MAX_BUDGET`]; [`Error::Key`] where a key fails.
pub fn run(
    subjects: &[Subject],
    budget: Duration,
    now: Timestamp,
    progress: &mut dyn FnMut(KeyType, f64),
) -> Result<Report> {
    if subjects.is_empty() {
        return Err(Error::invalid("keys", "(none)", "there is nothing to measure", "name at least one"));
    }
    if budget.is_zero() || budget > MAX_BUDGET {
        let limit = MAX_BUDGET.as_secs();
        let why = format!("it is not more than zero and at most {limit} s");
        return Err(Error::invalid("time per key", format!("{budget:?}"), why, "2 s are a good start"));
    }
    let mut keys = Vec::with_capacity(subjects.len());
    for (done, subject) in (0u32..).zip(subjects) {
        let mut part = |within: f64| {
            let all = crate::number::float(crate::number::count(subjects.len()));
            progress(subject.key_type(), (f64::from(done) + within) / all);
        };
        part(0.0);
        let world = World::new(subject.signer()?, now)?;
        let header_bytes = world.header_bytes()?;
        let (rounds, figures) = rounds::measure(&world, budget, &mut part)?;
        let name = subject.name().map(str::to_owned);
        keys.push(KeyReport { key_type: subject.key_type(), name, rounds, figures, header_bytes });
    }
    Ok(Report { keys, budget, environment: Environment::here() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    #[test]
    fn every_operation_of_every_kind_of_key_is_measured() {
        let key = LocalKey::generate(KeyType::EcP384).unwrap();
        let subjects = [
            Subject::New(KeyType::Rsa(2048)),
            Subject::New(KeyType::EcP256),
            Subject::Existing { name: "mine".into(), signer: Arc::new(key) },
            Subject::New(KeyType::Ed25519),
        ];
        let mut parts = Vec::new();
        let report = run(&subjects, Duration::from_millis(20), NOW, &mut |_, part| parts.push(part)).unwrap();
        assert!(parts.is_sorted() && parts.iter().all(|part| (0.0..=1.0).contains(part)), "{parts:?}");
        assert_eq!(
            report.keys.iter().map(|key| key.name.as_deref()).collect::<Vec<_>>(),
            [None, None, Some("mine"), None]
        );
        for key in &report.keys {
            let operations: Vec<_> = key.figures.iter().map(|figure| figure.operation).collect();
            assert_eq!(operations, Operation::ALL);
            for figure in &key.figures {
                assert!(figure.median_ns > 0.0 && figure.spread_ns >= 0.0 && figure.ratio > 0.0, "{figure:?}");
                assert!(figure.iterations >= key.rounds, "{figure:?}");
            }
            assert_eq!(key.figure(Operation::Verify).unwrap().ratio, 1.0);
            assert!(key.header_bytes.signed_request > key.header_bytes.token);
        }
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        let run = |subjects: &[Subject], budget| run(subjects, budget, NOW, &mut |_, _| {}).unwrap_err();
        assert!(run(&[], Duration::from_secs(1)).is_usage());
        for budget in [Duration::ZERO, MAX_BUDGET + Duration::from_nanos(1), Duration::MAX] {
            assert!(run(&[Subject::New(KeyType::Ed25519)], budget).is_usage());
        }
    }
}
