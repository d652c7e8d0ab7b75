//! No two clients of a CA go by the same name, whether by certificate or by token.

use crate::{World, client_options, name, now, some_token};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use certauthz::{
    crl::issue::RevocationReason,
    error::{Error, Result},
    store::{Authority, CRL_LIFETIME, ClientOptions, IssuedClient, RenewOptions, RevocationTarget, TokenOptions},
};
use std::{sync::Barrier, thread};

fn first_token(ca: &Authority, client: &IssuedClient) -> Result<Option<String>> {
    Ok(ca.issue_first_token(client, None, now())?.map(|issued| issued.token))
}

fn create(world: &World, client: &str, common_name: Option<&str>, force: bool) -> Result<IssuedClient> {
    let common_name = common_name.map(str::to_owned);
    let options = ClientOptions { common_name, force, ..client_options(client, "primary") };
    world.credentials.create_client(&options, now(), first_token)
}

fn refused<T: std::fmt::Debug>(result: Result<T>, wanted: &str) {
    let error = result.unwrap_err();
    assert!(matches!(error, Error::NotAllowed { .. }) && error.hint().is_some(), "{error}");
    assert!(error.to_string().contains(wanted), "{error}");
}

fn named_by(token: &str) -> (String, String) {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    let text = |claim: &str| claims[claim].as_str().unwrap().to_owned();
    (text("sub"), text("client_id"))
}

#[test]
fn nobody_takes_the_name_of_another() {
    let world = World::with_ca();
    create(&world, "carol", None, false).unwrap();
    refused(create(&world, "mallory", Some("carol"), false), "client carol");
    assert!(!world.path("mallory").exists());
    assert!(!world.authority().clients().unwrap().iter().any(|client| client.name == "mallory"));

    create(&world, "bob", Some("Robert"), false).unwrap();
    refused(create(&world, "mallory", Some("Robert"), false), "client bob");
    refused(create(&world, "Robert", None, false), "client bob");
    refused(create(&world, "Robert", Some("somebody"), false), "client bob");
    refused(create(&world, "carol", Some("bob"), true), "client bob");
    refused(create(&world, "carol", Some("Robert"), true), "client bob");

    // Its own names are its own for ever, also when they are out of use.
    create(&world, "bob", Some("Bobby"), true).unwrap();
    create(&world, "bob", Some("Robert"), true).unwrap();
    create(&world, "bob", None, true).unwrap();
    let mut ca = world.authority();
    let target = RevocationTarget::Client(&name("bob"));
    ca.revoke(&target, RevocationReason::default(), CRL_LIFETIME, now()).unwrap();
    refused(create(&world, "mallory", Some("Bobby"), false), "client bob");
    create(&world, "mallory", None, false).unwrap();
    create(&world, "bob", None, true).unwrap();
    world.credentials.renew_client(&RenewOptions::new(name("carol")), now(), first_token).unwrap();

    // Another CA has clients of its own.
    world.credentials.create_ca(&crate::ca_options("other"), now()).unwrap();
    let options = ClientOptions { common_name: Some("carol".into()), ..client_options("dave", "other") };
    world.credentials.create_client(&options, now(), some_token).unwrap();
}

#[test]
fn a_name_that_two_have_already_is_not_renewed() {
    let world = World::with_ca();
    create(&world, "mallory", Some("somebody"), false).unwrap();
    // As a version without the check would have left it.
    let database = rusqlite::Connection::open(world.path("primary/ca.db")).unwrap();
    let query = "INSERT INTO clients SELECT 'somebody', spki, scopes, updated_at FROM clients WHERE name = 'mallory'";
    database.execute(query, []).unwrap();
    let renewed = world.credentials.renew_client(&RenewOptions::new(name("mallory")), now(), first_token);
    refused(renewed, "client somebody");
}

#[test]
fn of_two_at_once_one_gets_the_name() {
    let world = World::with_ca();
    for round in 0..4 {
        let (shared, start) = (format!("shared{round}"), Barrier::new(4));
        let made: Vec<_> = thread::scope(|scope| {
            let spawn = |i: usize| {
                let (world, shared, start) = (&world, &shared, &start);
                scope.spawn(move || {
                    start.wait();
                    match i {
                        0 => create(world, shared, None, false),
                        _ => create(world, &format!("rival{round}-{i}"), Some(shared), false),
                    }
                })
            };
            let tries: Vec<_> = (0..4).map(spawn).collect();
            tries.into_iter().map(|made| made.join().unwrap()).collect()
        });
        assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1, "{made:?}");
    }
}

#[test]
fn certificate_and_token_name_the_same_client() {
    let world = World::with_ca();
    let both = |text: &str| (text.to_owned(), text.to_owned());
    let issued = || {
        let token = world.authority().issue_token(&TokenOptions::new(name("bob")), now()).unwrap();
        named_by(&token.token)
    };
    create(&world, "bob", Some("Robert Söhne"), false).unwrap();
    assert_eq!(named_by(&world.credentials.read_token(&name("bob")).unwrap()), both("Robert Söhne"));
    assert_eq!(issued(), both("Robert Söhne"));
    world.credentials.renew_client(&RenewOptions::new(name("bob")), now(), first_token).unwrap();
    assert_eq!(named_by(&world.credentials.read_token(&name("bob")).unwrap()), both("Robert Söhne"));

    let newest = create(&world, "bob", None, true).unwrap();
    assert_eq!(issued(), both("bob"));
    let target = RevocationTarget::Serial(newest.certificate.serial);
    world.authority().revoke(&target, RevocationReason::default(), CRL_LIFETIME, now()).unwrap();
    assert_eq!(issued(), both("Robert Söhne"));
}
