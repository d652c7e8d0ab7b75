//! Signed requests as a whole, at both ends.

use crate::support::{ALL, Key, world};
use divan::Bencher;

/// Nonces a verifier has room for. More samples than that are not taken.
const NONCES: u32 = 2000;

/// What the client adds to a request: nonce, signature base, signature, headers.
#[divan::bench(args = ALL)]
fn sign(bencher: Bencher<'_, '_>, key: Key) {
    let world = world(key);
    bencher.bench(|| world.sign_request().expect("signed"));
}

/// The decision about the request of a client that was not seen before.
#[divan::bench(args = ALL, sample_count = 20, sample_size = 16)]
fn verify_cold(bencher: Bencher<'_, '_>, key: Key) {
    verify(bencher, key, 0);
}

/// The decision about the request of a client whose certificate is remembered.
#[divan::bench(args = ALL, sample_count = 20, sample_size = 16)]
fn verify_warm(bencher: Bencher<'_, '_>, key: Key) {
    verify(bencher, key, 16);
}

/// Each request has a nonce of its own; signing them is not on the clock.
fn verify(bencher: Bencher<'_, '_>, key: Key, cache: usize) {
    let world = world(key);
    let verifier = world.verifier(cache, usize::try_from(NONCES).expect("small")).expect("a verifier");
    let request = || world.signed_request().expect("signed");
    world.verify_request(&verifier, &request()).expect("accepted");
    bencher
        .with_inputs(request)
        .bench_local_refs(|request| world.verify_request(&verifier, request).expect("accepted"));
}
