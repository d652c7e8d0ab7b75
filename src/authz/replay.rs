//! The replay memory: which nonces were used, until they could not be accepted anyway.
//!
//! It is bounded and never forgets early: when it is full, or one certificate has used up its share, new requests are
//! refused (`replay_memory_full`) instead of old nonces being pushed out.

use crate::error::Rejection;
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A power of two, so that two cores seldom wait for each other.
const SHARDS: usize = 16;

/// How many expired nonces one insertion removes at most: twice what it adds suffices to keep up, the rest is headroom.
const SWEEP: usize = 8;

/// How many it removes before it refuses for lack of room: some tens of microseconds.
const DEEP_SWEEP: usize = 2048;

/// Remembers nonces per certificate.
///
/// A nonce is kept as 64 bits of a keyed hash (SipHash with a random key). A collision would refuse a fresh nonce, never
/// accept an old one; with a million nonces its chance is 2^-44 per request, and without the key nobody can aim for it.
#[derive(Debug)]
pub struct ReplayMemory {
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
    /// Per shard.
    capacity: usize,
    /// Per shard and certificate.
    share: u32,
}

#[derive(Debug, Default)]
struct Shard {
    /// Hash of certificate and nonce, to the second until which it counts.
    seen: HashMap<u64, i64, BuildHasherDefault<Hashed>>,
    /// The same hashes by that second, with the certificate's hash, for removal.
    expiry: BTreeMap<i64, Vec<(u64, u64)>>,
    /// How many each certificate holds.
    held: HashMap<u64, u32, BuildHasherDefault<Hashed>>,
    /// The latest second until which a nonce counted that was removed. If the clock is set back, requests up to then
    /// could be replays of what is no longer known.
    forgotten: Option<i64>,
}

/// The keys are hashes already.
#[derive(Debug, Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(b);
        }
    }
    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

impl ReplayMemory {
    /// A memory for `capacity` nonces (at least 16), of which one certificate may hold half. It grows as it fills, to
    /// about 50 bytes a nonce.
    pub fn new(capacity: usize) -> Self {
        let per_shard = capacity.div_ceil(SHARDS).max(1);
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            capacity: per_shard,
            share: u32::try_from(per_shard.div_ceil(2)).unwrap_or(u32::MAX),
        }
    }

    /// Records the use of `nonce` by the certificate with this SHA-256 fingerprint. It is remembered up to and including
    /// the second `until`.
    ///
    /// # Errors
    /// [`Rejection::NonceReused`]; [`Rejection::ReplayMemoryFull`]; [`Rejection::SignatureExpired`] where `until` has
    /// passed, or lies in a time that was already forgotten when the clock was set back. Then nothing was recorded.
    pub fn record(&self, fingerprint: &[u8; 32], nonce: &str, until: i64, at: Timestamp) -> Result<(), Rejection> {
        let now = at.as_second();
        let certificate = self.hasher.hash_one(fingerprint);
        let key = self.hasher.hash_one((certificate, nonce));
        let mut shard = self.shard(key);
        shard.sweep(now, SWEEP);
        if shard.seen.get(&key).is_some_and(|&until| until >= now) {
            return Err(Rejection::NonceReused);
        }
        if until < now || shard.forgotten.is_some_and(|forgotten| until <= forgotten) {
            return Err(Rejection::SignatureExpired { at, expired: Timestamp::from_second(until).unwrap_or(at) });
        }
        if !self.has_room(&shard, certificate) {
            shard.sweep(now, DEEP_SWEEP);
            if !self.has_room(&shard, certificate) {
                return Err(Rejection::ReplayMemoryFull);
            }
        }
        let held = shard.held.entry(certificate).or_default();
        *held = held.saturating_add(1);
        shard.seen.insert(key, until);
        shard.expiry.entry(until).or_default().push((key, certificate));
        Ok(())
    }

    fn has_room(&self, shard: &Shard, certificate: u64) -> bool {
        shard.seen.len() < self.capacity && shard.held.get(&certificate).is_none_or(|held| *held < self.share)
    }

    /// How many nonces it holds, expired ones that are not yet removed included.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).seen.len()).sum()
    }

    /// How many it can hold.
    pub fn capacity(&self) -> usize {
        self.capacity.saturating_mul(self.shards.len())
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shard(&self, key: u64) -> MutexGuard<'_, Shard> {
        // The table inside uses the low and the highest bits; these are in between.
        let index = usize::try_from(key >> 32).unwrap_or(0) % SHARDS;
        lock(self.shards.get(index).unwrap_or_else(|| unreachable!("an index modulo the number of shards")))
    }
}

/// A panic elsewhere while the lock was held cannot leave a shard unusable: each step keeps it consistent enough to
/// refuse, which is what matters.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shard {
    fn sweep(&mut self, now: i64, steps: usize) {
        for _ in 0..steps {
            let Some(mut first) = self.expiry.first_entry().filter(|e| *e.key() < now) else { return };
            let until = *first.key();
            let Some((key, certificate)) = first.get_mut().pop() else {
                first.remove();
                continue;
            };
            self.forgotten = self.forgotten.max(Some(until));
            // A nonce that was used again after its time has a newer entry, which stays.
            if self.seen.get(&key) == Some(&until) {
                self.seen.remove(&key);
            }
            if let Some(held) = self.held.get_mut(&certificate) {
                *held = held.saturating_sub(1);
                if *held == 0 {
                    self.held.remove(&certificate);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    const ALICE: [u8; 32] = [1; 32];
    const BOB: [u8; 32] = [2; 32];

    fn record(memory: &ReplayMemory, who: &[u8; 32], nonce: &str, until: i64, now: i64) -> Result<(), Rejection> {
        memory.record(who, nonce, until, Timestamp::from_second(now).unwrap())
    }

    #[test]
    fn a_nonce_counts_once_per_certificate_until_its_time() {
        let memory = ReplayMemory::new(1000);
        assert_eq!(record(&memory, &ALICE, "n", 100, 40), Ok(()));
        assert_eq!(record(&memory, &ALICE, "n", 100, 100), Err(Rejection::NonceReused));
        assert_eq!(record(&memory, &ALICE, "n", 300, 100), Err(Rejection::NonceReused));
        assert_eq!(record(&memory, &BOB, "n", 100, 40), Ok(()));
        assert_eq!(record(&memory, &ALICE, "n", 200, 101), Ok(()));
        assert_eq!(record(&memory, &ALICE, "n", 200, 102), Err(Rejection::NonceReused));
    }

    #[test]
    fn what_cannot_be_remembered_is_refused() {
        let expired = |result: Result<(), Rejection>| matches!(result, Err(Rejection::SignatureExpired { .. }));
        let memory = ReplayMemory::new(1);
        assert!(expired(record(&memory, &ALICE, "late", 99, 100)));
        assert_eq!(memory.len(), 0);
        // A clock that jumps ahead makes the memory let go; when it is set back, what may have been used is refused.
        assert_eq!(record(&memory, &ALICE, "n", 160, 100), Ok(()));
        for other in 0..1000 {
            // Each shard has room for one; what matters is that every shard is swept at that time.
            let _ = record(&memory, &BOB, &other.to_string(), 4000, 3700);
        }
        assert!(expired(record(&memory, &ALICE, "n", 160, 101)));
    }

    #[test]
    fn one_client_cannot_take_the_room_of_another_and_nothing_is_pushed_out() {
        let memory = ReplayMemory::new(16_000);
        let accepted = (0..40_000).filter(|i| record(&memory, &ALICE, &format!("a{i}"), 100, 1).is_ok()).count();
        assert!((7_000..=8_000).contains(&accepted), "{accepted}");
        assert_eq!(record(&memory, &ALICE, "a0", 100, 1), Err(Rejection::NonceReused));
        let fresh = (0..4_000).filter(|i| record(&memory, &BOB, &format!("b{i}"), 100, 1).is_ok()).count();
        assert_eq!(fresh, 4_000);
        // After their time both have room again.
        let again = (0..7_000).filter(|i| record(&memory, &ALICE, &format!("c{i}"), 300, 200).is_ok()).count();
        assert!(again > 6_900, "{again}");
    }

    #[test]
    fn threads_that_race_for_one_nonce_have_one_winner() {
        let memory = ReplayMemory::new(100_000);
        let wins: usize = std::thread::scope(|scope| {
            let run = || (0..2_000).filter(|i| record(&memory, &ALICE, &i.to_string(), 100, 1).is_ok()).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
            threads.into_iter().map(|t| t.join().unwrap()).sum()
        });
        assert_eq!(wins, 2_000);
    }

    proptest! {
        #[test]
        fn agrees_with_a_plain_set(steps in proptest::collection::vec((0u8..20, 0i64..10, 0i64..3), 1..200)) {
            let memory = ReplayMemory::new(10_000);
            let mut model: HashSet<(u8, i64)> = HashSet::new();
            let mut now = 0;
            for (nonce, life, pause) in steps {
                now += pause;
                let known = model.iter().any(|&(n, until)| n == nonce && until >= now);
                let result = record(&memory, &ALICE, &nonce.to_string(), now + life, now);
                prop_assert_eq!(result.is_err(), known);
                if !known {
                    model.insert((nonce, now + life));
                }
            }
        }
    }
}
