//! The credentials directory: what is made, what is refused, and what OpenSSL says to it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod names;
mod read_only;

use certauthz::{
    cert::{Lifetime, Serial, csr, facts::Facts},
    crl::issue::RevocationReason,
    error::Error,
    key::{KeyType, Signer as _},
    scope::Scopes,
    store::{
        Authority, CRL_LIFETIME, CaOptions, ClientKey, ClientOptions, Credentials, IssuedClient, Kind, Name,
        RenewOptions, RevocationTarget, Status,
    },
};
use jiff::{SignedDuration, Timestamp};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap()
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn ca_options(text: &str) -> CaOptions {
    CaOptions { key_type: KeyType::EcP256, ..CaOptions::new(name(text)) }
}

fn client_options(text: &str, ca: &str) -> ClientOptions {
    let scopes = Scopes::parse("bob.user.read bob.user.write").unwrap();
    ClientOptions { key: ClientKey::New(KeyType::EcP256), ..ClientOptions::new(name(text), name(ca), scopes) }
}

fn some_token(_: &Authority, client: &IssuedClient) -> certauthz::error::Result<Option<String>> {
    Ok(Some(format!("token of {}", client.name)))
}

struct World {
    dir: TempDir,
    credentials: Credentials,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let credentials = Credentials::new(dir.path().join("credentials"));
        Self { dir, credentials }
    }

    fn with_ca() -> Self {
        let world = Self::new();
        world.credentials.create_ca(&ca_options("primary"), now()).unwrap();
        world
    }

    fn client(&self, text: &str) -> IssuedClient {
        self.credentials.create_client(&client_options(text, "primary"), now(), some_token).unwrap()
    }

    fn path(&self, path: &str) -> PathBuf {
        self.credentials.root().join(path)
    }

    fn authority(&self) -> Authority {
        self.credentials.authority(&name("primary")).unwrap()
    }
}

/// What OpenSSL prints, or nothing where there is none.
fn openssl(args: &[&str]) -> Option<(bool, String)> {
    match Command::new("openssl").args(args).output() {
        Ok(out) => {
            let text = [out.stdout, out.stderr].concat();
            Some((out.status.success(), String::from_utf8_lossy(&text).into_owned()))
        }
        Err(error) => {
            eprintln!("skipped: there is no openssl to ask ({error})");
            None
        }
    }
}

fn judge(args: &[&str], wanted: &[&str]) {
    let Some((fine, text)) = openssl(args) else { return };
    assert!(fine, "openssl {args:?}: {text}");
    for wanted in wanted {
        assert!(text.contains(wanted), "openssl {args:?}: no {wanted:?} in {text}");
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn leftovers(directory: &Path) -> Vec<String> {
    let names = fs::read_dir(directory).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    names.filter(|n| n.starts_with('.')).collect()
}

#[test]
fn files_and_modes_are_the_contract() {
    let world = World::with_ca();
    world.client("alice");
    for (directory, secret, public) in [
        ("primary", &["ca.key", "ca.db"][..], &["ca.pub", "ca.crt", "ca.crl"][..]),
        ("alice", &["client.key", "token.jwt"], &["client.pub", "client.crt"]),
    ] {
        assert_eq!(mode(&world.path(directory)), 0o700);
        secret.iter().for_each(|f| assert_eq!(mode(&world.path(directory).join(f)), 0o600, "{f}"));
        public.iter().for_each(|f| assert_eq!(mode(&world.path(directory).join(f)), 0o644, "{f}"));
        let count = fs::read_dir(world.path(directory)).unwrap().count();
        assert_eq!(count, secret.len() + public.len(), "{directory}");
    }
    assert_eq!(mode(world.credentials.root()), 0o700);
    assert!(leftovers(world.credentials.root()).is_empty());
    assert_eq!(world.credentials.ca_names().unwrap(), [name("primary")]);
    assert_eq!(world.credentials.client_names().unwrap(), [name("alice")]);
    assert_eq!(world.credentials.read_token(&name("alice")).unwrap(), "token of alice");
}

#[test]
fn every_key_type_is_what_openssl_expects() {
    for (i, key_type) in
        [KeyType::Rsa(2048), KeyType::EcP256, KeyType::EcP384, KeyType::Ed25519].into_iter().enumerate()
    {
        let world = World::new();
        let options = CaOptions {
            key_type,
            organization: Some("Acme & Söhne".into()),
            crl_url: Some("http://crl.example/ca.crl".into()),
            ..CaOptions::new(name("primary"))
        };
        world.credentials.create_ca(&options, now()).unwrap();
        let mut options = client_options("alice", "primary");
        options.key = ClientKey::New([KeyType::EcP384, KeyType::Ed25519, KeyType::Rsa(2048), KeyType::EcP256][i]);
        options.organization = Some("Acme".into());
        world.credentials.create_client(&options, now(), some_token).unwrap();
        let (ca, crl, alice) =
            (world.path("primary/ca.crt"), world.path("primary/ca.crl"), world.path("alice/client.crt"));
        judge(&["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", text(&ca), text(&alice)], &["OK"]);
        judge(
            &["verify", "-x509_strict", "-crl_check", "-CAfile", text(&ca), "-CRLfile", text(&crl), text(&alice)],
            &["OK"],
        );
        judge(&["crl", "-in", text(&crl), "-CAfile", text(&ca), "-noout"], &["verify OK"]);
        judge(&["pkey", "-in", text(&world.path("alice/client.key")), "-noout"], &[]);
        judge(
            &["x509", "-in", text(&alice), "-noout", "-text", "-certopt", "ext_parse"],
            &[
                "Version: 3",
                "X509v3 Key Usage: critical\n                Digital Signature",
                "X509v3 Extended Key Usage: \n                TLS Web Client Authentication",
                "X509v3 Basic Constraints: critical\n                CA:FALSE",
                "URI:http://crl.example/ca.crl",
                "X509v3 Subject Key Identifier",
                "X509v3 Authority Key Identifier",
                "2.25.4309002870052747561: \n",
                "bob.user.write",
            ],
        );
        judge(
            &["x509", "-in", text(&ca), "-noout", "-text"],
            &["CA:TRUE, pathlen:1", "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign"],
        );
    }
}

#[test]
fn nothing_is_overwritten_without_force() {
    let world = World::with_ca();
    let first = world.client("alice");
    let again = world.credentials.create_client(&client_options("alice", "primary"), now(), some_token);
    assert!(matches!(again, Err(Error::AlreadyExists { .. })));
    assert!(matches!(world.credentials.create_ca(&ca_options("primary"), now()), Err(Error::AlreadyExists { .. })));
    let present = world.credentials.client(&name("alice")).unwrap();
    assert_eq!(present.certificate, first.certificate);

    let forced = ClientOptions { force: true, ..client_options("alice", "primary") };
    let second = world.credentials.create_client(&forced, now(), some_token).unwrap();
    assert_ne!(second.certificate.spki, first.certificate.spki);
    assert_eq!(world.credentials.client(&name("alice")).unwrap().certificate, second.certificate);
    assert_eq!(world.authority().certificates().unwrap().len(), 3);

    // A client never takes the place of a CA, nor a CA that of a client.
    let clash = ClientOptions { force: true, ..client_options("primary", "primary") };
    let clash = world.credentials.create_client(&clash, now(), some_token);
    assert!(matches!(clash, Err(Error::NotAllowed { .. })));
    let clash = CaOptions { force: true, ..ca_options("alice") };
    assert!(matches!(world.credentials.create_ca(&clash, now()), Err(Error::NotAllowed { .. })));

    let replaced = CaOptions { force: true, ..ca_options("primary") };
    let mut ca = world.credentials.create_ca(&replaced, now()).unwrap();
    assert_eq!(ca.certificates().unwrap().len(), 1);
    let orphan = world.credentials.renew_client(&RenewOptions::new(name("alice")), now(), some_token).unwrap_err();
    assert!(orphan.hint().unwrap().contains("--force"), "{orphan}");
    ca.publish_crl(CRL_LIFETIME, now()).unwrap();
}

#[test]
fn nobody_outlives_the_issuer() {
    let world = World::new();
    let at = now();
    let options = CaOptions { lifetime: Some(Lifetime::hours(24)), ..ca_options("primary") };
    world.credentials.create_ca(&options, at).unwrap();
    let end = at + SignedDuration::from_hours(24);
    let mut options = client_options("alice", "primary");
    // The default stops at the CA's end, an explicit end past it is an error.
    let client = world.credentials.create_client(&options, at, some_token).unwrap();
    assert_eq!(client.certificate.not_after, end);
    assert_eq!(client.certificate.not_before, at - SignedDuration::from_secs(60));
    options.name = name("bob");
    for lifetime in [Lifetime::hours(25), Lifetime::Until(Timestamp::MAX)] {
        options.lifetime = Some(lifetime);
        let error = world.credentials.create_client(&options, at, some_token).unwrap_err();
        assert!(matches!(error, Error::NotAllowed { .. }) && error.to_string().contains(&end.to_string()), "{error}");
    }
    options.lifetime = Some(Lifetime::Until("1969-01-01T00:00:00Z".parse().unwrap()));
    assert!(world.credentials.create_client(&options, at, some_token).unwrap_err().is_usage());
    options.lifetime = Some(Lifetime::Until(end));
    world.credentials.create_client(&options, at, some_token).unwrap();
    let sub = CaOptions { parent: Some(name("primary")), lifetime: Some(Lifetime::hours(25)), ..ca_options("sub") };
    assert!(matches!(world.credentials.create_ca(&sub, at), Err(Error::NotAllowed { .. })));
    assert!(!world.path("sub").exists());

    // A clock that jumped, either way.
    options.name = name("carol");
    options.lifetime = None;
    for wrong in [end + SignedDuration::from_secs(1), at - SignedDuration::from_hours(1)] {
        let error = world.credentials.create_client(&options, wrong, some_token).unwrap_err();
        assert!(error.hint().unwrap().contains("clock"), "{error}");
    }
    assert!(!world.path("carol").exists());
}

#[test]
fn the_year_2050_changes_the_encoding_of_times() {
    let world = World::new();
    for (ca, end, wanted) in [
        ("before", "2049-12-31T23:59:59Z", &b"\x17\x0d491231235959Z"[..]),
        ("after", "2050-01-01T00:00:00Z", b"\x18\x0f20500101000000Z"),
        ("latest", "9999-12-30T22:00:00Z", b"\x18\x0f99991230220000Z"),
    ] {
        let options = CaOptions { lifetime: Some(Lifetime::Until(end.parse().unwrap())), ..ca_options(ca) };
        let ca = world.credentials.create_ca(&options, now()).unwrap();
        assert!(ca.certificate().der.windows(wanted.len()).any(|w| w == wanted), "{end}");
        assert_eq!(ca.certificate().not_after.to_string(), end);
    }
}

#[test]
fn an_intermediate_issues_and_its_clients_bring_the_chain() {
    let world = World::with_ca();
    let sub = CaOptions { parent: Some(name("primary")), ..ca_options("sub") };
    let sub = world.credentials.create_ca(&sub, now()).unwrap();
    assert_eq!(sub.certificate().path_len, Some(0));
    assert_eq!(sub.chain(), [world.authority().certificate().clone()]);
    let alice = world.credentials.create_client(&client_options("alice", "sub"), now(), some_token).unwrap();
    let read = world.credentials.client(&name("alice")).unwrap();
    assert_eq!(read.chain, [sub.certificate().clone()]);
    assert_eq!(world.credentials.ca_of(&read).unwrap(), name("sub"));
    assert_eq!(alice.certificate, read.certificate);
    let (ca, chain, crt) =
        (world.path("primary/ca.crt"), world.path("alice/chain.crt"), world.path("alice/client.crt"));
    judge(&["verify", "-x509_strict", "-CAfile", text(&ca), "-untrusted", text(&chain), text(&crt)], &["OK"]);

    let below = CaOptions { parent: Some(name("sub")), ..ca_options("subsub") };
    let error = world.credentials.create_ca(&below, now()).unwrap_err();
    assert!(matches!(error, Error::NotAllowed { .. }) && error.to_string().contains("pathLen 0"), "{error}");
    let unknown = CaOptions { parent: Some(name("nobody")), ..ca_options("x") };
    assert!(matches!(world.credentials.create_ca(&unknown, now()), Err(Error::NotFound { .. })));

    // The parent knows it, and can revoke it.
    let mut primary = world.authority();
    let record = primary.certificates().unwrap().pop().unwrap();
    assert_eq!((record.kind, record.name.as_str()), (Kind::Ca, "sub"));
    let target = RevocationTarget::Serial(sub.certificate().serial.clone());
    primary.revoke(&target, RevocationReason::CaCompromise, CRL_LIFETIME, now()).unwrap();
    judge(&["crl", "-in", text(&world.path("primary/ca.crl")), "-noout", "-text"], &["CA Compromise"]);
    let own = RevocationTarget::Serial(primary.certificate().serial.clone());
    let error = primary.revoke(&own, RevocationReason::default(), CRL_LIFETIME, now()).unwrap_err();
    assert!(matches!(error, Error::NotAllowed { .. }), "{error}");
}

#[test]
fn revoking_by_client_serial_and_certificate() {
    let world = World::with_ca();
    let (alice, bob) = (world.client("alice"), world.client("bob"));
    let renewed = world.credentials.renew_client(&RenewOptions::new(name("alice")), now(), some_token).unwrap();
    let mut ca = world.authority();
    assert_eq!(ca.crl_state().unwrap().number, 1);

    let target = RevocationTarget::Client(&alice.name);
    let done = ca.revoke(&target, RevocationReason::KeyCompromise, CRL_LIFETIME, now()).unwrap();
    assert_eq!(done.revoked, [alice.certificate.serial.clone(), renewed.certificate.serial.clone()]);
    assert_eq!(done.crl.number, 2);
    let crl = world.path("primary/ca.crl");
    judge(
        &["crl", "-in", text(&crl), "-noout", "-text"],
        &["Key Compromise", "X509v3 CRL Number: \n                2"],
    );

    // Twice is fine: the first date and reason stay, and the list is published again.
    let later = now() + SignedDuration::from_secs(100);
    let again = ca.revoke(&target, RevocationReason::Superseded, CRL_LIFETIME, later).unwrap();
    assert_eq!((again.revoked.len(), again.already.len(), again.crl.number), (0, 2, 3));
    let record = ca.certificate_by_serial(&alice.certificate.serial).unwrap().unwrap();
    assert_eq!(record.revocation.unwrap().reason, RevocationReason::KeyCompromise);
    assert_eq!(record.status(later), Status::Revoked);
    let error = world.credentials.renew_client(&RenewOptions::new(name("alice")), now(), some_token).unwrap_err();
    assert!(error.to_string().contains("revoked"), "{error}");

    let unknown = RevocationTarget::Serial(Serial::parse("12345").unwrap());
    let error = ca.revoke(&unknown, RevocationReason::default(), CRL_LIFETIME, now()).unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
    let nobody = name("nobody");
    let error = ca.revoke(&RevocationTarget::Client(&nobody), RevocationReason::default(), CRL_LIFETIME, now());
    assert!(matches!(error, Err(Error::NotFound { .. })));
    assert_eq!(ca.crl_state().unwrap().number, 3, "a refused revocation takes no number");

    let pem = fs::read(world.path("bob/client.crt")).unwrap();
    let done =
        ca.revoke(&RevocationTarget::Certificate(&pem), RevocationReason::default(), CRL_LIFETIME, now()).unwrap();
    assert_eq!(done.revoked, std::slice::from_ref(&bob.certificate.serial));
    let ca_file = world.path("primary/ca.crt");
    if let Some((fine, text)) = openssl(&[
        "verify",
        "-crl_check",
        "-CAfile",
        text(&ca_file),
        "-CRLfile",
        text(&crl),
        text(&world.path("bob/client.crt")),
    ]) {
        assert!(!fine && text.contains("revoked"), "{text}");
    }

    let mut other = world.credentials.create_ca(&ca_options("other"), now()).unwrap();
    let target = RevocationTarget::Certificate(&bob.certificate.der);
    let error = other.revoke(&target, RevocationReason::default(), CRL_LIFETIME, now()).unwrap_err();
    assert!(matches!(error, Error::NotAllowed { .. }), "{error}");
    for junk in [&b""[..], b"junk", b"\x30\x03abc", b"-----BEGIN CERTIFICATE-----\nAAAA\n"] {
        let target = RevocationTarget::Certificate(junk);
        assert!(other.revoke(&target, RevocationReason::default(), CRL_LIFETIME, now()).is_err());
    }
}

#[test]
fn an_entry_stays_until_one_list_after_the_end() {
    let world = World::with_ca();
    let at = now();
    let options = ClientOptions { lifetime: Some(Lifetime::hours(1)), ..client_options("alice", "primary") };
    let alice = world.credentials.create_client(&options, at, some_token).unwrap();
    let mut ca = world.authority();
    let serial = alice.certificate.serial.to_hex();
    ca.revoke(&RevocationTarget::Client(&alice.name), RevocationReason::default(), CRL_LIFETIME, at).unwrap();
    let listed = || {
        let crl = pem::parse(fs::read(world.path("primary/ca.crl")).unwrap()).unwrap().into_contents();
        let bytes = Serial::parse(&format!("0x{serial}")).unwrap();
        crl.windows(bytes.as_bytes().len()).any(|w| w == bytes.as_bytes())
    };
    assert!(listed());
    let hours = |h| at + SignedDuration::from_hours(h);
    for (when, wanted) in
        [(hours(0), true), (hours(2), true), (hours(3), false), (hours(0), true), (hours(3), true), (hours(3), false)]
    {
        ca.publish_crl(CRL_LIFETIME, when).unwrap();
        assert_eq!(listed(), wanted, "{when}");
    }
    let error = ca.revoke(&RevocationTarget::Client(&alice.name), RevocationReason::default(), CRL_LIFETIME, hours(3));
    assert!(matches!(error, Err(Error::NotAllowed { .. })));
}

#[test]
fn serial_numbers_are_unique() {
    let world = World::with_ca();
    let mut options =
        ClientOptions { serial: Some(Serial::parse("4711").unwrap()), ..client_options("alice", "primary") };
    world.credentials.create_client(&options, now(), some_token).unwrap();
    options.name = name("bob");
    let error = world.credentials.create_client(&options, now(), some_token).unwrap_err();
    assert!(matches!(error, Error::NotAllowed { .. }) && error.to_string().contains("used"), "{error}");
    assert!(!world.path("bob").exists() && leftovers(world.credentials.root()).is_empty());
    assert!(!world.authority().clients().unwrap().iter().any(|c| c.name == "bob"));
}

#[test]
fn a_csr_keeps_its_key_and_loses_its_wishes() {
    let world = World::with_ca();
    let (key, request) = (world.dir.path().join("k.pem"), world.dir.path().join("r.csr"));
    for (i, algorithm) in
        [&["rsa:2048"][..], &["ec", "-pkeyopt", "ec_paramgen_curve:P-384"], &["ed25519"]].iter().enumerate()
    {
        let mut args = vec!["req", "-new", "-nodes", "-newkey"];
        args.extend(*algorithm);
        args.extend(["-keyout", text(&key), "-out", text(&request), "-subj", "/CN=root/O=wishes"]);
        args.extend(["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "tlsfeature=status_request"]);
        let Some((fine, said)) = openssl(&args) else { return };
        assert!(fine, "{said}");
        let bytes = fs::read(&request).unwrap();
        let public = csr::public_key(&bytes).unwrap();
        let options = ClientOptions {
            key: ClientKey::Existing(csr::public_key(pem::parse(&bytes).unwrap().contents()).unwrap()),
            ..client_options(&format!("carol{i}"), "primary")
        };
        let carol = world.credentials.create_client(&options, now(), some_token).unwrap();
        assert_eq!(carol.certificate.spki, public.spki_der());
        assert!(!carol.certificate.is_ca);
        assert_eq!(carol.certificate.common_name.as_deref(), Some(&*format!("carol{i}")));
        assert!(!carol.directory.join("client.key").exists());
        let read = world.credentials.client(&carol.name).unwrap();
        assert!(matches!(read.signer(), Err(Error::NotFound { .. })));
        let renewed =
            world.credentials.renew_client(&RenewOptions::new(carol.name.clone()), now(), some_token).unwrap();
        assert_eq!(renewed.certificate.spki, public.spki_der());

        let mut der = pem::parse(&bytes).unwrap().into_contents();
        let last = der.len() - 5;
        der[last] ^= 1;
        assert!(csr::public_key(&der).unwrap_err().to_string().contains("signature"));
        assert!(csr::public_key(&der[..der.len() / 2]).is_err());
        assert!(csr::public_key(&bytes[..bytes.len() / 2]).is_err());
    }
    for junk in [&b""[..], b"0", b"\x30\x80\x00\x00", &[0x30; 70_000]] {
        assert!(csr::public_key(junk).is_err());
    }
}

#[test]
fn renewing_keeps_the_key() {
    let world = World::with_ca();
    let alice = world.client("alice");
    let mut options = RenewOptions::new(name("alice"));
    let same = world.credentials.renew_client(&options, now(), some_token).unwrap();
    assert_eq!((&same.certificate.spki, &same.scopes), (&alice.certificate.spki, &alice.scopes));
    assert_ne!(same.certificate.serial, alice.certificate.serial);
    options.scopes = Some(Scopes::parse("other").unwrap());
    world.credentials.renew_client(&options, now(), |_, _| Ok(Some("new".into()))).unwrap();
    let read = world.credentials.client(&name("alice")).unwrap();
    assert_eq!(world.credentials.scopes_of(&read).unwrap().to_string(), "other");
    assert_eq!(world.credentials.read_token(&name("alice")).unwrap(), "new");
    let ca = world.authority();
    assert_eq!(ca.clients().unwrap()[0].scopes.to_string(), "other");
    assert_eq!(ca.certificates().unwrap().len(), 4);
    let unknown = world.credentials.renew_client(&RenewOptions::new(name("nobody")), now(), some_token).unwrap_err();
    assert!(matches!(unknown, Error::NotFound { .. }), "{unknown}");
}

#[test]
fn broken_files_are_named_with_a_next_step() {
    type Damage<'a> = (&'a str, &'a dyn Fn(&Path));
    let damage: &[Damage<'_>] = &[
        ("primary/ca.db", &|p| fs::remove_file(p).unwrap()),
        ("primary/ca.db", &|p| fs::write(p, b"").unwrap()),
        ("primary/ca.key", &|p| truncate(p, 2)),
        ("primary/ca.key", &|p| fs::write(p, b"").unwrap()),
        ("primary/ca.key", &|p| fs::remove_file(p).unwrap()),
        ("primary/ca.crt", &|p| truncate(p, 2)),
        ("primary/ca.crt", &|p| fs::write(p, "x".repeat(2_000_000)).unwrap()),
        ("primary/ca.key", &|p| {
            let other = certauthz::key::LocalKey::generate(KeyType::EcP256).unwrap();
            fs::write(p, other.to_pem().as_bytes()).unwrap();
        }),
    ];
    for (file, damage) in damage {
        let world = World::with_ca();
        damage(&world.path(file));
        let error = world.credentials.authority(&name("primary")).unwrap_err();
        assert!(error.to_string().contains(file) && error.hint().is_some(), "{file}: {error}");
        assert!(world.credentials.create_client(&client_options("alice", "primary"), now(), some_token).is_err());
        assert!(!world.path("alice").exists());
    }
    let world = World::with_ca();
    fs::write(world.path("primary/ca.db"), "no database at all".repeat(100)).unwrap();
    let error = world.credentials.authority(&name("primary")).unwrap_err();
    assert!(error.to_string().contains("ca.db") && error.hint().is_some(), "{error}");

    let world = World::with_ca();
    world.client("alice");
    world.client("bob");
    fs::copy(world.path("bob/client.key"), world.path("alice/client.key")).unwrap();
    let error = world.credentials.client(&name("alice")).unwrap_err();
    assert!(error.to_string().contains("does not belong") && error.hint().is_some(), "{error}");
    fs::remove_file(world.path("bob/client.crt")).unwrap();
    assert!(matches!(world.credentials.client(&name("bob")), Err(Error::NotFound { .. })));

    // What a verifier reads needs neither key nor database.
    fs::remove_file(world.path("primary/ca.key")).unwrap();
    fs::remove_file(world.path("primary/ca.db")).unwrap();
    let facts = world.credentials.ca_facts(&name("primary")).unwrap();
    assert_eq!(facts.issuer_url, None);
    assert!(Facts::from_der(&facts.certificate.der).is_ok());
    let unknown = world.credentials.authority(&name("nobody")).unwrap_err();
    assert!(matches!(unknown, Error::NotFound { .. }) && unknown.hint().unwrap().contains("ca list"), "{unknown}");
}

fn truncate(path: &Path, divisor: usize) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() / divisor]).unwrap();
}

#[test]
fn a_failing_token_leaves_nothing() {
    let world = World::with_ca();
    let failed = world.credentials.create_client(&client_options("alice", "primary"), now(), |ca, client| {
        assert_eq!(ca.issuer_url()?, "http://127.0.0.1:8586");
        assert_eq!(ca.signer().public_key().key_type(), KeyType::EcP256);
        assert_eq!(client.scopes.len(), 2);
        Err(Name::new("").unwrap_err())
    });
    assert!(failed.is_err());
    assert!(!world.path("alice").exists() && leftovers(world.credentials.root()).is_empty());
    assert_eq!(world.authority().certificates().unwrap().len(), 1);
}
