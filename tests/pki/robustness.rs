//! Whatever bytes arrive, nothing panics, and nothing that was tampered with is accepted.
use crate::world::{Ca, RawList, entry, extension, now};
use certauthz::{
    cert::chain::{Anchors, Purpose, Revocation, validate},
    crl::{RevocationList, UnverifiedRevocationList},
};
use proptest::prelude::*;
use std::sync::LazyLock;

struct World {
    anchors: Anchors,
    root: Vec<u8>,
    middle: Vec<u8>,
    leaf: Vec<u8>,
    list_of_root: Vec<u8>,
    list_of_middle: Vec<u8>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let root = Ca::root("root");
    let middle = root.child("middle", |_| {});
    let reason = extension(&[0x55, 0x1d, 21], false, &[10, 1, 1]);
    let entries = Some(vec![entry(&[1], &[reason]), entry(&[2, 3], &[])]);
    World {
        anchors: Anchors::new([root.der.clone()]).unwrap(),
        root: root.der.clone(),
        middle: middle.der.clone(),
        leaf: middle.client(),
        list_of_root: root.raw_list(&RawList { entries, ..RawList::default() }),
        list_of_middle: middle.list(1, &[&[5]]),
    }
});

impl World {
    fn accepts(&self, leaf: &[u8], middle: &[u8], list_of_root: &[u8]) -> bool {
        let lists = [list_of_root, &self.list_of_middle];
        let revocation = Revocation::Check(&lists);
        validate(leaf, &[middle], &self.anchors, Purpose::ClientAuth, revocation, now()).is_ok()
    }
}

/// Flips, cuts out, doubles or overwrites somewhere.
fn tampered(original: &[u8], kind: u8, place: prop::sample::Index, byte: u8) -> Vec<u8> {
    let mut bytes = original.to_vec();
    let at = place.index(bytes.len());
    match kind % 4 {
        0 => bytes[at] ^= 1 << (byte % 8),
        1 => bytes.truncate(at),
        2 => bytes.insert(at, byte),
        _ => bytes[at] = byte,
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn tampered_input_is_never_accepted(
        which in 0..3usize,
        kind in any::<u8>(),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let world = &*WORLD;
        let original = [&world.leaf, &world.middle, &world.list_of_root];
        let changed = tampered(original[which], kind, place, byte);
        prop_assume!(changed != *original[which]);
        let mut input = original.map(|bytes| &bytes[..]);
        input[which] = &changed;
        prop_assert!(!world.accepts(input[0], input[1], input[2]));
    }

    #[test]
    fn tampered_lists_never_verify(kind in any::<u8>(), place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let world = &*WORLD;
        let changed = tampered(&world.list_of_root, kind, place, byte);
        prop_assume!(changed != world.list_of_root);
        prop_assert!(RevocationList::verify(&changed, &world.root).is_err());
        if let Ok(list) = UnverifiedRevocationList::parse(&changed) {
            prop_assert_eq!(list.entries().count(), list.len());
        }
    }

    #[test]
    fn junk_is_never_accepted(junk in prop::collection::vec(any::<u8>(), 0..400)) {
        let world = &*WORLD;
        prop_assert!(!world.accepts(&junk, &world.middle, &world.list_of_root));
        prop_assert!(!world.accepts(&world.leaf, &junk, &world.list_of_root));
        prop_assert!(!world.accepts(&world.leaf, &world.middle, &junk));
        prop_assert!(RevocationList::verify(&junk, &world.root).is_err());
        prop_assert!(RevocationList::verify(&world.list_of_root, &junk).is_err());
        prop_assert!(Anchors::new([junk]).is_err());
    }

    /// A tampered anchor may be trusted (its owner gave it), but must not break anything.
    #[test]
    fn odd_anchors_do_no_harm(kind in any::<u8>(), place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let world = &*WORLD;
        if let Ok(anchors) = Anchors::new([tampered(&world.root, kind, place, byte)]) {
            let _ = validate(&world.leaf, &[&world.middle], &anchors, Purpose::Any, Revocation::Unchecked, now());
        }
    }
}

#[test]
fn untouched_input_is_accepted() {
    let world = &*WORLD;
    assert!(world.accepts(&world.leaf, &world.middle, &world.list_of_root));
}
