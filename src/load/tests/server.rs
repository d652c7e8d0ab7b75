//! A small HTTP server that misbehaves on order, and remembers every nonce.

use super::super::Target;
use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// What the server does with a request.
#[derive(Clone, Copy)]
pub(in crate::load) enum Answer {
    Status(u16),
    /// 200, after a while.
    Late(Duration),
    /// 200, and the connection is closed as announced.
    Last,
    /// The connection is closed without a word.
    Close,
    /// What is said instead of an answer; then the connection is closed.
    Raw(&'static str),
    Hang,
}

pub(in crate::load) struct Server {
    pub(in crate::load) address: SocketAddr,
    /// When each nonce arrived.
    pub(in crate::load) nonces: Arc<Mutex<HashMap<String, Vec<Instant>>>>,
}

impl Server {
    /// `answer` gets the number of the request, from 0 (which is the probe).
    pub(in crate::load) fn start(answer: impl Fn(u64) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let nonces = Arc::<Mutex<HashMap<String, Vec<Instant>>>>::default();
        let shared = Arc::new((answer, AtomicU64::new(0), Arc::clone(&nonces)));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(stream), shared) = (stream, Arc::clone(&shared)) else { continue };
                thread::spawn(move || serve(&stream, &shared.0, &shared.1, &shared.2));
            }
        });
        Self { address, nonces }
    }

    pub(in crate::load) fn target(&self) -> Target {
        Target::resolve(&format!("http://{}/", self.address)).unwrap()
    }

    /// How often this nonce arrived.
    pub(in crate::load) fn seen(&self, nonce: &str) -> u64 {
        self.nonces.lock().unwrap().get(nonce).map_or(0, |times| times.len() as u64)
    }

    /// Requests that arrived, each exactly once.
    pub(in crate::load) fn seen_once(&self) -> u64 {
        let nonces = self.nonces.lock().unwrap();
        assert!(nonces.values().all(|times| times.len() == 1), "a nonce was sent twice");
        nonces.len() as u64
    }
}

pub(in crate::load) fn serve(
    mut stream: &TcpStream,
    answer: &(impl Fn(u64) -> Answer + ?Sized),
    counter: &AtomicU64,
    nonces: &Mutex<HashMap<String, Vec<Instant>>>,
) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut lines = BufReader::new(stream).lines();
    loop {
        let mut nonce = String::new();
        let mut any = false;
        loop {
            let line = lines.next()?.ok()?;
            if line.is_empty() {
                break;
            }
            any = true;
            if let Some(value) = line.strip_prefix("nonce: ") {
                nonce = value.to_owned();
            }
        }
        assert!(any);
        nonces.lock().unwrap().entry(nonce).or_default().push(Instant::now());
        let (status, more) = match answer(counter.fetch_add(1, Ordering::SeqCst)) {
            Answer::Status(status) => (status, ""),
            Answer::Late(wait) => {
                thread::sleep(wait);
                (200, "")
            }
            Answer::Last => (200, "connection: close\r\n"),
            Answer::Close => return None,
            Answer::Raw(text) => return stream.write_all(text.as_bytes()).ok(),
            Answer::Hang => {
                thread::sleep(Duration::from_secs(60));
                return None;
            }
        };
        let text = format!("HTTP/1.1 {status} X\r\n{more}content-length: 5\r\n\r\nh\x1b\r\nl");
        stream.write_all(text.as_bytes()).ok()?;
        if !more.is_empty() {
            return None;
        }
    }
}

/// Answers each connection's requests with these pages of metrics in turn; after the last, with that one.
pub(in crate::load) fn metrics_page(pages: &'static [&'static str]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let next = AtomicU64::new(0);
        for stream in listener.incoming() {
            let (Ok(mut stream), Ok(reader)) = (stream.as_ref(), stream.as_ref().map(|s| s.try_clone().unwrap()))
            else {
                continue;
            };
            let mut lines = BufReader::new(reader).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let page = pages[(next.fetch_add(1, Ordering::Relaxed) as usize).min(pages.len() - 1)];
            let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length:";
            let _ = stream.write_all(format!("{head} {}\r\n\r\n{page}", page.len()).as_bytes());
        }
    });
    address
}
