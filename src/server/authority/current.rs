//! The registry of clients that requests are decided by, kept as new as the database.

use crate::{
    error::{Error, Result},
    store::{Registry, RegistryReader},
};
use arc_swap::ArcSwap;
use jiff::Timestamp;
use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// How often the database is asked whether it changed: a revocation takes effect after this and the time of one look.
const INTERVAL: Duration = Duration::from_millis(100);
/// How long requests are decided by what was last read, while the database cannot be read. Then nothing is issued: nobody
/// knows who was revoked meanwhile.
const PATIENCE: Duration = Duration::from_secs(30);

/// The newest registry, and when it was last known to be that.
pub(super) struct Current {
    registry: ArcSwap<Registry>,
    start: Instant,
    /// In milliseconds since the start.
    seen: AtomicU64,
}

impl Current {
    /// Begins to follow the database, on a thread of its own, until it is dropped: SQLite's calls block.
    ///
    /// # Errors
    /// [`Error::System`] where the thread cannot be started.
    pub(super) fn follow(reader: RegistryReader) -> Result<Arc<Self>> {
        let registry = ArcSwap::new(reader.registry());
        let current = Arc::new(Self { registry, start: Instant::now(), seen: AtomicU64::new(0) });
        let followed = Arc::downgrade(&current);
        let started = thread::Builder::new().name("registry".to_owned()).spawn(move || keep_up(reader, &followed));
        started.map_err(|source| Error::System { action: "start a thread", source })?;
        Ok(current)
    }

    /// `None` if it has not been possible for too long to tell whether it is current.
    pub(super) fn registry(&self) -> Option<arc_swap::Guard<Arc<Registry>>> {
        let seen = Duration::from_millis(self.seen.load(Ordering::Relaxed));
        (self.start.elapsed().saturating_sub(seen) <= PATIENCE).then(|| self.registry.load())
    }

    fn look(&self, reader: &mut RegistryReader) -> Result<()> {
        let begun = self.start.elapsed();
        if reader.refresh_if_changed(Timestamp::now())? {
            self.registry.store(reader.registry());
        }
        self.seen.store(u64::try_from(begun.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        Ok(())
    }
}

fn keep_up(mut reader: RegistryReader, current: &Weak<Current>) {
    let mut failing = false;
    loop {
        thread::sleep(INTERVAL);
        let Some(current) = current.upgrade() else { return };
        let looked = current.look(&mut reader);
        match (&looked, failing) {
            (Err(error), false) => tracing::error!("clients are served by what was last read: {error}"),
            (Ok(()), true) => tracing::info!("the database can be read again"),
            _ => {}
        }
        failing = looked.is_err();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_too_long_ago_decides_nothing() {
        let start = Instant::now().checked_sub(Duration::from_secs(100)).unwrap();
        let current = Current { registry: ArcSwap::default(), start, seen: AtomicU64::new(71_000) };
        assert!(current.registry().is_some());
        current.seen.store(69_000, Ordering::Relaxed);
        assert!(current.registry().is_none());
    }
}
