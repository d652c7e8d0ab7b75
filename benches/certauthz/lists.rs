//! Revocation lists: reading and verifying a whole one, and asking it.

use crate::support::NOW;
use certauthz::{
    cert::{
        Serial, Subject,
        facts::Facts,
        issuer::{Issuer, Template, root},
    },
    crl::{RevocationList, RevocationReason, issue},
    key::{KeyType, LocalKey, sha256},
};
use divan::{Bencher, black_box};
use jiff::SignedDuration;
use std::{collections::HashMap, sync::Mutex, sync::OnceLock};

const SIZES: [u64; 3] = [1_000, 100_000, 1_000_000];

/// A list and the certificate of its issuer, both in DER.
struct List {
    der: Vec<u8>,
    issuer: Vec<u8>,
}

struct Ca {
    key: LocalKey,
    facts: Facts,
}

fn ca() -> &'static Ca {
    static CA: OnceLock<Ca> = OnceLock::new();
    CA.get_or_init(|| {
        let key = LocalKey::generate(KeyType::Rsa(2048)).expect("a key");
        let subject = Subject::new("bench", None).expect("a name");
        let template = Template { subject, serial: None, lifetime: None, crl_url: None };
        let facts = root(&template, &key, NOW).expect("a CA");
        Ca { key, facts }
    })
}

/// A positive 128-bit serial that looks random, as those of certificates are; the same for the same number.
fn serial(number: u64) -> [u8; 16] {
    let mut serial = [0; 16];
    serial.copy_from_slice(&sha256(&number.to_be_bytes())[..16]);
    serial[0] = (serial[0] & 0x7f).max(1);
    serial
}

/// The list that has the serials of 0 to `entries`, each with a reason. A million take seconds to make.
fn list(entries: u64) -> &'static List {
    static LISTS: Mutex<Option<HashMap<u64, &'static List>>> = Mutex::new(None);
    let mut lists = LISTS.lock().expect("nobody panicked");
    lists.get_or_insert_default().entry(entries).or_insert_with(|| {
        let entry = |number| issue::Entry {
            serial: Serial::from_be_bytes(&serial(number)).expect("positive"),
            revoked_at: NOW,
            reason: RevocationReason::KeyCompromise,
        };
        let content = issue::Content {
            number: 1,
            this_update: NOW,
            next_update: NOW + SignedDuration::from_hours(24),
            entries: (0..entries).map(entry).collect(),
        };
        let Ca { key, facts } = ca();
        let der = issue::issue(&Issuer::new(facts, key).expect("a CA"), &content).expect("a list");
        Box::leak(Box::new(List { der, issuer: facts.der.clone() }))
    })
}

fn load(list: &List) -> RevocationList {
    RevocationList::verify(black_box(&list.der), &list.issuer).expect("verified")
}

/// Reading, and verifying the signature: after it the list answers.
#[divan::bench(name = "load", args = SIZES, sample_size = 1, sample_count = 10)]
fn load_list(bencher: Bencher<'_, '_>, entries: u64) {
    let list = list(entries);
    bencher.bench(|| load(list));
}

/// A serial that is on the list, another one each time.
#[divan::bench(args = SIZES, sample_size = 1000)]
fn hit(bencher: Bencher<'_, '_>, entries: u64) {
    let list = load(list(entries));
    let mut serials = serials(0, entries);
    bencher.bench_local(|| list.lookup(black_box(serials.next().expect("endless"))).expect("revoked"));
}

/// A serial that is not on the list, another one each time.
#[divan::bench(args = SIZES, sample_size = 1000)]
fn miss(bencher: Bencher<'_, '_>, entries: u64) {
    let list = load(list(entries));
    let mut serials = serials(entries, entries);
    bencher.bench_local(|| assert!(list.lookup(black_box(serials.next().expect("endless"))).is_none()));
}

/// A hundred thousand serials of `count` from `first` on, over and over, in no order: more than the processor's caches
/// hold of a large table.
fn serials(first: u64, count: u64) -> impl Iterator<Item = &'static [u8; 16]> {
    let step = 7_919; // A prime, so that all residues occur.
    let serials: Vec<_> = (0..100_000).map(|i| serial(first + i * step % count)).collect();
    Vec::leak(serials).iter().cycle()
}
