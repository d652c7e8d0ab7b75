//! The verified clients that are remembered, so that a certificate's path is validated once and not with each request.

use super::VerifiedClient;
use quick_cache::{Equivalent, Weighter, sync::Cache};
use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// How much memory a cache may take for each entry that it is made for, in bytes. A usual certificate of 1 KB takes less;
/// larger ones leave room for fewer entries.
pub const CACHE_UNIT: usize = 8 * 1024;

/// What a cache has done since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheCounts {
    /// Look-ups that found something.
    pub hits: u64,
    /// Look-ups that did not.
    pub misses: u64,
    /// What it holds.
    pub entries: u64,
}

/// A bounded cache whose keys are the very bytes of a credential: where they are equal, everything that is decided by
/// these bytes alone is equal. Only verified credentials come in, so that nobody fills it with junk.
pub(super) struct CredentialCache<V> {
    entries: Option<Cache<Text, V, ByMemory>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// A credential as it stands in its headers: a token, or a certificate and its chain.
#[derive(PartialEq, Eq)]
struct Text {
    first: Box<[u8]>,
    second: Box<[u8]>,
}

#[derive(Clone, Copy)]
struct TextRef<'a>(&'a [u8], &'a [u8]);

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        TextRef(&self.first, &self.second).hash(state);
    }
}

impl Hash for TextRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Each with its length, so that no bytes of one can pass for the other.
        self.0.hash(state);
        self.1.hash(state);
    }
}

impl Equivalent<Text> for TextRef<'_> {
    fn equivalent(&self, key: &Text) -> bool {
        self.0 == &*key.first && self.1 == &*key.second
    }
}

/// A value and what it takes, its key included, as far as anybody can tell.
#[derive(Clone)]
struct ByMemory;

impl<V> Weighter<Text, V> for ByMemory {
    fn weight(&self, key: &Text, _: &V) -> u64 {
        // What is kept of a credential is parsed from it: about as much again, and something for the key and its tables.
        let bytes = 4096 + 3 * (key.first.len() + key.second.len());
        u64::try_from(bytes.max(CACHE_UNIT)).unwrap_or(u64::MAX)
    }
}

impl<V: Clone> CredentialCache<V> {
    /// A cache for `entries` credentials, and [`CACHE_UNIT`] times as many bytes. 0 remembers nothing.
    pub(super) fn new(entries: usize) -> Self {
        let bytes = u64::try_from(entries.saturating_mul(CACHE_UNIT)).unwrap_or(u64::MAX);
        Self {
            entries: (entries > 0).then(|| Cache::with_weighter(entries, bytes, ByMemory)),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// What is remembered of this credential.
    pub(super) fn get(&self, first: &[u8], second: &[u8]) -> Option<V> {
        let found = self.entries.as_ref()?.get(&TextRef(first, second));
        let count = if found.is_some() { &self.hits } else { &self.misses };
        count.fetch_add(1, Ordering::Relaxed);
        found
    }

    pub(super) fn insert(&self, first: &[u8], second: &[u8], value: V) {
        if let Some(entries) = &self.entries {
            entries.insert(Text { first: first.into(), second: second.into() }, value);
        }
    }

    pub(super) fn remove(&self, first: &[u8], second: &[u8]) {
        if let Some(entries) = &self.entries {
            entries.remove(&TextRef(first, second));
        }
    }

    pub(super) fn counts(&self) -> CacheCounts {
        CacheCounts {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            entries: self.entries.as_ref().map_or(0, |e| u64::try_from(e.len()).unwrap_or(u64::MAX)),
        }
    }
}

impl<V> fmt::Debug for CredentialCache<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialCache").finish_non_exhaustive()
    }
}

/// The clients of certificates, by the base64 text of leaf and chain.
pub(super) type ClientCache = CredentialCache<Arc<VerifiedClient>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_count_and_their_border_too() {
        let cache = CredentialCache::new(10);
        cache.insert(b"ab", b"c", 1);
        assert_eq!(cache.get(b"ab", b"c"), Some(1));
        for (first, second) in [(&b"a"[..], &b"bc"[..]), (b"abc", b""), (b"", b"abc"), (b"ab", b""), (b"AB", b"c")] {
            assert_eq!(cache.get(first, second), None);
        }
        cache.remove(b"ab", b"c");
        assert_eq!(cache.get(b"ab", b"c"), None);
        assert_eq!(cache.counts(), CacheCounts { hits: 1, misses: 6, entries: 0 });
    }

    #[test]
    fn entries_and_bytes_are_bounded() {
        for (size, at_most) in [(100, 50), (44 * 1024, 50 * CACHE_UNIT / (3 * 44 * 1024))] {
            let cache = CredentialCache::new(50);
            for number in 0..500_usize {
                let mut text = vec![0; size];
                text[..8].copy_from_slice(&number.to_be_bytes());
                cache.insert(&text, b"", ());
            }
            let held = usize::try_from(cache.counts().entries).unwrap();
            assert!((1..=at_most).contains(&held), "{held} entries of {size} bytes");
        }
    }

    #[test]
    fn nothing_is_remembered_in_no_entries() {
        let cache = CredentialCache::new(0);
        cache.insert(b"a", b"", ());
        assert_eq!(cache.get(b"a", b""), None);
        assert_eq!(cache.counts(), CacheCounts::default());
    }
}
