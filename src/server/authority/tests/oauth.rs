use super::*;

#[test]
fn a_token_for_every_kind_of_key_of_the_ca() {
    for key_type in [KeyType::Rsa(2048), KeyType::EcP256, KeyType::EcP384, KeyType::Ed25519] {
        let world = World::with(key_type);
        let answer = world.token(&world.good("alice", ""));
        assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{answer:?}");
        let body = answer.json();
        assert_eq!(
            (&body["token_type"], &body["expires_in"], &body["scope"]),
            (&json!("Bearer"), &json!(900), &json!("bob.read bob.write"))
        );
        let key = PublicKey::from_spki_der(world.authority.signer().public_key().spki_der()).unwrap();
        let verifier = TokenVerifier::new(key, ISSUER.into(), "bob".into(), SignedDuration::ZERO);
        let verified = verifier.verify(body["access_token"].as_str().unwrap(), Timestamp::now()).unwrap();
        assert_eq!((&*verified.client, verified.scopes), ("alice.example", scopes("bob.read bob.write")));
        assert_eq!(verified.certificate, Some(world.certificate("alice").serial));
    }
}

#[test]
fn a_client_may_call_itself_by_either_name_and_ask_for_less() {
    let world = World::new();
    let by_common_name = world.form("alice", "scope=bob.write&client_id=alice.example&audience=other", |claims| {
        (claims["iss"], claims["sub"]) = ("alice.example".into(), "alice.example".into());
        claims["aud"] = json!(["http://elsewhere", "https://as.example/oauth/token"]);
    });
    let answer = world.token(&by_common_name);
    assert_eq!((answer.status, &answer.json()["scope"]), (200, &json!("bob.write")), "{answer:?}");
}

#[test]
fn every_error_of_rfc_6749() {
    let world = World::new();
    let large = format!("{}&x={}", world.good("alice", ""), "y".repeat(MAX_FORM));
    for (form, wanted) in [
        (String::new(), "invalid_request"),
        ("grant_type=".into(), "invalid_request"),
        ("grant_type=password".into(), "unsupported_grant_type"),
        (world.good("alice", "grant_type=client_credentials"), "invalid_request"),
        (world.good("alice", "scope=bob.read&scope=bob.read"), "invalid_request"),
        (world.good("alice", "unknown=1&unknown=2"), "invalid_request"),
        (world.good("alice", "client_secret=x"), "invalid_request"),
        (world.good("alice", "scope=%zz"), "invalid_request"),
        (world.good("alice", "audience=%0a"), "invalid_request"),
        (large, "invalid_request"),
        (world.good("alice", "scope=bob.root"), "invalid_scope"),
        (world.good("alice", "scope=bob.read++bob.write"), "invalid_scope"),
        (world.good("alice", "scope=alice.read"), "invalid_scope"),
    ] {
        let answer = world.token(&form);
        assert_eq!(answer.verdict(), (400, wanted.to_owned()), "{form:.300} {answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(!answer.json()["error_description"].as_str().unwrap().contains(['"', '\\']));
    }
    let answer = world.token(&world.good("alice", "unknown=1&scope=&audience=&client_id="));
    assert_eq!(answer.status, 200, "what is empty or unknown is ignored: {answer:?}");
}

#[test]
fn invalid_client_never_tells_why() {
    let mut world = World::new();
    let thief = LocalKey::generate(KeyType::Ed25519).unwrap();
    let now = Timestamp::now().as_second();
    let signed = |key: &LocalKey, header: Value, claims: &Value| {
        format!("grant_type=client_credentials&{}", authentication(&sign(key, &header, claims)))
    };
    let (alice, good) = (world.key("alice"), json!({"alg": "EdDSA"}));
    let changed = |name: &'static str, value: Value| world.form("alice", "", move |claims| claims[name] = value);
    let used = world.good("alice", "");
    assert_eq!(world.token(&used).status, 200);
    let mut causes = vec![
        ("used before", used),
        ("none at all", "grant_type=client_credentials".to_owned()),
        ("another way", "grant_type=client_credentials&client_id=alice&client_secret=secret".to_owned()),
        ("another type", world.good("alice", "").replace("jwt-bearer", "saml2-bearer")),
        ("no JWT", format!("grant_type=client_credentials&{}", authentication("x.y.z"))),
        ("too long", format!("grant_type=client_credentials&{}", authentication(&"x".repeat(20_000)))),
        ("unknown client", signed(&thief, good.clone(), &claims("nobody", |_| {}))),
        ("wrong key", signed(&thief, good.clone(), &claims("alice", |_| {}))),
        ("another client's key", signed(&alice, good.clone(), &claims("bob", |_| {}))),
        ("unsigned", signed(&alice, json!({"alg": "none"}), &claims("alice", |_| {}))),
        ("other algorithm", signed(&alice, json!({"alg": "ES256"}), &claims("alice", |_| {}))),
        ("an access token's type", signed(&alice, json!({"alg": "EdDSA", "typ": "at+jwt"}), &claims("alice", |_| {}))),
        ("crit", signed(&alice, json!({"alg": "EdDSA", "crit": ["x"]}), &claims("alice", |_| {}))),
        ("expired", changed("exp", json!(now - 1))),
        ("too long a life", changed("exp", json!(now + 4000))),
        ("no end", changed("exp", Value::Null)),
        ("from the future", changed("iat", json!(now + 60))),
        ("for somebody else", changed("aud", json!("https://other.example"))),
        ("subject", changed("sub", json!("bob"))),
        ("no identifier", changed("jti", Value::Null)),
        ("client_id", world.good("alice", "client_id=bob")),
    ];
    causes.push(("revoked", world.good("carol", "")));
    world.revoke("carol");
    world.settle(|registry| registry.client("carol").unwrap().newest(Timestamp::now()).is_none());
    let answers: Vec<_> = causes.iter().map(|(cause, form)| (cause, world.token(form))).collect();
    let (_, first) = &answers[0];
    assert_eq!((first.status, first.body.as_str()), (401, "{\"error\":\"invalid_client\"}"));
    assert!(first.header("www-authenticate").is_some());
    for (cause, answer) in &answers {
        assert_eq!(answer, first, "{cause}");
    }
    assert!(answers.len() > 20);
    let body = Bytes::from("grant_type=client_credentials".to_owned());
    let counted = world.runtime.block_on(world.decisions.token(&form_type(), body, Timestamp::now()));
    assert_eq!(counted.reason, None, "the metrics are public");
    let early = world.token(&world.form("alice", "", |claims| claims["iat"] = json!(now - 100)));
    assert_eq!((early.status, early.header("retry-after")), (503, Some("1")));
    let introspection = Bytes::from("token=x".to_owned());
    let answer = world.runtime.block_on(world.decisions.introspect(&form_type(), introspection, Timestamp::now()));
    assert_eq!(world.read(answer), *first);
}

#[test]
fn an_expired_certificate_gets_no_token_and_a_token_does_not_outlive_its_certificate() {
    let world = World::new();
    let end = world.certificate("alice").not_after;
    let at = |now: Timestamp| {
        let second = now.as_second();
        let form = world.form("alice", "", |claims| {
            (claims["exp"], claims["iat"]) = (json!(second + 60), json!(second));
        });
        world.token_at(&form, now)
    };
    let near = at(end - SignedDuration::from_secs(100));
    assert_eq!((near.status, &near.json()["expires_in"]), (200, &json!(100)));
    assert_eq!(at(end + SignedDuration::from_secs(1)).verdict(), (401, "invalid_client".into()));
}

#[test]
fn introspection_is_for_the_audience_alone() {
    let mut world = World::new();
    let answer = world.token(&world.good("alice", "scope=bob.read"));
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let active = world.introspect("bob", &token);
    assert_eq!((active.status, active.header("cache-control")), (200, Some("no-store")));
    let said = active.json();
    let members: HashSet<_> = said.as_object().unwrap().keys().map(String::as_str).collect();
    let wanted = "active scope client_id sub aud iss exp iat jti token_type cnf";
    assert_eq!(members, wanted.split(' ').collect());
    assert_eq!((&said["active"], &said["scope"], &said["aud"]), (&json!(true), &json!("bob.read"), &json!("bob")));
    assert_eq!(said["cnf"]["serial"], json!(world.certificate("alice").serial.to_hex()));

    let inactive = |answer: Read| assert_eq!((answer.status, answer.body.as_str()), (200, "{\"active\":false}"));
    inactive(world.introspect("carol", &token));
    inactive(world.introspect("alice", &token));
    inactive(world.introspect("bob", "junk"));
    inactive(world.introspect("bob", &format!("{token}A")));
    world.revoke("alice");
    world.settle(|registry| registry.client("alice").unwrap().newest(Timestamp::now()).is_none());
    inactive(world.introspect("bob", &token));
    assert_eq!(world.introspect("alice", &token).verdict(), (401, "invalid_client".into()));
    assert_eq!(world.introspect("bob", "").verdict(), (400, "invalid_request".into()));
}
