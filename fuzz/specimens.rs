//! Makes the fixtures and the seeds: keys, certificates, lists, requests and tokens for the fixed time of the targets.
//!
//! What is signed is spelled out here as text, without the library's own serialization: so the seeds are also a second
//! opinion on it.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use certauthz::{
    cert::{
        Lifetime, Serial, Subject,
        extension::SCOPES_OID,
        facts::Facts,
        issuer::{Issuer, Template, root},
    },
    crl::{RevocationReason, issue},
    key::{Algorithm, KeyType, LocalKey, Signer as _, sha256},
    scope::Scopes,
};
use jiff::{SignedDuration, Timestamp};
use std::{fs, path::Path};

/// The time of all fixtures; `fuzz/src/fixtures.rs` has the same.
const NOW: i64 = 1_800_000_000;

/// Writes everything below `fuzz`, the keys only where there are none: they stay the same over the years.
pub(crate) fn write_all(fuzz: &Path) {
    let world = World::new(&fuzz.join("fixtures"));
    let seeds = fuzz.join("seeds");
    certificates(&world, &seeds.join("certificate"));
    requests(&world, &seeds.join("request"));
    tokens(&world, &seeds.join("token"));
    lists(&world, &seeds.join("crl"));
}

struct Client {
    name: &'static str,
    key: LocalKey,
    der: Vec<u8>,
}

struct World {
    root: (LocalKey, Facts),
    sub: (LocalKey, Facts),
    clients: Vec<Client>,
    deep: Vec<u8>,
    list: Vec<u8>,
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn template(name: &str, serial: u8, days: i64) -> Template {
    Template {
        subject: Subject::new(name, Some("fuzz")).unwrap(),
        serial: Serial::from_be_bytes(&[0x5a, serial]),
        lifetime: Some(Lifetime::For(SignedDuration::from_hours(24 * days))),
        crl_url: None,
    }
}

/// The key in this file, made now if there is none.
fn key(fixtures: &Path, name: &str, key_type: KeyType) -> LocalKey {
    let path = fixtures.join("keys").join(format!("{name}.pem"));
    if let Ok(text) = fs::read(&path) {
        return LocalKey::from_pem(&text).unwrap();
    }
    let key = LocalKey::generate(key_type).unwrap();
    write(&path, key.to_pem().as_bytes());
    key
}

fn write(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn list(ca: &(LocalKey, Facts), number: u64, revoked: &[u8]) -> Vec<u8> {
    let reasons = RevocationReason::ALL.iter().cycle();
    let entries = revoked.iter().zip(reasons).map(|(serial, reason)| issue::Entry {
        serial: Serial::from_be_bytes(&[0x5a, *serial]).unwrap(),
        revoked_at: Timestamp::from_second(NOW - 1000).unwrap(),
        reason: *reason,
    });
    let content = issue::Content {
        number,
        this_update: Timestamp::from_second(NOW - 3600).unwrap(),
        next_update: Timestamp::from_second(NOW + 86400).unwrap(),
        entries: entries.collect(),
    };
    issue::issue(&Issuer::new(&ca.1, &ca.0).unwrap(), &content).unwrap()
}

impl World {
    fn new(fixtures: &Path) -> Self {
        let root_key = key(fixtures, "ca", KeyType::Ed25519);
        let root_facts = root(&template("fuzz root", 1, 3650), &root_key, now()).unwrap();
        let issuer = Issuer::new(&root_facts, &root_key).unwrap();
        let sub_key = key(fixtures, "sub", KeyType::Ed25519);
        let sub_facts = issuer.intermediate(&template("fuzz sub", 2, 2000), sub_key.public_key(), now()).unwrap();
        let types = [
            ("rsa", KeyType::Rsa(2048)),
            ("p256", KeyType::EcP256),
            ("p384", KeyType::EcP384),
            ("ed25519", KeyType::Ed25519),
        ];
        let scopes = Scopes::parse("bob.user.read bob.user.write").unwrap();
        let clients: Vec<_> = (3..)
            .zip(types)
            .map(|(serial, (name, key_type))| {
                let key = key(fixtures, name, key_type);
                let template = template(name, serial, 365);
                let der = issuer.client(&template, key.public_key(), &scopes, &SCOPES_OID, now()).unwrap().der;
                Client { name, key, der }
            })
            .collect();
        let below = Issuer::new(&sub_facts, &sub_key).unwrap();
        let deep_key = &clients[3].key;
        let deep = below.client(&template("deep", 7, 365), deep_key.public_key(), &scopes, &SCOPES_OID, now());
        let deep = deep.unwrap().der;
        let (root, sub) = ((root_key, root_facts), (sub_key, sub_facts));
        let root_list = list(&root, 5, &[0xee, 0xef]);
        for (name, der) in [
            ("ca.der", &root.1.der),
            ("sub.der", &sub.1.der),
            ("deep.der", &deep),
            ("ca.crl.der", &root_list),
            ("sub.crl.der", &list(&sub, 1, &[])),
        ] {
            write(&fixtures.join(name), der);
        }
        for client in &clients {
            write(&fixtures.join(format!("{}.der", client.name)), &client.der);
        }
        Self { root, sub, clients, deep, list: root_list }
    }
}

fn certificates(world: &World, seeds: &Path) {
    for client in &world.clients {
        write(&seeds.join(format!("valid-{}", client.name)), &client.der);
    }
    write(&seeds.join("valid-deep"), &[&world.deep[..], &world.sub.1.der].concat());
    write(&seeds.join("ca-as-leaf"), &world.root.1.der);
    write(&seeds.join("extension-alone"), b"\x30\x12\x0c\x01a\x0c\x0dbob.user.read");
    for (name, key) in [("csr-p256", &world.clients[1].key), ("csr-ed25519", &world.clients[3].key)] {
        let pair = rcgen::KeyPair::try_from(pem::parse(key.to_pem().as_bytes()).unwrap().contents()).unwrap();
        let csr = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap().serialize_request(&pair);
        write(&seeds.join(name), csr.unwrap().der());
    }
}

fn lists(world: &World, seeds: &Path) {
    write(&seeds.join("valid"), &world.list);
    write(&seeds.join("valid-empty"), &list(&world.root, 6, &[]));
    write(&seeds.join("valid-sub"), &list(&world.sub, 2, &[7]));
    write(&seeds.join("all-reasons"), &list(&world.root, 7, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0x80, 0xff]));
    let pem = pem::encode(&pem::Pem::new("X509 CRL", world.list.clone()));
    write(&seeds.join("pem"), pem.as_bytes());
}

/// A request to sign, with the components that it covers beside those that every request must.
struct Request<'a> {
    method: &'a str,
    target: &'a str,
    path: &'a str,
    query: &'a str,
    chain: Option<&'a [u8]>,
    headers: &'a str,
    covered: &'a [(&'a str, &'a str)],
    alg: Option<Algorithm>,
    body: &'a str,
}

const PLAIN: Request<'static> = Request {
    method: "GET",
    target: "/users?page=2&q=a%20b",
    path: "/users",
    query: "page=2&q=a%20b",
    chain: None,
    headers: "",
    covered: &[],
    alg: None,
    body: "",
};

impl Request<'_> {
    fn message(&self, certificate: &[u8], key: &LocalKey, nonce: &str) -> String {
        let certificate = STANDARD.encode(certificate);
        let digest = format!("sha-256=:{}:", STANDARD.encode(sha256(self.body.as_bytes())));
        let chain = self.chain.map(|der| STANDARD.encode(der));
        let query = format!("?{}", self.query);
        let mut covered = vec![
            ("\"@method\"", self.method),
            ("\"@authority\"", "bob.example"),
            ("\"@path\"", self.path),
            ("\"@query\"", &query),
            ("\"x-client-cert\"", &certificate),
        ];
        let mut headers = format!("Host: Bob.Example:80\r\nX-Client-Cert: {certificate}\r\n");
        if let Some(chain) = &chain {
            headers += &format!("X-Client-Cert-Chain: {chain}\r\n");
            covered.push(("\"x-client-cert-chain\"", chain));
        }
        if !self.body.is_empty() {
            headers += &format!("Content-Digest: {digest}\r\nContent-Length: {}\r\n", self.body.len());
            covered.push(("\"content-digest\"", &digest));
        }
        headers += self.headers;
        covered.extend(self.covered);
        let names: Vec<_> = covered.iter().map(|(name, _)| *name).collect();
        let algorithm = self.alg.unwrap_or(key.public_key().key_type().algorithm());
        let alg = self.alg.map_or(String::new(), |alg| format!(";alg=\"{}\"", alg.http_name()));
        let (created, expires) = (NOW - 1, NOW + 50);
        let params = format!(
            "({});created={created};expires={expires};nonce=\"{nonce}\"{alg};tag=\"certauthz\"",
            names.join(" ")
        );
        let lines: String = covered.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        let signature = key.sign(algorithm, format!("{lines}\"@signature-params\": {params}").as_bytes()).unwrap();
        format!(
            "{} {} HTTP/1.1\r\n{headers}Signature-Input: certauthz={params}\r\nSignature: certauthz=:{}:\r\n\r\n{}",
            self.method,
            self.target,
            STANDARD.encode(signature),
            self.body
        )
    }
}

fn requests(world: &World, seeds: &Path) {
    let save = |name: &str, request: &Request<'_>, certificate: &[u8], key: &LocalKey| {
        let nonce = format!("fuzz-{name:->16}");
        write(&seeds.join(name), request.message(certificate, key, &nonce).as_bytes());
    };
    for client in &world.clients {
        save(&format!("valid-{}", client.name), &PLAIN, &client.der, &client.key);
    }
    let [rsa, p256, _, ed25519] = &world.clients[..] else { unreachable!() };
    let pss = Request { alg: Some(Algorithm::RsaPssSha512), ..PLAIN };
    save("valid-pss", &pss, &rsa.der, &rsa.key);
    let post = Request { method: "POST", body: "{\"name\": \"carol\"}", ..PLAIN };
    save("valid-body", &post, &p256.der, &p256.key);
    let deep = Request { chain: Some(&world.sub.1.der), ..PLAIN };
    save("valid-chain", &deep, &world.deep, &ed25519.key);
    let rich = Request {
        target: "http://bob.example/?q=a+b&page=2",
        path: "/",
        query: "q=a+b&page=2",
        headers: "X-Dict: a=1, b=(x \"y\");c=?0\r\nX-Two: one\r\nX-Two:  two \r\n",
        covered: &[
            ("\"x-two\"", "one, two"),
            ("\"x-two\";bs", ":b25l:, :dHdv:"),
            ("\"x-dict\";key=\"b\"", "(x \"y\");c=?0"),
            ("\"@query-param\";name=\"q\"", "a%20b"),
            ("\"@scheme\"", "http"),
            ("\"@target-uri\"", "http://bob.example/?q=a+b&page=2"),
            ("\"@request-target\"", "/?q=a+b&page=2"),
        ],
        ..PLAIN
    };
    save("valid-rich", &rich, &ed25519.der, &ed25519.key);
    write(&seeds.join("unsigned"), b"GET / HTTP/1.1\r\nHost: bob.example\r\n\r\n");
}

fn tokens(world: &World, seeds: &Path) {
    let claims = format!(
        r#"{{"iss":"http://as.example","sub":"alice","client_id":"alice","aud":"bob","exp":{},"iat":{NOW},"jti":"t1","scope":"bob.user.read"}}"#,
        NOW + 900
    );
    for client in &world.clients {
        let algorithm = client.key.public_key().key_type().algorithm();
        let header = format!(r#"{{"alg":"{}","typ":"at+jwt"}}"#, algorithm.jose_name());
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(&claims));
        let signature = client.key.sign(algorithm, signed.as_bytes()).unwrap();
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
        write(&seeds.join(format!("valid-{}", client.name)), token.as_bytes());
    }
    let header = r#"{"alg":"EdDSA","typ":"at+jwt"}"#;
    write(&seeds.join("to-sign"), format!("{header}\n{claims}").as_bytes());
    let many = claims.replace("\"bob\"", "[\"eve\",\"bob\"]").replace(&(NOW + 900).to_string(), "1800000900.75");
    write(&seeds.join("to-sign-list"), format!("{header}\n{many}").as_bytes());
    write(&seeds.join("alg-none"), format!("{}.{}.", "eyJhbGciOiJub25lIn0", URL_SAFE_NO_PAD.encode(claims)).as_bytes());
}
