use super::*;
use crate::{
    key::{KeyType, LocalKey, Signer as _},
    store::{
        Authority, CRL_LIFETIME, CaOptions, ClientKey, ClientOptions, Credentials, Name, RenewOptions, RevocationTarget,
    },
};
use jiff::SignedDuration;
use tempfile::TempDir;

struct World {
    _directory: TempDir,
    credentials: Credentials,
    authority: Authority,
    now: Timestamp,
}

fn name(name: &str) -> Name {
    Name::new(name).unwrap()
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let credentials = Credentials::new(directory.path());
        let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
        let options = CaOptions { key_type: KeyType::EcP256, ..CaOptions::new(name("primary")) };
        let authority = credentials.create_ca(&options, now).unwrap();
        Self { _directory: directory, credentials, authority, now }
    }

    fn reader(&self) -> RegistryReader {
        RegistryReader::open(&self.credentials, &name("primary"), self.now).unwrap()
    }

    fn client(&self, client: &str, common_name: Option<&str>) -> Serial {
        let options = ClientOptions {
            common_name: common_name.map(str::to_owned),
            key: ClientKey::New(KeyType::Ed25519),
            force: true,
            ..ClientOptions::new(name(client), name("primary"), Scopes::parse("bob.user.read").unwrap())
        };
        self.credentials.create_client(&options, self.now, |_, _| Ok(None)).unwrap().certificate.serial
    }

    fn renew(&self, client: &str, scopes: Option<&str>) -> Serial {
        let scopes = scopes.map(|text| Scopes::parse(text).unwrap());
        let options = RenewOptions { scopes, ..RenewOptions::new(name(client)) };
        self.credentials.renew_client(&options, self.now, |_, _| Ok(None)).unwrap().certificate.serial
    }

    fn revoke(&mut self, target: &RevocationTarget<'_>) {
        self.authority.revoke(target, Default::default(), CRL_LIFETIME, self.now).unwrap();
    }
}

#[test]
fn a_client_is_found_by_both_names_and_its_newest_certificate_counts() {
    let world = World::new();
    let first = world.client("alice", Some("alice.example"));
    let mut reader = world.reader();
    assert!(!reader.refresh_if_changed(world.now).unwrap());
    let registry = reader.registry();
    let alice = registry.client("alice").unwrap();
    assert_eq!(registry.client("alice.example"), Some(alice));
    assert!(registry.client("Alice").is_none() && registry.client("primary").is_none());
    assert!(alice.goes_by("alice", world.now) && alice.goes_by("alice.example", world.now));
    assert!(!alice.goes_by("bob", world.now));
    assert_eq!(alice.newest(world.now).unwrap().serial, first);
    let files = world.credentials.client(&name("alice")).unwrap();
    assert_eq!(alice.key().unwrap(), files.signer().unwrap().public_key());
    assert_eq!(alice.newest(world.now).unwrap().sha256, sha256(&files.certificate.der));
    assert!(matches!(registry.certificate(&first), Standing::Issued(client, _) if client == alice));

    let second = world.renew("alice", Some("bob.user.write"));
    assert!(reader.refresh_if_changed(world.now).unwrap());
    let registry = reader.registry();
    let renewed = registry.client("alice").unwrap();
    assert_eq!(renewed.scopes().to_string(), "bob.user.write");
    let serials: Vec<_> = renewed.certificates(world.now).map(|c| &c.serial).collect();
    assert_eq!(serials, [&second, &first]);
    assert!(Arc::ptr_eq(&renewed.key, &alice.key), "the key is not parsed again");
    let later = renewed.newest(world.now).unwrap().not_after + SignedDuration::from_secs(1);
    assert_eq!(renewed.newest(later), None);
}

#[test]
fn a_revocation_by_another_process_is_seen_and_the_older_certificate_is_left() {
    let mut world = World::new();
    let (first, second) = (world.client("alice", None), world.renew("alice", None));
    let mut reader = world.reader();
    world.revoke(&RevocationTarget::Serial(second.clone()));
    assert!(reader.refresh_if_changed(world.now).unwrap());
    let registry = reader.registry();
    assert_eq!(registry.certificate(&second), Standing::Revoked);
    assert_eq!(registry.client("alice").unwrap().newest(world.now).unwrap().serial, first);
    world.revoke(&RevocationTarget::Client(&name("alice")));
    assert!(reader.refresh_if_changed(world.now).unwrap());
    assert_eq!(reader.registry().client("alice").unwrap().newest(world.now), None);
    assert_eq!(reader.registry().certificate(&Serial::parse("77").unwrap()), Standing::Unknown);
}

#[test]
fn a_certificate_of_another_key_says_nothing_of_this_one() {
    let mut world = World::new();
    let first = world.client("alice", Some("alice.example"));
    let second = world.client("alice", Some("alice.example"));
    let mut reader = world.reader();
    let newest = |reader: &RegistryReader, now| {
        reader.registry().client("alice").unwrap().newest(now).map(|certificate| certificate.serial.clone())
    };
    assert_eq!(newest(&reader, world.now), Some(second.clone()));
    let compromised = crate::crl::issue::RevocationReason::KeyCompromise;
    world.authority.revoke(&RevocationTarget::Serial(second), compromised, CRL_LIFETIME, world.now).unwrap();
    assert!(reader.refresh_if_changed(world.now).unwrap());
    let whole = world.reader();
    for reader in [&reader, &whole] {
        let registry = reader.registry();
        assert_eq!(newest(reader, world.now), None);
        assert!(!registry.client("alice").unwrap().goes_by("alice.example", world.now));
        assert!(matches!(registry.certificate(&first), Standing::Issued(..)), "its tokens are not revoked");
    }
}

#[test]
fn a_revocation_that_narrows_a_client_is_seen_with_the_scopes() {
    let mut world = World::new();
    world.client("alice", None);
    let wider = world.renew("alice", Some("bob.user.read bob.admin"));
    let mut reader = world.reader();
    assert_eq!(reader.registry().client("alice").unwrap().scopes().to_string(), "bob.user.read bob.admin");
    world.revoke(&RevocationTarget::Serial(wider));
    assert!(reader.refresh_if_changed(world.now).unwrap());
    assert_eq!(reader.registry().client("alice").unwrap().scopes().to_string(), "bob.user.read");
}

#[test]
fn a_client_whose_new_certificate_is_first_seen_revoked_has_its_new_key() {
    let mut world = World::new();
    world.client("alice", None);
    let mut reader = world.reader();
    let second = world.client("alice", None);
    world.revoke(&RevocationTarget::Serial(second.clone()));
    assert!(reader.refresh_if_changed(world.now).unwrap());
    let registry = reader.registry();
    let alice = registry.client("alice").unwrap();
    let files = world.credentials.client(&name("alice")).unwrap();
    assert_eq!(alice.spki(), files.certificate.spki);
    assert_eq!((alice.newest(world.now), registry.certificate(&second)), (None, Standing::Revoked));
}

#[test]
fn a_ca_that_was_replaced_or_is_gone_is_an_error() {
    let world = World::new();
    world.client("alice", None);
    let mut reader = world.reader();
    let (own, elsewhere) = (world.credentials.root().join("primary"), world.credentials.root().join("elsewhere"));
    std::fs::rename(&own, &elsewhere).unwrap();
    assert!(reader.refresh_if_changed(world.now).is_err());
    let options = CaOptions { key_type: KeyType::EcP256, ..CaOptions::new(name("primary")) };
    world.credentials.create_ca(&options, world.now).unwrap();
    world.client("mallory", None);
    for _ in 0..2 {
        assert!(reader.refresh_if_changed(world.now).is_err());
        assert!(reader.registry().client("mallory").is_none() && reader.registry().client("alice").is_some());
    }
    std::fs::remove_dir_all(&own).unwrap();
    std::fs::rename(&elsewhere, &own).unwrap();
    assert!(!reader.refresh_if_changed(world.now).unwrap());
}

#[test]
fn a_database_that_could_not_be_read_is_no_database_that_did_not_change() {
    let world = World::new();
    world.client("alice", None);
    let mut reader = world.reader();
    let path = world.credentials.root().join("primary/ca.db");
    let aside = path.with_file_name("aside.db");
    std::fs::rename(&path, &aside).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE other (x)").unwrap();
    for _ in 0..2 {
        assert!(reader.refresh_if_changed(world.now).is_err());
    }
    std::fs::rename(&aside, &path).unwrap();
    assert!(!reader.refresh_if_changed(world.now).unwrap());
}

#[test]
fn what_had_expired_by_a_clock_that_ran_ahead_is_read_again() {
    let world = World::new();
    let serial = world.client("alice", None);
    let ahead = world.now + SignedDuration::from_hours(24 * 4000);
    let mut reader = RegistryReader::open(&world.credentials, &name("primary"), ahead).unwrap();
    assert_eq!(reader.registry().certificate(&serial), Standing::Unknown);
    assert!(reader.refresh_if_changed(world.now).unwrap());
    assert!(reader.registry().client("alice").unwrap().newest(world.now).is_some());
    assert!(!reader.refresh_if_changed(world.now).unwrap());
}

/// Whatever happened, and in whatever steps it was read: the registry is the one that is read at once.
#[test]
fn what_is_read_in_steps_is_what_is_read_at_once() {
    let mut world = World::new();
    world.now += SignedDuration::from_hours(1);
    let mut reader = world.reader();
    let mut serials = Vec::new();
    for step in 0..40_u32 {
        let client = format!("client{}", step % 5);
        // The clock is set back now and then.
        world.now += SignedDuration::from_secs(if step % 7 == 6 { -90 } else { 1 });
        match step % 4 {
            _ if step < 5 => serials.push(world.client(&client, None)),
            0 => serials.push(world.client(&client, Some(&format!("{client}.example")))),
            1 => serials.push(world.renew(&client, Some(&format!("bob.scope{step}")))),
            2 => world.revoke(&RevocationTarget::Serial(serials[usize::try_from(step / 2).unwrap()].clone())),
            _ => {
                world.authority.publish_crl(CRL_LIFETIME, world.now).unwrap();
            }
        }
        if step % 3 == 0 {
            continue;
        }
        assert!(reader.refresh_if_changed(world.now).unwrap(), "{step}");
        let (stepwise, whole) = (reader.registry(), world.reader().registry());
        assert_eq!(stepwise.len(), whole.len());
        for client in (0..5).flat_map(|n| [format!("client{n}"), format!("client{n}.example")]) {
            let (one, other) = (stepwise.client(&client), whole.client(&client));
            assert_eq!(
                one.map(|c| c.certificates(world.now).collect::<Vec<_>>()),
                other.map(|c| c.certificates(world.now).collect())
            );
            assert_eq!(one.map(|c| (c.scopes(), c.spki())), other.map(|c| (c.scopes(), c.spki())));
        }
        for serial in &serials {
            let revoked = |registry: &Registry| registry.certificate(serial) == Standing::Revoked;
            assert_eq!(revoked(&stepwise), revoked(&whole));
        }
    }
}

#[test]
fn an_unknown_kind_of_key_is_no_key() {
    let client = RegisteredClient::new("x".into(), vec![1, 2, 3], Scopes::default());
    assert!(client.key().is_none());
    let key = LocalKey::generate(KeyType::Ed25519).unwrap();
    let client = RegisteredClient::new("x".into(), key.public_key().spki_der().to_vec(), Scopes::default());
    assert_eq!(client.key(), Some(key.public_key()));
}

/// Run with `--release --ignored --nocapture`: how long it takes to read many clients, and to keep up with them.
#[test]
#[ignore = "takes a minute to make its clients"]
fn a_hundred_thousand_clients() {
    const CLIENTS: usize = 100_000;
    let world = World::new();
    let first = world.client("alice", None);
    let path = world.credentials.root().join("primary/ca.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch("BEGIN").unwrap();
    let copy = "INSERT INTO clients SELECT ?1, spki, scopes, updated_at FROM clients WHERE name = 'alice'";
    let issue = "INSERT INTO certificates SELECT ?2, ?1, ca, ?1, organization, scopes, not_before, not_after, issued_at, \
        revoked_at, reason, der FROM certificates WHERE client = 'alice'";
    for number in 0..CLIENTS {
        let client = format!("client{number:06}");
        connection.prepare_cached(copy).unwrap().execute([&client]).unwrap();
        let serial = Serial::parse(&(number + 1).to_string()).unwrap();
        connection.prepare_cached(issue).unwrap().execute((&client, serial.as_bytes())).unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
    let start = std::time::Instant::now();
    let mut reader = world.reader();
    println!("{} clients read in {:?}", reader.registry().len(), start.elapsed());
    let start = std::time::Instant::now();
    for _ in 0..1000 {
        assert!(!reader.refresh_if_changed(world.now).unwrap());
    }
    println!("no change found in {:?}", start.elapsed() / 1000);
    let held = reader.registry();
    connection
        .execute("UPDATE certificates SET revoked_at = 7, reason = 0 WHERE serial = ?1", [first.as_bytes()])
        .unwrap();
    let start = std::time::Instant::now();
    assert!(reader.refresh_if_changed(world.now).unwrap());
    println!("one revocation read in {:?}", start.elapsed());
    drop(held);
}
