//! What fuzzing starts from and what it found, replayed through the very functions that are fuzzed (see `fuzz/`).
//!
//! A finding is kept as `tests/fuzz_findings/TARGET/NAME`: the input as it is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "a test fails by panicking"
)]

#[path = "../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "a library of its own for libFuzzer, a module here")]
mod bodies;
#[path = "../fuzz/specimens.rs"]
mod specimens;

use std::{fs, path::Path};

/// Runs every seed and every finding of a target; says which one it was that panicked.
fn replay(target: &str, body: fn(&[u8])) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut ran = 0;
    for directory in [root.join("fuzz/seeds").join(target), root.join("tests/fuzz_findings").join(target)] {
        // A target without a finding has no directory of findings.
        let Ok(entries) = fs::read_dir(&directory) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            let input = fs::read(&path).unwrap();
            if std::panic::catch_unwind(|| body(&input)).is_err() {
                panic!("{} breaks a promise, see above", path.display());
            }
            ran += 1;
        }
    }
    assert!(ran > 0, "{target} has no seeds");
}

macro_rules! targets {
    ($($target:ident)*) => {$(
        #[test]
        fn $target() {
            replay(stringify!($target), bodies::$target);
        }
    )*};
}

targets!(certificate signature_fields request token crl sizes);

#[test]
#[ignore = "writes fuzz/fixtures and fuzz/seeds anew"]
fn make_specimens() {
    specimens::write_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz"));
}
