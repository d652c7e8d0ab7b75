//! A stand-in for an authorization server: what it is asked is kept, and it answers as a test wants.

use serde_json::Value;
use std::{
    collections::HashMap,
    io::{self, Read},
    net::SocketAddr,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};
use tiny_http::{Header, Response, Server};

/// How it answers.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    /// With this document.
    Says(Value),
    /// With this document, after a while.
    Slowly(Value, Duration),
    /// With this status and text.
    Answers(u16, String),
    /// Never.
    Hangs,
    /// With a body that does not end.
    Endless,
}

/// A question: its parameters.
pub(crate) type Question = HashMap<String, String>;

pub(crate) struct StandIn {
    server: Arc<Server>,
    way: Arc<Mutex<Way>>,
    questions: Arc<Mutex<Vec<Question>>>,
}

struct Zeros;

impl Read for Zeros {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffer.fill(b' ');
        Ok(buffer.len())
    }
}

impl StandIn {
    pub(crate) fn new(way: Way) -> Self {
        Self::at("127.0.0.1:0".parse().unwrap(), way)
    }

    pub(crate) fn at(address: SocketAddr, way: Way) -> Self {
        let server = Arc::new(Server::http(address).unwrap());
        let (way, questions) = (Arc::new(Mutex::new(way)), Arc::new(Mutex::new(Vec::new())));
        let this = Self { server: Arc::clone(&server), way: Arc::clone(&way), questions: Arc::clone(&questions) };
        thread::spawn(move || {
            for request in server.incoming_requests() {
                let (way, questions) = (Arc::clone(&way), Arc::clone(&questions));
                thread::spawn(move || answer(request, &way, &questions));
            }
        });
        this
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.server_addr().to_ip().unwrap()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/oauth/introspect", self.address())
    }

    pub(crate) fn will(&self, way: Way) {
        *self.way.lock().unwrap() = way;
    }

    /// What it was asked since the last time.
    pub(crate) fn asked(&self) -> Vec<Question> {
        std::mem::take(&mut *self.questions.lock().unwrap())
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.server.unblock();
    }
}

fn answer(mut request: tiny_http::Request, way: &Mutex<Way>, questions: &Mutex<Vec<Question>>) {
    let mut body = String::new();
    request.as_reader().read_to_string(&mut body).unwrap();
    let mut question: Question =
        body.split('&').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (decode(k), decode(v))).collect();
    question.insert(":method".into(), request.method().to_string());
    question.insert(":path".into(), request.url().to_owned());
    for header in request.headers() {
        question.insert(
            format!("header {}", header.field.as_str().as_str().to_ascii_lowercase()),
            header.value.to_string(),
        );
    }
    questions.lock().unwrap().push(question);
    let json = Header::from_bytes("content-type", "application/json").unwrap();
    let way = way.lock().unwrap().clone();
    // Whether it is still heard is no concern of a stand-in.
    let _ = match way {
        Way::Says(document) => request.respond(Response::from_string(document.to_string()).with_header(json)),
        Way::Slowly(document, time) => {
            thread::sleep(time);
            request.respond(Response::from_string(document.to_string()).with_header(json))
        }
        Way::Answers(status, text) => request.respond(Response::from_string(text).with_status_code(status)),
        Way::Endless => request.respond(Response::new(200.into(), vec![json], Zeros, None, None)),
        Way::Hangs => {
            thread::sleep(Duration::from_secs(30));
            drop(request);
            Ok(())
        }
    };
}

fn decode(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let hex = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    String::from_utf8(decoded).unwrap()
}
