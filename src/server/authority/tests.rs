//! The decisions, without a network.

use super::{DecisionOptions, Decisions, form::MAX_FORM};
use crate::{
    authz::{ASSERTION_TYPE, Authorities},
    cert::{extension, facts::Facts},
    client::{OutgoingRequest, RequestSigner},
    crl::{RevocationList, RevocationStore, pem_or_der},
    key::{KeyType, LocalKey, PublicKey, Signer as _},
    scope::Scopes,
    server::answer::Answer,
    store::{
        Authority, CRL_LIFETIME, CaOptions, ClientKey, ClientOptions, Credentials, Name, RenewOptions, RevocationTarget,
    },
    token::TokenVerifier,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Uri, header::CONTENT_TYPE, request::Parts};
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::{collections::HashSet, time::Duration};
use tempfile::TempDir;

const ISSUER: &str = "http://127.0.0.1:8586";

struct World {
    _directory: TempDir,
    credentials: Credentials,
    authority: Authority,
    decisions: Decisions,
    runtime: tokio::runtime::Runtime,
}

/// An answer that has been read.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Read {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Status, and the OAuth error or the reason.
    fn verdict(&self) -> (u16, String) {
        let json: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let word = json["error"].as_str().or(json["reason"].as_str()).unwrap_or_default();
        (self.status, word.to_owned())
    }
}

fn name(name: &str) -> Name {
    Name::new(name).unwrap()
}

fn scopes(text: &str) -> Scopes {
    Scopes::parse(text).unwrap()
}

impl World {
    fn new() -> Self {
        Self::with(KeyType::EcP256)
    }

    fn with(key_type: KeyType) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let credentials = Credentials::new(directory.path());
        let now = Timestamp::now();
        let authority = credentials.create_ca(&CaOptions { key_type, ..CaOptions::new(name("primary")) }, now).unwrap();
        for (client, granted) in [("alice", "bob.read bob.write"), ("bob", "alice.read"), ("carol", "x.y")] {
            let options = ClientOptions {
                key: ClientKey::New(KeyType::Ed25519),
                common_name: Some(format!("{client}.example")),
                ..ClientOptions::new(name(client), name("primary"), scopes(granted))
            };
            credentials.create_client(&options, now, |_, _| Ok(None)).unwrap();
        }
        let options = DecisionOptions {
            issuer: ISSUER.to_owned(),
            authorities: Authorities::new(["127.0.0.1:8586", "as.example"]).unwrap(),
            token_lifetime: SignedDuration::from_mins(15),
        };
        let decisions = Decisions::open(&credentials, &name("primary"), options, now).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { _directory: directory, credentials, authority, decisions, runtime }
    }

    fn key(&self, client: &str) -> LocalKey {
        self.credentials.client(&name(client)).unwrap().key.unwrap()
    }

    fn certificate(&self, client: &str) -> Facts {
        self.credentials.client(&name(client)).unwrap().certificate
    }

    fn read(&self, answer: Answer) -> Read {
        let (parts, body) = answer.response.into_parts();
        let body = self.runtime.block_on(body.collect()).unwrap().to_bytes();
        let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        Read {
            status: parts.status.as_u16(),
            headers: headers.collect(),
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    fn token_at(&self, form: &str, now: Timestamp) -> Read {
        let body = Bytes::from(form.to_owned());
        self.read(self.runtime.block_on(self.decisions.token(&form_type(), body, now)))
    }

    fn token(&self, form: &str) -> Read {
        self.token_at(form, Timestamp::now())
    }

    /// A form with an assertion of this client, and a change to its claims.
    fn form(&self, client: &str, more: &str, change: impl FnOnce(&mut Value)) -> String {
        let assertion = sign(&self.key(client), &json!({"alg": "EdDSA"}), &claims(client, change));
        format!("grant_type=client_credentials&{}&{more}", authentication(&assertion))
    }

    fn good(&self, client: &str, more: &str) -> String {
        self.form(client, more, |_| {})
    }

    fn introspect(&self, client: &str, token: &str) -> Read {
        let assertion = sign(&self.key(client), &json!({"alg": "EdDSA"}), &claims(client, |_| {}));
        let body = Bytes::from(format!("token={token}&{}", authentication(&assertion)));
        self.read(self.runtime.block_on(self.decisions.introspect(&form_type(), body, Timestamp::now())))
    }

    fn signed(&self, certificate: &Facts, key: LocalKey, url: &str) -> Parts {
        let uri: Uri = url.parse().unwrap();
        let signer = RequestSigner::new(&certificate.der, &[], key).unwrap();
        let request = OutgoingRequest { method: &Method::POST, uri: &uri, body: b"" };
        let headers = signer.sign(&request, Duration::from_secs(60), Timestamp::now()).unwrap();
        let mut parts = Request::new(()).into_parts().0;
        (parts.method, parts.headers) = (Method::POST, headers.into_iter().collect());
        parts.uri = uri;
        parts
    }

    fn renewal(&self, client: &str) -> Parts {
        self.signed(&self.certificate(client), self.key(client), "http://as.example/certificates/renew")
    }

    fn renew(&self, parts: &Parts) -> Read {
        self.read(self.runtime.block_on(self.decisions.renew(parts, Bytes::new(), Timestamp::now())))
    }

    fn revoke(&mut self, client: &str) {
        let client = name(client);
        let target = RevocationTarget::Client(&client);
        self.authority.revoke(&target, Default::default(), CRL_LIFETIME, Timestamp::now()).unwrap();
    }

    /// Waits for what was changed in the database to be known.
    fn settle(&self, changed: impl Fn(&crate::store::Registry) -> bool) {
        let start = std::time::Instant::now();
        while !changed(&self.decisions.registry().unwrap()) {
            assert!(start.elapsed() < Duration::from_secs(5), "the change is not seen");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn form_type() -> HeaderMap {
    [(CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap())].into_iter().collect()
}

fn claims(client: &str, change: impl FnOnce(&mut Value)) -> Value {
    let now = Timestamp::now().as_second();
    let id = format!("{:?}", std::time::Instant::now());
    let mut claims = json!({"iss": client, "sub": client, "aud": ISSUER, "exp": now + 60, "iat": now, "jti": id});
    change(&mut claims);
    claims
}

fn sign(key: &LocalKey, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = key.sign(key.public_key().key_type().algorithm(), signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn authentication(assertion: &str) -> String {
    format!("client_assertion_type={}&client_assertion={assertion}", ASSERTION_TYPE.replace(':', "%3A"))
}

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
        ("from before the start", changed("iat", json!(now - 100))),
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
