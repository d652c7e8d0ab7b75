//! A map whose copies share all that they have in common.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::{BuildHasher as _, Hash, RandomState},
    sync::Arc,
};

/// So many that changing a copy of a map with 100,000 entries copies a few hundred of them.
const SHARDS: usize = 256;

/// A hash map in shards. A clone is cheap; a change to it copies the shard that is changed, if another map has it too.
#[derive(Debug, Clone)]
pub(super) struct Sharded<K, V> {
    hasher: RandomState,
    shards: Box<[Arc<HashMap<K, V>>]>,
}

impl<K, V> Default for Sharded<K, V> {
    fn default() -> Self {
        Self { hasher: RandomState::new(), shards: (0..SHARDS).map(|_| Arc::default()).collect() }
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Sharded<K, V> {
    pub(super) fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.shards.get(self.place(key))?.get(key)
    }

    /// Returns what was there before.
    pub(super) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let place = self.place(&key);
        Arc::make_mut(self.shards.get_mut(place)?).insert(key, value)
    }

    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.len()).sum()
    }

    fn place<Q: Hash + ?Sized>(&self, key: &Q) -> usize {
        usize::try_from(self.hasher.hash_one(key) >> 32).unwrap_or_default() % SHARDS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn copies_do_not_see_each_others_changes(
            first in proptest::collection::vec((0u16..500, any::<u8>()), 0..200),
            second in proptest::collection::vec((0u16..500, any::<u8>()), 0..200),
        ) {
            let mut one = Sharded::default();
            let mut model: HashMap<u16, u8> = HashMap::new();
            for (key, value) in first {
                prop_assert_eq!(one.insert(key, value), model.insert(key, value));
            }
            let (before, mut two) = (model.clone(), one.clone());
            for (key, value) in second {
                prop_assert_eq!(two.insert(key, value), model.insert(key, value));
            }
            for (map, model) in [(&one, &before), (&two, &model)] {
                prop_assert_eq!(map.len(), model.len());
                prop_assert!((0..500).all(|key| map.get(&key) == model.get(&key)));
            }
        }
    }
}
