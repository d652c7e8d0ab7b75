//! The list that is served is current, whoever changes what.

use crate::world::{World, primary, until};
use certauthz::{cert::Lifetime, server::Limits};
use jiff::SignedDuration;
use std::{fs, thread::sleep, time::Duration};

fn detail(answer: &crate::peer::Answer) -> (u16, String) {
    (answer.status, answer.json()["detail"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_revocation_by_another_process_is_served_within_a_second() {
    let world = World::new();
    let server = world.serve();
    for (client, entries) in [("alice", 1), ("bob", 2)] {
        let before = server.get("/crl");
        let done = world.run(&["crl", "revoke", "--ca", "primary", "--client", client]);
        assert!(done.status.success(), "{done:?}");
        let took = until("the revocation is not served", || server.get("/crl").header("etag") != before.header("etag"));
        assert!(took < Duration::from_secs(1), "{took:?}");
        let list = server.list(&world);
        assert_eq!(list.len(), entries);
        assert!(list.lookup(&world.serial(client)).is_some());
        let old = before.header("etag").unwrap();
        assert_eq!(server.ask("GET", "/crl", &[("if-none-match", old)]).status, 200);
    }
}

#[test]
fn a_list_is_renewed_at_two_thirds_of_its_life_on_disk_too() {
    let world = World::new();
    world.publish(SignedDuration::from_secs(3));
    let server = world.serve_with(Limits::default(), |options| {
        options.crl_lifetime = Lifetime::For(SignedDuration::from_secs(3));
    });
    let mut last = server.list(&world);
    for _ in 0..3 {
        let took = until("the list is not renewed", || server.list(&world).number() > last.number());
        // Times of lists are whole seconds.
        assert!(took < Duration::from_millis(2900), "{took:?}");
        let next = server.list(&world);
        assert!(next.this_update() < last.next_update(), "it was stale in between");
        assert_eq!(
            world.list(pem::parse(fs::read(world.file("ca.crl")).unwrap()).unwrap().contents()).number(),
            next.number()
        );
        assert_eq!(server.get("/readyz").status, 200);
        last = next;
    }
}

#[test]
fn at_start_a_list_that_is_missing_broken_or_stale_is_replaced() {
    for spoil in [
        |world: &World| fs::remove_file(world.file("ca.crl")).unwrap(),
        |world: &World| fs::write(world.file("ca.crl"), "-----BEGIN X509 CRL-----\nAAAA").unwrap(),
        |world: &World| {
            world.publish(SignedDuration::from_secs(1));
            sleep(Duration::from_millis(1100));
        },
    ] {
        let world = World::new();
        spoil(&world);
        let number = world.credentials.authority(&primary()).unwrap().crl_state().unwrap().number;
        let server = world.serve();
        let list = server.list(&world);
        assert_eq!(list.number().to_u128(), Some(u128::from(number + 1)));
        assert_eq!(list.next_update().duration_since(list.this_update()), SignedDuration::from_hours(24));
        assert_eq!(server.get("/readyz").status, 200);
    }
}

#[test]
fn what_a_killed_process_left_undone_is_done() {
    let world = World::new();
    let server = world.serve();
    let old = fs::read(world.file("ca.crl")).unwrap();
    world.revoke("alice");
    until("the revocation is not served", || server.list(&world).len() == 1);
    // As if it had been killed between the database's commit and the list's rename.
    fs::write(world.file("ca.crl"), &old).unwrap();
    let number = server.list(&world).number();
    until("no higher number is published", || server.list(&world).number() > number);
    assert_eq!(server.list(&world).len(), 1);
    until("the list on disk is the old one", || fs::read(world.file("ca.crl")).unwrap() == server.get("/crl.pem").body);

    // The same while no server runs.
    drop(server);
    world.revoke("bob");
    fs::write(world.file("ca.crl"), &old).unwrap();
    let server = world.serve();
    assert_eq!(server.list(&world).len(), 2);
}

#[test]
fn a_database_from_a_backup_does_not_lower_the_number() {
    let world = World::new();
    let ca = world.credentials.authority(&primary()).unwrap();
    drop(ca);
    let backup = fs::read(world.file("ca.db")).unwrap();
    for _ in 0..5 {
        world.publish(SignedDuration::from_hours(1));
    }
    for side in ["ca.db-wal", "ca.db-shm"] {
        let _ = fs::remove_file(world.file(side));
    }
    fs::write(world.file("ca.db"), backup).unwrap();
    let server = world.serve();
    let before = server.list(&world).number();
    assert!(before.to_u128() >= Some(6));
    // The command line knows nothing of the numbers that are lost; the server makes up for it.
    world.revoke("alice");
    until("the revocation is not served", || server.list(&world).len() == 1);
    assert!(server.list(&world).number() > before);
}

#[test]
fn without_its_database_it_is_not_ready_and_serves_what_it_has() {
    let world = World::new();
    let server = world.serve();
    assert_eq!(server.get("/readyz").status, 200);
    let aside = world.dir.path().join("aside");
    fs::rename(world.file("ca.db"), &aside).unwrap();
    until("/readyz does not say so", || server.get("/readyz").status == 503);
    let answer = server.get("/readyz");
    assert_eq!(detail(&answer), (503, "the database cannot be used".to_owned()));
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.header("retry-after"), Some("5"));
    for path in ["/crl", "/crl.pem", "/jwks.json", "/healthz"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    fs::rename(aside, world.file("ca.db")).unwrap();
    until("it is not ready again", || server.get("/readyz").status == 200);
    world.revoke("alice");
    until("the revocation is not served", || server.list(&world).len() == 1);
}

#[test]
fn a_stale_list_is_served_as_such_and_no_cache_keeps_it() {
    let world = World::new();
    world.publish(SignedDuration::from_secs(2));
    let aside = world.dir.path().join("aside");
    let server = world.serve_with(Limits::default(), |options| {
        options.crl_lifetime = Lifetime::For(SignedDuration::from_secs(2));
    });
    fs::rename(world.file("ca.db"), &aside).unwrap();
    until("the list does not become stale", || server.get("/crl").header("cache-control") == Some("no-cache"));
    assert_eq!(server.get("/readyz").status, 503);
}
