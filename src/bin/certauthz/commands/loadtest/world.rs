//! The temporary world that is measured where no URL was given.

use super::super::init::{make_client, make_world};
use crate::output::{Failure, Result};
use certauthz::{
    error::Result as LibraryResult,
    key::KeyType,
    scope::Scopes,
    store::{Credentials, Name},
};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use std::{
    fs::Permissions,
    io::{self, IsTerminal as _},
    num::NonZeroUsize,
    os::unix::fs::PermissionsExt as _,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};
use tempfile::TempDir;

/// A temporary directory with credentials. It ends with this, so whoever works in it has to end before.
pub(super) struct World {
    pub(super) credentials: Credentials,
    ca: Name,
    /// Its client that may call its server.
    client: (Name, Scopes),
    key: KeyType,
    _directory: TempDir,
}

/// Many clients to make.
pub(super) struct Crowd<'a> {
    pub(super) count: usize,
    /// Whether to show how it goes.
    pub(super) shown: bool,
    pub(super) interrupted: &'a AtomicBool,
}

impl World {
    /// The example world, with keys of this type.
    pub(super) fn make(key: KeyType, now: Timestamp) -> Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("certauthz-")
            // It holds private keys.
            .permissions(Permissions::from_mode(0o700))
            .tempdir()
            .map_err(system("make a temporary directory"))?;
        let credentials = Credentials::new(directory.path().join("credentials"));
        let made = make_world(&credentials, key, false, now)?;
        let Some(client) = made.clients.into_iter().next() else {
            return Err(system("make a world")(io::Error::other("it has no clients")));
        };
        Ok(Self { credentials, ca: made.ca, client: (client.name, client.scopes), key, _directory: directory })
    }

    /// Its client `alice`, and `alice-2` and so on, which are made here on all cores.
    pub(super) fn clients(&self, crowd: &Crowd<'_>, now: Timestamp) -> Result<Vec<Name>> {
        let (first, scopes) = &self.client;
        let more = (2..=crowd.count).map(|number| Name::new(&format!("{first}-{number}")));
        let names: Vec<_> = std::iter::once(Ok(first.clone())).chain(more).collect::<LibraryResult<_>>()?;
        let bar = bar(crowd);
        let next = AtomicUsize::new(1);
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(names.len());
        let work = || -> LibraryResult<()> {
            while !crowd.interrupted.load(Ordering::Relaxed) {
                let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                let client = (name.clone(), scopes.clone());
                make_client(&self.credentials, &self.ca, &client, self.key, false, now)
                    // The others need not make what will not be used.
                    .inspect_err(|_| next.store(names.len(), Ordering::Relaxed))?;
                bar.inc(1);
            }
            Ok(())
        };
        let results: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
            let join = |thread: thread::ScopedJoinHandle<'_, _>| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            threads.into_iter().map(join).collect()
        });
        bar.finish_and_clear();
        results.into_iter().collect::<LibraryResult<()>>()?;
        Ok(names)
    }
}

fn bar(crowd: &Crowd<'_>) -> ProgressBar {
    if crowd.count < 2 || !crowd.shown || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(u64::try_from(crowd.count).unwrap_or(u64::MAX)).with_position(1);
    // The template is constant; if indicatif did not like it, its default bar would do.
    if let Ok(style) = ProgressStyle::with_template("{elapsed} [{bar:30}] making clients: {pos} of {len}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

/// Names what the operating system refused.
pub(super) fn system(action: &'static str) -> impl FnOnce(io::Error) -> Failure {
    move |source| Failure::System { action: action.into(), source }
}
