//! The replay memory with a million live nonces, as after a minute of 16,000 requests a second.

use crate::support::NOW;
use certauthz::authz::ReplayMemory;
use divan::Bencher;
use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering},
};

const LIVE: u64 = 1_000_000;
/// Room for the live ones and all that the samples add.
const CAPACITY: usize = 8_000_000;
/// No client may use more than a share, so there are many.
const CLIENTS: u64 = 64;

static NEXT: AtomicU64 = AtomicU64::new(0);

fn full() -> &'static ReplayMemory {
    static MEMORY: OnceLock<ReplayMemory> = OnceLock::new();
    MEMORY.get_or_init(|| {
        let memory = ReplayMemory::new(CAPACITY);
        (0..LIVE).for_each(|_| insert(&memory));
        memory
    })
}

/// One more nonce. Their ends are spread over a minute.
fn insert(memory: &ReplayMemory) {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let client = [u8::try_from(number % CLIENTS).expect("small"); 32];
    let until = NOW.as_second() + i64::try_from(number % 60).expect("small") + 1;
    memory.record(&client, nonce(number, &mut [0; 22]), until, NOW).expect("fresh");
}

/// 22 characters, as those of 128 random bits; without `format!`, which would cost as much as what is measured.
fn nonce(number: u64, buffer: &mut [u8; 22]) -> &str {
    let mut rest = number;
    for byte in buffer.iter_mut() {
        *byte = b'A' + u8::try_from(rest % 16).expect("small");
        rest /= 16;
    }
    std::str::from_utf8(buffer).expect("ASCII")
}

/// An insertion, by one thread and by two at a time: their time per insertion is the same where they do not hinder each
/// other.
#[divan::bench(threads = [1, 2], sample_count = 200, sample_size = 2000)]
fn insert_at_a_million(bencher: Bencher<'_, '_>) {
    let memory = full();
    bencher.bench(|| insert(memory));
}

/// The same nonce again: refused.
#[divan::bench]
fn replayed(bencher: Bencher<'_, '_>) {
    let memory = full();
    let mut buffer = [0; 22];
    let nonce = nonce(7, &mut buffer);
    let (client, until) = ([7; 32], NOW.as_second() + 8);
    bencher.bench(|| memory.record(&client, nonce, until, NOW).expect_err("used"));
}
