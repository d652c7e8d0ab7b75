//! Nothing is left behind by a mixture of everything.

use crate::{
    client::{Tally, behave},
    flood::Flood,
    messages::{Forged, healthz, noise, resigned},
    report::Row,
    served::Served,
    trial::{Deeds, Until, turn},
    world::{Client, World, run},
};
use socket2::SockRef;
use std::{
    io::Write as _,
    net::TcpStream,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread::{self, sleep},
    time::{Duration, Instant},
};

/// What may be added to the resident memory: buffers that the allocator keeps, tables that grow by doubling.
const GROWTH: u64 = 24 << 20;

fn lasts() -> Duration {
    match std::env::var("CERTAUTHZ_ATTACK_MINUTES") {
        Ok(minutes) => Duration::from_secs_f64(minutes.parse::<f64>().expect("minutes") * 60.0),
        Err(_) => Duration::from_secs(6),
    }
}

/// Good and bad requests in turn.
fn mixture(alice: &Client, served: &Served, turn: u64) -> Vec<u8> {
    let address = served.address;
    let forge = |certificate: &[u8], chain: &[Vec<u8>]| Forged { address, certificate, chain, body: 0 }.bytes();
    match turn % 8 {
        0 => alice.token_request(address),
        1 => alice.cert_request(address),
        2 => forge(&noise(900), &[]),
        3 => forge(&resigned(&alice.certificate), &[]),
        4 => forge(&alice.certificate, &[]),
        5 => forge(&alice.certificate, &[noise(900)]),
        6 => healthz(address),
        _ => format!("GET /token HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer x.y.z\r\n\r\n").into_bytes(),
    }
}

/// Connections that end badly: reset, half a request, half-closed, left alone.
fn abuse(served: &Served, until: &Until<'_>) -> u64 {
    let mut kept = std::collections::VecDeque::new();
    for turn in 0_u64.. {
        if until.is_over() {
            return turn;
        }
        let mut stream = TcpStream::connect(served.address).unwrap();
        if turn % 4 != 0 {
            // The server may have closed it: it is that kind of test.
            let _ = stream.write_all(&healthz(served.address)[..20]);
        }
        match turn % 4 {
            0 | 1 => SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap(),
            2 => drop(stream.shutdown(std::net::Shutdown::Write)),
            _ => {}
        }
        kept.push_back(stream);
        if kept.len() > 50 {
            kept.pop_front();
        }
        sleep(Duration::from_millis(2));
    }
    0
}

/// A new list every few seconds; how many.
fn publish(world: &World, until: &Until<'_>) -> u64 {
    let mut lists = 0;
    let mut next = Instant::now();
    while !until.is_over() {
        if Instant::now() >= next {
            run(world.path(), &["crl", "create", "--ca", "primary"]);
            lists += 1;
            next = Instant::now() + Duration::from_secs(3);
        }
        sleep(Duration::from_millis(50));
    }
    lists
}

struct Load {
    good: Tally,
    deeds: Deeds,
}

fn load(world: &World, served: &Served, time: Duration) -> Load {
    let (carol, alice) = (world.client("carol"), world.client("alice"));
    let (over, requests) = (AtomicBool::new(false), AtomicU64::new(0));
    let until = &Until::new(&over);
    let request = || mixture(&alice, served, requests.fetch_add(1, Ordering::Relaxed));
    thread::scope(|scope| {
        let good = scope.spawn(|| behave(&carol, served.address, &over));
        let abuse = scope.spawn(|| abuse(served, until));
        let lists = scope.spawn(|| publish(world, until));
        let flood = scope.spawn(|| {
            Flood { address: served.address, connections: 16, rate: 400, least: 0, request: &request }.run(until)
        });
        sleep(time);
        over.store(true, Ordering::Relaxed);
        let mut deeds = flood.join().unwrap();
        let (abused, lists) = (abuse.join().unwrap(), lists.join().unwrap());
        deeds.attempts += abused;
        deeds.answers.insert("bad connections".to_owned(), abused);
        deeds.answers.insert("new lists".to_owned(), lists);
        Load { good: good.join().unwrap(), deeds }
    })
}

#[test]
fn nothing_leaks() {
    let _turn = turn();
    let world = World::create();
    // What is remembered is bounded; with small bounds it has its size before the first look.
    let served = Served::start(world.path(), &[]);
    let time = lasts();
    // Long enough for what grows to its size in use, the replay memory included where the test is long.
    let before = load(&world, &served, (time / 4).min(Duration::from_secs(75)));
    sleep(Duration::from_secs(1));
    let (resident, descriptors, cpu) = (served.resident(), served.descriptors(), served.cpu());
    served.forget_peak();
    let during = load(&world, &served, time);
    let (peak, cpu) = (served.peak(), served.cpu() - cpu);
    sleep(Duration::from_secs(1));
    let after = served.resident();
    let good = &during.good;
    Row {
        attack: format!("mixed load for {:.0} s", time.as_secs_f64()),
        attempts: during.deeds.attempts,
        answers: during.deeds.answers.clone(),
        before: (before.good.succeeded(), before.good.due()),
        during: (good.succeeded(), good.due()),
        p50: (before.good.quantile(0.5), good.quantile(0.5)),
        p99: (before.good.quantile(0.99), good.quantile(0.99)),
        cores: cpu.as_secs_f64() / time.as_secs_f64(),
        cpu_per_attempt: cpu / u32::try_from(during.deeds.attempts).unwrap(),
        resident: (resident, peak, after),
    }
    .publish();
    for share in [&good.kept, &good.fresh] {
        assert!(share.success() >= 0.95, "{:?}", share.failures);
    }
    for answer in ["200", "401 certificate_untrusted", "401 signature_invalid", "new lists"] {
        assert!(during.deeds.count(answer) > 0, "{:?}", during.deeds.answers);
    }
    assert!(served.descriptors() <= descriptors + 2, "{descriptors} descriptors, then {}", served.descriptors());
    assert!(after <= resident + GROWTH, "{} MiB, then {}", resident >> 20, after >> 20);
    served.recovers(&world.client("carol"));
}
