//! A stand-in for the authorization server, which can be away in every way and come back on the same port.

use crate::world::World;
use certauthz::{
    key::PublicKey,
    scope::Scopes,
    store::{RenewOptions, TokenOptions},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use socket2::{Domain, SockAddr, Socket, Type};
use std::{
    collections::HashSet,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// What happens to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Healthy,
    /// Nobody listens.
    Refused,
    /// Accepted, and never answered.
    Hang,
    /// SYNs are dropped.
    BlackHole,
    Garbage,
    /// Closed by RST, as soon as the request has arrived.
    Reset,
    Status(u16),
    /// 503 with `Retry-After` in seconds.
    Busy(u64),
    /// The answer ends in the middle.
    Half,
    Endless,
    EndlessHeaders,
    /// A byte every 20 ms.
    Drip,
    /// 200, and HTML.
    Html,
    /// 200, and a token of an unknown type.
    WrongType,
    /// 200, and no token.
    NoToken,
    /// 200, and a token that is none.
    NoJwt,
    /// Healthy, but slower than anybody waits.
    Late,
    /// Refuses with this error.
    Refuses(&'static str),
}

pub(crate) struct StandIn {
    address: SocketAddr,
    shared: Arc<Shared>,
    running: Option<(Arc<AtomicBool>, JoinHandle<()>)>,
    /// What fills the queue of a black hole.
    hole: Option<(Socket, Vec<Socket>)>,
}

struct Shared {
    world: Arc<World>,
    way: Mutex<Way>,
    address: SocketAddr,
    accepted: AtomicUsize,
    tokens: AtomicUsize,
    renewals: AtomicUsize,
    used: Mutex<HashSet<String>>,
    /// Kept open.
    held: Mutex<Vec<TcpStream>>,
}

impl StandIn {
    pub(crate) fn start(world: &Arc<World>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            world: Arc::clone(world),
            way: Mutex::new(Way::Healthy),
            address,
            accepted: AtomicUsize::new(0),
            tokens: AtomicUsize::new(0),
            renewals: AtomicUsize::new(0),
            used: Mutex::default(),
            held: Mutex::default(),
        });
        let mut stand_in = Self { address, shared, running: None, hole: None };
        stand_in.listen(listener);
        stand_in
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Connections so far.
    pub(crate) fn accepted(&self) -> usize {
        self.shared.accepted.load(SeqCst)
    }

    /// Tokens issued so far.
    pub(crate) fn tokens(&self) -> usize {
        self.shared.tokens.load(SeqCst)
    }

    pub(crate) fn renewals(&self) -> usize {
        self.shared.renewals.load(SeqCst)
    }

    /// From now on it is like this.
    pub(crate) fn be(&mut self, way: Way) {
        *self.shared.way.lock().unwrap() = way;
        self.shared.held.lock().unwrap().clear();
        self.stop();
        self.hole = None;
        match way {
            Way::Refused => {}
            Way::BlackHole => self.hole = Some(black_hole(self.address)),
            _ => self.listen(TcpListener::bind(self.address).unwrap()),
        }
    }

    fn stop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            stop.store(true, SeqCst);
            thread.join().unwrap();
        }
    }

    fn listen(&mut self, listener: TcpListener) {
        listener.set_nonblocking(true).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, shared) = (Arc::clone(&stop), Arc::clone(&self.shared));
        let thread = thread::spawn(move || {
            while !stopped.load(SeqCst) {
                match listener.accept() {
                    Ok((stream, _)) => {
                        shared.accepted.fetch_add(1, SeqCst);
                        let shared = Arc::clone(&shared);
                        thread::spawn(move || shared.serve(stream));
                    }
                    Err(_) => thread::sleep(Duration::from_millis(1)),
                }
            }
        });
        self.running = Some((stop, thread));
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A listener whose queue is full: Linux drops further SYNs.
fn black_hole(address: SocketAddr) -> (Socket, Vec<Socket>) {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.set_reuse_address(true).unwrap();
    listener.bind(&SockAddr::from(address)).unwrap();
    listener.listen(0).unwrap();
    let fillers = (0..4).map(|_| {
        let filler = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        filler.set_nonblocking(true).unwrap();
        drop(filler.connect(&SockAddr::from(address)));
        filler
    });
    let fillers = fillers.collect();
    thread::sleep(Duration::from_millis(20));
    let refused = TcpStream::connect_timeout(&address, Duration::from_millis(100)).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::TimedOut, "no black hole");
    (listener, fillers)
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) {
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let way = *self.way.lock().unwrap();
        let Some((path, head, body)) = read_request(&mut stream) else { return };
        let mut say = |text: &str| drop(stream.write_all(text.as_bytes()));
        match way {
            Way::Healthy => say(&self.answer(&path, &head, &body)),
            Way::Late => {
                let answer = self.answer(&path, &head, &body);
                thread::sleep(Duration::from_secs(3));
                say(&answer);
            }
            Way::Refused | Way::BlackHole | Way::Hang => self.held.lock().unwrap().push(stream),
            Way::Garbage => say("\0\u{1}\u{2} what? \r\n\r\n\r\n"),
            Way::Reset => drop(Socket::from(stream).set_linger(Some(Duration::ZERO))),
            Way::Status(status) => say(&answer(status, "", "<html>error</html>")),
            Way::Busy(seconds) => say(&answer(503, &format!("Retry-After: {seconds}\r\n"), "")),
            Way::Half => {
                say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{\"access_t")
            }
            Way::Endless => {
                say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{\"a\":\"");
                while stream.write_all(&[b'x'; 4096]).is_ok() {}
            }
            Way::EndlessHeaders => {
                say("HTTP/1.1 200 OK\r\n");
                while stream.write_all(b"X-More: and more\r\n").is_ok() {}
            }
            Way::Drip => {
                for byte in self.answer(&path, &head, &body).bytes() {
                    if stream.write_all(&[byte]).is_err() {
                        break;
                    }
                    thread::sleep(Duration::from_millis(20));
                }
            }
            Way::Html => say(&answer(200, "", "<html>Welcome to the hotel's WLAN</html>")),
            Way::WrongType => say(&answer(200, "", "{\"access_token\":\"a.b.c\",\"token_type\":\"mac\"}")),
            Way::NoToken => say(&answer(200, "", "{\"token_type\":\"Bearer\",\"expires_in\":900}")),
            Way::NoJwt => say(&answer(200, "", "{\"access_token\":\"opaque\",\"token_type\":\"Bearer\"}")),
            Way::Refuses(error) => {
                let status = if error == "invalid_client" { 401 } else { 400 };
                say(&answer(status, "", &format!("{{\"error\":\"{error}\"}}")));
            }
        }
    }

    fn answer(&self, path: &str, head: &str, body: &[u8]) -> String {
        match path {
            "/oauth/token" => self.token(body),
            "/certificates/renew" => self.renewed(head),
            "/ca.crt" => {
                let facts = self.world.credentials.ca_facts(&self.world.ca).unwrap();
                answer(200, "", &pem::encode(&pem::Pem::new("CERTIFICATE", facts.certificate.der)))
            }
            _ => answer(404, "", ""),
        }
    }

    /// A token for an assertion that `jsonwebtoken` accepts.
    fn token(&self, body: &[u8]) -> String {
        let form: std::collections::HashMap<_, _> = std::str::from_utf8(body)
            .unwrap()
            .split('&')
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(name, value)| (name.to_owned(), decoded(value)))
            .collect();
        assert_eq!(form["grant_type"], "client_credentials");
        assert_eq!(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        let world = &self.world;
        let key = PublicKey::from_spki_der(&world.alice_spki).unwrap();
        let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(key.to_jwk()).unwrap();
        let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
        validation.set_audience(&[format!("http://{}/oauth/token", self.address)]);
        validation.set_issuer(&["alice"]);
        let key = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
        let decoded = jsonwebtoken::decode::<Value>(&form["client_assertion"], &key, &validation);
        let Ok(assertion) = decoded else { return answer(401, "", "{\"error\":\"invalid_client\"}") };
        let id = assertion.claims["jti"].as_str().unwrap().to_owned();
        assert!(self.used.lock().unwrap().insert(id), "an assertion was used twice");

        let life = *world.token_life.lock().unwrap();
        let options = TokenOptions {
            audience: form.get("audience").cloned(),
            scopes: form
                .get("scope")
                .map(|scope| Scopes::parse(scope).unwrap())
                .or_else(|| world.token_scopes.lock().unwrap().clone()),
            lifetime: Some(certauthz::cert::Lifetime::For(SignedDuration::from_secs(life))),
            ..TokenOptions::new(world.alice.clone())
        };
        let ca = world.credentials.authority(&world.ca).unwrap();
        match ca.issue_token(&options, Timestamp::now()) {
            Ok(issued) => {
                self.tokens.fetch_add(1, SeqCst);
                let members = json!({
                    "access_token": issued.token,
                    "token_type": "Bearer",
                    "expires_in": life,
                    "scope": issued.scopes.to_string(),
                });
                answer(200, "Cache-Control: no-store\r\n", &members.to_string())
            }
            Err(_) => answer(400, "", "{\"error\":\"invalid_scope\"}"),
        }
    }

    /// A new certificate with the client's scopes of today. Who asks is not checked: that is the real one's to do.
    fn renewed(&self, head: &str) -> String {
        assert!(head.to_ascii_lowercase().contains("\r\nsignature: certauthz=:"), "{head}");
        self.renewals.fetch_add(1, SeqCst);
        let world = &self.world;
        let scopes = world.certificate_scopes.lock().unwrap().clone();
        let options = RenewOptions { scopes, ..RenewOptions::new(world.alice.clone()) };
        let issued = world.credentials.renew_client(&options, Timestamp::now(), |_, _| Ok(None)).unwrap();
        let pem = pem::encode(&pem::Pem::new("CERTIFICATE", issued.certificate.der.clone()));
        answer(200, "", &json!({"certificate": pem, "chain": []}).to_string())
    }
}

fn answer(status: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{headers}Connection: close\r\n\r\n{body}"
    )
}

fn decoded(text: &str) -> String {
    let bytes = text.replace('+', " ").into_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            out.push(u8::from_str_radix(std::str::from_utf8(&bytes[at + 1..at + 3]).unwrap(), 16).unwrap());
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(out).unwrap()
}

/// Path, head and body of a request.
pub(crate) fn read_request(stream: &mut TcpStream) -> Option<(String, String, Vec<u8>)> {
    let started = Instant::now();
    let mut bytes = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end + 2].to_vec()).unwrap();
            let length = head
                .to_ascii_lowercase()
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ").map(|text| text.parse().unwrap()))
                .unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                let path = head.split(' ').nth(1).unwrap().to_owned();
                return Some((path, head, bytes.split_off(end + 4)));
            }
        }
        match stream.read(&mut buffer) {
            Ok(read) if read > 0 && started.elapsed() < Duration::from_secs(5) => bytes.extend(&buffer[..read]),
            _ => return None,
        }
    }
}
