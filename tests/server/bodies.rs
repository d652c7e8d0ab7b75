//! Bodies: with and without digest, in chunks, too large.

use crate::world::{Message, World, accepted, refused};

#[test]
fn a_body_counts_by_its_digest_however_it_is_framed() {
    let world = World::new();
    let body = [b'x'; 1000];
    let signed = || world.signed("POST", "/cert", &body);
    assert_eq!(world.verdict(&signed()), accepted());
    assert_eq!(world.verdict(&signed().chunked(100)), accepted());
    assert_eq!(world.verdict(&signed().chunked(1)), accepted());
    let mut wrong = signed();
    wrong.body[999] = b'y';
    assert_eq!(world.verdict(&wrong), refused(401, "digest_mismatch"));
    assert_eq!(world.verdict(&wrong.chunked(100)), refused(401, "digest_mismatch"));
    // One byte less or more, in chunks.
    assert_eq!(world.verdict(&signed().body(&body[1..]).chunked(7)), refused(401, "digest_mismatch"));
    assert_eq!(world.verdict(&signed().body(&[b'x'; 1001]).chunked(7)), refused(401, "digest_mismatch"));
    // None at all.
    assert_eq!(world.verdict(&signed().body(b"").without("content-length")), refused(401, "digest_mismatch"));
    assert_eq!(world.verdict(&signed().body(b"").chunked(7)), refused(401, "digest_mismatch"));
}

#[test]
fn a_body_without_digest_is_refused() {
    let world = World::new();
    let with_body = |message: Message| message.header("content-length", "4").body(b"body");
    assert_eq!(world.verdict(&with_body(world.signed("POST", "/cert", b""))), refused(401, "digest_missing"));
    let chunked = world.signed("POST", "/cert", b"").body(b"body").chunked(2);
    assert_eq!(world.verdict(&chunked), refused(401, "digest_missing"));
    let stripped = world.signed("POST", "/cert", b"body").without("content-digest");
    assert_eq!(world.verdict(&stripped), refused(401, "digest_missing"));
    // A digest that is not signed proves nothing.
    let digest = world.signed("POST", "/cert", b"body").get("content-digest").to_owned();
    let unsigned = world.signed("POST", "/cert", b"").header("content-digest", &digest);
    assert_eq!(world.verdict(&with_body(unsigned.clone())), refused(401, "signature_coverage"));
    assert_eq!(world.verdict(&unsigned.body(b"body").chunked(2)), refused(401, "signature_coverage"));
}

#[test]
fn an_empty_body_is_no_body() {
    let world = World::new();
    assert_eq!(world.verdict(&world.signed("POST", "/cert", b"").chunked(1)), accepted());
    assert_eq!(world.verdict(&world.signed("POST", "/cert", b"").header("content-length", "0")), accepted());
    let trailers = world.signed("POST", "/cert", b"").header("transfer-encoding", "chunked");
    assert_eq!(world.verdict(&trailers.body(b"0\r\nx-client-cert: AAAA\r\n\r\n")), accepted());
}

#[test]
fn digests_are_read_strictly() {
    let world = World::new();
    let signed = || world.signed("POST", "/cert", b"body");
    let digest = signed().get("content-digest").to_owned();
    // Several lines are one list; the same member twice is ambiguous. Both are not what was signed, but the digest is
    // looked at first.
    assert_eq!(world.verdict(&signed().header("content-digest", &digest)), refused(401, "digest_missing"));
    assert_eq!(world.verdict(&signed().header("content-digest", "md5=:AAAA:")), refused(401, "signature_invalid"));
    assert_eq!(world.verdict(&signed().set("content-digest", "sha-256=:AAAA:")), refused(401, "digest_mismatch"));
    assert_eq!(world.verdict(&signed().set("content-digest", "nonsense")), refused(401, "digest_missing"));
    assert_eq!(world.verdict(&signed().set("content-digest", "")), refused(401, "digest_missing"));
}

#[test]
fn too_large_is_413_before_or_while_it_comes() {
    let world = World::new();
    let just = vec![b'x'; 4096];
    assert_eq!(world.verdict(&world.signed("POST", "/cert", &just)), accepted());
    assert_eq!(world.verdict(&world.signed("POST", "/cert", &just).chunked(4096)), accepted());
    let large = vec![b'x'; 4097];
    let answer = world.ask(world.signed("POST", "/cert", &large).head());
    assert_eq!(answer.verdict(), refused(413, "credential_too_large"));
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(world.verdict(&world.signed("POST", "/cert", &large).chunked(10)), refused(413, "credential_too_large"));
    // A length that nobody could send.
    for length in ["18446744073709551614", "99999999999999999999999", "4611686018427387904"] {
        let message = world.signed("POST", "/cert", b"x").set("content-length", length);
        let status = world.ask(message.bytes()).status;
        assert!(matches!(status, 400 | 413 | 431), "{length}: {status}");
    }
    world.check_alive();
}

#[test]
fn nothing_is_asked_for_that_will_be_refused() {
    let world = World::new();
    let message = world.signed("POST", "/cert", b"body").header("expect", "100-continue");
    let mut peer = world.server.connect();
    assert_eq!(peer.ask(message.head()).status, 100);
    assert_eq!(peer.ask(&message.body).verdict(), accepted());
    let mut peer = world.server.connect();
    let message = world.signed("POST", "/cert", b"body").header("expect", "100-continue");
    let refusal = peer.ask(message.set("host", "carol.example").head());
    assert_eq!(refusal.verdict(), refused(401, "authority_mismatch"));
}

#[test]
fn a_body_for_the_token_route_is_not_waited_for() {
    let world = World::new();
    let mut peer = world.server.connect();
    let message = world.with_token().header("content-length", "1000000");
    assert_eq!(peer.ask(message.head()).verdict(), accepted());
    peer.closed();
}
