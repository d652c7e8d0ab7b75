use super::*;

#[test]
fn a_certificate_is_renewed_with_the_scopes_of_today_and_once_a_minute() {
    let world = World::new();
    let before = world.authority.certificates().unwrap().len();
    let first = world.renew(&world.renewal("alice"));
    assert_eq!((first.status, first.header("cache-control")), (200, Some("no-store")), "{first:?}");
    let renewed = first.json();
    let facts =
        Facts::from_der(&pem::parse(renewed["certificate"].as_str().unwrap()).unwrap().into_contents()).unwrap();
    let old = world.certificate("alice");
    assert_eq!((&facts.spki, &facts.subject), (&old.spki, &old.subject));
    assert_ne!(facts.serial, old.serial);
    assert_eq!(renewed["scopes"], json!(["bob.read", "bob.write"]));
    assert_eq!((&renewed["chain"], &renewed["serial"]), (&json!([]), &json!(facts.serial.to_hex())));
    assert_eq!(renewed["not_after"], json!(facts.not_after.to_string()));

    // Again within the minute, with either certificate: the same one.
    for certificate in [&old, &facts] {
        world.settle(|registry| {
            registry.client("alice").unwrap().newest(Timestamp::now()).unwrap().serial == facts.serial
        });
        let again = world.signed(certificate, world.key("alice"), "http://127.0.0.1:8586/certificates/renew");
        assert_eq!(world.renew(&again).body, first.body);
    }
    assert_eq!(world.authority.certificates().unwrap().len(), before + 1);

    // Other scopes are no matter of once a minute.
    let changed = RenewOptions { scopes: Some(scopes("bob.audit")), ..RenewOptions::new(name("alice")) };
    world.credentials.renew_client(&changed, Timestamp::now(), |_, _| Ok(None)).unwrap();
    world.settle(|registry| *registry.client("alice").unwrap().scopes() == scopes("bob.audit"));
    let mut parts = world.signed(&old, world.key("alice"), "http://as.example/certificates/renew");
    parts.headers.insert("accept", "application/x-pem-file, */*;q=0.1".parse().unwrap());
    let pem = world.renew(&parts);
    assert_eq!(pem.header("content-type"), Some("application/x-pem-file"));
    let facts = Facts::from_der(&pem::parse(pem.body).unwrap().into_contents()).unwrap();
    let value = facts.extension(world.credentials.scopes_oid()).unwrap();
    assert_eq!(extension::decode(&value).unwrap(), scopes("bob.audit"));
}

#[test]
fn many_valid_certificates_are_enough() {
    let world = World::new();
    for _ in 0..63 {
        world.credentials.renew_client(&RenewOptions::new(name("alice")), Timestamp::now(), |_, _| Ok(None)).unwrap();
    }
    world.settle(|registry| registry.client("alice").unwrap().certificates(Timestamp::now()).count() == 64);
    let newest = world.certificate("alice");
    assert_eq!(world.renew(&world.renewal("alice")).json()["serial"], json!(newest.serial.to_hex()));
    assert_eq!(world.authority.certificates().unwrap().len(), 67);
}

#[test]
fn who_may_not_have_a_new_certificate() {
    let mut world = World::new();
    let refused = |answer: Read, reason: &str| assert_eq!(answer.verdict(), (401, reason.to_owned()));
    let replayed = world.renewal("alice");
    assert_eq!(world.renew(&replayed).status, 200);
    refused(world.renew(&replayed), "nonce_reused");
    let elsewhere =
        world.signed(&world.certificate("alice"), world.key("alice"), "http://other.example/certificates/renew");
    refused(world.renew(&elsewhere), "authority_mismatch");
    let mut other_path = world.renewal("alice");
    other_path.uri = "http://as.example/certificates/renew?x".parse().unwrap();
    refused(world.renew(&other_path), "signature_invalid");
    let mut bare = world.renewal("alice");
    bare.headers.clear();
    refused(world.renew(&bare), "credential_missing");

    // Another CA of the same name.
    let other = World::new();
    refused(world.renew(&other.renewal("alice")), "certificate_untrusted");

    // A new key: the old one's certificate is not renewed any more.
    let (old, old_key) = (world.certificate("bob"), world.key("bob"));
    let options = ClientOptions {
        key: ClientKey::New(KeyType::Ed25519),
        common_name: Some("bob.example".into()),
        force: true,
        ..ClientOptions::new(name("bob"), name("primary"), scopes("alice.read"))
    };
    world.credentials.create_client(&options, Timestamp::now(), |_, _| Ok(None)).unwrap();
    let new = world.certificate("bob").serial;
    world.settle(|registry| registry.client("bob").unwrap().newest(Timestamp::now()).unwrap().serial == new);
    refused(world.renew(&world.signed(&old, old_key, "http://as.example/certificates/renew")), "certificate_untrusted");

    // Revoked, by another handle on the database.
    world.revoke("alice");
    world.settle(|registry| registry.client("alice").unwrap().newest(Timestamp::now()).is_none());
    refused(world.renew(&world.renewal("alice")), "certificate_revoked");
    let answer =
        world.runtime.block_on(world.decisions.renew(&world.renewal("bob"), Bytes::from("{}"), Timestamp::now()));
    assert_eq!(answer.response.status(), 400);
}

#[test]
fn the_list_counts_beside_the_registry() {
    let mut world = World::new();
    // A database that was restored from a backup of before the revocation.
    let (database, backup) = (world.credentials.root().join("primary/ca.db"), world.credentials.root().join("backup"));
    let copy = rusqlite::Connection::open(&database).unwrap();
    copy.execute("VACUUM INTO ?1", [backup.to_str().unwrap()]).unwrap();
    world.revoke("alice");
    let list = pem_or_der(std::fs::read(world.authority.crl_path()).unwrap()).unwrap();
    let mut lists = RevocationStore::new();
    lists.offer(RevocationList::verify(&list, &world.authority.certificate().der).unwrap()).unwrap();
    world.decisions.set_lists(lists);
    for file in ["primary/ca.db-wal", "primary/ca.db-shm"] {
        let _ = std::fs::remove_file(world.credentials.root().join(file));
    }
    std::fs::rename(&backup, &database).unwrap();
    std::thread::sleep(Duration::from_millis(400));
    assert!(world.decisions.registry().unwrap().client("alice").unwrap().newest(Timestamp::now()).is_some());
    assert_eq!(world.renew(&world.renewal("alice")).verdict(), (401, "certificate_revoked".into()));
    // What was issued now would be on record in a file that nobody has any more.
    assert_eq!(world.renew(&world.renewal("bob")).status, 503);
}

#[test]
fn below_a_root_the_chain_comes_along() {
    let directory = tempfile::tempdir().unwrap();
    let credentials = Credentials::new(directory.path());
    let now = Timestamp::now();
    let options = |ca: &str| CaOptions { key_type: KeyType::EcP256, ..CaOptions::new(name(ca)) };
    credentials.create_ca(&options("root"), now).unwrap();
    let below = CaOptions { parent: Some(name("root")), ..options("primary") };
    credentials.create_ca(&below, now).unwrap();
    let world = World::of(directory, credentials, now);
    let alice = world.credentials.client(&name("alice")).unwrap();
    let chain: Vec<_> = alice.chain.iter().map(|ca| ca.der.clone()).collect();
    assert_eq!(chain.len(), 1);
    let url = "http://as.example/certificates/renew";
    for chain in [&chain[..], &[]] {
        let renewed = world.renew(&world.signed_with(&alice.certificate, chain, world.key("alice"), url));
        assert_eq!(renewed.status, 200, "{renewed:?}");
        let pem = renewed.json()["chain"][0].as_str().unwrap().to_owned();
        assert_eq!(pem::parse(pem).unwrap().into_contents(), alice.chain[0].der);
    }
    // The CA above has clients of its own, and so has one below: neither are this one's.
    let carol = ClientOptions {
        key: ClientKey::New(KeyType::Ed25519),
        ..ClientOptions::new(name("root-client"), name("root"), scopes("x.y"))
    };
    world.credentials.create_client(&carol, now, |_, _| Ok(None)).unwrap();
    let answer = world.renew(&world.renewal("root-client"));
    assert_eq!(answer.verdict(), (401, "certificate_untrusted".into()));
}
