//! Bare signatures and verifications over 600 bytes, and making a token.

use crate::support::{ALL, Key, world};
use divan::Bencher;

#[divan::bench(args = ALL)]
fn sign(bencher: Bencher<'_, '_>, key: Key) {
    let world = world(key);
    bencher.bench(|| world.sign().expect("signed"));
}

#[divan::bench(args = ALL)]
fn verify(bencher: Bencher<'_, '_>, key: Key) {
    let world = world(key);
    bencher.bench(|| world.verify().expect("valid"));
}

#[divan::bench(args = ALL)]
fn issue_token(bencher: Bencher<'_, '_>, key: Key) {
    let world = world(key);
    bencher.bench(|| world.issue_token().expect("signed"));
}
