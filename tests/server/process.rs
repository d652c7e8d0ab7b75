//! The real program: its signals, its file descriptors, its list on disk.

use crate::{
    metrics::Shown,
    peer::{Answer, Peer},
    world::{accepted, refused},
};
use certauthz::{
    client::{OutgoingRequest, RequestSigner},
    key::LocalKey,
    store::{Credentials, Name},
};
use jiff::Timestamp;
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::OnceLock,
    thread::sleep,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_certauthz");

/// The example world, with keys that are made at once.
fn example_world() -> TempDir {
    let dir = TempDir::new().unwrap();
    run(dir.path(), &["ca", "create", "--name", "primary", "--key-type", "ec"]);
    let scopes = ["--scope", "bob.user.read", "--scope", "bob.user.write"];
    let client = ["client", "create", "--name", "alice", "--ca", "primary", "--key-type", "ec"];
    run(dir.path(), &[&client[..], &scopes[..]].concat());
    dir
}

/// One that tests only read.
fn shared_world() -> &'static Path {
    static WORLD: OnceLock<TempDir> = OnceLock::new();
    WORLD.get_or_init(example_world).path()
}

fn run(path: &Path, arguments: &[&str]) {
    let output = Command::new(PROGRAM).arg("--path").arg(path).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

struct Served {
    child: Child,
    address: SocketAddr,
    signer: RequestSigner<LocalKey>,
    token: String,
}

impl Served {
    /// `serve`, started by a shell after `before`.
    fn start(path: &Path, before: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", &format!("{before} exec \"$0\" \"$@\""), PROGRAM, "--path"])
            .arg(path)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap_or_else(|| panic!("{line:?}")).parse();
        let alice = Credentials::new(path).client(&Name::new("alice").unwrap()).unwrap();
        let token = std::fs::read_to_string(&alice.token_path).unwrap().trim().to_owned();
        let signer = RequestSigner::new(&alice.certificate.der, &[], alice.key.unwrap()).unwrap();
        Self { child, address: address.unwrap(), signer, token }
    }

    fn connect(&self) -> Peer {
        Peer::connect(self.address)
    }

    /// The head of a signed request, without the empty line that ends it.
    fn signed(&self, method: &str) -> String {
        let uri = format!("http://{}/cert", self.address).parse().unwrap();
        let method = method.parse().unwrap();
        let request = OutgoingRequest { method: &method, uri: &uri, body: b"" };
        let headers = self.signer.sign(&request, Duration::from_secs(60), Timestamp::now()).unwrap();
        let mut text = format!("{method} /cert HTTP/1.1\r\nhost: {}\r\n", self.address);
        for (name, value) in headers {
            text.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
        }
        text
    }

    fn cert(&self) -> Answer {
        self.connect().ask(self.signed("GET") + "\r\n")
    }

    fn token_request(&self) -> String {
        format!("GET /token HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n", self.token)
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Lowers the limit on descriptors under a server that has reckoned with more.
    fn limit_descriptors(&self, limit: u64) {
        let limit = Rlimit { current: Some(limit), maximum: Some(limit) };
        prlimit(Some(Pid::from_child(&self.child)), Resource::Nofile, limit).unwrap();
    }

    fn exits_within(&mut self, time: Duration) -> (ExitStatus, Duration) {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, start.elapsed());
            }
            assert!(start.elapsed() < time, "it does not end");
            sleep(Duration::from_millis(10));
        }
    }

    fn stderr(&mut self) -> String {
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

#[test]
fn serve_answers_both_routes_and_ends_at_once_when_idle() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut served = Served::start(shared_world(), "", &[]);
        assert_eq!(served.cert().verdict(), accepted());
        let mut idle = served.connect();
        assert_eq!(idle.ask(served.token_request()).verdict(), accepted());
        let mut fresh = served.connect();
        assert!(fresh.silent_for(Duration::from_millis(100)));
        served.signal(signal);
        let (status, time) = served.exits_within(Duration::from_secs(5));
        assert_eq!(status.code(), Some(0), "{}", served.stderr());
        assert!(time < Duration::from_secs(2), "{time:?}");
        idle.closed();
        fresh.closed();
    }
}

#[test]
fn sigterm_lets_a_request_finish() {
    let mut served = Served::start(shared_world(), "", &[]);
    let mut slow = served.connect();
    slow.send(served.signed("POST") + "transfer-encoding: chunked\r\n\r\n");
    assert!(slow.silent_for(Duration::from_millis(200)));
    served.signal(Signal::TERM);
    assert!(slow.silent_for(Duration::from_millis(700)));
    assert!(served.child.try_wait().unwrap().is_none());
    assert_eq!(slow.ask("0\r\n\r\n").verdict(), accepted());
    slow.closed();
    let (status, _) = served.exits_within(Duration::from_secs(2));
    assert_eq!(status.code(), Some(0));
}

#[test]
fn sigterm_ends_within_ten_seconds_whoever_is_slow() {
    let mut served = Served::start(shared_world(), "", &[]);
    let mut slow = served.connect();
    slow.send(served.signed("POST") + "transfer-encoding: chunked\r\n\r\n");
    assert!(slow.silent_for(Duration::from_millis(200)));
    served.signal(Signal::TERM);
    let (status, time) = served.exits_within(Duration::from_secs(12));
    assert_eq!(status.code(), Some(0));
    assert!(time > Duration::from_secs(9) && time < Duration::from_secs(11), "{time:?}");
    assert!(served.stderr().contains("cut off"));
}

#[test]
fn out_of_file_descriptors_it_sheds_and_recovers() {
    let mut served = Served::start(shared_world(), "", &[]);
    assert_eq!(served.cert().verdict(), accepted());
    served.limit_descriptors(64);
    let mut inside = served.connect();
    assert_eq!(inside.ask(served.token_request()).verdict(), accepted());
    for _ in 0..2 {
        let mut idle: Vec<_> = (0..150).map(|_| served.connect()).collect();
        // Whoever got in is served; the others are told, and none is left waiting.
        assert_eq!(inside.ask(served.signed("GET") + "\r\n").verdict(), accepted());
        let mut shed = 0;
        for peer in &mut idle {
            let answer = peer.ask(served.token_request());
            assert!(matches!(answer.status, 200 | 503), "{answer:?}");
            shed += usize::from(answer.status == 503);
        }
        assert!((80..150).contains(&shed), "{shed} of 150");
        assert_eq!(inside.ask(served.token_request()).verdict(), accepted());
        drop(idle);
        let start = Instant::now();
        while served.cert().status != 200 {
            assert!(start.elapsed() < Duration::from_secs(5), "it does not recover");
            sleep(Duration::from_millis(20));
        }
    }
    served.signal(Signal::TERM);
    assert_eq!(served.exits_within(Duration::from_secs(5)).0.code(), Some(0));
    // A flood of connections is not a flood of lines.
    let log = served.stderr();
    assert!((1..5).contains(&log.matches("out of file descriptors").count()), "{log}");
}

#[test]
fn out_of_file_descriptors_metrics_are_still_shown() {
    let mut served = Served::start(shared_world(), "ulimit -n 96;", &["--metrics-listen", "127.0.0.1:0"]);
    let mut line = String::new();
    let mut stderr = BufReader::new(served.child.stderr.take().unwrap());
    stderr.read_line(&mut line).unwrap();
    let metrics: SocketAddr = line
        .trim()
        .strip_prefix("metrics on http://")
        .and_then(|rest| rest.strip_suffix("/metrics"))
        .unwrap_or_else(|| panic!("{line:?}"))
        .parse()
        .unwrap();
    let idle: Vec<_> = (0..150).map(|_| served.connect()).collect();
    for _ in 0..20 {
        let answer = Peer::connect(metrics).ask("GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n");
        let shown = Shown::read(&answer);
        assert!(shown.value("process_open_fds") < 96.0);
        sleep(Duration::from_millis(20));
    }
    let shown = Shown::read(&Peer::connect(metrics).ask("GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n"));
    assert!(shown.value("certauthz_connections_evicted_total{listener=\"public\"}") > 80.0);
    assert_eq!(shown.value("certauthz_connections_shed_total{listener=\"public\",reason=\"file_descriptors\"}"), 0.0);
    drop(idle);
}

#[test]
fn the_metrics_listener_is_named_and_an_address_that_is_taken_refused() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let serve = |arguments: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command.arg("--path").arg(shared_world()).args(["serve", "--listen", "127.0.0.1:0"]).args(arguments);
        command.output().unwrap()
    };
    let output = serve(&["--metrics-listen", &address]);
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains(&address) && error.contains("--metrics-listen"), "{error}");
    assert_eq!(serve(&["--metrics-listen", "nowhere"]).status.code(), Some(2));
}

#[test]
fn out_of_file_descriptors_a_new_list_is_taken_later() {
    let world = example_world();
    let served = Served::start(world.path(), "", &[]);
    assert_eq!(served.cert().verdict(), accepted());
    served.limit_descriptors(64);
    let mut idle: Vec<_> = (0..150).map(|_| served.connect()).collect();
    run(world.path(), &["crl", "revoke", "--ca", "primary", "--client", "alice"]);
    assert!(idle[0].silent_for(Duration::from_millis(2500)));
    drop(idle);
    let start = Instant::now();
    while served.cert().verdict() != refused(401, "certificate_revoked") {
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", served.cert());
        sleep(Duration::from_millis(50));
    }
}

#[test]
fn with_few_file_descriptors_newcomers_get_in_and_lists_are_read() {
    let world = example_world();
    let mut served = Served::start(world.path(), "ulimit -n 64;", &[]);
    let mut inside = served.connect();
    assert_eq!(inside.ask(served.token_request()).verdict(), accepted());
    let mut idle: Vec<_> = (0..150).map(|_| served.connect()).collect();
    // Nobody waits for those who only hold their place, and who was let in keeps his.
    assert_eq!(served.cert().verdict(), accepted());
    assert_eq!(inside.ask(served.token_request()).verdict(), accepted());
    let answers = idle.iter_mut().map(|peer| peer.send(served.token_request()).next_answer(true));
    let kept = answers.filter(|answer| answer.as_ref().is_some_and(|a| a.status == 200)).count();
    assert!((20..32).contains(&kept), "{kept} of 150");
    run(world.path(), &["crl", "revoke", "--ca", "primary", "--client", "alice"]);
    let start = Instant::now();
    // On a connection that is there already: all places are taken by clients that were let in a moment ago.
    while inside.ask(served.signed("GET") + "\r\n").verdict() != refused(401, "certificate_revoked") {
        assert!(start.elapsed() < Duration::from_secs(5), "the list is not read");
        sleep(Duration::from_millis(50));
    }
    served.signal(Signal::TERM);
    assert_eq!(served.exits_within(Duration::from_secs(5)).0.code(), Some(0));
    let log = served.stderr();
    assert!(log.contains("leaves room for 32 connections"), "{log}");
    assert!((1..5).contains(&log.matches("all places are taken").count()), "{log}");
}

#[test]
fn what_peers_send_cannot_forge_a_line_of_the_log() {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let mut served = Served::start(shared_world(), "", &["-vv"]);
    let forged = "\n2027-01-01T00:00:00Z ERROR forged \u{1b}[31m";
    let header = serde_json::json!({"alg": forged, "typ": forged, "kid": forged}).to_string();
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    for token in [format!("{}.e30.AA", part(&header)), format!("{}.e30.AA", part(forged)), forged.replace('\n', "\t")] {
        let token = token.replace('\u{1b}', "");
        let request = format!("GET /token HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
        assert_eq!(served.connect().ask(request).status, 401);
    }
    for line in ["host: x\tERROR forged", "host: \"ERROR forged"] {
        let request = served.signed("GET").replace(&format!("host: {}", served.address), line) + "\r\n";
        assert_eq!(served.connect().ask(request).status, 401);
    }
    served.signal(Signal::TERM);
    served.exits_within(Duration::from_secs(5));
    let log = served.stderr();
    assert!(log.contains("algorithm_forbidden") && log.contains("authority_mismatch"), "{log}");
    assert!(!log.contains('\u{1b}') && !log.lines().any(|line| line.starts_with("2027-01-01")), "{log}");
}
