//! Every way of being away: no call fails, the first is answered within its budget, the later ones at once, and the client
//! comes back by itself.

use crate::{
    authority::{StandIn, Way},
    world::World,
};
use certauthz::client::{BreakerState, CredentialUsed};
use std::{
    thread,
    time::{Duration, Instant},
};

const BUDGET: Duration = Duration::from_secs(2);
const INTERVAL: Duration = Duration::from_secs(1);
/// What a call may take that waits for nothing, on a busy machine: a part of its budget. (A signature takes a part of a
/// millisecond.)
const AT_ONCE: Duration = Duration::from_millis(500);

fn survives(way: Way) {
    let world = World::new();
    let mut authority = StandIn::start(&world);
    authority.be(way);
    let client = world.builder(&authority.url()).probe_interval(INTERVAL).build().unwrap();

    let started = Instant::now();
    assert_eq!(world.call(&client).credential, CredentialUsed::Certificate);
    assert!(started.elapsed() <= BUDGET + AT_ONCE, "the first call took {:?}", started.elapsed());

    let switched = Instant::now();
    while switched.elapsed() < INTERVAL * 2 {
        let started = Instant::now();
        let authorized = world.call(&client);
        assert!(started.elapsed() < AT_ONCE, "a later call took {:?}", started.elapsed());
        assert_eq!(authorized.credential, CredentialUsed::Certificate);
        assert_ne!(authorized.state, BreakerState::Closed);
        thread::sleep(Duration::from_millis(20));
    }
    let counts = client.counts();
    assert_eq!((counts.without, counts.waited, counts.with_token, counts.opened), (0, 1, 0, 1), "{counts:?}");
    assert!((1..=4).contains(&counts.probes), "{counts:?}");

    authority.be(Way::Healthy);
    let back = Instant::now();
    loop {
        let started = Instant::now();
        let authorized = world.call(&client);
        assert!(started.elapsed() < AT_ONCE, "a call took {:?} while it came back", started.elapsed());
        if authorized.credential == CredentialUsed::Token {
            break;
        }
        assert!(back.elapsed() <= INTERVAL + Duration::from_secs(1), "not back after {:?}", back.elapsed());
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!((client.state(), client.counts().tokens_fetched), (BreakerState::Closed, 1));
    assert_eq!(client.counts().without, 0);
}

/// They mostly wait, so all at once.
#[test]
fn every_way_of_being_away() {
    let ways = [
        Way::Refused,
        Way::Hang,
        Way::BlackHole,
        Way::Garbage,
        Way::Reset,
        Way::Status(500),
        Way::Status(404),
        Way::Status(302),
        Way::Status(401),
        Way::Status(503),
        Way::Status(429),
        Way::Busy(1),
        Way::Half,
        Way::Endless,
        Way::EndlessHeaders,
        Way::Drip,
        Way::Html,
        Way::WrongType,
        Way::NoToken,
        Way::NoJwt,
        Way::Late,
    ];
    let running = ways.map(|way| (way, thread::spawn(move || survives(way))));
    let failed: Vec<_> = running.into_iter().filter_map(|(way, test)| test.join().err().map(|_| way)).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

/// What it throws cannot even be dropped: the background thread ends.
#[test]
fn a_worker_that_dies_is_replaced() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("again");
        }
    }
    let world = World::new();
    let authority = StandIn::start(&world);
    let burnt = std::sync::atomic::AtomicBool::new(false);
    let builder = world.builder(&authority.url()).on_event(move |event| {
        if let certauthz::client::Event::TokenFetched { .. } = event
            && !burnt.swap(true, std::sync::atomic::Ordering::SeqCst)
        {
            std::panic::panic_any(Bomb);
        }
    });
    let client = builder.build().unwrap();
    let first = world.call(&client);
    thread::sleep(Duration::from_millis(200));
    client.token_refused(&first);
    assert_eq!(world.call(&client).credential, CredentialUsed::Token);
    assert_eq!((authority.tokens(), client.counts().out_of_time), (2, 0));
}
