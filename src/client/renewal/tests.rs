use super::*;
use crate::{
    cert::{
        Lifetime, Subject,
        extension::SCOPES_OID,
        issuer::{Issuer, Template, root},
    },
    client::Failure,
    key::{KeyType, LocalKey},
    scope::Scopes,
};
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::json;

struct Ca {
    facts: Facts,
    key: LocalKey,
}

impl Ca {
    fn new(name: &str) -> Self {
        let key = LocalKey::generate(KeyType::EcP256).unwrap();
        Self { facts: root(&template(name, 10), &key, Timestamp::now()).unwrap(), key }
    }

    fn client(&self, name: &str, key: &LocalKey, now: Timestamp) -> Facts {
        let issuer = Issuer::new(&self.facts, &self.key).unwrap();
        let scopes = Scopes::parse("bob.read").unwrap();
        issuer.client(&template(name, 1), key.public_key(), &scopes, &SCOPES_OID, now).unwrap()
    }
}

fn template(name: &str, hours: i64) -> Template {
    let lifetime = Some(Lifetime::hours(hours));
    Template { subject: Subject::new(name, None).unwrap(), serial: None, lifetime, crl_url: None }
}

fn pem(facts: &Facts) -> String {
    pem::encode(&pem::Pem::new("CERTIFICATE", facts.der.clone()))
}

/// Answers a renewal like this, and has this CA's certificate.
struct Fixed(u16, Vec<u8>, Facts);

impl Transport for Fixed {
    fn send(&self, request: Request<Vec<u8>>, _: Duration) -> Result<Response<Vec<u8>>, Failure> {
        if request.uri().path() == "/ca.crt" {
            assert!(request.method() == Method::GET && !request.headers().contains_key("signature"));
            return Ok(Response::new(pem(&self.2).into_bytes()));
        }
        assert!(request.headers().contains_key("signature") && request.headers().contains_key("x-client-cert"));
        assert!(request.body().is_empty() && request.method() == Method::POST);
        Ok(Response::builder().status(self.0).body(self.1.clone()).unwrap())
    }
}

struct World {
    ca: Ca,
    key: Arc<LocalKey>,
    identity: Identity,
}

impl World {
    fn new() -> Self {
        let ca = Ca::new("primary");
        let key = Arc::new(LocalKey::generate(KeyType::Ed25519).unwrap());
        let facts = ca.client("alice", &key, Timestamp::now());
        let signer: Arc<dyn Signer> = Arc::<LocalKey>::clone(&key);
        Self { identity: Identity::new(facts, Vec::new(), &signer, &SCOPES_OID).unwrap(), ca, key }
    }

    fn renew(&self, status: u16, body: impl Into<Vec<u8>>) -> Result<Identity, String> {
        self.renew_at(&Fixed(status, body.into(), self.ca.facts.clone()))
    }

    fn renew_at(&self, authority: &Fixed) -> Result<Identity, String> {
        let key: Arc<dyn Signer> = Arc::<LocalKey>::clone(&self.key);
        let renewal = Renewal {
            endpoint: Uri::from_static("http://as.example/certificates/renew"),
            issuer: Uri::from_static("http://as.example/ca.crt"),
        };
        renew(&self.identity, &key, &SCOPES_OID, &renewal, authority, Duration::from_secs(1))
    }

    fn answered(&self, facts: &Facts) -> Result<Identity, String> {
        self.renew(200, json!({"certificate": pem(facts), "chain": []}).to_string())
    }
}

#[test]
fn a_certificate_for_the_same_client_and_key_is_taken() {
    let world = World::new();
    let new = world.ca.client("alice", &world.key, Timestamp::now());
    let taken = world.answered(&new).ok().unwrap();
    assert_eq!((&taken.facts, taken.chain.len()), (&new, 0));
    let with_chain = json!({"certificate": pem(&new), "chain": [pem(&world.ca.facts)], "more": 1}).to_string();
    assert_eq!(world.renew(200, with_chain).ok().unwrap().chain, [world.ca.facts]);
}

#[test]
fn another_certificate_is_not() {
    let world = World::new();
    let now = Timestamp::now();
    let other_key = LocalKey::generate(KeyType::Ed25519).unwrap();
    let hours = SignedDuration::from_hours;
    let early =
        Ca { facts: root(&template("primary", 10), &world.ca.key, now - hours(5)).unwrap(), key: Ca::new("x").key };
    for (facts, wanted) in [
        (world.ca.client("alice", &other_key, now), "another key"),
        (world.ca.client("mallory", &world.key, now), "another name"),
        (Ca::new("secondary").client("alice", &world.key, now), "another issuer"),
        (world.ca.client("alice", &world.key, now + hours(1)), "not valid yet"),
        (early_client(&early, &world, now - hours(3)), "ended already"),
        (world.ca.facts.clone(), "another key"),
    ] {
        let error = world.answered(&facts).err().unwrap();
        assert!(error.contains(wanted), "{error}: {wanted}");
    }
}

fn early_client(early: &Ca, world: &World, at: Timestamp) -> Facts {
    let ca = Ca { facts: early.facts.clone(), key: LocalKey::from_pem(world.ca.key.to_pem().as_bytes()).unwrap() };
    ca.client("alice", &world.key, at)
}

#[test]
fn an_answer_without_chain_leaves_the_present_one() {
    let mut world = World::new();
    let signer: Arc<dyn Signer> = Arc::<LocalKey>::clone(&world.key);
    let above = vec![world.ca.facts.clone()];
    world.identity = Identity::new(world.identity.facts.clone(), above.clone(), &signer, &SCOPES_OID).unwrap();
    let new = world.ca.client("alice", &world.key, Timestamp::now());
    assert_eq!(world.answered(&new).ok().unwrap().chain, above);
}

/// It has all names right, and not the key.
#[test]
fn an_impostor_s_certificate_is_not_taken() {
    let world = World::new();
    let impostor = Ca::new("primary");
    let own = impostor.client("alice", &world.key, Timestamp::now());
    let genuine = world.ca.client("alice", &world.key, Timestamp::now());
    for (facts, chain, ca) in [
        (&own, vec![], &world.ca.facts),
        (&own, vec![], &impostor.facts),
        (&own, vec![&impostor.facts], &world.ca.facts),
        (&own, vec![&world.ca.facts], &world.ca.facts),
        (&genuine, vec![], &impostor.facts),
        (&genuine, vec![&impostor.facts], &world.ca.facts),
        (&genuine, vec![&world.ca.facts, &impostor.facts], &world.ca.facts),
    ] {
        let chain: Vec<_> = chain.into_iter().map(pem).collect();
        let body = json!({"certificate": pem(facts), "chain": chain}).to_string();
        let error = world.renew_at(&Fixed(200, body.into(), ca.clone())).err().unwrap();
        assert!(error.contains("signed by") || error.contains("another CA"), "{error}");
    }
}

#[test]
fn what_could_not_replace_the_present_one_is_not_taken() {
    let world = World::new();
    let now = Timestamp::now();
    let shorter = Template { lifetime: Some(Lifetime::For(SignedDuration::from_secs(60))), ..template("alice", 1) };
    let scopes = Scopes::parse("bob.read").unwrap();
    let issuer = Issuer::new(&world.ca.facts, &world.ca.key).unwrap();
    let sign = |template| issuer.client(template, world.key.public_key(), &scopes, &SCOPES_OID, now).unwrap();
    let error = world.answered(&sign(&shorter)).err().unwrap();
    assert!(error.contains("ends before"), "{error}");
    // One that has ended is followed by any.
    let ended = Facts { not_after: now - SignedDuration::from_secs(1), ..world.identity.facts.clone() };
    assert!(successor::check(&sign(&shorter), &[], &world.ca.facts, &ended, now).is_ok());
    let ca = issuer.intermediate(&template("alice", 1), world.key.public_key(), now).unwrap();
    let error = world.answered(&ca).err().unwrap();
    assert!(error.contains("none for a client"), "{error}");
    let new = sign(&template("alice", 1));
    let large = vec![Facts { der: vec![0; 8 * 1024], ..world.ca.facts.clone() }; 2];
    let error = successor::check(&new, &large, &world.ca.facts, &world.identity.facts, now).unwrap_err();
    assert!(error.contains("too large"), "{error}");
}

#[test]
fn what_is_no_answer_is_said() {
    let world = World::new();
    let many = vec![pem(&world.ca.facts); 5];
    let new = world.ca.client("alice", &world.key, Timestamp::now());
    for (status, body, wanted) in [
        (401, "{\"reason\":\"certificate_revoked\"}".to_owned(), "401 Unauthorized (certificate_revoked)"),
        (401, "{\"error\":\"invalid_client\"}".to_owned(), "(invalid_client)"),
        (500, "\u{1b}[2J".to_owned(), "500"),
        (401, "{\"reason\":\"\\u001b[2J\"}".to_owned(), "401 Unauthorized"),
        (200, "<html>".to_owned(), "JSON"),
        (200, "{}".to_owned(), "JSON"),
        (200, json!({"certificate": "x"}).to_string(), "PEM"),
        (200, json!({"certificate": pem(&new), "chain": many}).to_string(), "more than 4"),
        (200, " ".repeat(MAX_AUTHORITY_ANSWER + 1), "too large"),
    ] {
        let error = world.renew(status, body).err().unwrap();
        assert!(error.contains(wanted) && !error.contains('\u{1b}'), "{error}: {wanted}");
    }
}

proptest! {
    #[test]
    fn junk_never_panics(status in 100u16..1000, body in any::<Vec<u8>>(), text in ".*") {
        let answer = |body: Vec<u8>| Response::builder().status(status).body(body).unwrap();
        drop(read(&answer(body)));
        let framed = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
        let mut ok = answer(json!({"certificate": framed, "chain": [text]}).to_string().into_bytes());
        *ok.status_mut() = StatusCode::OK;
        drop(read(&ok));
    }
}
