//! Header fields that stand twice, are folded, padded, empty, many or long.

use crate::{
    common::{Client, NOW},
    world::{Message, World, accepted, refused},
};
use certauthz::{
    key::{KeyType, Signer as _},
    signature::{Component, LABEL, Parameters, RequestParts, sign},
};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

/// Signs a `GET /cert` that covers these other fields too; they are sent as `sent`, and signed as `signed`.
fn covering(client: &Client, names: &[&str], signed: &[(&str, &str)], sent: &[(&str, &str)]) -> Message {
    let plain = Message::signed_by(client, "GET", "http://bob.example/cert", b"");
    let mut headers = HeaderMap::new();
    headers.insert("x-client-cert", plain.get("x-client-cert").parse().unwrap());
    for (name, value) in signed {
        headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    let parts = RequestParts {
        method: "GET",
        scheme: "http",
        authority: "bob.example",
        path: "/cert",
        query: None,
        headers: &headers,
    };
    let now = Timestamp::now().as_second();
    let nonce = format!("nonce-{}", plain.get("signature-input").len() as i64 + NOW + i64::from(rand()));
    let parameters = Parameters {
        created: Some(now),
        expires: Some(now + 60),
        nonce: Some(nonce.into()),
        tag: Some("certauthz".into()),
        ..Parameters::default()
    };
    let all = [&["@method", "@authority", "@path", "@query", "x-client-cert"], names].concat();
    let components: Vec<_> = all.iter().map(|name| Component::new(name)).collect();
    let algorithm = client.key.public_key().key_type().algorithm();
    let made = sign(&client.key, algorithm, &parts, LABEL, &components, &parameters).unwrap();
    let message = plain.set("signature-input", &made.signature_input).set("signature", &made.signature);
    sent.iter().fold(message, |message, (name, value)| message.header(name, value))
}

fn rand() -> u32 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(0) as u32
}

#[test]
fn what_must_stand_once_is_refused_twice() {
    let world = World::new();
    let double = |message: Message, name: &str| {
        let value = message.get(name).to_owned();
        message.header(name, &value)
    };
    for (name, wanted) in [
        ("signature", refused(401, "signature_malformed")),
        ("signature-input", refused(401, "signature_malformed")),
        ("x-client-cert", refused(401, "credential_malformed")),
        ("host", refused(400, "")),
    ] {
        assert_eq!(world.verdict(&double(world.cert(), name)), wanted, "{name}");
        // Empty lines count.
        let empty = world.cert().header(name, "");
        assert_ne!(world.verdict(&empty).0, 200, "{name}");
    }
    assert_eq!(world.verdict(&double(world.with_token(), "authorization")), refused(401, "credential_malformed"));
    let answer = world.ask(double(world.with_token(), "authorization").bytes());
    assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"certauthz\", error=\"invalid_request\""));
    assert_eq!(world.verdict(&double(world.with_token(), "host")), refused(400, ""));
    assert_eq!(world.verdict(&world.with_token().without("host")), refused(400, ""));
    assert_eq!(world.verdict(&world.cert().without("host")), refused(400, ""));
    // A proxy's header is not ours to read.
    assert_eq!(world.verdict(&world.cert().header("client-cert", ":AAAA:")), accepted());
}

#[test]
fn two_signatures_with_our_tag_are_refused_and_those_of_others_ignored() {
    let world = World::new();
    let second = |message: &Message, name: &str| message.get(name).replacen("certauthz=", "second=", 1);
    let message = world.cert();
    let (input, signature) = (second(&message, "signature-input"), second(&message, "signature"));
    let both = message.clone().header("signature-input", &input).header("signature", &signature);
    assert_eq!(world.verdict(&both), refused(401, "signature_malformed"));
    let one_line = |name: &str, other: &str| format!("{}, {other}", message.get(name));
    let both = message
        .clone()
        .set("signature-input", &one_line("signature-input", &input))
        .set("signature", &one_line("signature", &signature));
    assert_eq!(world.verdict(&both), refused(401, "signature_malformed"));
    let proxied = message
        .header("signature-input", "proxy=(\"@method\");created=1;keyid=\"p\"")
        .header("signature", "proxy=:AAAA:");
    assert_eq!(world.verdict(&proxied), accepted());
}

#[test]
fn covered_fields_are_canonical() {
    let world = World::new();
    let verdict = |names: &[&str], signed: &[(&str, &str)], sent: &[(&str, &str)]| {
        world.verdict(&covering(&world.alice, names, signed, sent))
    };
    let x = ["x-a"];
    assert_eq!(verdict(&x, &[("x-a", "1")], &[("x-a", "1")]), accepted());
    // RFC 9421 section 2.1: outer whitespace goes, several lines are joined, names have no case, inner whitespace stays.
    assert_eq!(verdict(&x, &[("x-a", "1  2")], &[("X-A", "  \t1  2 \t ")]), accepted());
    assert_eq!(
        verdict(&x, &[("x-a", "1, 2, , 3")], &[("x-a", "1"), ("X-a", "2"), ("x-A", ""), ("x-a", "3")]),
        accepted()
    );
    assert_eq!(verdict(&x, &[("x-a", "")], &[("x-a", "")]), accepted());
    let invalid = refused(401, "signature_invalid");
    assert_eq!(verdict(&x, &[("x-a", "1 2")], &[("x-a", "1  2")]), invalid);
    assert_eq!(verdict(&x, &[("x-a", "1"), ("x-a", "2")], &[("x-a", "2"), ("x-a", "1")]), invalid);
    assert_eq!(verdict(&x, &[("x-a", "")], &[("x-a", ""), ("x-a", "")]), invalid);
    assert_eq!(verdict(&x, &[("x-a", "")], &[]), refused(401, "signature_coverage"));
    // Bytes that are not ASCII have no place in a signature base.
    let mut raw = covering(&world.alice, &x, &[("x-a", "caf")], &[]).head();
    raw.truncate(raw.len() - 2);
    raw.extend_from_slice(b"x-a: caf\xe9\r\n\r\n");
    assert_eq!(world.ask(raw).verdict(), refused(401, "signature_coverage"));
}

#[test]
fn whitespace_around_a_value_is_not_part_of_it() {
    let world = World::new();
    let mut padded = world.cert();
    for (_, value) in &mut padded.headers {
        *value = format!(" \t {value} \t ");
    }
    assert_eq!(world.verdict(&padded), accepted());
    let padded = world.with_token();
    let value = format!("  {}\t", padded.get("authorization"));
    assert_eq!(world.verdict(&padded.set("authorization", &value)), accepted());
}

#[test]
fn empty_values_are_malformed_not_absent() {
    let world = World::new();
    assert_eq!(world.verdict(&world.cert().set("x-client-cert", "")), refused(401, "credential_malformed"));
    assert_eq!(world.verdict(&world.cert().set("signature", "")), refused(401, "signature_malformed"));
    assert_eq!(world.verdict(&world.cert().set("signature-input", "")), refused(401, "signature_missing"));
    assert_eq!(world.verdict(&world.cert().set("host", "")), refused(401, "authority_mismatch"));
    assert_eq!(world.verdict(&world.with_token().set("authorization", "")), refused(401, "credential_missing"));
    assert_eq!(world.verdict(&world.cert().header("x-client-cert-chain", "")).0, 401);
}

#[test]
fn folded_lines_and_broken_names_are_bad_requests() {
    let world = World::new();
    for broken in [
        "x-a: 1\r\n 2",
        "x-a: 1\r\n\t2",
        "x-a : 1",
        "x a: 1",
        "x-a",
        ": 1",
        "x-a: \u{0}",
        "x-a: 1\r2",
        "x-\u{e9}: 1",
        " x-a: 1",
    ] {
        for message in [world.cert(), world.with_token()] {
            let mut bytes = message.head();
            bytes.truncate(bytes.len() - 2);
            bytes.extend_from_slice(format!("{broken}\r\n\r\n").as_bytes());
            let mut peer = world.server.connect();
            assert_eq!(peer.ask(bytes).verdict(), refused(400, ""), "{broken:?}");
            peer.closed();
        }
    }
    world.check_alive();
}

#[test]
fn many_and_long_headers_are_too_large() {
    let world = World::new();
    let mut many = world.cert();
    for i in 0..10_000 {
        many = many.header(&format!("x-{i}"), "1");
    }
    assert_eq!(world.ask(many.bytes()).status, 431);
    let mut same = world.cert();
    for _ in 0..10_000 {
        same = same.header("a", "");
    }
    assert_eq!(world.ask(same.bytes()).status, 431);
    let padded = |to: usize| {
        let message = world.cert();
        let len = message.head().len() + "x-pad: \r\n".len();
        message.header("x-pad", &"p".repeat(to - len)).bytes()
    };
    assert_eq!(world.ask(padded(64 * 1024 - 1)).verdict(), accepted());
    assert_eq!(world.ask(padded(64 * 1024)).verdict(), accepted());
    for size in [64 * 1024 + 1, 66_000, 100_000, 127 * 1024] {
        let mut peer = world.server.connect();
        assert_eq!(peer.ask(padded(size)).status, 431, "{size}");
        peer.closed();
    }
    // A head that never ends is cut off as soon as it is too long.
    let mut peer = world.server.connect();
    peer.send(format!("GET /cert HTTP/1.1\r\nhost: x\r\nx: {}", "x".repeat(70_000)));
    assert_eq!(peer.answer().status, 431);
    world.check_alive();
}

#[test]
fn a_small_request_cannot_cost_much() {
    let world = World::new();
    let dictionary: String = (0..6_000).map(|i| format!("k{i}, ")).collect::<String>() + "z";
    let keys: String = (0..20).map(|i| format!("\"x-d\";key=\"k{i}\" ")).collect();
    let query = "a&".repeat(20_000);
    let params: String = (0..20).map(|i| format!("\"@query-param\";name=\"n{i}\" ")).collect();
    for (extra, target) in [(keys, "/cert".to_owned()), (params, format!("/cert?{query}"))] {
        let message = world.cert().line(&format!("GET {target} HTTP/1.1"));
        let input = message.get("signature-input").replacen("(\"@method\"", &format!("({extra}\"@method\""), 1);
        let message = message
            .set("signature-input", &input)
            .header("x-d", &dictionary[..if target.len() > 9 { 1 } else { 36_000 }]);
        assert_eq!(world.verdict(&message), refused(401, "signature_coverage"));
    }
}

#[test]
fn other_keys_sign_over_the_wire_too() {
    let world = World::new();
    for key_type in [KeyType::Rsa(2048), KeyType::EcP384, KeyType::Ed25519] {
        let client = world.ca.client("carol", key_type, "bob.user.read");
        let message = Message::signed_by(&client, "PUT", "http://bob.example/cert?x=1", b"body");
        assert_eq!(world.verdict(&message), accepted(), "{key_type}");
    }
}
