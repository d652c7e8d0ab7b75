//! `Client::send`: to a service that accepts, refuses, redirects, and forgets keys.

use crate::{
    authority::{StandIn, Way, read_request},
    world::World,
};
use certauthz::client::{BreakerState, ClientError, CredentialUsed, Mode};
use http::{Request, StatusCode, Uri};
use std::{
    io::Write as _,
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// Answers each request as the closure says, which gets its path and head. Remembers the heads.
pub(crate) fn service(answer: impl Fn(&str, &str) -> String + Send + 'static) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heads = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&heads);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            if let Some((path, head, _)) = read_request(&mut stream) {
                log.lock().unwrap().push(head.clone());
                let answer = answer(&path, &head);
                drop(stream.write_all(answer.as_bytes()));
            }
        }
    });
    (url, heads)
}

pub(crate) fn reply(status: u16, headers: &str) -> String {
    format!("HTTP/1.1 {status} X\r\nContent-Length: 2\r\n{headers}Connection: close\r\n\r\nok")
}

const INVALID_TOKEN: &str = "WWW-Authenticate: Bearer realm=\"x\", error=\"invalid_token\"\r\n";

pub(crate) fn is_token(head: &str) -> bool {
    head.contains("\r\nauthorization: Bearer ")
}

#[test]
fn a_request_is_sent_with_a_token_and_signed_in_an_outage() {
    let world = World::new();
    let mut authority = StandIn::start(&world);
    let (bob, heads) = service(|_, _| reply(200, ""));
    let client = world
        .builder(&authority.url())
        .signed_uri(|uri| uri.to_string().replace("/token", "/cert").parse::<Uri>().unwrap())
        .build()
        .unwrap();
    let request = || Request::post(format!("{bob}/token?x=1")).header("x-mine", "1").body(b"{}".to_vec()).unwrap();
    let (answer, with_token) = client.send_with(request()).unwrap();
    assert_eq!((answer.status(), answer.body().as_slice()), (StatusCode::OK, &b"ok"[..]));
    authority.be(Way::Refused);
    client.token_refused(&with_token);
    let (answer, signed) = client.send_with(request()).unwrap();
    assert_eq!((answer.status(), signed.credential), (StatusCode::OK, CredentialUsed::Certificate));
    let heads = heads.lock().unwrap();
    assert!(heads[0].starts_with("POST /token?x=1 HTTP/1.1\r\n") && is_token(&heads[0]), "{heads:?}");
    assert!(heads[1].starts_with("POST /cert?x=1 HTTP/1.1\r\n") && !is_token(&heads[1]), "{heads:?}");
    let host = bob.strip_prefix("http://").unwrap();
    for head in heads.iter() {
        assert_eq!(head.matches("host: ").count(), 1, "{head}");
        assert!(head.contains(&format!("host: {host}\r\n")) && head.contains("x-mine: 1\r\n"), "{head}");
    }
    assert!(heads[1].contains("\r\ncontent-digest: sha-256=:") && heads[1].contains("\r\nsignature: certauthz=:"));
}

#[test]
fn a_refused_token_is_replaced_and_at_last_the_certificate_is_shown() {
    let world = World::new();
    let authority = StandIn::start(&world);
    let (bob, heads) = service(|_, head| if is_token(head) { reply(401, INVALID_TOKEN) } else { reply(200, "") });
    let client = world.builder(&authority.url()).build().unwrap();
    let request = || Request::get(format!("{bob}/")).body(Vec::new()).unwrap();
    let (answer, authorized) = client.send_with(request()).unwrap();
    assert_eq!((answer.status(), authorized.credential), (StatusCode::OK, CredentialUsed::Certificate));
    assert_eq!((heads.lock().unwrap().len(), authority.tokens()), (3, 2));
    // From then on certificates at once.
    for _ in 0..5 {
        assert_eq!(client.send(request()).unwrap().status(), StatusCode::OK);
    }
    assert_eq!((heads.lock().unwrap().len(), authority.tokens()), (8, 2));

    let client = world.builder(&authority.url()).mode(Mode::Token).build().unwrap();
    for _ in 0..3 {
        assert_eq!(client.send(request()).unwrap().status(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(authority.tokens(), 4, "the authorization server was made busy");
}

#[test]
fn a_service_without_introspection_gets_the_certificate() {
    let world = World::new();
    let authority = StandIn::start(&world);
    let (bob, heads) = service(|path, head| {
        let reason = if path == "/busy" { "overloaded" } else { "introspection_unavailable" };
        let body = format!("{{\"status\":503,\"reason\":\"{reason}\"}}");
        let unavailable =
            format!("HTTP/1.1 503 X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
        if is_token(head) { unavailable } else { reply(200, "") }
    });
    let client = world.builder(&authority.url()).build().unwrap();
    for _ in 0..2 {
        let request = Request::get(format!("{bob}/")).body(Vec::new()).unwrap();
        let (answer, authorized) = client.send_with(request).unwrap();
        assert_eq!((answer.status(), authorized.credential), (StatusCode::OK, CredentialUsed::Certificate));
    }
    assert_eq!((heads.lock().unwrap().len(), authority.tokens(), client.counts().tokens_rejected), (4, 1, 0));
    let request = Request::get(format!("{bob}/busy")).body(Vec::new()).unwrap();
    assert_eq!(client.send(request).unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    let client = world.builder(&authority.url()).mode(Mode::Token).build().unwrap();
    let request = Request::get(format!("{bob}/")).body(Vec::new()).unwrap();
    assert_eq!(client.send(request).unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
}

/// There is no other, and other services may take it.
#[test]
fn a_token_refused_in_an_outage_is_kept() {
    let world = World::new();
    *world.token_life.lock().unwrap() = 10;
    let mut authority = StandIn::start(&world);
    let builder = world.builder(&authority.url()).probe_interval(Duration::from_millis(150));
    let client = builder.build().unwrap();
    let with_token = world.call(&client);
    authority.be(Way::Refused);
    // It is refreshed after 7.2 s; that opens the breaker.
    while client.state() == BreakerState::Closed {
        thread::sleep(Duration::from_millis(10));
    }
    assert!(!client.token_refused(&with_token));
    assert_eq!(world.call(&client).credential, CredentialUsed::Certificate);
    thread::sleep(Duration::from_millis(160));
    assert_eq!(world.call(&client).credential, CredentialUsed::Token);
}

#[test]
fn other_answers_are_answers() {
    let world = World::new();
    let authority = StandIn::start(&world);
    let (bob, heads) = service(|path, _| match path {
        "/away" => reply(302, "Location: http://127.0.0.1:1/\r\n"),
        "/no" => reply(403, "WWW-Authenticate: Bearer error=\"insufficient_scope\"\r\n"),
        _ => reply(401, "WWW-Authenticate: Bearer realm=\"x\"\r\n"),
    });
    let client = world.builder(&authority.url()).build().unwrap();
    for (path, status) in [("/away", 302), ("/no", 403), ("/what", 401)] {
        let request = Request::get(format!("{bob}{path}")).body(Vec::new()).unwrap();
        assert_eq!(client.send(request).unwrap().status(), status);
    }
    assert_eq!(heads.lock().unwrap().len(), 3);
}

#[test]
fn a_service_that_reads_nothing_holds_nobody_up() {
    let world = World::new();
    let authority = StandIn::start(&world);
    let client = world.builder(&authority.url()).answer_timeout(Duration::from_millis(500)).build().unwrap();
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = deaf.local_addr().unwrap().port();
    for host in ["127.0.0.1", "localhost"] {
        // More than the system's buffers take.
        let request = Request::post(format!("http://{host}:{port}/")).body(vec![0; 64 << 20]).unwrap();
        let (result, done) = std::sync::mpsc::channel();
        let client = client.clone();
        thread::spawn(move || result.send(client.send(request)).unwrap());
        let error = done.recv_timeout(Duration::from_secs(8)).expect("it hangs").unwrap_err();
        assert!(matches!(error, ClientError::Service { .. }), "{error:?}");
    }
}

#[test]
fn what_cannot_be_sent_is_said() {
    let world = World::new();
    let authority = StandIn::start(&world);
    let client = world.builder(&authority.url()).answer_timeout(Duration::from_millis(300)).build().unwrap();
    let own = Request::get("http://127.0.0.1:1/").header("authorization", "x").body(Vec::new()).unwrap();
    assert!(matches!(client.send(own), Err(ClientError::Library(error)) if error.is_usage()));
    let relative = Request::get("/x").body(Vec::new()).unwrap();
    assert!(matches!(client.send(relative), Err(ClientError::Library(error)) if error.is_usage()));
    let nobody = Request::get("http://127.0.0.1:1/").body(Vec::new()).unwrap();
    let error = client.send(nobody).unwrap_err();
    assert!(matches!(error, ClientError::Service { .. }) && error.hint().is_some(), "{error:?}");
    let mut silent = StandIn::start(&world);
    silent.be(Way::Hang);
    let error = client.send(Request::get(silent.url()).body(Vec::new()).unwrap()).unwrap_err();
    assert!(matches!(error, ClientError::Service { .. }), "{error:?}");
}
