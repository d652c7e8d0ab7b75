//! What a peer sends: tokens and requests.

use crate::world::World;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

#[test]
fn hostile_tokens() {
    let world = World::new();
    let token = ["verify", "token", "--ca", "primary", "--audience", "bob", "-"];
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let nested =
        |n: usize| format!("{{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"x\":{}{}}}", "[".repeat(n), "]".repeat(n));
    for (text, reason) in [
        (format!("{}.e30.AAAA", part(&"[".repeat(9000))), "token_malformed"),
        (format!("{}.e30.AAAA", part(&nested(120))), "token_signature"),
        (format!("{}.e30.AAAA", part(&nested(5000))), "token_"),
        (format!("{}.e30.AAAA", part("{\"alg\":\"ES256\",\"alg\":\"none\",\"typ\":\"at+jwt\"}")), "token_malformed"),
        ("a.".repeat(1_000_000), "credential_too_large"),
        (".".repeat(10_000), "token_malformed"),
        ("..".to_owned(), "token_malformed"),
        ("\u{1b}[2J.\u{0}.\u{202e}".to_owned(), "token_malformed"),
    ] {
        let told = world.feed(&token, text.as_bytes());
        told.fails(1, &[&format!("refused: {reason}")]);
        assert!(!told.text.contains('\u{1b}'), "{}", told.text);
    }
    world.feed(&token, b"\xff\xfe.\x80.\x81").fails(1, &["refused: token_malformed"]);
}

#[test]
fn hostile_requests() {
    let world = World::new();
    let sign = |args: &[&str]| {
        let url = "http://bob.example/cert";
        let told = world.run(&[&["sign-request", "--client", "alice", "--output", "http"], args, &[url]].concat());
        told.succeeds();
        String::from_utf8(told.stdout).unwrap()
    };
    let (get, post) = (sign(&[]), sign(&["-d", "hello"]));
    let verify = ["verify", "request", "--ca", "primary", "--authority", "bob.example", "-"];
    let with = |line: &str| get.replacen("\r\n\r\n", &format!("\r\n{line}\r\n\r\n"), 1);
    let line_of = |name: &str| get.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    for accepted in [
        get.clone(),
        post.clone(),
        with("X: a"),
        // A recipient may take a lone LF for the end of a line (RFC 9112 section 2.2).
        get.replace("\r\n", "\n"),
        get.replacen("GET /cert", "GET http://bob.example/cert", 1),
    ] {
        world.feed(&verify, accepted.as_bytes()).succeeds();
    }
    let folded = get.replacen("Signature-Input: ", "Signature-Input:\r\n ", 1);
    let length = |other: &str| post.replacen("Content-Length: 5", other, 1);
    let chunked = length("Transfer-Encoding: chunked").replacen("hello", "5\r\nhello\r\n0\r\n\r\n", 1);
    for (what, text, reason) in [
        ("10,000 headers", with(&"X: 1\r\n".repeat(10_000)), "credential_malformed"),
        ("obs-fold", folded, "credential_malformed"),
        ("NUL", with("X: a\0b"), "credential_malformed"),
        ("lone CR", with("X: a\rb"), "credential_malformed"),
        ("space before the colon", with("X : a"), "credential_malformed"),
        ("chunked", chunked, "credential_malformed"),
        ("too short", length("Content-Length: 4"), "credential_malformed"),
        ("too long", length("Content-Length: 6"), "credential_malformed"),
        ("two lengths", length("Content-Length: 5\r\nContent-Length: 5"), "credential_malformed"),
        ("huge length", length("Content-Length: 99999999999999999999999"), "credential_malformed"),
        ("negative length", length("Content-Length: -5"), "credential_malformed"),
        ("two hosts", with("Host: bob.example"), "credential_malformed"),
        ("no host", get.replacen("Host: bob.example\r\n", "", 1), "credential_malformed"),
        ("fragment", get.replacen("/cert", "/cert#x", 1), "credential_malformed"),
        ("no end", get[..get.len() - 2].to_owned(), "credential_malformed"),
        ("another service", get.replacen("GET /cert", "GET http://eve.example/cert", 1), "authority_mismatch"),
        ("another path", get.replacen("/cert", "/admin", 1), "signature_invalid"),
        ("a query", get.replacen("/cert", "/cert?", 1).replacen("/cert?", "/cert?a", 1), "signature_invalid"),
        ("another method", get.replacen("GET", "HEAD", 1), "signature_invalid"),
        ("another body", post.replacen("hello", "hallo", 1), "digest_mismatch"),
        ("a body, no digest", with("Content-Length: 1") + "x", "digest_missing"),
        ("two signatures", with(&line_of("Signature:")), "signature_malformed"),
        ("two inputs", with(&line_of("Signature-Input:")), "signature_malformed"),
        ("two certificates", with(&line_of("X-Client-Cert:")), "credential_malformed"),
        ("a huge certificate", with(&format!("X-Client-Cert-Chain: {}", "A".repeat(100_000))), "credential_too_large"),
    ] {
        let told = world.feed(&verify, text.as_bytes());
        told.fails(1, &[&format!("refused: {reason}")]);
        assert!(told.text.len() < 10_000, "{what}: an answer of {} bytes", told.text.len());
    }
    // Foreign text does not command the terminal, in either format.
    let hostile = get.replacen("Host: bob.example", "Host: \u{9b}2J\u{202e}", 1);
    for format in ["text", "json"] {
        let told = world.feed(&[&["--format", format], &verify[..]].concat(), hostile.as_bytes());
        told.fails(1, &["credential_malformed"]);
        assert!(!told.text.chars().any(|c| c != '\n' && c.is_control()), "{}", told.text);
    }
}
