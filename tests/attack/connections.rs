//! Attacks by connections: each holds a place, some memory, and does next to nothing.

use crate::{
    crowd::Crowd,
    messages::{Forged, healthz},
    served::Served,
    trial::{Deeds, Trial, turn},
    world::{World, size},
};
use certauthz::rlimit::raise_fd_limit;

/// How many connections the limit on file descriptors leaves the attacker, at most `wanted`.
fn possible(wanted: usize) -> usize {
    let limit = usize::try_from(raise_fd_limit()).unwrap_or(usize::MAX);
    let possible = limit.saturating_sub(500).min(wanted);
    if possible < wanted {
        println!("{possible} connections instead of {wanted}: the hard limit on file descriptors is {limit}");
    }
    possible
}

/// Bytes that a connection may cost, in KiB.
fn kib_each(most_mib: u64, deeds: &Deeds) -> u64 {
    most_mib * 1024 / deeds.attempts.max(1)
}

struct Hold<'a> {
    name: &'a str,
    size: usize,
    most_mib: u64,
    greeting: &'a (dyn Fn(&Served, usize) -> Vec<u8> + Sync),
    trickle: &'a [u8],
    half_close: bool,
}

impl Hold<'_> {
    /// Runs it; the connections that were held at its end.
    fn run(&self) -> Deeds {
        let _turn = turn();
        let size = possible(self.size);
        let served = Served::start(World::shared().path(), &[]);
        let name = format!("{size} {}", self.name);
        let deeds = Trial { name: &name, served: &served, most_mib: self.most_mib }.run(|until| {
            let greeting = |i| (self.greeting)(&served, i);
            Crowd {
                address: served.address,
                size,
                rate: 5000,
                greeting: &greeting,
                trickle: self.trickle,
                half_close: self.half_close,
                comes_back: true,
            }
            .hold(until)
        });
        println!("bound: {} KiB for each connection", kib_each(self.most_mib, &deeds));
        assert_eq!(deeds.count("not connected"), 0, "{:?}", deeds.answers);
        deeds
    }
}

#[test]
fn slow_headers() {
    let hold = Hold {
        name: "slow-header connections",
        size: 5000,
        most_mib: 160,
        greeting: &|_, _| b"GET /cert HTTP/1.1\r\nhost: x\r\nx: ".to_vec(),
        trickle: b"x",
        half_close: false,
    };
    let deeds = hold.run();
    assert!(deeds.count("held at the end") > 0, "{:?}", deeds.answers);
}

#[test]
fn idle_connections() {
    let hold = Hold {
        name: "idle connections",
        size: 5000,
        most_mib: 160,
        // Every other one has asked something before.
        greeting: &|served, i| if i % 2 == 0 { Vec::new() } else { healthz(served.address) },
        trickle: b"",
        half_close: false,
    };
    let deeds = hold.run();
    assert!(deeds.count("held at the end") > 0, "{:?}", deeds.answers);
}

#[test]
fn slow_bodies() {
    let alice = World::shared().client("alice").certificate;
    let hold = Hold {
        name: "slow bodies",
        size: size(2000, 5000),
        most_mib: 160,
        greeting: &|served, _| {
            Forged { address: served.address, certificate: &alice, chain: &[], body: 1 << 20 }.bytes()
        },
        trickle: b"x",
        half_close: false,
    };
    let deeds = hold.run();
    assert!(deeds.count("held at the end") > 0, "{:?}", deeds.answers);
}

#[test]
fn half_closed_sockets() {
    let hold = Hold {
        name: "half-closed sockets",
        size: size(2000, 5000),
        most_mib: 160,
        // A part of a request, a whole one, nothing.
        greeting: &|served, i| {
            let whole = healthz(served.address);
            match i % 3 {
                0 => whole[..20].to_vec(),
                1 => whole,
                _ => Vec::new(),
            }
        },
        trickle: b"",
        half_close: true,
    };
    hold.run();
}

#[test]
fn large_heads_that_do_not_end() {
    let hold = Hold {
        name: "unfinished heads of 60 KiB",
        size: size(1000, 5000),
        most_mib: 400,
        greeting: &|_, _| {
            let mut head = b"GET /cert HTTP/1.1\r\nhost: x\r\nx: ".to_vec();
            head.resize(60 * 1024, b'x');
            head
        },
        trickle: b"x",
        half_close: false,
    };
    hold.run();
}
