//! More connections than the server has room for: newcomers still get in.

use crate::{
    crowd::Crowd,
    messages::{Forged, healthz},
    served::Served,
    trial::{Trial, turn},
    world::{World, size},
};

/// More attackers than `places`, who come back whenever they lose theirs.
struct Attackers<'a> {
    name: &'a str,
    size: usize,
    rate: usize,
    trickle: &'a [u8],
    greeting: &'a (dyn Fn(usize) -> Vec<u8> + Sync),
}

impl Attackers<'_> {
    fn press(&self, served: &Served, places: u64) {
        let Self { name, size, rate, trickle, greeting } = *self;
        let name = format!("{size} {name}");
        let deeds = Trial { name: &name, served, most_mib: 64 }.run(|until| {
            let comes_back = true;
            Crowd { address: served.address, size, rate, greeting, trickle, half_close: false, comes_back }.hold(until)
        });
        let held = deeds.count("held at the end");
        assert!(0 < held && held <= places, "{held} of {places} places: {:?}", deeds.answers);
        assert!(deeds.attempts >= size as u64, "{:?}", deeds.answers);
    }
}

#[test]
fn more_connections_than_file_descriptors() {
    let _turn = turn();
    let served = Served::start_after("ulimit -n 64;", World::shared().path(), &[]);
    let variants = [("idle under ulimit -n 64", &b""[..]), ("slow headers under ulimit -n 64", b"x")];
    for (name, trickle) in variants.into_iter().take(size(1, 2)) {
        let greeting = |_| trickle.to_vec();
        Attackers { name, size: 500, rate: 300, trickle, greeting: &greeting }.press(&served, 32);
    }
}

fn on_200_places(attackers: &Attackers<'_>, greeting: &(dyn Fn(&Served) -> Vec<u8> + Sync)) {
    let _turn = turn();
    let served = Served::start(World::shared().path(), &["--max-connections", "200"]);
    let greeting = |_| greeting(&served);
    Attackers { greeting: &greeting, ..*attackers }.press(&served, 200);
}

#[test]
fn more_slow_heads_than_places() {
    let attackers =
        Attackers { name: "slow headers on 200 places", size: 500, rate: 500, trickle: b"x", greeting: &none };
    on_200_places(&attackers, &|_| b"GET /cert HTTP/1.1\r\nx: ".to_vec());
}

#[test]
fn more_idle_connections_than_places() {
    let attackers = Attackers { name: "idle on 200 places", size: 500, rate: 500, trickle: b"", greeting: &none };
    on_200_places(&attackers, &|served| healthz(served.address));
}

#[test]
fn more_slow_bodies_than_places() {
    let alice = World::shared().client("alice").certificate;
    // Fewer than the places a second: a request has one second before it may be ended.
    let attackers =
        Attackers { name: "slow bodies on 200 places", size: 300, rate: 100, trickle: b"x", greeting: &none };
    on_200_places(&attackers, &|served| {
        Forged { address: served.address, certificate: &alice, chain: &[], body: 1 << 20 }.bytes()
    });
}

fn none(_: usize) -> Vec<u8> {
    Vec::new()
}
