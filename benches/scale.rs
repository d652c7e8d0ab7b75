//! What long revocation lists and a full replay memory cost: `cargo bench --bench scale [-- crl|replay]`.
//!
//! Plain timing instead of a harness: each of these happens once on a list of 50 MB or fills a memory of a million
//! nonces, and the resident memory counts as much as the time.

// A measurement that cannot go on may end with a panic, and its numbers are small.
#![allow(clippy::unwrap_used, clippy::as_conversions, clippy::indexing_slicing, missing_docs)]

use certauthz::{
    authz::ReplayMemory,
    crl::{RevocationStore, UnverifiedRevocationList, issue::invented, read_pem_or_der},
    key::sha256,
    store::{CRL_LIFETIME, CaOptions, Credentials, Name},
};
use jiff::Timestamp;
use std::{
    fs::{self, File},
    hint::black_box,
    path::Path,
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

const ENTRIES: u32 = 1_000_000;
const FILES: [&str; 3] = ["a.der", "b.der", "c.pem"];
const CA: &str = "ca.der";
const NONCES: u64 = 1_000_000;

fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let wanted = |name: &str| chosen.is_empty() || chosen.iter().any(|c| c == name);
    if let [load, world] = &*chosen
        && load == "load"
    {
        return load_lists(world.as_ref());
    }
    if wanted("crl") {
        crl();
    }
    if wanted("replay") {
        replay();
    }
}

/// A member of `/proc/self/status` in MB; 0 where there is no such file.
fn status(member: &str) -> f64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(member)?.strip_prefix(':'));
    line.and_then(|l| l.trim().strip_suffix(" kB")?.parse::<f64>().ok()).unwrap_or_default() / 1000.0
}

/// Forgets the peak so far (Linux: writing 5 to `clear_refs`).
fn reset_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn crl() {
    let now = Timestamp::now();
    let world = tempfile::tempdir().unwrap();
    let ca_name: Name = "primary".parse().unwrap();
    let mut ca = Credentials::new(world.path()).create_ca(&CaOptions::new(ca_name), now).unwrap();
    fs::write(world.path().join(CA), &ca.certificate().der).unwrap();
    let start = Instant::now();
    for name in FILES {
        ca.write_crl_with(invented(ENTRIES, 1, now), &world.path().join(name), CRL_LIFETIME, now).unwrap();
    }
    println!("{ENTRIES} entries, written {} times in {:.0} ms", FILES.len(), ms(start.elapsed()));
    // A process of its own: memory that was used before would hide what is added.
    let program = std::env::current_exe().unwrap();
    assert!(Command::new(program).arg("load").arg(world.path()).status().unwrap().success());
}

fn load_lists(world: &Path) {
    let now = Timestamp::now();
    let issuers = [fs::read(world.join(CA)).unwrap()];
    let open = |path: &Path| {
        let file = File::open(path).unwrap();
        let len = file.metadata().unwrap().len();
        read_pem_or_der(file, len.try_into().unwrap()).unwrap()
    };
    let mut store = RevocationStore::new();
    println!("{:<28} {:>9} {:>9} {:>9} {:>9} {:>9}", "load", "read", "signature", "table", "added MB", "peak MB");
    for (index, name) in FILES.into_iter().enumerate() {
        let file = &world.join(name);
        reset_peak();
        let before = status("VmRSS");
        let start = Instant::now();
        let der = open(file);
        let read = start.elapsed();
        let start = Instant::now();
        store.offer_der(der, &issuers).unwrap();
        let load = start.elapsed();
        let (added, peak) = (status("VmRSS") - before, status("VmHWM") - before);
        // The same list again is not read beyond its signature.
        let der = open(file);
        let start = Instant::now();
        store.offer_der(der, &issuers).unwrap();
        let signature = start.elapsed();
        println!(
            "{:<28} {:>6.1} ms {:>6.1} ms {:>6.1} ms {added:>9.1} {peak:>9.1}   total {:.1} ms",
            format!("{name} (swap {index})"),
            ms(read),
            ms(signature),
            ms(load.saturating_sub(signature)),
            ms(read + load),
        );
    }
    let list = store.lists().next().unwrap();
    let hits: Vec<_> = invented(ENTRIES, 1, now).map(|e| e.serial).collect();
    let misses: Vec<_> = invented(ENTRIES, 2, now).map(|e| e.serial).collect();
    for (name, serials, found) in [("hits", hits, 1_000_000), ("misses", misses, 0)] {
        // An order that has nothing to do with that of the list; one look-up waits for the one before it.
        let order: Vec<_> = (0..ENTRIES as usize).map(|i| i * 611_953 % ENTRIES as usize).collect();
        let start = Instant::now();
        let n = order.iter().filter(|&&i| list.lookup(serials[i].as_bytes()).is_some()).count();
        let overlapped = start.elapsed();
        assert_eq!(n, found);
        let (mut next, start) = (0, Instant::now());
        for _ in 0..ENTRIES {
            let hit = list.lookup(black_box(&serials[next]).as_bytes()).is_some();
            next = (next + 611_953 + usize::from(black_box(hit))) % ENTRIES as usize;
        }
        let dependent = start.elapsed();
        // What the loop itself costs: the serials are cold, too.
        let (mut next, start) = (0, Instant::now());
        for _ in 0..ENTRIES {
            let some = !black_box(&serials[next]).as_bytes().is_empty();
            next = (next + 611_953 + usize::from(black_box(some))) % ENTRIES as usize;
        }
        let empty = start.elapsed();
        let each = |d: Duration| d.as_nanos() as f64 / f64::from(ENTRIES);
        println!(
            "look-up, {name}: {:.0} ns each in a row, {:.0} ns one after the other (of which the loop {:.0} ns)",
            each(overlapped),
            each(dependent),
            each(empty)
        );
    }
    let der = open(&world.join(FILES[0]));
    let start = Instant::now();
    black_box(UnverifiedRevocationList::parse(&der).unwrap());
    println!("reading every entry without a table: {:.1} ms; {} bytes of DER", ms(start.elapsed()), der.len());
}

/// Nonces as clients send them: 16 random bytes in base64.
fn nonce(n: u64) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(&sha256(&n.to_be_bytes())[..16])
}

fn replay() {
    let certificates: Vec<_> = (0..10_000u32).map(|n| sha256(&n.to_be_bytes())).collect();
    for (name, clients) in [("one client", 1), ("10,000 clients", certificates.len())] {
        let before = status("VmRSS");
        let memory = ReplayMemory::new(4_000_000);
        let mut nonces: Vec<String> = (0..NONCES).map(nonce).collect();
        let lists = status("VmRSS") - before;
        let mut worst = Duration::ZERO;
        let mut spent = Duration::ZERO;
        // 65 seconds long, so many a second that a million are alive.
        let second = |i: usize| 1_800_000_000 + i as i64 * 65 / NONCES as i64;
        let insert = |i: usize, nonce: &str| {
            let at = Timestamp::from_second(second(i)).unwrap();
            let start = Instant::now();
            memory.record(&certificates[i % clients], nonce, second(i) + 64, at).unwrap();
            start.elapsed()
        };
        for (i, nonce) in nonces.iter().enumerate() {
            let took = insert(i, nonce);
            spent += took;
            worst = worst.max(took);
        }
        let full = status("VmRSS") - before - lists;
        let filling = spent.as_nanos() as f64 / NONCES as f64;
        let (mut steady, mut steady_worst) = (Duration::ZERO, Duration::ZERO);
        for round in 1..4 {
            for (i, slot) in nonces.iter_mut().enumerate() {
                let n = round * NONCES + i as u64;
                *slot = nonce(n);
                let took = insert(n as usize, slot);
                steady += took;
                steady_worst = steady_worst.max(took);
            }
        }
        let clock = (0..NONCES).map(|_| Instant::now().elapsed()).sum::<Duration>().as_nanos() as f64 / NONCES as f64;
        println!(
            "replay, {name}: {} held; {full:.1} MB; filling {:.0} ns (worst {:.0} us), steady {:.0} ns (worst {:.0} us); \
             without the {clock:.0} ns of the clock",
            memory.len(),
            filling - clock,
            worst.as_nanos() as f64 / 1e3,
            steady.as_nanos() as f64 / (3 * NONCES) as f64 - clock,
            steady_worst.as_nanos() as f64 / 1e3,
        );
        drop(memory);
    }
    scaling(&certificates);
}

/// Throughput of one and of two threads, a million nonces alive, each expiring as another comes.
fn scaling(certificates: &[[u8; 32]]) {
    let nonces: Vec<String> = (0..2 * NONCES).map(nonce).collect();
    for (name, clients) in [("one client", 1), ("10,000 clients", certificates.len())] {
        let run = |threads: usize| {
            let memory = ReplayMemory::new(4_000_000);
            let next = AtomicU64::new(0);
            let work = |from: u64, to: u64| {
                loop {
                    let first = next.fetch_add(64, Ordering::Relaxed);
                    if first >= to {
                        break;
                    }
                    for i in first.max(from)..first + 64 {
                        let second = 1_800_000_000 + (i * 65 / NONCES) as i64;
                        let at = Timestamp::from_second(second).unwrap();
                        let nonce = &nonces[i as usize % nonces.len()];
                        memory.record(&certificates[i as usize % clients], nonce, second + 64, at).unwrap();
                    }
                }
            };
            work(0, NONCES);
            let start = Instant::now();
            thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| work(0, 2 * NONCES - 64));
                }
            });
            start.elapsed().as_nanos() as f64 / NONCES as f64
        };
        let (one, two) = (run(1), run(2));
        println!("replay, {name}: 1 thread {one:.0} ns, 2 threads {two:.0} ns an insertion: {:.2} times", one / two);
    }
}
