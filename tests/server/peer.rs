//! The other side of a connection, byte by byte.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

/// Longer than any timeout of the servers here: whoever waits for it has found a hang.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Peer {
    stream: TcpStream,
    received: Vec<u8>,
}

#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.head.lines().skip(1).filter_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        });
        let value = values.next();
        assert!(values.next().is_none(), "{name} stands twice in {}", self.head);
        value
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// The `reason` of a problem; empty where there is none.
    pub fn reason(&self) -> String {
        if self.body.is_empty() { String::new() } else { self.json()["reason"].as_str().unwrap_or_default().to_owned() }
    }

    /// Status and reason, to compare with.
    pub fn verdict(&self) -> (u16, String) {
        (self.status, self.reason())
    }
}

impl Peer {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, received: Vec::new() }
    }

    /// Sends all of it; a server that has answered and closed already is no failure.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let _ = self.stream.write_all(bytes.as_ref());
        self
    }

    pub fn end_of_requests(&mut self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Sends what the socket takes without waiting; `None` once it takes no more.
    pub fn stuff(&mut self, bytes: &[u8]) -> Option<usize> {
        self.stream.set_nonblocking(true).unwrap();
        let written = self.stream.write(bytes).ok();
        self.stream.set_nonblocking(false).unwrap();
        written
    }

    fn receive(&mut self) -> io::Result<usize> {
        let mut chunk = [0; 16 * 1024];
        let n = self.stream.read(&mut chunk)?;
        self.received.extend_from_slice(&chunk[..n]);
        Ok(n)
    }

    pub fn answer(&mut self) -> Answer {
        self.next_answer(true).expect("an answer")
    }

    pub fn answer_without_body(&mut self) -> Answer {
        self.next_answer(false).expect("an answer")
    }

    /// `None` where the connection ends instead.
    pub fn next_answer(&mut self, has_body: bool) -> Option<Answer> {
        let end = loop {
            if let Some(end) = self.received.windows(4).position(|w| w == b"\r\n\r\n") {
                break end;
            }
            match self.receive() {
                Ok(0) => return None,
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::ConnectionReset => return None,
                Err(e) => panic!("no answer: {e}"),
            }
        };
        let head = String::from_utf8(self.received.drain(..end + 4).collect()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer { status, head, body: Vec::new() };
        if has_body && status != 100 {
            let len = answer.header("content-length").map_or(0, |v| v.parse().unwrap());
            while self.received.len() < len {
                assert_ne!(self.receive().unwrap(), 0, "the body is cut off");
            }
            answer.body = self.received.drain(..len).collect();
        }
        Some(answer)
    }

    pub fn ask(&mut self, bytes: impl AsRef<[u8]>) -> Answer {
        self.send(bytes).answer()
    }

    /// Waits until the server has closed the connection, without another byte; returns how long that took.
    pub fn closed(&mut self) -> Duration {
        let start = Instant::now();
        match self.receive() {
            Ok(0) => {}
            Err(e) if e.kind() == io::ErrorKind::ConnectionReset => {}
            other => panic!("{other:?}, {:?}", String::from_utf8_lossy(&self.received)),
        }
        assert_eq!(self.received, b"");
        start.elapsed()
    }

    /// Whether nothing comes, not even the end, for this long.
    pub fn silent_for(&mut self, time: Duration) -> bool {
        self.stream.set_read_timeout(Some(time)).unwrap();
        let outcome = self.receive();
        self.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        matches!(outcome, Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut))
    }
}
