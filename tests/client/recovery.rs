//! It goes away and comes back, again and again, also with another key.

use crate::{
    authority::{StandIn, Way},
    world::World,
};
use certauthz::client::{BreakerState, CredentialUsed};
use std::{
    thread,
    time::{Duration, Instant},
};

#[test]
fn no_call_fails_however_often_it_goes_and_comes() {
    let world = World::new();
    *world.token_life.lock().unwrap() = 2;
    let mut authority = StandIn::start(&world);
    let client = world.builder(&authority.url()).probe_interval(Duration::from_millis(300)).build().unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let relaxed = std::sync::atomic::Ordering::Relaxed;
    thread::scope(|scope| {
        let callers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut slowest = Duration::ZERO;
                    while !stop.load(relaxed) {
                        let started = Instant::now();
                        world.call(&client);
                        slowest = slowest.max(started.elapsed());
                        thread::sleep(Duration::from_millis(3));
                    }
                    slowest
                })
            })
            .collect();
        for way in [Way::Refused, Way::Hang, Way::Status(500), Way::Reset, Way::Refused, Way::Garbage] {
            authority.be(way);
            thread::sleep(Duration::from_millis(700));
            authority.be(Way::Healthy);
            thread::sleep(Duration::from_millis(900));
        }
        stop.store(true, relaxed);
        for caller in callers {
            assert!(caller.join().unwrap() < Duration::from_millis(2_150));
        }
    });
    let counts = client.counts();
    assert!(counts.without == 0 && counts.with_token > 0, "{counts:?}");
    thread::sleep(Duration::from_millis(700));
    assert_eq!(client.state(), BreakerState::Closed);
}

/// Bob does not know the key, so he refuses the tokens. Then certificates are used, and tokens tried from time to time.
#[test]
fn a_service_that_refuses_every_token_gets_certificates() {
    let world = World::new();
    let authority = StandIn::start(&world);
    let client = world.builder(&authority.url()).probe_interval(Duration::from_millis(500)).build().unwrap();
    let first = world.call(&client);
    assert_eq!(first.credential, CredentialUsed::Token);
    assert!(client.token_refused(&first));
    let second = world.call(&client);
    assert_eq!(second.credential, CredentialUsed::Token);
    assert_ne!(first.headers, second.headers, "the token that was refused was used again");
    // A late report about the first one costs nothing.
    assert!(client.token_refused(&first));
    assert_eq!(world.call(&client).headers, second.headers);
    // The fresh one is refused, too.
    assert!(!client.token_refused(&second));
    for _ in 0..10 {
        assert_eq!(world.call(&client).credential, CredentialUsed::Certificate);
    }
    assert_eq!((authority.tokens(), client.state()), (2, BreakerState::Closed));
    thread::sleep(Duration::from_millis(550));
    assert_eq!(world.call(&client).credential, CredentialUsed::Token);
}
