//! A server whose every answer is written by the test, and that keeps a record of when it did what.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// What the server does about a request, one after the other.
pub enum Step {
    Wait(Duration),
    Send(Vec<u8>),
    /// Sends it again and again until the client gives up.
    Flood(Vec<u8>),
    /// Answers nothing until the client gives up.
    Hang,
    /// Ends the connection in order.
    Close,
    /// Ends it with a reset.
    Reset,
}

/// A request as it came.
pub struct Asked {
    /// 0 for the first that this server got.
    pub index: u64,
    pub method: String,
}

/// What the server remembers about it.
#[derive(Clone, Copy)]
pub struct Exchange {
    /// When its head had been read.
    pub arrived: Instant,
    /// Just before the last bytes of the answer were written.
    pub answered: Option<Instant>,
}

impl Exchange {
    pub fn took(self) -> Option<Duration> {
        Some(self.answered? - self.arrived)
    }
}

pub trait Behaviour: Fn(&Asked) -> Vec<Step> + Send + Sync + 'static {}
impl<F: Fn(&Asked) -> Vec<Step> + Send + Sync + 'static> Behaviour for F {}

struct Shared<F> {
    behaviour: F,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
}

/// One thread per connection; ends when it is dropped.
pub struct Peer {
    address: SocketAddr,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
    accepted: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
}

impl Peer {
    pub fn start(behaviour: impl Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let exchanges = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::new(Shared { behaviour, exchanges: Arc::clone(&exchanges) });
        let (accepted, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (counter, ended) = (Arc::clone(&accepted), Arc::clone(&over));
        let acceptor = thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::Relaxed) {
                    break;
                }
                counter.fetch_add(1, Ordering::Relaxed);
                let (shared, stream) = (Arc::clone(&shared), stream.unwrap());
                // A client that goes away is no failure of the test: the report says what the client made of it.
                thread::spawn(move || drop(shared.serve(&stream)));
            }
        });
        Self { address, exchanges, accepted, over, acceptor: Some(acceptor) }
    }

    /// Not `/`, which the load test would replace by the route of the mode.
    pub fn url(&self) -> String {
        format!("http://{}/known", self.address)
    }

    /// All requests so far, in the order in which they came.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.lock().unwrap().clone()
    }

    /// The last `n`: what was counted, without what probes and warms up.
    pub fn last(&self, n: u64) -> Vec<Exchange> {
        let all = self.exchanges();
        let n = usize::try_from(n).unwrap();
        assert!(all.len() >= n, "{n} requests reported, {} came", all.len());
        all[all.len() - n..].to_vec()
    }

    /// Connections so far.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            drop(acceptor.join());
        }
    }
}

impl<F: Behaviour> Shared<F> {
    fn serve(&self, stream: &TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        while let Some((method, target)) = head(&mut reader)? {
            if target == "/metrics" {
                // The generator looks for the server's CPU time there. This one has no such thing.
                (&mut &*stream).write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")?;
                continue;
            }
            let arrived = Instant::now();
            let index = {
                let mut exchanges = self.exchanges.lock().unwrap();
                exchanges.push(Exchange { arrived, answered: None });
                exchanges.len() - 1
            };
            let steps = (self.behaviour)(&Asked { index: index as u64, method });
            for step in steps {
                match step {
                    Step::Wait(duration) => thread::sleep(duration),
                    Step::Send(bytes) => {
                        self.exchanges.lock().unwrap()[index].answered = Some(Instant::now());
                        (&mut &*stream).write_all(&bytes)?;
                    }
                    Step::Flood(bytes) => {
                        self.exchanges.lock().unwrap()[index].answered = None;
                        while (&mut &*stream).write_all(&bytes).is_ok() {}
                        return Ok(());
                    }
                    Step::Hang => {
                        self.exchanges.lock().unwrap()[index].answered = None;
                        drop((&mut &*stream).read(&mut [0]));
                        return Ok(());
                    }
                    Step::Close => return stream.shutdown(Shutdown::Both),
                    Step::Reset => {
                        socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO))?;
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }
}

/// Reads a request without a body; its method and target.
fn head(reader: &mut BufReader<&TcpStream>) -> std::io::Result<Option<(String, String)>> {
    let mut first = None;
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        if line == "\r\n" {
            return Ok(first);
        }
        let mut words = line.split(' ').map(str::to_owned);
        first = first.or_else(|| Some((words.next()?, words.next()?)));
    }
}

/// A whole answer with a body of two bytes.
pub fn ok() -> Step {
    Step::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec())
}

pub fn send(text: &str) -> Step {
    Step::Send(text.as_bytes().to_vec())
}
