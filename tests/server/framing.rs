//! Where one request ends and the next begins: lies about lengths, smuggling, pipelines.

use crate::world::{SHORT, World, accepted, refused};

#[test]
fn lengths_that_contradict_each_other_end_the_connection() {
    let world = World::new();
    let body = b"body";
    let smuggled = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    for lines in [
        "content-length: 4\r\ncontent-length: 5\r\n",
        "content-length: 4, 5\r\n",
        "content-length: 4, 4\r\n",
        "content-length: +4\r\n",
        "content-length: -4\r\n",
        "content-length: 4x\r\n",
        "content-length: 0x4\r\n",
        "content-length:\r\n",
        "transfer-encoding: identity\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding: xchunked\r\n",
        "transfer-encoding: \u{b}chunked\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: gzip\r\n",
        "transfer-encoding : chunked\r\n",
    ] {
        let message = world.signed("POST", "/cert", body).without("content-length");
        let mut bytes = message.head();
        bytes.truncate(bytes.len() - 2);
        bytes.extend_from_slice(lines.as_bytes());
        bytes.extend_from_slice(b"\r\nbody");
        bytes.extend_from_slice(smuggled.as_bytes());
        let mut peer = world.server.connect();
        assert_eq!(peer.ask(bytes).verdict(), refused(400, ""), "{lines:?}");
        peer.closed();
    }
}

/// RFC 9112 section 6.3: such a message may be refused, or read by its `Transfer-Encoding` alone if the connection is then
/// closed. hyper does the latter, and nobody above it is told.
#[test]
fn a_length_beside_chunks_is_ignored_and_smuggles_nothing() {
    let world = World::new();
    for first in [true, false] {
        let message = world.signed("POST", "/cert", b"body").chunked(4);
        let message = match first {
            true => message
                .without("transfer-encoding")
                .header("content-length", "4")
                .header("transfer-encoding", "chunked"),
            false => message.header("content-length", "4"),
        };
        let mut peer = world.server.connect();
        peer.send(message.bytes()).send("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
        assert_eq!(peer.answer().verdict(), accepted());
        peer.closed();
        // With an end of chunks before the length, the rest is no request either.
        let message =
            world.signed("POST", "/cert", b"").header("content-length", "60").header("transfer-encoding", "chunked");
        let mut peer = world.server.connect();
        peer.send(message.head()).send("0\r\n\r\nGET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
        assert_eq!(peer.answer().verdict(), accepted());
        peer.closed();
    }
}

#[test]
fn broken_chunks_are_bad_requests() {
    let world = World::new();
    for chunks in
        ["4\r\nbodyX\r\n0\r\n\r\n", "g\r\n", "-1\r\n", "fffffffffffffffff\r\n", "4 4\r\nbody\r\n0\r\n\r\n", "\r\n"]
    {
        let message = world.signed("POST", "/cert", b"body").chunked(4).body(chunks.as_bytes());
        let mut peer = world.server.connect();
        peer.send(message.bytes());
        let answer = peer.next_answer(true);
        assert!(answer.is_none_or(|answer| answer.status == 400), "{chunks:?}");
        peer.closed();
    }
    // Extensions and trailers without end.
    for filler in [format!("4;{}", "x".repeat(100_000)), format!("4\r\nbody\r\n0\r\n{}", "x: y\r\n".repeat(20_000))] {
        let message = world.signed("POST", "/cert", b"body").chunked(4).body(filler.as_bytes());
        let mut peer = world.server.connect();
        peer.send(message.bytes());
        assert!(peer.next_answer(true).is_none_or(|answer| answer.status >= 400));
    }
    world.check_alive();
}

#[test]
fn a_length_that_lies_harms_only_the_liar() {
    let world = World::new();
    // Too short: what is left is no request.
    let mut peer = world.server.connect();
    let message = world.signed("POST", "/cert", b"body").set("content-length", "2");
    assert_eq!(peer.ask(message.bytes()).verdict(), refused(401, "digest_mismatch"));
    assert!(peer.next_answer(true).is_none_or(|answer| answer.status == 400));
    // Too long: it is waited for, not for ever.
    let mut peer = world.server.connect();
    let message = world.signed("POST", "/cert", b"body").set("content-length", "6");
    assert_eq!(peer.ask(message.bytes()).verdict(), refused(408, ""));
    assert!(peer.closed() < 2 * SHORT);
    // The end of the stream in the middle of a body.
    let mut peer = world.server.connect();
    peer.send(world.signed("POST", "/cert", b"body").set("content-length", "6").bytes());
    peer.end_of_requests();
    assert!(peer.next_answer(true).is_none_or(|answer| answer.status == 400));
    peer.closed();
    world.check_alive();
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let world = World::new();
    let mut all = Vec::new();
    for _ in 0..50 {
        all.extend(world.cert().bytes());
        all.extend(world.signed("POST", "/cert", b"body").bytes());
        all.extend(b"GET /cert HTTP/1.1\r\nhost: x\r\n\r\n");
        all.extend(world.with_token().bytes());
    }
    let mut peer = world.server.connect();
    peer.send(all);
    for _ in 0..50 {
        assert_eq!(peer.answer().json()["credential"], "certificate");
        assert_eq!(peer.answer().verdict(), accepted());
        assert_eq!(peer.answer().verdict(), refused(401, "credential_missing"));
        assert_eq!(peer.answer().json()["credential"], "token");
    }
}

#[test]
fn a_peer_that_has_said_all_still_gets_its_answer() {
    let world = World::new();
    let mut peer = world.server.connect();
    peer.send(world.cert().bytes());
    peer.end_of_requests();
    assert_eq!(peer.answer().verdict(), accepted());
    assert!(peer.closed() < SHORT);
}
