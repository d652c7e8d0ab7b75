//! What a call does: it uses a valid token without waiting, shares one fetch with others, keeps to its budget, and never
//! reaches for the network while the breaker is open.

use crate::{
    authority::{StandIn, Way},
    world::{World, authorize},
};
use certauthz::client::{BreakerState, ClientError, CredentialUsed, Failure, Mode, Transport, breaker::Policy};
use http::{Request, Response};
use std::{
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

#[test]
fn many_calls_share_one_token() {
    let world = World::new();
    let authority = StandIn::start(&world);
    let client = world.builder(&authority.url()).build().unwrap();
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(world.call(&client).credential, CredentialUsed::Token);
                }
            });
        }
    });
    assert_eq!((authority.accepted(), authority.tokens()), (1, 1));
    let counts = client.counts();
    assert_eq!((counts.with_token, counts.with_certificate, counts.without), (320, 0, 0));
    let token = client.token().unwrap();
    assert!(token.as_str().starts_with("eyJ") && !format!("{token:?}").contains("eyJ"));
}

#[test]
fn nothing_is_sent_on_the_call_path_while_it_is_open() {
    let world = World::new();
    let mut authority = StandIn::start(&world);
    authority.be(Way::Status(500));
    let client = world.builder(&authority.url()).probe_interval(Duration::from_secs(60)).build().unwrap();
    world.call(&client);
    assert_eq!(client.state(), BreakerState::Open);
    let before = authority.accepted();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..100).for_each(|_| drop(world.call(&client))));
        }
    });
    assert_eq!(authority.accepted(), before);
    assert_eq!(client.counts().waited, 1);
}

#[test]
fn a_valid_token_is_used_while_it_is_open() {
    let world = World::new();
    *world.token_life.lock().unwrap() = 6;
    let mut authority = StandIn::start(&world);
    let (budget, attempt) = (Duration::from_millis(300), Duration::from_millis(150));
    let policy = Policy { budget, attempt, ..Policy::default() };
    let builder = world.builder(&authority.url()).policy(policy);
    let client = builder.probe_interval(Duration::from_millis(500)).build().unwrap();
    assert_eq!(world.call(&client).credential, CredentialUsed::Token);
    authority.be(Way::Hang);

    // Nobody notices: it is to be refreshed in the background after 4 s, that fails, and when the token is no longer used half
    // a second later the breaker is open.
    let (started, mut seen) = (Instant::now(), Vec::new());
    while started.elapsed() < Duration::from_secs(6) {
        let call = Instant::now();
        let authorized = world.call(&client);
        assert!(call.elapsed() < budget, "waited {:?}", call.elapsed());
        let now = (authorized.credential, authorized.state != BreakerState::Closed);
        if seen.last() != Some(&now) {
            seen.push(now);
        }
        thread::sleep(Duration::from_millis(5));
    }
    let (token, certificate) = (CredentialUsed::Token, CredentialUsed::Certificate);
    assert_eq!(seen, [(token, false), (token, true), (certificate, true)]);
    assert_eq!(client.counts().waited, 1, "only the first call waits for a token");
}

#[test]
fn a_token_is_refreshed_before_it_ends() {
    let world = World::new();
    *world.token_life.lock().unwrap() = 4;
    let authority = StandIn::start(&world);
    let client = world.builder(&authority.url()).build().unwrap();
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(6) {
        assert_eq!(world.call(&client).credential, CredentialUsed::Token);
        thread::sleep(Duration::from_millis(10));
    }
    let counts = client.counts();
    // Every 2.3 s.
    assert!((3..=4).contains(&counts.tokens_fetched), "{counts:?}");
    assert_eq!((counts.waited, counts.failures), (1, 0), "{counts:?}");
}

#[test]
fn a_call_keeps_to_its_budget() {
    let world = World::new();
    let mut authority = StandIn::start(&world);
    authority.be(Way::Hang);
    for budget in [50, 300, 900] {
        let budget = Duration::from_millis(budget);
        let client = world.builder(&authority.url()).budget(budget).build().unwrap();
        thread::scope(|scope| {
            for late in [0, 20, 40] {
                let (world, client) = (&world, &client);
                scope.spawn(move || {
                    thread::sleep(Duration::from_millis(late));
                    let started = Instant::now();
                    assert_eq!(world.call(client).credential, CredentialUsed::Certificate);
                    assert!(started.elapsed() < budget + Duration::from_millis(300), "{:?}", started.elapsed());
                });
            }
        });
    }
    let client = world.builder(&authority.url()).mode(Mode::Token).build().unwrap();
    let started = Instant::now();
    let error = authorize(&client).unwrap_err();
    assert!(matches!(error, ClientError::Unavailable { last: Some(Failure::TimedOut) }), "{error:?}");
    assert!(started.elapsed() < Duration::from_millis(2_500) && error.hint().is_some());
}

#[test]
fn certificates_alone_need_no_authorization_server() {
    let world = World::new();
    let mut authority = StandIn::start(&world);
    authority.be(Way::Refused);
    let client = world.builder(&authority.url()).mode(Mode::Certificate).build().unwrap();
    for _ in 0..10 {
        assert_eq!(world.call(&client).credential, CredentialUsed::Certificate);
    }
    assert_eq!((client.counts().attempts, client.state()), (0, BreakerState::Closed));
}

/// A resolver that hangs, in spite of every limit: what `getaddrinfo` can do.
struct Stuck(Mutex<mpsc::Receiver<()>>);

impl Transport for Stuck {
    fn send(&self, _: Request<Vec<u8>>, _: Duration) -> Result<Response<Vec<u8>>, Failure> {
        self.0.lock().unwrap().recv().unwrap_or_default();
        Err(Failure::TimedOut)
    }
}

#[test]
fn an_attempt_that_ignores_its_limit_hurts_nobody() {
    let world = World::new();
    let (release, stuck) = mpsc::channel();
    let policy = Policy { attempt: Duration::from_millis(300), ..Policy::default() };
    let builder = world.builder("http://slow.example").policy(policy).transport(Stuck(Mutex::new(stuck)));
    let client = builder.probe_interval(Duration::from_millis(200)).build().unwrap();
    let started = Instant::now();
    world.call(&client);
    assert!(started.elapsed() < Duration::from_millis(2_500), "{:?}", started.elapsed());
    for _ in 0..20 {
        let started = Instant::now();
        world.call(&client);
        assert!(started.elapsed() < Duration::from_millis(500));
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(client.counts().attempts, 1, "a second attempt beside the one that hangs");
    drop(release);
}

#[test]
fn a_transport_that_panics_is_an_outage() {
    struct Panics;
    impl Transport for Panics {
        fn send(&self, _: Request<Vec<u8>>, _: Duration) -> Result<Response<Vec<u8>>, Failure> {
            panic!("in the transport")
        }
    }
    let world = World::new();
    let client = world.builder("http://as.example").transport(Panics).build().unwrap();
    assert_eq!(world.call(&client).credential, CredentialUsed::Certificate);
    assert_eq!(client.state(), BreakerState::Open);
}

#[test]
fn callbacks_may_look_and_panic_and_the_worker_ends_with_the_client() {
    let world = World::new();
    let mut authority = StandIn::start(&world);
    authority.be(Way::Status(500));
    let events = Arc::new(Mutex::new(Vec::new()));
    let slot: Arc<Mutex<Option<certauthz::client::Client>>> = Arc::default();
    let (log, seen) = (Arc::clone(&events), Arc::clone(&slot));
    let builder = world.builder(&authority.url()).probe_interval(Duration::from_millis(300));
    let client = builder
        .on_event(move |event| {
            // Neither call waits for a lock that is held while events are told.
            let counts = seen.lock().unwrap().as_ref().map(|client| (client.state(), client.counts()));
            log.lock().unwrap().push(format!("{event:?}"));
            assert!(counts.is_none(), "a panic of the callback's own");
        })
        .build()
        .unwrap();
    world.call(&client);
    *slot.lock().unwrap() = Some(client.clone());
    authority.be(Way::Healthy);
    let started = Instant::now();
    while world.call(&client).credential != CredentialUsed::Token {
        assert!(started.elapsed() < Duration::from_secs(2));
        thread::sleep(Duration::from_millis(10));
    }
    drop(slot.lock().unwrap().take());
    let log = events.lock().unwrap().clone();
    let transitions: Vec<_> = log.iter().filter(|event| event.starts_with("Transition")).collect();
    assert!(transitions[0].contains("from: Closed, to: Open"), "{log:?}");
    assert!(transitions.last().unwrap().contains("from: HalfOpen, to: Closed"), "{log:?}");
    assert_eq!(log.iter().filter(|event| event.starts_with("TokenFetched")).count(), 1);
    assert!(!log.iter().any(|event| event.contains("eyJ")), "a secret in an event");
    assert!(!format!("{client:?}").contains("eyJ"));

    drop(client);
    let started = Instant::now();
    while Arc::strong_count(&events) > 1 {
        assert!(started.elapsed() < Duration::from_secs(2), "the worker did not end");
        thread::sleep(Duration::from_millis(5));
    }
}
