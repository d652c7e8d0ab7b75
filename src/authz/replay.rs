//! The replay memory: which nonces were used, until they could not be accepted anyway.
//!
//! It is bounded and never forgets early: when it is full, or one certificate has used up its share, new requests are
//! refused (`replay_memory_full`) instead of old nonces being pushed out.

use crate::error::Rejection;
use hashbrown::HashTable;
use jiff::Timestamp;
use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// What a shard holds when the memory is full, about. Nothing is ever moved but within a shard, so this bounds the
/// longest time that an insertion takes: the tables of a shard of this size grow in some tens of microseconds.
const PER_SHARD: usize = 4096;
/// So many at least, so that two cores seldom wait for each other.
const MIN_SHARDS: usize = 16;
const MAX_SHARDS: usize = 1 << 14;
/// So many of the calls that reach a shard go by before one looks for what has expired, at so many places at once: the
/// places lie side by side, so that the many cost little more than one. Two places a call would suffice to keep up.
const SWEEP_EVERY: u8 = 8;
const SWEEP: usize = 64;

/// Remembers nonces per certificate.
///
/// A nonce is kept as 64 bits of a keyed hash (SipHash with a random key). A collision would refuse a fresh nonce, never
/// accept an old one; with a million nonces its chance is 2^-44 per request, and without the key nobody can aim for it.
///
/// A certificate may hold as many nonces as there is room left: alone, half of the memory; each of two that take all
/// they get, a third; each of `n`, 1/(n+1). (Until what they held first has expired the earlier ones have more.) So
/// however many of them join forces, there is room for others, and what somebody else holds is never touched.
#[derive(Debug)]
pub struct ReplayMemory {
    /// As many as a power of two.
    shards: Box<[Locked]>,
    hasher: RandomState,
    /// Per shard.
    capacity: usize,
}

/// A shard, and how many nonces are in it for whoever only wants to know that.
#[derive(Debug, Default)]
struct Locked {
    len: AtomicUsize,
    shard: Mutex<Shard>,
}

#[derive(Debug, Default)]
struct Shard {
    seen: HashTable<Seen>,
    held: HashTable<Held>,
    /// Calls since the last look for what has expired, and the place in `seen` where the next one goes on.
    calls: u8,
    cursor: usize,
    /// All of `seen` was last looked through at this second: within that second there is nothing new to be found.
    swept: Option<i64>,
    /// The latest second until which a nonce counted that was removed. If the clock is set back, requests up to then
    /// could be replays of what is no longer known.
    forgotten: Option<i64>,
}

/// A nonce that was used.
#[derive(Debug, Clone, Copy)]
struct Seen {
    /// Hash of certificate and nonce.
    key: u64,
    /// The second until which it counts, in 40 bits (until the year 36,000), and the certificate's tag in 24.
    until_and_tag: u64,
}

/// How many nonces a certificate holds. Two certificates with the same tag, one pair in 16 million, count as one.
#[derive(Debug, Clone, Copy)]
struct Held {
    tag: u32,
    count: u32,
}

const TAG_BITS: u32 = 24;
const LATEST: i64 = (1 << (64 - TAG_BITS)) - 1;

impl Seen {
    fn new(key: u64, until: i64, tag: u32) -> Self {
        // What is clamped counts longer than it must: no clock shows a time before 1970 or after the year 9999.
        let until = u64::try_from(until.clamp(0, LATEST)).unwrap_or_default();
        Self { key, until_and_tag: until << TAG_BITS | u64::from(tag) }
    }

    fn until(self) -> i64 {
        i64::try_from(self.until_and_tag >> TAG_BITS).unwrap_or(i64::MAX)
    }

    fn tag(self) -> u32 {
        tag(self.until_and_tag)
    }
}

/// The lowest bits.
fn tag(bits: u64) -> u32 {
    u32::try_from(bits & ((1 << TAG_BITS) - 1)).unwrap_or_default()
}

impl Held {
    /// The table looks at the lowest and the highest bits.
    fn hash(tag: u32) -> u64 {
        u64::from(tag) << (64 - TAG_BITS) | u64::from(tag)
    }
}

impl ReplayMemory {
    /// A memory for `capacity` nonces (at least 16). It grows as it fills, to 30 to 60 bytes a nonce, and keeps that.
    pub fn new(capacity: usize) -> Self {
        let shards = (capacity / PER_SHARD).next_power_of_two().clamp(MIN_SHARDS, MAX_SHARDS);
        Self {
            shards: (0..shards).map(|_| Locked::default()).collect(),
            hasher: RandomState::new(),
            capacity: capacity.div_ceil(shards).max(1),
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
        // The tables use the low and the highest bits; these are in between.
        let index = usize::try_from(key >> 32).unwrap_or_default() & (self.shards.len() - 1);
        let locked = self.shards.get(index).ok_or(Rejection::ReplayMemoryFull)?;
        let mut shard = lock(&locked.shard);
        let result = match shard.insert(Seen::new(key, until, tag(certificate)), until, now, self.capacity) {
            Err(Refused::Reused) => Err(Rejection::NonceReused),
            Err(Refused::Expired) => {
                Err(Rejection::SignatureExpired { at, expired: Timestamp::from_second(until).unwrap_or(at) })
            }
            Err(Refused::Full) => Err(Rejection::ReplayMemoryFull),
            Ok(()) => Ok(()),
        };
        locked.len.store(shard.seen.len(), Ordering::Relaxed);
        result
    }

    /// How many nonces it holds, expired ones that are not yet removed included. It waits for nobody.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|locked| locked.len.load(Ordering::Relaxed)).sum()
    }

    /// How many it can hold.
    pub fn capacity(&self) -> usize {
        self.capacity.saturating_mul(self.shards.len())
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A panic elsewhere while the lock was held cannot leave a shard unusable: each step keeps it consistent enough to
/// refuse, which is what matters.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refused {
    Reused,
    Expired,
    Full,
}

impl Shard {
    fn insert(&mut self, new: Seen, until: i64, now: i64, capacity: usize) -> Result<(), Refused> {
        self.sweep_some(now);
        if let Ok(known) = self.seen.find_entry(new.key, |seen| seen.key == new.key) {
            if known.get().until() >= now {
                return Err(Refused::Reused);
            }
            let (expired, _) = known.remove();
            self.forget(expired);
        }
        if until < now || self.forgotten.is_some_and(|forgotten| until <= forgotten) {
            return Err(Refused::Expired);
        }
        // Dead entries are removed before they make the table grow, or somebody be refused.
        if !self.has_room(new.tag(), capacity) || self.seen.len() == self.seen.capacity() {
            self.sweep_all(now);
        }
        if !self.has_room(new.tag(), capacity) {
            return Err(Refused::Full);
        }
        match self.held.find_mut(Held::hash(new.tag()), |held| held.tag == new.tag()) {
            Some(held) => held.count = held.count.saturating_add(1),
            None => {
                let held = Held { tag: new.tag(), count: 1 };
                self.held.insert_unique(Held::hash(held.tag), held, |held| Held::hash(held.tag));
            }
        }
        self.seen.insert_unique(new.key, new, |seen| seen.key);
        Ok(())
    }

    fn has_room(&self, tag: u32, capacity: usize) -> bool {
        let free = capacity.saturating_sub(self.seen.len());
        let held = self.held.find(Held::hash(tag), |held| held.tag == tag).map_or(0, |held| held.count);
        usize::try_from(held).is_ok_and(|held| held < free)
    }

    /// Removes what has expired of the next few places, if it is time for that.
    fn sweep_some(&mut self, now: i64) {
        self.calls += 1;
        if self.calls < SWEEP_EVERY {
            return;
        }
        self.calls = 0;
        for _ in 0..SWEEP {
            self.cursor = if self.cursor < self.seen.num_buckets() { self.cursor + 1 } else { 0 };
            if let Ok(entry) = self.seen.get_bucket_entry(self.cursor)
                && entry.get().until() < now
            {
                let (expired, _) = entry.remove();
                self.forget(expired);
            }
        }
    }

    /// Removes all that has expired, once a second at most.
    fn sweep_all(&mut self, now: i64) {
        if self.swept == Some(now) {
            return;
        }
        self.swept = Some(now);
        let mut seen = std::mem::take(&mut self.seen);
        seen.retain(|entry| {
            let alive = entry.until() >= now;
            if !alive {
                self.forget(*entry);
            }
            alive
        });
        self.seen = seen;
    }

    /// What follows from the removal of a nonce.
    fn forget(&mut self, removed: Seen) {
        self.forgotten = self.forgotten.max(Some(removed.until()));
        let tag = removed.tag();
        if let Ok(mut entry) = self.held.find_entry(Held::hash(tag), |held| held.tag == tag) {
            let held = entry.get_mut();
            held.count = held.count.saturating_sub(1);
            if held.count == 0 {
                entry.remove();
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
        // A fourth of the memory is now the most that another one could hold.
        let fresh = (0..3_000).filter(|i| record(&memory, &BOB, &format!("b{i}"), 100, 1).is_ok()).count();
        assert_eq!(fresh, 3_000);
        // After their time both have room again.
        let again = (0..7_000).filter(|i| record(&memory, &ALICE, &format!("c{i}"), 300, 200).is_ok()).count();
        assert!(again > 6_900, "{again}");
    }

    #[test]
    fn many_clients_together_leave_room_for_one_more() {
        let memory = ReplayMemory::new(64_000);
        let take = |who: u8, n: usize| {
            (0..n).filter(|i| record(&memory, &[who; 32], &format!("{who} {i}"), 100, 1).is_ok()).count()
        };
        for i in 0..20_000 {
            for who in 10..17 {
                let _ = record(&memory, &[who; 32], &i.to_string(), 100, 1);
            }
        }
        // Each of the seven holds as much as is left: an eighth.
        assert!((55_000..=57_000).contains(&memory.len()), "{}", memory.len());
        assert_eq!(memory.capacity(), 64_000);
        let alice = (0..2_000).filter(|i| record(&memory, &ALICE, &format!("a{i}"), 100, 1).is_ok()).count();
        assert_eq!(alice, 2_000);
        // What has expired is in nobody's way, without any insertion in between.
        assert!(take(10, 40_000) < 100);
        for i in 0..25_000 {
            assert_eq!(record(&memory, &BOB, &format!("b{i}"), 200, 101), Ok(()), "{i}");
        }
    }

    #[test]
    fn what_has_expired_is_removed_as_others_come() {
        let memory = ReplayMemory::new(1_000_000);
        for i in 0..400_000i64 {
            // A thousand a second, each for ten seconds.
            record(&memory, &ALICE, &i.to_string(), i / 1000 + 9, i / 1000).unwrap();
            assert!(i % 1000 != 0 || memory.len() < 25_000, "{} after {i}", memory.len());
        }
        assert!(memory.len() >= 10_000);
    }

    #[test]
    fn absurd_times_are_kept_longer_rather_than_shorter() {
        let memory = ReplayMemory::new(1000);
        for until in [i64::MAX, LATEST + 1, LATEST] {
            let nonce = until.to_string();
            assert_eq!(record(&memory, &ALICE, &nonce, until, 0), Ok(()));
            assert_eq!(record(&memory, &ALICE, &nonce, until, 253_402_207_200), Err(Rejection::NonceReused));
        }
        assert_eq!(record(&memory, &ALICE, "before 1970", -5, -5), Ok(()));
        assert_eq!(record(&memory, &ALICE, "before 1970", -5, -5), Err(Rejection::NonceReused));
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
