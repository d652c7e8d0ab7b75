//! A refusal is no outage: it opens nothing, is told to the caller, and the authorization server is not asked again at once.

use crate::{
    authority::{StandIn, Way},
    world::{World, authorize, scopes},
};
use certauthz::client::{BreakerState, ClientError, CredentialUsed, breaker::Policy};
use std::{
    thread,
    time::{Duration, Instant},
};

#[test]
fn a_refusal_is_told_and_not_repeated_to_the_server() {
    let world = World::new();
    for error in ["invalid_client", "invalid_scope", "unauthorized_client"] {
        let mut authority = StandIn::start(&world);
        authority.be(Way::Refuses(error));
        let policy = Policy { refusal: Duration::from_millis(800), ..Policy::default() };
        let client = world.builder(&authority.url()).policy(policy).build().unwrap();
        let started = Instant::now();
        for _ in 0..50 {
            match authorize(&client) {
                Err(ClientError::Refused(refusal)) => assert_eq!(refusal.error, error),
                other => panic!("{other:?}"),
            }
        }
        assert!(started.elapsed() < Duration::from_millis(750), "{:?}", started.elapsed());
        assert_eq!((authority.accepted(), client.state()), (1, BreakerState::Closed));
        assert_eq!((client.counts().transitions, client.counts().with_certificate), (0, 0));

        // Allowed again, and soon noticed.
        authority.be(Way::Healthy);
        thread::sleep(Duration::from_millis(800));
        assert_eq!(world.call(&client).credential, CredentialUsed::Token);
    }
}

#[test]
fn scopes_that_the_client_has_not_are_refused() {
    let world = World::new();
    let authority = StandIn::start(&world);
    let narrow = scopes("bob.user.read");
    let error = world.builder(&authority.url()).scopes(narrow.clone()).build().unwrap_err();
    assert!(error.to_string().contains("bob.user.write"), "{error}");
    let token = certauthz::client::Mode::Token;
    let client = world.builder(&authority.url()).scopes(narrow).mode(token).build().unwrap();
    assert_eq!(world.judge(&authorize(&client).unwrap()).unwrap().scopes, scopes("bob.user.read"));
    let wide = scopes("bob.user.read bob.user.write bob.root");
    let client = world.builder(&authority.url()).scopes(wide).build().unwrap();
    assert!(matches!(authorize(&client), Err(ClientError::Refused(refusal)) if refusal.error == "invalid_scope"));
}

/// A server that has just started refuses what was signed in its first second; one that is believed too soon would cost a
/// request.
#[test]
fn a_refusal_right_after_an_outage_is_asked_for_again() {
    let world = World::new();
    let mut authority = StandIn::start(&world);
    authority.be(Way::Refused);
    let client = world.builder(&authority.url()).probe_interval(Duration::from_millis(400)).build().unwrap();
    world.call(&client);
    authority.be(Way::Refuses("invalid_client"));
    while authority.accepted() == 0 {
        assert_eq!(world.call(&client).credential, CredentialUsed::Certificate);
        thread::sleep(Duration::from_millis(2));
    }
    authority.be(Way::Healthy);
    let back = Instant::now();
    while world.call(&client).credential != CredentialUsed::Token {
        assert!(back.elapsed() < Duration::from_millis(2_500), "{:?}", back.elapsed());
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!((client.counts().without, client.counts().refusals), (0, 0));

    // A client that was revoked meanwhile learns it a second later.
    let client = world.builder(&authority.url()).probe_interval(Duration::from_millis(400)).build().unwrap();
    authority.be(Way::Refused);
    world.call(&client);
    authority.be(Way::Refuses("invalid_client"));
    let back = Instant::now();
    while authorize(&client).is_ok() {
        assert!(back.elapsed() < Duration::from_millis(3_000), "{:?}", back.elapsed());
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(client.state(), BreakerState::Closed);
}

#[test]
fn a_valid_token_outlives_a_refusal() {
    let world = World::new();
    *world.token_life.lock().unwrap() = 6;
    let mut authority = StandIn::start(&world);
    let client = world.builder(&authority.url()).build().unwrap();
    world.call(&client);
    authority.be(Way::Refuses("invalid_client"));
    thread::sleep(Duration::from_millis(4_150));
    assert_eq!(client.counts().refusals, 1);
    assert_eq!(world.call(&client).credential, CredentialUsed::Token);
    thread::sleep(Duration::from_millis(400));
    assert!(matches!(authorize(&client), Err(ClientError::Refused(_))));
}
