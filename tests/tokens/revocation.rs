//! A certificate is revoked, and the tokens that name it die with the next list.

use crate::world::World;
use certauthz::{
    key::Signer as _,
    store::Name,
    token::{Claims, issue},
};
use jiff::Timestamp;
use std::{fs, thread::sleep, time::Duration};

/// A token as it was before tokens named certificates, or as another issuer makes it.
fn nameless(world: &World) -> String {
    let now = Timestamp::now().as_second();
    let authority = world.credentials().authority(&Name::new("primary").unwrap()).unwrap();
    let claims = Claims {
        iss: authority.issuer_url().unwrap(),
        sub: "alice".into(),
        client_id: "alice".into(),
        aud: "bob".into(),
        exp: now + 900,
        iat: now,
        jti: "1".into(),
        scope: "bob.user.read".into(),
        cnf: None,
    };
    assert_eq!(authority.signer().public_key().key_type(), certauthz::key::KeyType::EcP256);
    issue(authority.signer(), &claims).unwrap()
}

#[test]
fn outstanding_tokens_die_with_the_next_list_remembered_or_not() {
    let world = World::new();
    let token = world.token();
    let nameless = nameless(&world);
    let servers = [world.serve(&[]), world.serve(&["--token-cache", "100"])];
    for server in &servers {
        // Twice, so that one of them has it in its cache.
        assert_eq!([0; 2].map(|_| server.ask(&token).status), [200, 200]);
    }
    assert_eq!(servers[1].metric("certauthz_cache_requests_total{cache=\"token\",result=\"hit\"}"), 1);

    // With an overlapping certificate nothing changes for the old token, and the new one names the new certificate.
    let before = world.serial("alice");
    world.run(&["client", "renew", "--name", "alice"]);
    let renewed = world.token();
    world.run(&["crl", "revoke", "--ca", "primary", "--serial", &format!("0x{before}")]);
    for server in &servers {
        server.soon(&token, (401, "certificate_revoked"));
        assert_eq!(server.ask(&renewed).short(), (200, "alice"));
        assert_eq!(server.ask(&nameless).short(), (200, "alice"), "it names no certificate");
        let counted = "certauthz_http_requests_total{route=\"token\",status=\"401\",reason=\"certificate_revoked\"}";
        assert!(server.metric(counted) >= 1);
    }

    world.run(&["crl", "revoke", "--ca", "primary", "--client", "alice"]);
    for server in &servers {
        server.soon(&renewed, (401, "certificate_revoked"));
    }
    let refused = world.ask(&["token", "create", "--ca", "primary", "--client", "alice"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("revoked"));
}

#[test]
fn a_stale_list_is_what_the_policy_makes_of_it() {
    let world = World::new();
    let (token, nameless) = (world.token(), nameless(&world));
    world.run(&["crl", "revoke", "--ca", "primary", "--client", "bob"]);
    let bobs = {
        // Made before, as a client that is revoked gets none.
        let file = world.file("bob/token.jwt");
        fs::read_to_string(file).unwrap().trim().to_owned()
    };
    world.run(&["crl", "create", "--ca", "primary", "--next-update", "1s"]);
    sleep(Duration::from_millis(1100));

    let closed = world.serve(&[]);
    let answer = closed.ask(&token);
    assert_eq!(answer.short(), (503, "revocation_unknown"));
    assert_eq!((answer.revocation.as_deref(), answer.retry_after), (Some("stale; policy=fail-closed"), true));
    let answer = closed.ask(&nameless);
    assert_eq!((answer.short(), &answer.revocation), ((200, "alice"), &None), "nobody had to look at the list");

    for (policy, header) in [("grace=15m", "stale; policy=grace"), ("fail-open", "stale; policy=fail-open")] {
        let server = world.serve(&["--stale-crl", policy, "--token-cache", "9"]);
        for _ in 0..2 {
            let answer = server.ask(&token);
            assert_eq!((answer.short(), answer.revocation.as_deref()), ((200, "alice"), Some(header)));
        }
        assert_eq!(server.ask(&nameless).revocation, None);
        // What is revoked on a stale list is revoked.
        let server = world.serve(&["--stale-crl", policy, "--audience", "alice"]);
        let answer = server.ask(&bobs);
        assert_eq!((answer.short(), answer.revocation.as_deref()), ((401, "certificate_revoked"), Some(header)));
    }
    let short = world.serve(&["--stale-crl", "grace=1ms"]);
    assert_eq!(short.ask(&token).short(), (503, "revocation_unknown"));

    // A new list is taken up while the server runs.
    world.run(&["crl", "create", "--ca", "primary"]);
    closed.soon(&token, (200, "alice"));
    assert_eq!(closed.ask(&token).revocation, None);
}

#[test]
fn without_a_list_nobody_knows() {
    let world = World::new();
    let token = world.token();
    fs::remove_file(world.file("primary/ca.crl")).unwrap();
    let server = world.serve(&["--stale-crl", "fail-open"]);
    let answer = server.ask(&token);
    assert_eq!((answer.short(), &answer.revocation, answer.retry_after), ((503, "revocation_unknown"), &None, true));
    world.run(&["crl", "create", "--ca", "primary"]);
    server.soon(&token, (200, "alice"));
}
