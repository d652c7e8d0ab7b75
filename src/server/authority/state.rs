//! What the publisher tells the requests.

use super::{decisions::Decisions, documents::Published, metrics::Counts};
use crate::crl::RevocationStore;
use arc_swap::{ArcSwapOption, Guard};
use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

/// Shared by requests and publisher.
pub(super) struct Shared {
    published: ArcSwapOption<Published>,
    /// A place in [`Unready::ALL`], counted from 1; 0 where nothing is missing.
    readiness: AtomicU8,
    pub(super) counts: Counts,
    /// Who has to know the list too.
    decisions: Option<Arc<Decisions>>,
}

/// Why nothing can be issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unready {
    Broken,
    Database,
    NoList,
    StaleList,
    ReadOnly,
    OldList,
}

impl Unready {
    const ALL: [Self; 6] = [Self::Broken, Self::Database, Self::NoList, Self::StaleList, Self::ReadOnly, Self::OldList];

    /// For everybody: no paths, nothing that helps an attacker.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Broken => "the server has failed and must be restarted",
            Self::Database => "the database cannot be used",
            Self::NoList => "there is no revocation list",
            Self::StaleList => "the revocation list is stale",
            Self::ReadOnly => "the credentials are read-only",
            Self::OldList => "the revocation list could not be brought up to date",
        }
    }
}

impl Shared {
    /// Without a list. Each that is set is told to `decisions`.
    pub(super) fn new(decisions: Option<Arc<Decisions>>) -> Self {
        let published = ArcSwapOption::default();
        Self { published, readiness: AtomicU8::default(), counts: Counts::default(), decisions }
    }

    /// The list that is served, to keep.
    pub(super) fn list(&self) -> Option<Arc<Published>> {
        self.published.load_full()
    }

    /// The list that is served, to look at.
    pub(super) fn published(&self) -> Guard<Option<Arc<Published>>> {
        self.published.load()
    }

    pub(super) fn set_published(&self, list: Published) {
        if let Some(decisions) = &self.decisions {
            let mut lists = RevocationStore::new();
            match lists.offer(Arc::clone(&list.list)) {
                Ok(_) => decisions.set_lists(lists),
                Err(error) => tracing::error!("renewals do without the revocation list: {error}"),
            }
        }
        let list = match &*self.published() {
            Some(old) => list.after(old),
            None => list,
        };
        // Held until after the swap, so that requests do not wait for the memory of the old list to be given back.
        drop(self.published.swap(Some(Arc::new(list))));
    }

    pub(super) fn readiness(&self) -> Result<(), Unready> {
        let place = usize::from(self.readiness.load(Ordering::Relaxed));
        match place.checked_sub(1).and_then(|place| Unready::ALL.get(place)) {
            Some(unready) => Err(*unready),
            None => Ok(()),
        }
    }

    pub(super) fn set_readiness(&self, readiness: Result<(), Unready>) {
        let place = readiness.err().and_then(|unready| Unready::ALL.iter().position(|one| *one == unready));
        let place = place.and_then(|place| u8::try_from(place + 1).ok()).unwrap_or(0);
        self.readiness.store(place, Ordering::Relaxed);
    }
}
