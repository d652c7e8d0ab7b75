//! More connections than the server has room for: newcomers still get in.

use crate::{
    crowd::Crowd,
    messages::{Forged, healthz},
    served::Served,
    trial::{Deeds, Trial, turn},
    world::World,
};

/// 500 attackers, who come back whenever they lose their place.
fn crowd(
    name: &str,
    served: &Served,
    rate: usize,
    trickle: &[u8],
    greeting: &(dyn Fn(usize) -> Vec<u8> + Sync),
) -> Deeds {
    let deeds = Trial { name, served, most_mib: 128 }.run(|until| {
        Crowd { address: served.address, size: 500, rate, greeting, trickle, half_close: false, comes_back: true }
            .hold(until)
    });
    assert!(deeds.count("closed by the server") > 0, "{:?}", deeds.answers);
    deeds
}

#[test]
fn more_connections_than_file_descriptors() {
    let _turn = turn();
    let served = Served::start_after("ulimit -n 64;", World::shared().path(), &[]);
    for (name, trickle) in [("500 connections under ulimit -n 64, idle", &b""[..]), ("the same, slow headers", b"x")] {
        crowd(name, &served, 250, trickle, &|_| trickle.to_vec());
    }
}

#[test]
fn more_slow_heads_than_places() {
    let _turn = turn();
    let served = Served::start(World::shared().path(), &["--max-connections", "200"]);
    let greeting = |_| b"GET /cert HTTP/1.1\r\nx: ".to_vec();
    crowd("500 slow-header connections on 200 places", &served, 500, b"x", &greeting);
}

#[test]
fn more_idle_connections_than_places() {
    let _turn = turn();
    let served = Served::start(World::shared().path(), &["--max-connections", "200"]);
    crowd("500 idle connections on 200 places", &served, 500, b"", &|_| healthz(served.address));
}

#[test]
fn more_slow_bodies_than_places() {
    let _turn = turn();
    let alice = World::shared().client("alice").certificate;
    let served = Served::start(World::shared().path(), &["--max-connections", "200"]);
    let greeting = |_| Forged { address: served.address, certificate: &alice, chain: &[], body: 1 << 20 }.bytes();
    // Fewer than the places a second: a request has one second before it may be ended.
    crowd("500 slow bodies on 200 places", &served, 100, b"x", &greeting);
}
