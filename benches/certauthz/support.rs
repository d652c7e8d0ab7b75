//! Worlds to measure in, each made once.

use certauthz::{
    bench::{KEY_TYPES, World},
    key::{KeyType, LocalKey},
};
use jiff::Timestamp;
use std::sync::{Arc, OnceLock};

/// The time of all worlds.
pub(crate) const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

/// The sizes of the article's table.
pub(crate) const RSA: [Key; 2] = [Key(KeyType::Rsa(2048)), Key(KeyType::Rsa(4096))];

/// All that is supported.
pub(crate) const ALL: [Key; 6] = {
    let [a, b, c, d, e, f] = KEY_TYPES;
    [Key(a), Key(b), Key(c), Key(d), Key(e), Key(f)]
};

/// A key type that is shown by its name.
#[derive(Clone, Copy)]
pub(crate) struct Key(pub(crate) KeyType);

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The world of a key type.
pub(crate) fn world(key: Key) -> &'static World {
    static WORLDS: [OnceLock<World>; KEY_TYPES.len()] = [const { OnceLock::new() }; KEY_TYPES.len()];
    let index = KEY_TYPES.iter().position(|key_type| *key_type == key.0).expect("one of all");
    WORLDS[index].get_or_init(|| {
        let signer = Arc::new(LocalKey::generate(key.0).expect("a key"));
        World::new(signer, NOW).expect("a world")
    })
}
