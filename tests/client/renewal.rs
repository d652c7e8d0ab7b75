//! The certificate renews itself: when it ages, and when it carries more than tokens do.

use crate::{
    authority::{StandIn, Way},
    world::{World, authorize, scopes},
};
use certauthz::client::{ClientError, CredentialUsed, Event, Mode};
use jiff::SignedDuration;
use std::{
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(5), "{what} did not come");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Its life is 60 s of backdating and these 30: two thirds are over. No token outlives it.
fn aged() -> Arc<World> {
    let world = World::with_certificate_life(SignedDuration::from_secs(30));
    *world.token_life.lock().unwrap() = 20;
    world
}

#[test]
fn an_aging_certificate_is_renewed_and_saved() {
    for mode in [Mode::Auto, Mode::Token, Mode::Certificate] {
        let world = aged();
        let authority = StandIn::start(&world);
        let events = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&events);
        let client = world
            .builder(&authority.url())
            .mode(mode)
            .save_certificates_to(world.own.clone())
            .on_event(move |event| log.lock().unwrap().push(event.clone()))
            .build()
            .unwrap();
        let before = client.certificate();
        world.call(&client);
        until("a renewal", || client.counts().renewals == 1);
        let after = client.certificate();
        assert!(after.serial != before.serial && after.not_after > before.not_after);
        assert_eq!(world.own.client(&world.alice).unwrap().certificate, after);
        world.call(&client);
        let log = events.lock().unwrap();
        assert!(log.iter().any(|event| matches!(event, Event::CertificateAging { .. })), "{log:?}");
        assert!(log.iter().any(|event| matches!(event, Event::CertificateRenewed { .. })), "{log:?}");
        thread::sleep(Duration::from_millis(200));
        assert_eq!(authority.renewals(), 1);
    }
}

#[test]
fn it_is_tried_again_when_the_server_is_back_and_not_while_it_is_away() {
    let world = aged();
    let mut authority = StandIn::start(&world);
    authority.be(Way::Status(500));
    let builder = world.builder(&authority.url()).probe_interval(Duration::from_millis(300));
    let client = builder.renewal_interval(Duration::from_millis(200)).build().unwrap();
    assert_eq!(world.call(&client).credential, CredentialUsed::Certificate);
    thread::sleep(Duration::from_secs(1));
    assert_eq!(authority.renewals(), 0);
    authority.be(Way::Healthy);
    until("a renewal", || client.counts().renewals == 1);
}

#[test]
fn who_does_not_want_it_is_warned_only() {
    let world = aged();
    let authority = StandIn::start(&world);
    let warned = Arc::new(Mutex::new(0));
    let count = Arc::clone(&warned);
    let builder = world.builder(&authority.url()).renew_certificates(false);
    let client = builder
        .on_event(move |event| *count.lock().unwrap() += u32::from(matches!(event, Event::CertificateAging { .. })))
        .build()
        .unwrap();
    world.call(&client);
    until("a warning", || *warned.lock().unwrap() == 1);
    assert_eq!(authority.renewals(), 0);
}

#[test]
fn a_directory_that_cannot_be_written_costs_no_certificate() {
    let world = aged();
    let authority = StandIn::start(&world);
    let failures = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&failures);
    let builder = world.builder(&authority.url()).on_event(move |event| {
        if let Event::RenewalFailed { why } = event {
            log.lock().unwrap().push(why.clone());
        }
    });
    let nowhere = certauthz::store::Credentials::new(world.own.root().join("nowhere"));
    let client = builder.save_certificates_to(nowhere).build().unwrap();
    world.call(&client);
    until("a message", || !failures.lock().unwrap().is_empty());
    assert!(failures.lock().unwrap()[0].contains("not saved"), "{failures:?}");
    assert_eq!(client.counts().renewals, 1);
}

#[test]
fn a_certificate_that_carries_more_than_the_token_is_renewed_before_it_stands_in() {
    let world = World::new();
    *world.token_scopes.lock().unwrap() = Some(scopes("bob.user.read"));
    let mut authority = StandIn::start(&world);
    let builder = world.builder(&authority.url()).probe_interval(Duration::from_secs(1)).renew_certificates(false);
    let client = builder.mode(Mode::Auto).build().unwrap();
    let narrow = world.call(&client);
    authority.be(Way::Refused);
    client.token_refused(&narrow);
    match authorize(&client) {
        Err(ClientError::CertificateTooBroad { beyond, .. }) => assert_eq!(beyond, scopes("bob.user.write")),
        other => panic!("{other:?}"),
    }
    assert_eq!(client.counts().with_certificate, 0);

    // With renewal the certificate is narrowed while the server is there.
    authority.be(Way::Healthy);
    *world.certificate_scopes.lock().unwrap() = Some(scopes("bob.user.read"));
    let client = world.builder(&authority.url()).build().unwrap();
    let narrow = world.call(&client);
    until("a renewal", || client.counts().renewals == 1);
    authority.be(Way::Refused);
    client.token_refused(&narrow);
    let stand_in = world.call(&client);
    assert_eq!(stand_in.credential, CredentialUsed::Certificate);
}

/// Whose certificate carries too much has nothing from another like it.
#[test]
fn a_certificate_that_stays_too_broad_is_not_renewed_again_and_again() {
    for (mode, narrow, renewals) in [(Mode::Token, true, 0), (Mode::Token, false, 0), (Mode::Auto, false, 1)] {
        let world = World::new();
        *world.token_scopes.lock().unwrap() = Some(scopes("bob.user.read"));
        let authority = StandIn::start(&world);
        let builder = world.builder(&authority.url()).mode(mode).renewal_interval(Duration::from_millis(100));
        let builder = if narrow { builder.scopes(scopes("bob.user.read")) } else { builder };
        let client = builder.build().unwrap();
        world.call(&client);
        thread::sleep(Duration::from_secs(1));
        assert_eq!(authority.renewals(), renewals, "{mode:?} {narrow}");
    }
}

#[test]
fn a_certificate_that_could_not_stand_in_replaces_none_that_can() {
    let world = World::new();
    let mut authority = StandIn::start(&world);
    *world.certificate_scopes.lock().unwrap() = Some(scopes("bob.root bob.user.read bob.user.write"));
    let builder = world.builder(&authority.url()).save_certificates_to(world.own.clone());
    let client = builder.build().unwrap();
    let before = client.certificate();
    let with_token = world.call(&client);
    let error = client.renew_certificate().unwrap_err();
    assert!(error.to_string().contains("bob.root"), "{error}");
    assert_eq!((client.certificate(), authority.renewals()), (before.clone(), 1));
    assert_eq!(world.own.client(&world.alice).unwrap().certificate, before);
    authority.be(Way::Refused);
    client.token_refused(&with_token);
    assert_eq!(world.call(&client).credential, CredentialUsed::Certificate);
}

#[test]
fn an_expired_certificate_is_no_credential() {
    let world = World::with_certificate_life(SignedDuration::from_secs(1));
    let mut authority = StandIn::start(&world);
    authority.be(Way::Refused);
    let client = world.builder(&authority.url()).build().unwrap();
    thread::sleep(Duration::from_millis(2_100));
    let error = authorize(&client).unwrap_err();
    assert!(matches!(error, ClientError::CertificateExpired { last: Some(_), .. }), "{error:?}");
}
