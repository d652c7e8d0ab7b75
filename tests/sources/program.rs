//! The program, in a world of which it has nothing but what can be published.

use crate::{
    common::Client,
    peer::{Answer, Peer},
    stand_in::{Does, StandIn},
    world::{Message, accepted, refused},
};
use certauthz::{
    cert::facts::Facts,
    key::LocalKey,
    store::{Credentials, Name},
};
use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread::sleep,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_certauthz");
const ISSUER: &str = "http://127.0.0.1:8586";

/// A CA and alice in one directory, and what may be published of them in another.
struct Origin {
    dir: TempDir,
    published: TempDir,
}

impl Origin {
    fn new() -> Self {
        let origin = Self { dir: TempDir::new().unwrap(), published: TempDir::new().unwrap() };
        origin.run(&["ca", "create", "--name", "primary", "--key-type", "ec"]);
        let scopes = ["--scope", "bob.user.read"];
        origin.run(
            &[&["client", "create", "--name", "alice", "--ca", "primary", "--key-type", "ec"][..], &scopes].concat(),
        );
        origin.publish();
        origin
    }

    fn run(&self, arguments: &[&str]) -> Vec<u8> {
        let output = Command::new(PROGRAM).arg("--path").arg(self.dir.path()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    fn publish(&self) {
        for (from, to) in [("ca.crt", "ca.crt"), ("ca.crl", "crl")] {
            fs::copy(self.dir.path().join("primary").join(from), self.file(to)).unwrap();
        }
        fs::write(self.file("jwks.json"), self.run(&["ca", "show", "--name", "primary", "--jwks"])).unwrap();
    }

    fn file(&self, name: &str) -> PathBuf {
        self.published.path().join(name)
    }

    fn alice(&self) -> Client {
        let credentials = Credentials::new(self.dir.path());
        let alice = credentials.client(&Name::new("alice").unwrap()).unwrap();
        let facts: Facts = alice.certificate;
        let key: LocalKey = alice.key.unwrap();
        Client { facts, chain: Vec::new(), key: Arc::new(key) }
    }

    fn token(&self) -> String {
        fs::read_to_string(self.dir.path().join("alice/token.jwt")).unwrap().trim().to_owned()
    }
}

struct Served {
    child: Child,
    address: SocketAddr,
    alice: Client,
    token: String,
    started: Duration,
}

impl Served {
    /// `serve` of the CA whose certificate is published.
    fn start(origin: &Origin, arguments: &[&str]) -> Self {
        Self::start_with(origin, arguments, &[])
    }

    fn start_with(origin: &Origin, arguments: &[&str], environment: &[(&str, &Path)]) -> Self {
        let start = Instant::now();
        let mut child = Command::new(PROGRAM)
            .args(["-v", "--path", "/nonexistent", "serve", "--listen", "127.0.0.1:0", "--issuer", ISSUER])
            .args(["--ca", origin.file("ca.crt").to_str().unwrap()])
            .args(arguments)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").map(|address| address.parse().unwrap());
        let Some(address) = address else {
            let mut text = String::new();
            child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
            panic!("{text}");
        };
        Self { child, address, alice: origin.alice(), token: origin.token(), started: start.elapsed() }
    }

    fn cert(&self) -> Answer {
        let message = Message::signed_by(&self.alice, "GET", &format!("http://{}/cert", self.address), b"");
        Peer::connect(self.address).ask(message.bytes())
    }

    fn token(&self) -> Answer {
        let head = format!("GET /token HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n", self.token);
        Peer::connect(self.address).ask(head)
    }

    fn becomes(&self, wanted: &(u16, String)) -> Duration {
        let start = Instant::now();
        while self.cert().verdict() != *wanted {
            assert!(start.elapsed() < Duration::from_secs(6), "still {:?}", self.cert().verdict());
            sleep(Duration::from_millis(5));
        }
        start.elapsed()
    }

    /// The most memory that it ever had, in bytes.
    fn peak(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
    }

    /// Ends it, and gives what it said.
    fn said(mut self) -> String {
        self.child.kill().unwrap();
        let mut text = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn revoked() -> (u16, String) {
    refused(401, "certificate_revoked")
}

#[test]
fn files_alone_are_enough() {
    let origin = Origin::new();
    let (crl, jwks) = (origin.file("crl"), origin.file("jwks.json"));
    let served = Served::start(&origin, &["--crl", crl.to_str().unwrap(), "--jwks", jwks.to_str().unwrap()]);
    assert_eq!(served.cert().verdict(), accepted());
    assert_eq!(served.token().verdict(), accepted());
    origin.run(&["crl", "revoke", "--ca", "primary", "--client", "alice"]);
    origin.publish();
    served.becomes(&revoked());
}

#[test]
fn a_list_from_a_url_is_there_from_the_first_request_on() {
    let origin = Origin::new();
    let crl = StandIn::new(Does::Serves(fs::read(origin.file("crl")).unwrap(), "1"));
    let jwks = StandIn::new(Does::Serves(fs::read(origin.file("jwks.json")).unwrap(), "1"));
    let (crl_url, jwks_url) = (crl.url().to_string(), jwks.url().to_string());
    let served = Served::start(&origin, &["--crl", &crl_url, "--jwks", &jwks_url, "--crl-interval", "1s"]);
    assert_eq!(served.cert().verdict(), accepted());
    assert_eq!(served.token().verdict(), accepted());
    assert!(served.started < Duration::from_secs(4), "{:?}", served.started);
    origin.run(&["crl", "revoke", "--ca", "primary", "--client", "alice"]);
    origin.publish();
    crl.does(Does::Serves(fs::read(origin.file("crl")).unwrap(), "2"));
    served.becomes(&revoked());
    // An outage is told once, and its end, too.
    crl.does(Does::Closes);
    sleep(Duration::from_millis(3500));
    crl.does(Does::Serves(fs::read(origin.file("crl")).unwrap(), "3"));
    sleep(Duration::from_millis(1500));
    let said = served.said();
    let lines = |text: &str| said.lines().filter(|line| line.contains(text)).count();
    assert_eq!(lines("the old revocation list stays in use"), 1, "{said}");
    assert_eq!(lines("can be fetched again"), 1, "{said}");
    assert_eq!(lines("new revocation list"), 1, "{said}");
}

#[test]
fn it_starts_without_its_sources_and_finds_them_later() {
    let origin = Origin::new();
    let (crl, jwks) = (StandIn::new(Does::Hangs), StandIn::new(Does::Hangs));
    let (crl_url, jwks_url) = (crl.url().to_string(), jwks.url().to_string());
    let served = Served::start(&origin, &["--crl", &crl_url, "--jwks", &jwks_url, "--crl-interval", "1s"]);
    assert!(served.started > Duration::from_secs(4) && served.started < Duration::from_secs(8), "{:?}", served.started);
    assert_eq!(served.cert().verdict(), refused(503, "revocation_unknown"));
    assert_eq!(served.cert().header("retry-after"), Some("5"));
    // The CA's key is at hand, but the token names a certificate, too.
    assert_eq!(served.token().verdict(), refused(503, "revocation_unknown"));
    crl.does(Does::Serves(fs::read(origin.file("crl")).unwrap(), "1"));
    // The question that hangs has to end first.
    let start = Instant::now();
    while served.cert().verdict() != accepted() {
        assert!(start.elapsed() < Duration::from_secs(15));
        sleep(Duration::from_millis(100));
    }
    assert_eq!(served.token().verdict(), accepted());
    let said = served.said();
    assert!(said.contains("no usable revocation list (http://"), "{said}");
    assert!(said.contains("no token keys (http://"), "{said}");
}

#[test]
fn a_list_without_end_takes_bounded_memory() {
    let origin = Origin::new();
    let good = fs::read(origin.file("crl")).unwrap();
    let first = StandIn::new(Does::Serves(good, "1"));
    let url = first.url().to_string();
    let served = Served::start(&origin, &["--crl", &url, "--crl-interval", "1s"]);
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\n\r\n\x30".to_vec();
    first.does(Does::Repeats(head, vec![0; 1 << 20], Duration::ZERO));
    let asked = first.asked();
    let start = Instant::now();
    while first.asked() < asked + 2 {
        assert!(start.elapsed() < Duration::from_secs(30));
        sleep(Duration::from_millis(50));
    }
    assert!(served.peak() < (128 + 48) << 20, "{} MiB", served.peak() >> 20);
    assert_eq!(served.cert().verdict(), accepted());
}

#[test]
fn an_authority_behind_tls_is_known_by_the_systems_roots() {
    let origin = Origin::new();
    let dir = TempDir::new().unwrap();
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl").current_dir(dir.path()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    openssl(&[&new[..], &["-keyout", "root.key", "-out", "root.crt", "-subj", "/CN=Root"]].concat());
    let leaf = ["-CA", "root.crt", "-CAkey", "root.key", "-addext", "subjectAltName=DNS:localhost"];
    let plain = ["-addext", "basicConstraints=critical,CA:FALSE", "-subj", "/CN=localhost"];
    openssl(&[&new[..], &["-keyout", "tls.key", "-out", "tls.crt"], &leaf, &plain].concat());
    fs::copy(origin.file("crl"), dir.path().join("crl")).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut server = Command::new("openssl")
        .current_dir(dir.path())
        .args(["s_server", "-WWW", "-cert", "tls.crt", "-key", "tls.key", "-accept", &port.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(start.elapsed() < Duration::from_secs(10));
        sleep(Duration::from_millis(20));
    }
    let url = format!("https://localhost:{port}/crl");
    let root = dir.path().join("root.crt");
    let trusting = Served::start_with(&origin, &["--crl", &url], &[("SSL_CERT_FILE", &root)]);
    let verdict = trusting.cert().verdict();
    // A root that is not the system's is nobody.
    let strict = Served::start_with(&origin, &["--crl", &url], &[]);
    let other = strict.cert().verdict();
    let _ = server.stdin.take().unwrap().write_all(b"Q\n");
    let _ = server.kill();
    let _ = server.wait();
    assert_eq!((verdict, other), (accepted(), refused(503, "revocation_unknown")), "{}", trusting.said());
    assert!(strict.said().contains(&url));
}

/// `cargo test --release --test sources -- --ignored --nocapture revocation_takes_effect`
#[test]
#[ignore = "a measurement"]
fn revocation_takes_effect() {
    let origin = Origin::new();
    let crl = StandIn::new(Does::Serves(fs::read(origin.file("crl")).unwrap(), "0"));
    let url = crl.url().to_string();
    let mut served = Served::start(&origin, &["--crl", &url, "--crl-interval", "1s"]);
    let mut took = Vec::new();
    let tags = (1..=20).map(|n| -> &'static str { Box::leak(n.to_string().into_boxed_str()) });
    for tag in tags {
        origin.run(&[
            "client",
            "create",
            "--name",
            tag,
            "--ca",
            "primary",
            "--key-type",
            "ec",
            "--scope",
            "bob.user.read",
        ]);
        let client = Credentials::new(origin.dir.path()).client(&Name::new(tag).unwrap()).unwrap();
        served.alice = Client { facts: client.certificate, chain: Vec::new(), key: Arc::new(client.key.unwrap()) };
        assert_eq!(served.cert().verdict(), accepted());
        // Anywhere in the interval.
        sleep(Duration::from_millis(u64::from(tag.as_bytes()[0]) * 37 % 1000));
        let start = Instant::now();
        origin.run(&["crl", "revoke", "--ca", "primary", "--client", tag]);
        let list = fs::read(origin.dir.path().join("primary/ca.crl")).unwrap();
        crl.does(Does::Serves(list, tag));
        served.becomes(&revoked());
        took.push(start.elapsed());
    }
    took.sort();
    println!("from `crl revoke` to the refusal: median {:?}, longest {:?}", took[took.len() / 2], took[took.len() - 1]);
}
