//! Peers that take their time: each phase of a connection ends by itself.

use crate::world::{SHORT, World, accepted, limits, refused};
use certauthz::server::Limits;
use jiff::{SignedDuration, Timestamp};
use std::{
    thread::sleep,
    time::{Duration, Instant},
};

/// Far more than any timeout here, since a busy machine makes everything late.
const MARGIN: Duration = Duration::from_secs(15);

#[test]
fn a_head_has_its_time_whatever_trickles_in() {
    let world = World::new();
    let mut silent = world.server.connect();
    let mut slow = world.server.connect();
    let start = Instant::now();
    for byte in "GET /healthz HTTP/1.1\r\nhost: x\r\nx: ".bytes().chain(std::iter::repeat(b'x')) {
        slow.send([byte]);
        if !slow.silent_for(Duration::from_millis(20)) {
            break;
        }
        assert!(start.elapsed() < limits().header_timeout + MARGIN, "each byte buys more time");
    }
    assert!(start.elapsed() > limits().header_timeout - Duration::from_millis(50));
    // The other one had the same time, though it sent nothing.
    assert!(silent.closed() < SHORT);
    world.check_alive();
}

#[test]
fn an_idle_connection_is_kept_for_its_own_time() {
    let world = World::new();
    let mut peer = world.server.connect();
    for _ in 0..2 {
        assert_eq!(peer.ask(world.cert().bytes()).verdict(), accepted());
        // Longer than a head may take.
        assert!(peer.silent_for(limits().header_timeout + SHORT));
    }
    assert_eq!(peer.ask(world.cert().bytes()).verdict(), accepted());
    let waited = peer.closed();
    let idle = limits().idle_timeout;
    assert!(waited > idle - Duration::from_millis(50) && waited < idle + MARGIN, "{waited:?}");
    // A head that begins while idle has the time of a head.
    let mut peer = world.server.connect();
    assert_eq!(peer.ask(world.cert().bytes()).verdict(), accepted());
    sleep(SHORT);
    let waited = peer.send("GET /he").closed();
    let head = limits().header_timeout;
    assert!(waited > head - Duration::from_millis(50) && waited < idle, "{waited:?}");
}

#[test]
fn a_body_has_its_time_whatever_trickles_in() {
    let world = World::new();
    let message = world.signed("POST", "/cert", &[b'x'; 4000]);
    let mut peer = world.server.connect();
    peer.send(message.head());
    let start = Instant::now();
    while peer.silent_for(Duration::from_millis(20)) {
        peer.send("x");
        assert!(start.elapsed() < limits().body_timeout + MARGIN, "each byte buys more time");
    }
    assert_eq!(peer.answer().verdict(), refused(408, ""));
    peer.closed();
    world.check_alive();
}

#[test]
fn a_peer_that_reads_no_answers_loses_its_connection() {
    let one = Limits { max_connections: 1, ..limits() };
    let world = World::with(one, |_| {});
    let mut peer = world.server.connect();
    let requests = "GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n".repeat(1000);
    let mut full_since = None;
    // Until nothing went for a while: both sockets' buffers are full, the server waits for room.
    while full_since.is_none_or(|since: Instant| since.elapsed() < SHORT) {
        match peer.stuff(requests.as_bytes()) {
            Some(_) => full_since = None,
            None => {
                full_since.get_or_insert_with(Instant::now);
                sleep(Duration::from_millis(5));
            }
        }
    }
    let start = Instant::now();
    // There is room for one connection: once it is closed another one gets in.
    while world.ask(world.cert().bytes()).status != 200 {
        assert!(start.elapsed() < one.body_timeout + one.header_timeout + one.idle_timeout + MARGIN, "held for ever");
        sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_request_cannot_outlive_its_nonce_by_a_slow_body() {
    let slow = Limits { body_timeout: Duration::from_secs(10), ..limits() };
    let world = World::with(slow, |policy| policy.max_age = SignedDuration::from_secs(2));
    let created = Timestamp::now();
    // What an eavesdropper has: a request without body, to which it adds an empty one that does not end.
    let captured = world.cert();
    let mut late = Vec::new();
    for _ in 0..3 {
        let mut peer = world.server.connect();
        peer.send(captured.clone().header("transfer-encoding", "chunked").head());
        assert!(peer.silent_for(Duration::from_millis(50)));
        late.push(peer);
    }
    assert_eq!(world.verdict(&captured), accepted());
    while Timestamp::now().duration_since(created) < SignedDuration::from_millis(4200) {
        sleep(Duration::from_millis(50));
    }
    for mut peer in late {
        assert_eq!(peer.ask("0\r\n\r\n").verdict(), refused(401, "signature_expired"));
    }
}
