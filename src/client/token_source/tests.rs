use super::*;
use crate::key::{KeyType, LocalKey};
use proptest::prelude::*;
use serde_json::json;
use std::sync::Mutex;

fn jwt(claims: &Value) -> String {
    let segment = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", segment(&json!({"alg": "RS256", "typ": "at+jwt"})), segment(claims), "c2lnbmF0dXJl")
}

fn token() -> String {
    jwt(&json!({"iat": 1_000, "exp": 1_900, "scope": "a b"}))
}

fn answer(status: u16, body: impl Into<Vec<u8>>) -> Response<Vec<u8>> {
    Response::builder().status(status).body(body.into()).unwrap()
}

fn ok(members: &Value) -> Result<Token, Denied> {
    read(&answer(200, members.to_string()), None, Instant::now(), Timestamp::constant(1_000, 0))
}

fn why(result: Result<Token, Denied>) -> Failure {
    match result.err() {
        Some(Denied::Failed(failure)) => failure,
        other => panic!("{other:?}"),
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({:?}, {:?})", self.scopes, self.life)
    }
}

#[test]
fn a_token_is_taken_with_its_life_and_scopes() {
    let text = token();
    let token = ok(&json!({"access_token": text, "token_type": "bearer", "expires_in": 600, "scope": "a"})).unwrap();
    assert_eq!(token.header.to_str().unwrap(), format!("Bearer {text}"));
    assert!(token.header.is_sensitive() && !format!("{:?}", token.header).contains("Bearer"));
    assert_eq!((token.life, token.scopes), (Duration::from_secs(600), Some(Scopes::parse("a").unwrap())));
    let bare = ok(&json!({"access_token": text, "token_type": "Bearer"})).unwrap();
    assert_eq!((bare.life, bare.scopes), (Duration::from_secs(900), Some(Scopes::parse("a b").unwrap())));
}

#[test]
fn granted_is_what_the_answer_the_token_and_the_request_have() {
    for (answered, claimed, requested, granted) in [
        (Some("a b"), Some("b c"), None, Some("b")),
        (Some("a b c"), Some("a b d"), Some("a x"), Some("a")),
        (Some("a b"), None, Some("a"), Some("a")),
        (None, Some("a b"), Some("b"), Some("b")),
        (None, None, Some("a"), Some("a")),
        (Some("a"), Some("b"), None, Some("")),
        (None, None, None, None),
    ] {
        let claims = claimed.map_or_else(|| json!({}), |scope| json!({"scope": scope}));
        let mut members = json!({"access_token": jwt(&claims), "token_type": "Bearer", "expires_in": 60});
        if let Some(scope) = answered {
            members["scope"] = json!(scope);
        }
        let parse = |text: &str| Scopes::parse(text).unwrap();
        let requested = requested.map(parse);
        let answer = answer(200, members.to_string());
        let token = read(&answer, requested.as_ref(), Instant::now(), Timestamp::UNIX_EPOCH).unwrap();
        let text = token.scopes.map(|scopes| scopes.to_string());
        assert_eq!(text.as_deref(), granted, "{answered:?} {claimed:?}");
    }
}

#[test]
fn a_life_is_never_longer_than_the_token_s_own() {
    let life = |expires_in: Value, claims: Value| {
        ok(&json!({"access_token": jwt(&claims), "token_type": "Bearer", "expires_in": expires_in})).map(|t| t.life)
    };
    let secs = Duration::from_secs;
    assert_eq!(life(json!(3_600), json!({"iat": 5_000, "exp": 5_900})).unwrap(), secs(900));
    assert_eq!(life(json!("300"), json!({})).unwrap(), secs(300));
    assert_eq!(life(json!(1e300), json!({})).unwrap(), LONGEST_LIFE);
    // By this clock it ended long ago; by the authorization server's it did not.
    assert_eq!(life(json!(300), json!({"exp": 10})).unwrap(), secs(300));
    assert_eq!(life(json!(300), json!({"exp": 1_100})).unwrap(), secs(100));
    for bad in [json!(0), json!(-5), json!(1.5), json!(null), json!("soon"), json!([]), json!("NaN")] {
        assert!(matches!(why(life(bad.clone(), json!({})).map(|_| unreachable!())), Failure::Garbage(_)), "{bad}");
    }
}

#[test]
fn what_is_no_token_is_an_outage() {
    for members in [
        json!({}),
        json!({"access_token": token()}),
        json!({"access_token": token(), "token_type": "mac"}),
        json!({"token_type": "Bearer"}),
        json!({"access_token": 5, "token_type": "Bearer"}),
        json!({"access_token": "opaque", "token_type": "Bearer"}),
        json!({"access_token": "a.b.c", "token_type": "Bearer"}),
        json!({"access_token": format!("{}.x", token()), "token_type": "Bearer"}),
        json!({"access_token": format!("{}\r\nX: y", token()), "token_type": "Bearer"}),
        json!({"access_token": token(), "token_type": "Bearer", "scope": "a  b"}),
        json!({"access_token": jwt(&json!({"x": "y".repeat(20_000)})), "token_type": "Bearer"}),
    ] {
        assert!(matches!(why(ok(&members)), Failure::Garbage(_)), "{members}");
    }
    for body in ["", "<html>", "[]", "null", "{\"access_token\":"] {
        let result = read(&answer(200, body), None, Instant::now(), Timestamp::UNIX_EPOCH);
        assert!(matches!(why(result), Failure::Garbage(_)), "{body}");
    }
}

#[test]
fn a_verdict_is_told_from_an_outage() {
    let denied =
        |status, body: &str| read(&answer(status, body), None, Instant::now(), Timestamp::UNIX_EPOCH).err().unwrap();
    for (status, code) in
        [(401, "invalid_client"), (400, "invalid_scope"), (400, "invalid_grant"), (403, "access_denied")]
    {
        let Denied::Refused(refusal) = denied(status, &format!("{{\"error\":\"{code}\"}}")) else { panic!() };
        assert_eq!((refusal.status.as_u16(), refusal.error.as_str()), (status, code));
    }
    for (status, body) in [
        (400, ""),
        (400, "<html>"),
        (401, "{}"),
        (401, "{\"error\":5}"),
        (401, "{\"error\":\"\"}"),
        (401, "{\"error\":\"a\\u001b[2J\"}"),
        (400, "{\"error\":\"temporarily_unavailable\"}"),
        (403, "{\"error\":\"Forbidden\"}"),
        (403, "{\"error\":\"forbidden\",\"error_description\":\"upstream\"}"),
        (401, "{\"error\":\"Invalid_Client\"}"),
        (400, "{\"error\":\"server_error\"}"),
        (404, "{\"error\":\"invalid_client\"}"),
        (500, "{\"error\":\"invalid_client\"}"),
        (503, ""),
        (302, ""),
        (204, ""),
    ] {
        assert!(matches!(denied(status, body), Denied::Failed(Failure::Status { .. })), "{status} {body}");
    }
}

#[test]
fn retry_after_is_read_in_both_forms() {
    let now: Timestamp = "2026-11-23T20:00:00Z".parse().unwrap();
    let read = |text: &str| retry_after(&HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]), now);
    assert_eq!(read("7"), Some(Duration::from_secs(7)));
    assert_eq!(read("Mon, 23 Nov 2026 20:00:30 GMT"), Some(Duration::from_secs(30)));
    assert_eq!(read("18446744073709551615"), Some(Duration::from_secs(u64::MAX)));
    for bad in ["", "-1", "soon", "Mon, 23 Nov 2026 19:00:30 GMT", "99999999999999999999999"] {
        assert_eq!(read(bad), None, "{bad}");
    }
}

#[test]
fn a_token_ends_by_whichever_clock_is_first() {
    let token = ok(&json!({"access_token": token(), "token_type": "Bearer", "expires_in": 100})).unwrap();
    let wall = Timestamp::constant(1_000, 0);
    let later = |seconds: u64| token.since + Duration::from_secs(seconds);
    let at = |second: i64| Timestamp::constant(second, 0);
    assert!(token.is_usable(token.since, wall) && !token.is_aging(later(79), at(1_079)));
    assert!(token.is_aging(later(80), wall) && token.is_aging(token.since, at(1_080)));
    // 5 s before its end, by either clock; one that was set back changes nothing.
    assert!(token.is_usable(later(94), at(1_094)) && !token.is_usable(later(95), wall));
    assert!(!token.is_usable(token.since, at(1_095)) && !token.is_usable(later(95), at(0)));
}

#[test]
fn the_request_is_a_form() {
    struct Recorder(Mutex<Vec<Request<Vec<u8>>>>);
    impl Transport for Recorder {
        fn send(&self, request: Request<Vec<u8>>, limit: Duration) -> Result<Response<Vec<u8>>, Failure> {
            assert!(limit <= Duration::from_secs(1));
            self.0.lock().unwrap().push(request);
            Err(Failure::TimedOut)
        }
    }
    let recorder = Arc::new(Recorder(Mutex::default()));
    let source = TokenSource {
        endpoint: Uri::from_static("http://as.example/oauth/token"),
        client: "Älice & co".to_owned(),
        audience: Some("bob+1".to_owned()),
        scopes: Some(Scopes::parse("bob.read bob.%").unwrap()),
        transport: Arc::new(Arc::clone(&recorder)),
    };
    let key = LocalKey::generate(KeyType::Ed25519).unwrap();
    let denied = source.fetch(&key, Duration::from_secs(1)).err();
    assert_eq!(denied, Some(Denied::Failed(Failure::TimedOut)));
    let request = recorder.0.lock().unwrap().pop().unwrap();
    assert_eq!((request.method(), request.uri().path()), (&Method::POST, "/oauth/token"));
    let body = std::str::from_utf8(request.body()).unwrap();
    let assertion = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
    assert!(body.starts_with(&format!("grant_type=client_credentials&{assertion}&client_assertion=eyJ")), "{body}");
    assert!(body.ends_with("&scope=bob.read+bob.%25&audience=bob%2B1"), "{body}");
}

proptest! {
    #[test]
    fn junk_never_panics(status in 100u16..1000, body in any::<Vec<u8>>(), retry in "[ -~]{0,40}") {
        let mut answer = answer(status, body);
        answer.headers_mut().insert(RETRY_AFTER, retry.parse().unwrap());
        drop(read(&answer, None, Instant::now(), Timestamp::UNIX_EPOCH));
    }

    #[test]
    fn near_misses_never_panic(
        expires_in in prop_oneof![any::<f64>().prop_map(|n| json!(n)), any::<i64>().prop_map(|n| json!(n)), ".*".prop_map(|s| json!(s))],
        exp in prop_oneof![any::<f64>().prop_map(|n| json!(n)), any::<i64>().prop_map(|n| json!(n))],
        iat in prop_oneof![any::<f64>().prop_map(|n| json!(n)), any::<i64>().prop_map(|n| json!(n))],
        scope in ".*",
    ) {
        let text = jwt(&json!({"exp": exp, "iat": iat, "scope": scope}));
        let members = json!({"access_token": text, "token_type": "Bearer", "expires_in": expires_in});
        if let Ok(token) = ok(&members) {
            prop_assert!(token.life <= LONGEST_LIFE);
            prop_assert!(token.young() >= Duration::from_millis(500) && token.young() < token.usable());
        }
    }
}
