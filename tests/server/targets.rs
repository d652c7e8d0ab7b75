//! What is requested: forms of the target, paths, queries, authorities and methods.

use crate::world::{World, accepted, refused};

fn line(target: &str) -> String {
    format!("GET {target} HTTP/1.1")
}

#[test]
fn an_absolute_target_decides_about_the_authority() {
    let world = World::new();
    let absolute = |target: &str| world.cert().line(&line(target));
    // RFC 9112 section 3.2.2: Host is ignored where the target names the authority.
    assert_eq!(world.verdict(&absolute("http://bob.example/cert")), accepted());
    assert_eq!(world.verdict(&absolute("http://BOB.example:80/cert")), accepted());
    assert_eq!(world.verdict(&absolute("http://bob.example/cert").set("host", "carol.example")), accepted());
    let mismatch = refused(401, "authority_mismatch");
    for target in [
        "http://carol.example/cert",
        "http://bob.example:8080/cert",
        "http://bob.example@carol.example/cert",
        "http://user@bob.example/cert",
        "http://bob.example./cert",
    ] {
        assert_eq!(world.verdict(&absolute(target)), mismatch, "{target}");
    }
    assert_eq!(world.verdict(&world.cert().set("host", "carol.example")), mismatch);
    assert_eq!(world.verdict(&world.cert().set("host", "BOB.example:80")), accepted());
    // Another of our own names is not what was signed.
    let own = world.server.address.to_string();
    assert_eq!(world.verdict(&world.cert().set("host", &own)), refused(401, "signature_invalid"));
}

#[test]
fn paths_are_taken_as_they_are() {
    let world = World::new();
    for other in ["/cert/", "//cert", "/CERT", "/%63ert", "/./cert", "/x/../cert", "/cert;a", "/certs", "/", "/cert%00"]
    {
        assert_eq!(world.verdict(&world.cert().line(&line(other))), refused(404, ""), "{other}");
        // Also where exactly that was signed.
        assert_eq!(world.verdict(&world.signed("GET", other, b"")).0, 404, "{other}");
    }
}

#[test]
fn a_query_is_covered_byte_by_byte() {
    let world = World::new();
    for query in ["/cert?a=b", "/cert?a=%20&b=+", "/cert?%41=%61", "/cert?a=b&a=c&&", "/cert??", "/cert?a=/../x"] {
        assert_eq!(world.verdict(&world.signed("GET", query, b"")), accepted(), "{query}");
    }
    let invalid = refused(401, "signature_invalid");
    for (signed, sent) in [
        ("/cert?a=b", "/cert"),
        ("/cert", "/cert?a"),
        ("/cert?A=%41", "/cert?A=A"),
        ("/cert?a=%2f", "/cert?a=%2F"),
        ("/cert?a=+", "/cert?a=%20"),
        ("/cert?a&b", "/cert?b&a"),
    ] {
        assert_eq!(world.verdict(&world.signed("GET", signed, b"").line(&line(sent))), invalid, "{signed} {sent}");
    }
    // RFC 9421 section 2.2.7 gives an absent and an empty query the same value.
    assert_eq!(world.verdict(&world.cert().line(&line("/cert?"))), accepted());
    assert_eq!(world.verdict(&world.signed("GET", "/cert?", b"").line(&line("/cert"))), accepted());
}

#[test]
fn a_fragment_is_no_part_of_the_target() {
    let world = World::new();
    // hyper drops it before anybody sees it; it cannot hide a part of what was signed.
    assert_eq!(world.verdict(&world.cert().line(&line("/cert#a"))), accepted());
    assert_eq!(world.verdict(&world.signed("GET", "/cert?a=b", b"").line(&line("/cert#?a=b"))).1, "signature_invalid");
    assert_eq!(world.verdict(&world.cert().line(&line("/#/cert"))), refused(404, ""));
}

#[test]
fn lines_that_are_no_request_are_bad_requests() {
    let world = World::new();
    for bad in [
        "GET /cert HTTP/3.0",
        "GET  /cert HTTP/1.1",
        "GET /cert",
        "GET /ce rt HTTP/1.1",
        "G@T /cert HTTP/1.1",
        "GET cert HTTP/1.1",
        "GET http:///cert HTTP/1.1",
        "GET /cert HTTP/1.1 x",
        "\u{16}\u{3}\u{1}\u{2}",
    ] {
        let mut peer = world.server.connect();
        peer.send(world.cert().line(bad).bytes());
        if let Some(answer) = peer.next_answer(true) {
            assert!(matches!(answer.status, 400 | 404 | 505), "{bad:?}: {answer:?}");
        }
    }
    let mut peer = world.server.connect();
    peer.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0");
    assert!(peer.next_answer(true).is_none_or(|answer| answer.status >= 400));
    world.check_alive();
}

#[test]
fn methods_are_signed_and_connect_is_not_for_us() {
    let world = World::new();
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"] {
        assert_eq!(world.verdict(&world.signed(method, "/cert", b"")), accepted(), "{method}");
        let changed = world.cert().line(&format!("{method} /cert HTTP/1.1"));
        assert_eq!(world.verdict(&changed), refused(401, "signature_invalid"), "{method}");
    }
    // Methods are case-sensitive (RFC 9110 section 9.1).
    assert_eq!(world.verdict(&world.cert().line("get /cert HTTP/1.1")), refused(401, "signature_invalid"));
    for target in ["/cert", "/token", "bob.example:80", "http://bob.example/token", "*"] {
        let message = world.with_token().line(&format!("CONNECT {target} HTTP/1.1"));
        let status = world.ask(message.bytes()).status;
        assert!(matches!(status, 501 | 400), "{target}: {status}");
    }
    assert_eq!(world.verdict(&world.with_token().line("OPTIONS * HTTP/1.1")), refused(404, ""));
}

#[test]
fn head_has_the_headers_and_no_body() {
    let world = World::new();
    let mut peer = world.server.connect();
    let answer = peer.send(world.signed("HEAD", "/cert", b"").bytes()).answer_without_body();
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-length").unwrap().parse::<u32>().unwrap() > 0);
    // The connection goes on, and nothing of a body stands between.
    assert_eq!(peer.ask(world.cert().bytes()).verdict(), accepted());
    let refusal = peer.send("HEAD /cert HTTP/1.1\r\nhost: x\r\n\r\n").answer_without_body();
    assert_eq!(refusal.status, 401);
    assert_eq!(peer.ask(world.with_token().bytes()).verdict(), accepted());
}

#[test]
fn http_1_0_is_answered_and_closed() {
    let world = World::new();
    for message in [world.cert().line("GET /cert HTTP/1.0"), world.with_token().line("GET /token HTTP/1.0")] {
        let mut peer = world.server.connect();
        assert_eq!(peer.ask(message.bytes()).verdict(), accepted());
        peer.closed();
    }
    let mut peer = world.server.connect();
    assert_eq!(peer.ask("GET /healthz HTTP/1.0\r\n\r\n").status, 200);
    assert_eq!(world.verdict(&world.cert().line("GET /cert HTTP/1.0").without("host")), refused(400, ""));
}
