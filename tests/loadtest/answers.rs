//! Every way in which HTTP/1.1 ends an answer, and some in which it does not.

use crate::{
    peer::{Asked, Peer, Step, ok, send},
    world::{self, just_above, percentile, seconds},
};
use std::time::Duration;

const LATER: Duration = Duration::from_millis(20);

/// The first request (the probe) gets a plain answer.
fn after_the_first(steps: impl Fn(&Asked) -> Vec<Step> + Send + Sync + 'static) -> Peer {
    Peer::start(move |asked: &Asked| if asked.index == 0 { vec![ok()] } else { steps(asked) })
}

#[test]
fn the_last_chunk_counts() {
    let _turn = world::quiet();
    let peer = after_the_first(|_| {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";
        vec![send(head), Step::Wait(LATER), send("0\r\n\r\n")]
    });
    let found = world::measured(&peer.url(), &["-n", "200", "-c", "4"]);
    found.complete();
    let took = seconds(peer.last(200).into_iter().map(|e| e.took().unwrap()));
    just_above("p50", found.percentile("latency", "p50"), percentile(&took, 50.0), 0.004);
    assert!(found.summary("fastest") >= 0.02, "{}", found.lane());
    assert!(peer.accepted() <= 8, "connections are kept: {}", peer.accepted());
}

#[test]
fn a_body_may_end_with_the_connection() {
    let _turn = world::quiet();
    let peer = after_the_first(|_| {
        vec![send("HTTP/1.1 200 OK\r\n\r\nhello"), Step::Wait(LATER), send(", world"), Step::Close]
    });
    let found = world::measured(&peer.url(), &["-n", "100", "-c", "4"]);
    found.complete();
    assert_eq!(found.status("200"), 100);
    assert!(found.summary("fastest") >= 0.02, "{}", found.lane());
    assert!(peer.accepted() >= 100, "one connection per request: {}", peer.accepted());
}

#[test]
fn answers_without_a_body_are_whole() {
    let _turn = world::quiet();
    // A length here tells what GET would have got: no byte of it follows.
    for (method, head, status) in [
        ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", "200"),
        ("HEAD", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "200"),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", "204"),
        ("GET", "HTTP/1.1 304 Not Modified\r\ncontent-length: 1000\r\n\r\n", "304"),
        ("GET", "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "200"),
    ] {
        let peer = Peer::start(move |asked: &Asked| {
            assert_eq!(asked.method, method);
            let first = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            vec![send(if asked.index == 0 { first } else { head })]
        });
        let found = world::ended(&peer.url(), &["-X", method, "-n", "300", "-c", "4", "--timeout", "2s"]);
        found.complete();
        assert_eq!((found.status(status), found.count("answered")), (300, 300), "{head:?}: {}", found.lane());
        assert!(found.summary("slowest") < 1.0, "{head:?}: {}", found.lane());
        assert!(peer.accepted() <= 8, "{head:?}: connections are kept: {}", peer.accepted());
    }
}

#[test]
fn broken_answers_are_failures() {
    let _turn = world::quiet();
    type Steps = fn() -> Vec<Step>;
    let breaks: [(&str, Steps); 5] = [
        ("reset in the body", || {
            vec![send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhel"), Step::Wait(LATER), Step::Reset]
        }),
        ("closed in the body", || vec![send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhel"), Step::Close]),
        ("closed in a chunk", || {
            vec![send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhe"), Step::Close]
        }),
        ("closed without a word", || vec![Step::Wait(Duration::from_millis(1)), Step::Close]),
        ("no HTTP", || vec![send("SSH-2.0-server\r\n\r\n"), Step::Close]),
    ];
    for (what, broken) in breaks {
        let peer = Peer::start(move |asked: &Asked| if asked.index % 4 == 3 { broken() } else { vec![ok()] });
        let found = world::measured(&peer.url(), &["-n", "200", "-c", "4", "--timeout", "2s"]);
        assert_eq!(found.count("answered") + found.failed(), 200, "{what}: {}", found.lane());
        assert!((45..=55).contains(&found.failed()), "{what}: {}", found.lane());
        assert_eq!(found.status("200"), found.count("answered"), "{what}: {}", found.lane());
    }
}

#[test]
fn who_never_stops_talking_is_timed_out() {
    let _turn = world::quiet();
    let floods: [(&str, &str); 4] = [
        ("interim responses", "HTTP/1.1 100 Continue\r\n\r\n"),
        ("a header", "HTTP/1.1 200 OK\r\nx: "),
        ("a body", "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n"),
        ("a chunk's extension", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;"),
    ];
    for (what, text) in floods {
        let peer = Peer::start(move |asked: &Asked| match asked.index {
            0..8 => vec![ok()],
            _ => vec![send(text), Step::Flood(text.repeat(1_000).into_bytes())],
        });
        let begin = std::time::Instant::now();
        let args = ["-z", "1s", "-c", "2", "--timeout", "500ms", "--drain", "500ms"];
        let found = world::ended(&peer.url(), &args);
        assert!(begin.elapsed() < Duration::from_secs(20), "{what}: {:?}", begin.elapsed());
        assert!(found.failed() >= 1 && found.count("unfinished") == 0, "{what}: {}", found.lane());
    }
}

#[test]
fn without_keep_alive_each_request_has_its_connection() {
    let _turn = world::quiet();
    let peer = Peer::start(|_: &Asked| vec![ok()]);
    let found = world::measured(&peer.url(), &["-n", "200", "-c", "4", "--disable-keepalive"]);
    found.complete();
    let (connections, requests) = (peer.accepted(), peer.exchanges().len() as u64);
    assert!(requests >= 201, "{requests}");
    assert!(connections >= requests && connections <= requests + 8, "{connections} connections, {requests} requests");
}

#[test]
fn so_many_requests_as_were_asked_for() {
    let _turn = world::quiet();
    for (connections, n) in [("1", 1), ("7", 100), ("64", 1_001)] {
        let peer = Peer::start(|_: &Asked| vec![ok()]);
        let found = world::measured(&peer.url(), &["-n", &n.to_string(), "-c", connections]);
        found.complete();
        assert_eq!(found.count("answered"), n);
        let came = peer.exchanges().len() as u64;
        assert_eq!(came, n + 1, "and one that looks whether the server is there");
    }
}
