//! A server that does as it is told, and remembers what it was asked.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// What to do with a request.
#[derive(Debug, Clone)]
pub enum Does {
    /// Answers 200 with this body and this strong ETag, or 304 to whoever names it.
    Serves(Vec<u8>, &'static str),
    /// Sends these bytes and closes.
    Sends(Vec<u8>),
    /// Sends these bytes, and then the last ones again and again, in blocks of so many bytes and with so much time between.
    Repeats(Vec<u8>, Vec<u8>, Duration),
    /// Takes the request and says nothing.
    Hangs,
    /// Closes without an answer.
    Closes,
}

pub struct StandIn {
    pub address: SocketAddr,
    state: Arc<State>,
}

struct State {
    does: Mutex<Does>,
    heads: Mutex<Vec<String>>,
    not_modified: Mutex<usize>,
    gone: AtomicBool,
}

impl StandIn {
    pub fn new(does: Does) -> Self {
        Self::at("127.0.0.1:0".parse().unwrap(), does)
    }

    pub fn at(address: SocketAddr, does: Does) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            does: Mutex::new(does),
            heads: Mutex::default(),
            not_modified: Mutex::default(),
            gone: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.gone.load(Ordering::SeqCst) {
                    return;
                }
                let state = Arc::clone(&shared);
                thread::spawn(move || state.answer(stream.unwrap()));
            }
        });
        Self { address, state }
    }

    pub fn url(&self) -> http::Uri {
        format!("http://{}/document", self.address).parse().unwrap()
    }

    pub fn does(&self, does: Does) {
        *self.state.does.lock().unwrap() = does;
    }

    /// How many requests came.
    pub fn asked(&self) -> usize {
        self.state.heads.lock().unwrap().len()
    }

    pub fn heads(&self) -> Vec<String> {
        self.state.heads.lock().unwrap().clone()
    }

    /// How many of them were answered by 304.
    pub fn not_modified(&self) -> usize {
        *self.state.not_modified.lock().unwrap()
    }

    /// From now on connections are refused.
    pub fn closes(self) -> SocketAddr {
        self.address
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.state.gone.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

impl State {
    fn answer(&self, mut stream: TcpStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            match stream.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                _ => return,
            }
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        self.heads.lock().unwrap().push(head.clone());
        let does = self.does.lock().unwrap().clone();
        match does {
            Does::Serves(_, tag) if head.contains(&format!("if-none-match: \"{tag}\"\r\n")) => {
                *self.not_modified.lock().unwrap() += 1;
                let _ = stream.write_all(&status("304 Not Modified", "", b""));
            }
            Does::Serves(body, tag) => {
                let _ = stream.write_all(&status("200 OK", &format!("etag: \"{tag}\"\r\n"), &body));
            }
            Does::Sends(bytes) => {
                let _ = stream.write_all(&bytes);
            }
            Does::Repeats(first, again, pause) => {
                let mut sent = stream.write_all(&first);
                while sent.is_ok() {
                    thread::sleep(pause);
                    sent = stream.write_all(&again);
                }
            }
            Does::Hangs => {
                let _ = stream.read(&mut [0]);
            }
            Does::Closes => {}
        }
    }
}

/// A whole answer.
pub fn status(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}
