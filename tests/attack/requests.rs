//! Attacks by requests: each costs the server what it costs to refuse it.

use crate::{
    flood::Flood,
    messages::{Forged, healthz, noise, resigned},
    served::Served,
    trial::{Deeds, Trial, Until, turn},
    wire::Wire,
    world::{World, is_full, size},
};
use socket2::SockRef;
use std::{
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

/// Requests a second of a flood that the machine still has time for.
fn rate() -> usize {
    size(1000, 4000)
}

fn flood(name: &str, most_mib: u64, answer: &str, request: impl Fn(&Served) -> Vec<u8> + Sync) {
    let _turn = turn();
    let served = Served::start(World::shared().path(), &[]);
    let deeds = Trial { name, served: &served, most_mib }.run(|until| {
        let request = || request(&served);
        Flood { address: served.address, connections: 16, rate: rate(), least: 1000, request: &request }.run(until)
    });
    assert_eq!(deeds.count(answer), deeds.attempts, "{:?}", deeds.answers);
}

#[test]
fn certificates_of_random_bytes() {
    flood("junk certificates: random bytes", 64, "401 credential_malformed", |served| {
        Forged { address: served.address, certificate: &noise(900), chain: &[], body: 0 }.bytes()
    });
}

#[test]
fn certificates_of_an_authority_with_our_name() {
    let stranger = World::create().client("alice").certificate;
    // The issuer's name is the right one, so the issuer's key has to be used.
    flood("junk certificates: unknown CA of the same name", 64, "401 certificate_untrusted", |served| {
        Forged { address: served.address, certificate: &resigned(&stranger), chain: &[], body: 0 }.bytes()
    });
}

#[test]
fn a_real_certificate_with_junk_chains() {
    let alice = World::shared().client("alice").certificate;
    flood("a real certificate with a junk chain", 256, "401 signature_invalid", |served| {
        let chain = [resigned(&alice), noise(900), resigned(&alice)];
        Forged { address: served.address, certificate: &alice, chain: &chain, body: 0 }.bytes()
    });
}

#[test]
fn signatures_that_do_not_hold() {
    let alice = World::shared().client("alice").certificate;
    flood("bad signatures", 128, "401 signature_invalid", |served| {
        Forged { address: served.address, certificate: &alice, chain: &[], body: 0 }.bytes()
    });
}

#[test]
fn more_signatures_than_the_processors_can_check() {
    let _turn = turn();
    let alice = World::shared().client("alice").certificate;
    let served = Served::start(World::shared().path(), &[]);
    let deeds = Trial { name: "bad signatures, as fast as it goes", served: &served, most_mib: 128 }.run(|until| {
        let request = || Forged { address: served.address, certificate: &alice, chain: &[], body: 0 }.bytes();
        Flood { address: served.address, connections: 16, rate: 0, least: 1000, request: &request }.run(until)
    });
    assert_eq!(deeds.count("401 signature_invalid"), deeds.attempts, "{:?}", deeds.answers);
}

#[test]
fn nonces_without_end() {
    let _turn = turn();
    let mallory = World::shared().client("mallory");
    let capacity = size(6000, 40_000);
    let served = Served::start(World::shared().path(), &["--replay-capacity", &capacity.to_string()]);
    let name = format!("unique nonces, room for {capacity}");
    let deeds = Trial { name: &name, served: &served, most_mib: 128 }.run(|until| {
        let request = || mallory.cert_request(served.address);
        // More than its share, and less than would let the first ones expire.
        Flood { address: served.address, connections: 16, rate: 2 * rate(), least: capacity, request: &request }
            .run(until)
    });
    let (taken, full) = (deeds.count("200"), deeds.count("503 replay_memory_full"));
    assert_eq!(taken + full, deeds.attempts, "{:?}", deeds.answers);
    let share = capacity as u64 / 2;
    assert!((share * 9 / 10..=share * 11 / 10).contains(&taken), "{taken} of {capacity}");
}

#[test]
fn headers_of_64_kib() {
    let padded = |served: &Served, size: usize| {
        let mut request = healthz(served.address);
        request.truncate(request.len() - 2);
        request.extend_from_slice(b"x: ");
        request.resize(size - 4, b'x');
        request.extend_from_slice(b"\r\n\r\n");
        request
    };
    let _turn = turn();
    let served = Served::start(World::shared().path(), &[]);
    let connections = size(50, 500);
    let deeds = Trial { name: "headers of 60 KiB", served: &served, most_mib: 256 }.run(|until| {
        let request = || padded(&served, 60 * 1024);
        Flood { address: served.address, connections, rate: rate() / 2, least: 500, request: &request }.run(until)
    });
    assert_eq!(deeds.count("200"), deeds.attempts, "{:?}", deeds.answers);
    let deeds = Trial { name: "headers of more than 64 KiB", served: &served, most_mib: 256 }.run(|until| {
        let request = || padded(&served, 70 * 1024);
        Flood { address: served.address, connections: 16, rate: rate() / 2, least: 500, request: &request }.run(until)
    });
    // The connection is closed with bytes unread, so the answer may be lost with it.
    assert_eq!(deeds.count("200"), 0, "{:?}", deeds.answers);
}

/// Requests that have different answers, in an order that is known.
fn mixture(served: &Served, count: usize) -> (Vec<u8>, Vec<u16>) {
    let (mut bytes, mut statuses) = (Vec::new(), Vec::new());
    for choice in noise(count) {
        let (route, status) =
            [("healthz", 200), ("nowhere", 404), ("token", 401), ("cert", 401)][usize::from(choice) % 4];
        bytes.extend_from_slice(format!("GET /{route} HTTP/1.1\r\nhost: {}\r\n\r\n", served.address).as_bytes());
        statuses.push(status);
    }
    (bytes, statuses)
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    const DEPTH: usize = 500;
    let _turn = turn();
    let served = Served::start(World::shared().path(), &[]);
    let pipeline = |until: &Until<'_>| {
        let mut deeds = Deeds::default();
        let mut wire = Wire::connect(served.address).unwrap();
        while !until.is_over() {
            let (bytes, statuses) = mixture(&served, DEPTH);
            let sent = Instant::now();
            wire.send(&bytes).unwrap();
            for wanted in statuses {
                deeds.attempts += 1;
                let answer = wire.answer().unwrap();
                assert_eq!(answer.status, wanted, "answer {} is another request's", deeds.attempts);
                deeds.note(answer.status.to_string());
            }
            // Half of the time at most.
            thread::sleep(sent.elapsed());
        }
        deeds
    };
    Trial { name: "500 requests in one write", served: &served, most_mib: 128 }.run(|until| {
        let mut deeds = Deeds::default();
        thread::scope(|scope| {
            let pipelines: Vec<_> = (0..4).map(|_| scope.spawn(|| pipeline(until))).collect();
            pipelines.into_iter().for_each(|p| deeds.add(p.join().unwrap()));
        });
        deeds
    });
}

#[test]
fn connects_and_resets() {
    let _turn = turn();
    let served = Served::start(World::shared().path(), &[]);
    let (count, rate) = (size(10_000, 100_000), size(4000, 8000));
    let name = format!("{count} connects with immediate reset");
    let deeds = Trial { name: &name, served: &served, most_mib: 128 }.run(|_| {
        let mut deeds = Deeds::default();
        let mut pace = crate::trial::Pace::new(rate);
        while deeds.attempts < count as u64 {
            pace.wait();
            deeds.attempts += 1;
            match TcpStream::connect_timeout(&served.address, Duration::from_secs(2)) {
                Ok(stream) => SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap(),
                Err(error) => deeds.note(error.kind().to_string()),
            }
        }
        deeds
    });
    assert!(deeds.answers.values().sum::<u64>() < deeds.attempts / 100, "{:?}", deeds.answers);
    let left = served.descriptors();
    assert!(left < 64, "{left} descriptors are open after it");
    assert!(!is_full() || deeds.attempts >= 100_000);
}
