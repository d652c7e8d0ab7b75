//! `/metrics`: what is counted, under which labels, and where it is shown.

use crate::{
    common::Ca,
    peer::{Answer, Peer},
    world::{Message, SHORT, World, accepted, limits, refused},
};
use certauthz::{
    authz::CertificateVerifier,
    cert::chain::Anchors,
    crl::RevocationStore,
    server::{Limits, RevocationFile},
};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::TcpStream,
    thread::sleep,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const SCRAPE: &str = "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n";

/// What one scrape showed: the value of each series, as it is written.
pub struct Shown(BTreeMap<String, f64>);

impl Shown {
    pub fn read(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200);
        let text = std::str::from_utf8(&answer.body).unwrap();
        assert!(text.ends_with('\n'));
        let values = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
            (series.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")))
        });
        let shown: BTreeMap<_, _> = values.clone().collect();
        assert_eq!(shown.len(), values.count(), "a series stands twice: {text}");
        Self(shown)
    }

    pub fn value(&self, series: &str) -> f64 {
        *self.0.get(series).unwrap_or_else(|| panic!("no {series} in {:#?}", self.0))
    }

    fn requests(&self, route: &str, status: u16, reason: &str) -> f64 {
        let labels = format!("route=\"{route}\",status=\"{status}\",reason=\"{reason}\"");
        self.value(&format!("certauthz_http_requests_total{{{labels}}}"))
    }

    /// Series by family whose value is not zero.
    fn counted(&self, family: &str) -> BTreeMap<&str, f64> {
        let own = |series: &str| series.split('{').next() == Some(family);
        self.0.iter().filter(|(series, value)| own(series) && **value != 0.0).map(|(s, v)| (s.as_str(), *v)).collect()
    }

    fn series(&self) -> BTreeSet<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}

impl World {
    fn scrape(&self) -> Shown {
        Shown::read(&self.ask(SCRAPE))
    }

    /// Once what is asked for has been counted: a connection ends a moment after its last byte.
    fn scrape_until(&self, holds: impl Fn(&Shown) -> bool) -> Shown {
        let start = Instant::now();
        loop {
            let shown = self.scrape();
            if holds(&shown) {
                return shown;
            }
            assert!(start.elapsed() < Duration::from_secs(10), "{:#?}", shown.0);
            sleep(Duration::from_millis(20));
        }
    }
}

fn get(path: &str) -> Message {
    Message::new(&format!("GET {path} HTTP/1.1")).header("host", "x")
}

/// Each of these is answered as it says; returns how often each outcome must have been counted.
fn traffic(world: &World) -> Vec<(&'static str, u16, &'static str, f64)> {
    let replayed = world.cert();
    let bearer = |token: &str| world.with_token().set("authorization", &format!("Bearer {token}"));
    let large = vec![b'x'; 4097];
    let mut altered = world.signed("POST", "/cert", b"body");
    altered.body = b"bodY".to_vec();
    for (message, verdict) in [
        (world.with_token(), accepted()),
        (world.with_token(), accepted()),
        (world.with_token().without("authorization"), refused(401, "credential_missing")),
        (bearer("a.b.c"), refused(401, "token_malformed")),
        (bearer(&world.token("other")), refused(403, "insufficient_scope")),
        (replayed.clone(), accepted()),
        (replayed, refused(401, "nonce_reused")),
        (world.signed("POST", "/cert", b"body"), accepted()),
        (altered, refused(401, "digest_mismatch")),
        (get("/cert"), refused(401, "credential_missing")),
        (world.cert().set("x-client-cert", &"A".repeat(50_000)), refused(431, "credential_too_large")),
        (world.signed("POST", "/cert", &large), refused(413, "credential_too_large")),
        (world.signed("POST", "/cert", &large).chunked(4000), refused(413, "credential_too_large")),
        (get("/healthz"), accepted()),
        (get("/nowhere"), refused(404, "")),
        // Two services could take these for theirs; the last is no request for us at all.
        (get("/token").header("host", "y"), refused(400, "")),
        (get("/healthz").without("host"), refused(400, "")),
        (Message::new("CONNECT x:1 HTTP/1.1").header("host", "x:1"), refused(501, "")),
        // hyper's own answers, before there is a request.
        (get("/token").header("a b", "c"), refused(400, "")),
        (get("/token").header("x", &"x".repeat(70_000)), refused(431, "")),
    ] {
        assert_eq!(world.verdict(&message), verdict, "{}", message.line);
    }
    let mut slow = world.server.connect();
    slow.send(world.signed("POST", "/cert", b"").header("transfer-encoding", "chunked").head());
    assert_eq!(slow.answer().verdict(), refused(408, ""));
    let post = Message::new("POST /metrics HTTP/1.1").header("host", "x");
    let answer = world.ask(post.bytes());
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")));
    vec![
        ("token", 200, "", 2.0),
        ("token", 401, "credential_missing", 1.0),
        ("token", 401, "token_malformed", 1.0),
        ("token", 403, "insufficient_scope", 1.0),
        ("token", 400, "", 1.0),
        ("cert", 200, "", 2.0),
        ("cert", 401, "nonce_reused", 1.0),
        ("cert", 401, "digest_mismatch", 1.0),
        ("cert", 401, "credential_missing", 1.0),
        ("cert", 431, "credential_too_large", 1.0),
        ("cert", 413, "credential_too_large", 2.0),
        ("cert", 408, "", 1.0),
        ("healthz", 200, "", 1.0),
        ("healthz", 400, "", 1.0),
        ("metrics", 405, "", 1.0),
        ("other", 404, "", 1.0),
        ("other", 501, "", 1.0),
        ("other", 400, "", 1.0),
        ("other", 431, "", 1.0),
    ]
}

#[test]
fn each_outcome_is_counted_once() {
    let world = World::new();
    let wanted = traffic(&world);
    let shown = world.scrape_until(|shown| {
        let total: f64 = shown.counted("certauthz_http_requests_total").values().sum();
        total - shown.requests("metrics", 200, "") >= wanted.iter().map(|(.., count)| count).sum()
    });
    for (route, status, reason, count) in &wanted {
        assert_eq!(shown.requests(route, *status, reason), *count, "{route} {status} {reason}");
    }
    // And nothing else, but the scrapes before this one.
    let outcomes = wanted.len() + usize::from(shown.requests("metrics", 200, "") > 0.0);
    assert_eq!(shown.counted("certauthz_http_requests_total").len(), outcomes);
    // The latencies are those of the same requests, but for the two that hyper has refused.
    for (route, unread) in [("token", 0.0), ("cert", 0.0), ("healthz", 0.0), ("other", 2.0)] {
        let answered: f64 = wanted.iter().filter(|(of, ..)| *of == route).map(|(.., count)| count).sum();
        let count = shown.value(&format!("certauthz_http_request_duration_seconds_count{{route=\"{route}\"}}"));
        assert_eq!(count, answered - unread, "{route}");
        let buckets =
            |le: &str| format!("certauthz_http_request_duration_seconds_bucket{{le=\"{le}\",route=\"{route}\"}}");
        assert_eq!(shown.value(&buckets("+Inf")), count);
    }
    let slow = "certauthz_http_request_duration_seconds_sum{route=\"cert\"}";
    assert!((limits().body_timeout.as_secs_f64()..5.0).contains(&shown.value(slow)), "{}", shown.value(slow));
    // Caches and memory: one certificate; the accepted nonces.
    assert_eq!(shown.value("certauthz_cache_requests_total{cache=\"certificate\",result=\"miss\"}"), 1.0);
    assert!(shown.value("certauthz_cache_requests_total{cache=\"certificate\",result=\"hit\"}") >= 4.0);
    assert_eq!(shown.value("certauthz_cache_entries{cache=\"certificate\"}"), 1.0);
    assert_eq!(shown.value("certauthz_replay_nonces"), 2.0);
    assert!(shown.value("certauthz_replay_capacity") >= 10_000.0);
}

#[test]
fn the_answer_is_of_the_text_format() {
    let world = World::new();
    let answer = world.ask(SCRAPE);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = String::from_utf8(answer.body.clone()).unwrap();
    for family in [
        "certauthz_http_requests_total counter",
        "certauthz_http_request_duration_seconds histogram",
        "certauthz_connections_open gauge",
        "process_cpu_seconds_total counter",
        "certauthz_build_info gauge",
    ] {
        assert_eq!(text.matches(&format!("# TYPE {family}\n")).count(), 1, "{family}");
    }
    assert!(!text.contains("EOF"));
    let mut peer = world.server.connect();
    let head = peer.send(SCRAPE.replace("GET", "HEAD")).answer_without_body();
    assert_eq!((head.status, head.header("content-type")), (200, answer.header("content-type")));
    assert_eq!(peer.ask("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").status, 200);
}

#[test]
#[cfg(target_os = "linux")]
fn the_process_and_its_version_are_shown() {
    let shown = World::new().scrape();
    let now = Timestamp::now().as_second() as f64;
    let start = shown.value("process_start_time_seconds");
    assert!(start > now - 3600.0 && start <= now + 2.0, "{start}");
    assert!(shown.value("process_cpu_seconds_total") > 0.0);
    assert!(shown.value("process_resident_memory_bytes") > 1e6);
    assert!(shown.value("process_virtual_memory_bytes") >= shown.value("process_resident_memory_bytes"));
    assert!(shown.value("process_open_fds") > 3.0);
    assert!(shown.value("process_max_fds") > shown.value("process_open_fds"));
    assert_eq!(shown.value(&format!("certauthz_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))), 1.0);
}

#[test]
fn what_peers_send_makes_no_series() {
    let world = World::new();
    let quiet: BTreeSet<String> = world.scrape().series().into_iter().map(str::to_owned).collect();
    for i in 0..200 {
        for path in [format!("/{i}"), format!("/token/{i}"), format!("/cert%0a{i}"), format!("/metrics\"{i}\\n")] {
            world.ask(get(&path).line(&format!("M{i} {path} HTTP/1.1")).bytes());
        }
        let hostile = format!("Bearer reason=\"x{i}\"");
        world.ask(world.with_token().set("authorization", &hostile).bytes());
        world.ask(world.cert().set("x-client-cert", &format!("{i}\"}}")).bytes());
    }
    let shown = world.scrape();
    let fresh: Vec<_> = shown.series().into_iter().filter(|series| !quiet.contains(*series)).collect();
    let labels = |status| format!("certauthz_http_requests_total{{route=\"other\",status=\"{status}\",reason=\"\"}}");
    assert!(
        fresh.len() <= 2 && fresh.iter().all(|s| [labels(404), labels(400)].contains(&(*s).to_owned())),
        "{fresh:?}"
    );
}

#[test]
fn connections_are_counted_by_what_became_of_them() {
    let world = World::with(Limits { max_connections: 3, ..limits() }, |_| {});
    let of = |name: &str, more: &str| format!("certauthz_connections_{name}{{listener=\"public\"{more}}}");
    let mut inside: Vec<Peer> = (0..3).map(|_| world.server.connect()).collect();
    for peer in &mut inside {
        assert_eq!(peer.ask(world.cert().bytes()).status, 200);
    }
    for _ in 0..5 {
        assert_eq!(world.server.connect().send("GET").answer().status, 503);
    }
    inside.truncate(1);
    let mut shown = Shown::read(&inside[0].ask(SCRAPE));
    assert_eq!(shown.value(&of("limit", "")), 3.0);
    assert_eq!(shown.value(&of("accepted_total", "")), 3.0);
    assert_eq!(shown.value(&of("shed_total", ",reason=\"limit\"")), 5.0);
    assert_eq!(shown.value(&of("shed_total", ",reason=\"file_descriptors\"")), 0.0);
    while shown.value(&of("open", "")) > 1.0 {
        shown = Shown::read(&inside[0].ask(SCRAPE));
    }
    let mut silent = world.server.connect();
    let mut late = world.server.connect();
    late.send(world.signed("POST", "/cert", b"").header("transfer-encoding", "chunked").head());
    assert!(late.silent_for(Duration::from_millis(50)));
    let mut newcomer = world.server.connect();
    silent.closed();
    let shown = Shown::read(&inside[0].ask(SCRAPE));
    assert_eq!(shown.value(&of("evicted_total", "")), 1.0);
    assert_eq!(shown.value(&of("open", "")), 3.0);
    newcomer.closed();
    assert_eq!(late.answer().status, 408);
    inside[0].closed();
    let shown = world.scrape_until(|shown| shown.value(&of("open", "")) == 1.0);
    assert_eq!(shown.value(&of("timed_out_total", ",phase=\"head\"")), 1.0);
    assert_eq!(shown.value(&of("timed_out_total", ",phase=\"idle\"")), 1.0);
    // Metrics have no listener of their own here.
    assert!(!shown.series().iter().any(|series| series.contains("listener=\"metrics\"")));
}

#[test]
fn the_list_in_use_is_described() {
    let ca = Ca::root_at("Primary \"CA\"\\", Timestamp::now());
    let mallory = ca.client("mallory", certauthz::key::KeyType::EcP256, "bob.user.read");
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("ca.crl");
    let hour = SignedDuration::from_hours(1);
    fs::write(&path, ca.crl_der(2, &[], hour)).unwrap();
    let other = Ca::root_at("Other", Timestamp::now());
    let files = RevocationFile::new(vec![path.clone()], vec![ca.facts.der.clone(), other.facts.der]);
    let world = World::serve(ca, limits(), Some(files), |ca, policy| {
        let mut lists = RevocationStore::new();
        lists.offer(ca.crl(1, &[])).unwrap();
        CertificateVerifier::new(Anchors::new([ca.facts.der.clone()]).unwrap(), policy, lists, 100, 100)
    });
    let of = |name: &str| format!("certauthz_crl_{name}{{issuer=\"Primary \\\"CA\\\"\\\\\"}}");
    let loads = |result: &str| format!("certauthz_crl_reloads_total{{result=\"{result}\"}}");
    let shown = world.scrape_until(|shown| shown.value(&loads("success")) == 1.0);
    assert_eq!(shown.value(&of("loaded")), 1.0);
    assert_eq!(shown.value("certauthz_crl_loaded{issuer=\"Other\"}"), 0.0);
    assert_eq!((shown.value(&of("number")), shown.value(&of("entries"))), (2.0, 0.0));
    // Issued a minute before the CA was made, due an hour after.
    assert!((60.0..90.0).contains(&shown.value(&of("age_seconds"))));
    assert!((3570.0..3600.0).contains(&shown.value(&of("until_next_update_seconds"))));
    assert!(!shown.series().contains("certauthz_crl_number{issuer=\"Other\"}"));

    let replace = |content: &[u8]| {
        let next = path.with_extension("next");
        fs::write(&next, content).unwrap();
        fs::rename(next, &path).unwrap();
    };
    replace(&world.ca.crl_der(7, &[&mallory.facts], SignedDuration::from_secs(-30)));
    let shown = world.scrape_until(|shown| shown.value(&loads("success")) == 2.0);
    assert_eq!((shown.value(&of("number")), shown.value(&of("entries"))), (7.0, 1.0));
    assert!((-90.0..=-30.0).contains(&shown.value(&of("until_next_update_seconds"))));
    replace(b"garbage");
    let shown = world.scrape_until(|shown| shown.value(&loads("failure")) == 1.0);
    assert_eq!(shown.value(&of("number")), 7.0);
}

#[test]
fn a_full_replay_memory_shows() {
    let ca = Ca::root_at("Primary CA", Timestamp::now());
    let world = World::serve(ca, limits(), None, |ca, policy| {
        let mut lists = RevocationStore::new();
        lists.offer(ca.crl(1, &[])).unwrap();
        CertificateVerifier::new(Anchors::new([ca.facts.der.clone()]).unwrap(), policy, lists, 100, 16)
    });
    let full = (0..100).filter(|_| world.ask(world.cert().bytes()).status == 503).count();
    let shown = world.scrape();
    assert_eq!(shown.requests("cert", 503, "replay_memory_full"), full as f64);
    assert_eq!(shown.requests("cert", 200, ""), (100 - full) as f64);
    assert_eq!(shown.value("certauthz_replay_nonces"), (100 - full) as f64);
}

#[test]
fn a_listener_for_metrics_shows_them_alone_and_the_public_one_does_not() {
    let world = World::with_metrics_listener(limits());
    let metrics = world.server.metrics_address.unwrap();
    let ask = |text: &str| Peer::connect(metrics).ask(text);
    assert_eq!(world.verdict(&get("/metrics")), refused(404, ""));
    world.check_alive();
    for path in ["/token", "/cert", "/healthz", "/"] {
        assert_eq!(ask(&format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")).status, 404, "{path}");
    }
    assert_eq!(ask("POST /metrics HTTP/1.1\r\nhost: x\r\n\r\n").status, 405);
    let shown = Shown::read(&ask(SCRAPE));
    assert_eq!(shown.requests("metrics", 404, ""), 1.0);
    assert_eq!(shown.requests("cert", 200, ""), 2.0);
    assert!(shown.value("certauthz_connections_accepted_total{listener=\"metrics\"}") >= 5.0);
    assert_eq!(shown.value("certauthz_connections_limit{listener=\"public\"}"), 200.0);
}

#[test]
fn a_flood_of_the_public_port_does_not_stop_scrapes() {
    let world = World::with_metrics_listener(Limits { max_connections: 20, ..limits() });
    let metrics = world.server.metrics_address.unwrap();
    let mut held: Vec<TcpStream> = Vec::new();
    let (mut evicted, mut scrapes) = (0.0, 0);
    let start = Instant::now();
    while start.elapsed() < 4 * SHORT {
        held.extend((0..50).map(|_| TcpStream::connect(world.server.address).unwrap()));
        held.drain(..held.len().saturating_sub(200));
        let shown = Shown::read(&Peer::connect(metrics).ask(SCRAPE));
        evicted = shown.value("certauthz_connections_evicted_total{listener=\"public\"}");
        scrapes += 1;
    }
    assert!(evicted > 100.0 && scrapes > 5, "{evicted} {scrapes}");
    // The other way round neither: who takes all of that listener's connections is turned away.
    let idle: Vec<_> = (0..100).map(|_| TcpStream::connect(metrics).unwrap()).collect();
    drop(held);
    sleep(SHORT);
    world.check_alive();
    drop(idle);
}

#[test]
fn stopping_stops_the_listener_for_metrics_too() {
    let mut world = World::with_metrics_listener(limits());
    let metrics = world.server.metrics_address.unwrap();
    let mut idle = Peer::connect(metrics);
    assert_eq!(idle.ask(SCRAPE).status, 200);
    world.server.stop();
    idle.closed();
    assert!(TcpStream::connect(metrics).is_err());
}
