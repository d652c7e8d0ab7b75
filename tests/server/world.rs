//! A server of the library on a thread of its own, with the credentials that it knows.

use crate::{
    common::{Ca, Client, scopes, verifier_with},
    peer::{Answer, Peer},
};
use certauthz::{
    authz::{Authorities, BearerVerifier, CertificateVerifier, Policy},
    key::{KeyType, PublicKey, Signer as _},
    server::{Limits, Resource, Server, Sources},
    token::{self, Claims, TokenVerifier},
};
use jiff::{SignedDuration, Timestamp};
use std::{net::SocketAddr, thread, time::Duration};
use tokio::sync::oneshot;

pub const SHORT: Duration = Duration::from_millis(300);

/// Timeouts of tenths of seconds.
pub fn limits() -> Limits {
    Limits {
        max_body: 4096,
        max_connections: 200,
        header_timeout: 2 * SHORT,
        body_timeout: 2 * SHORT,
        idle_timeout: 4 * SHORT,
        drain: Duration::from_secs(3),
        ..Limits::default()
    }
}

pub struct Running {
    pub address: SocketAddr,
    pub metrics_address: Option<SocketAddr>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Running {
    pub fn start(
        limits: Limits,
        sources: impl Into<Sources>,
        metrics_apart: bool,
        resource: impl FnOnce(SocketAddr) -> Resource + Send + 'static,
    ) -> Self {
        let sources = sources.into();
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            let _entered = runtime.enter();
            let any = "127.0.0.1:0".parse().unwrap();
            let mut server = Server::bind(any).unwrap();
            if metrics_apart {
                server = server.with_metrics_at(any).unwrap();
            }
            tell.send((server.address(), server.metrics_address())).unwrap();
            let resource = resource(server.address());
            let run = server.run(resource, limits, sources, async {
                let _ = stopped.await;
            });
            runtime.block_on(run).unwrap();
        });
        let (address, metrics_address) = told.recv().unwrap();
        Self { address, metrics_address, stop: Some(stop), thread: Some(thread) }
    }

    pub fn connect(&self) -> Peer {
        Peer::connect(self.address)
    }

    /// Tells the server to stop, and does not wait.
    pub fn begin_stop(&mut self) {
        drop(self.stop.take());
    }

    /// Stops it and waits for its end.
    pub fn stop(&mut self) {
        self.begin_stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.begin_stop();
    }
}

pub struct World {
    pub ca: Ca,
    pub alice: Client,
    pub server: Running,
}

impl World {
    pub fn new() -> Self {
        Self::with(limits(), |_| {})
    }

    pub fn with(limits: Limits, change: impl FnOnce(&mut Policy) + Send + 'static) -> Self {
        let ca = Ca::root_at("Primary CA", Timestamp::now());
        Self::serve(ca, limits, Sources::default(), move |ca, mut policy| {
            change(&mut policy);
            verifier_with(ca, &[ca], policy, 100)
        })
    }

    /// `/metrics` has a listener of its own.
    pub fn with_metrics_listener(limits: Limits) -> Self {
        let ca = Ca::root_at("Primary CA", Timestamp::now());
        Self::start(ca, limits, Sources::default(), true, |ca, policy| verifier_with(ca, &[ca], policy, 100))
    }

    pub fn serve(
        ca: Ca,
        limits: Limits,
        sources: impl Into<Sources>,
        verifier: impl FnOnce(&Ca, Policy) -> CertificateVerifier + Send + 'static,
    ) -> Self {
        Self::start(ca, limits, sources, false, verifier)
    }

    fn start(
        ca: Ca,
        limits: Limits,
        sources: impl Into<Sources>,
        metrics_apart: bool,
        verifier: impl FnOnce(&Ca, Policy) -> CertificateVerifier + Send + 'static,
    ) -> Self {
        let alice = ca.client("alice", KeyType::EcP256, "bob.user.read bob.user.write");
        let (given, taken) = (std::sync::mpsc::channel(), std::sync::mpsc::channel());
        given.0.send(ca).unwrap();
        let server = Running::start(limits, sources, metrics_apart, move |address| {
            let ca = given.1.recv().unwrap();
            let key = PublicKey::from_spki_der(ca.key.public_key().spki_der()).unwrap();
            let tokens = TokenVerifier::new(key, "http://as".into(), "bob".into(), SignedDuration::from_secs(5));
            let own = [address.to_string(), "bob.example".to_owned()];
            let policy = Policy::new(Authorities::new(own).unwrap());
            let certificates = verifier(&ca, policy);
            taken.0.send(ca).unwrap();
            Resource {
                tokens: BearerVerifier::new(tokens),
                introspection: None,
                certificates,
                required: scopes("bob.user.read"),
            }
        });
        Self { ca: taken.1.recv().unwrap(), alice, server }
    }

    pub fn token(&self, granted: &str) -> String {
        let now = Timestamp::now().as_second();
        let claims = Claims {
            iss: "http://as".into(),
            sub: "alice".into(),
            client_id: "alice".into(),
            aud: "bob".into(),
            exp: now + 900,
            iat: now,
            jti: "1".into(),
            scope: granted.into(),
            cnf: None,
        };
        token::issue(&self.ca.key, &claims).unwrap()
    }

    pub fn with_token(&self) -> Message {
        Message::new("GET /token HTTP/1.1")
            .header("host", "bob.example")
            .header("authorization", &format!("Bearer {}", self.token("bob.user.read")))
    }

    pub fn signed(&self, method: &str, target: &str, body: &[u8]) -> Message {
        Message::signed_by(&self.alice, method, &format!("http://bob.example{target}"), body)
    }

    pub fn cert(&self) -> Message {
        self.signed("GET", "/cert", b"")
    }

    /// The answer on a connection of its own.
    pub fn ask(&self, bytes: impl AsRef<[u8]>) -> Answer {
        self.server.connect().ask(bytes)
    }

    pub fn verdict(&self, message: &Message) -> (u16, String) {
        self.ask(message.bytes()).verdict()
    }

    /// That the server is alive, and that it still tells good from bad.
    pub fn check_alive(&self) {
        assert_eq!(self.verdict(&self.cert()), accepted());
        let again = self.cert();
        assert_eq!(self.verdict(&again), accepted());
        assert_eq!(self.verdict(&again), refused(401, "nonce_reused"));
    }
}

pub fn accepted() -> (u16, String) {
    (200, String::new())
}

pub fn refused(status: u16, reason: &str) -> (u16, String) {
    (status, reason.to_owned())
}

/// A request as it goes over the wire.
#[derive(Clone)]
pub struct Message {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Message {
    pub fn new(line: &str) -> Self {
        Self { line: line.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    pub fn signed_by(client: &Client, method: &str, url: &str, body: &[u8]) -> Self {
        let request = client.request_at(method, url, body, Timestamp::now().as_second());
        let target = request.uri.path_and_query().unwrap();
        let mut message = Self::new(&format!("{method} {target} HTTP/1.1"));
        message = message.header("host", request.uri.authority().unwrap().as_str());
        for (name, value) in &request.headers {
            message = message.header(name.as_str(), value.to_str().unwrap());
        }
        if !body.is_empty() {
            message = message.header("content-length", &body.len().to_string());
            message.body = body.to_vec();
        }
        message
    }

    pub fn line(mut self, line: &str) -> Self {
        self.line = line.to_owned();
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(n, _)| n != name);
        self
    }

    pub fn set(self, name: &str, value: &str) -> Self {
        self.without(name).header(name, value)
    }

    pub fn get(&self, name: &str) -> &str {
        &self.headers.iter().find(|(n, _)| n == name).unwrap().1
    }

    pub fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    /// The body in chunks of this many bytes, instead of a length.
    pub fn chunked(self, size: usize) -> Self {
        let mut wire = Vec::new();
        for chunk in self.body.chunks(size) {
            wire.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            wire.extend_from_slice(chunk);
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(b"0\r\n\r\n");
        self.without("content-length").header("transfer-encoding", "chunked").body(&wire)
    }

    pub fn head(&self) -> Vec<u8> {
        let mut bytes = format!("{}\r\n", self.line).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes
    }

    pub fn bytes(&self) -> Vec<u8> {
        [self.head(), self.body.clone()].concat()
    }
}
