//! One keep-alive HTTP/1.1 connection: connect, send, read the answer to its end, and say what went wrong in a word.

use super::{latch::Latch, stock::Outgoing, target::Target};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustix::io::Errno;
use std::{
    future::{Future, poll_fn},
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tokio::{net::TcpStream, time::Sleep};

/// No answer of a server under test is larger; one that is would measure something else.
const MAX_BODY: u64 = 16 * 1024 * 1024;

/// A request that got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failure {
    /// Short and stable: it is a key of the report.
    pub(super) word: &'static str,
    /// Whether not even a connection came about: trying again at once would only burn CPU.
    pub(super) unreachable: bool,
}

impl Failure {
    const fn new(word: &'static str) -> Self {
        Self { word, unreachable: false }
    }

    const TIMEOUT: Self = Self::new("timeout");
}

/// How long a connection tries, and what for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// After this a request counts as failed.
    pub(super) timeout: Duration,
    /// After this an attempt to connect counts as failed.
    pub(super) connect_timeout: Duration,
    /// What is overdue or under way when an open or timed block ends gets so much longer.
    pub(super) drain: Duration,
    /// Whether a connection is used for more than one request.
    pub(super) keep_alive: bool,
}

impl Limits {
    /// Connections are kept, and connecting may take all the time that a request has.
    pub(super) const fn new(timeout: Duration) -> Self {
        Self { timeout, connect_timeout: timeout, drain: timeout, keep_alive: true }
    }
}

/// A slot for a connection to each target, which reconnects when it must.
#[derive(Debug)]
pub(super) struct Connection {
    targets: Arc<[Target]>,
    links: Vec<Option<Link>>,
    timer: Pin<Box<Sleep>>,
    latch: Latch,
}

impl Connection {
    /// Must be called within a tokio runtime. Connects at the first exchange.
    pub(super) fn new(targets: Arc<[Target]>) -> Self {
        let mut links = Vec::new();
        links.resize_with(targets.len(), || None);
        Self { targets, links, timer: Box::pin(tokio::time::sleep(Duration::ZERO)), latch: Latch::new() }
    }

    /// Connects to all targets now, so that the first requests need not.
    pub(super) async fn open(&mut self, limits: &Limits) -> Result<(), Failure> {
        for (target, slot) in self.targets.iter().zip(&mut self.links) {
            if slot.is_none() && limits.keep_alive {
                *slot = Some(Link::open(target.addresses(), limits.connect_timeout).await?);
            }
        }
        Ok(())
    }

    /// Sends `request` at `start`, which is now, and reads the answer to the end of its body.
    ///
    /// A request is written at most once: where a kept-alive connection turns out to be closed before anything was
    /// written, a new one is opened; after that, an error is an error.
    pub(super) async fn exchange(
        &mut self,
        request: Outgoing,
        start: Instant,
        limits: &Limits,
    ) -> Result<StatusCode, Failure> {
        let (status, _) = self.exchange_with(&mut Some(request), start, limits, 0).await?;
        Ok(status)
    }

    /// Like [`exchange`](Self::exchange), and returns the first `keep` bytes of the body.
    ///
    /// The request is taken out of its place when it is written: it is some 300 bytes, and each layer of futures that
    /// owned it would move it twice.
    pub(super) async fn exchange_with(
        &mut self,
        request: &mut Option<Outgoing>,
        start: Instant,
        limits: &Limits,
        keep: usize,
    ) -> Result<(StatusCode, Vec<u8>), Failure> {
        let Self { targets, links, timer, latch } = self;
        let index = request.as_ref().map_or(usize::MAX, |request| request.target);
        let (Some(target), Some(link)) = (targets.get(index), links.get_mut(index)) else {
            return Err(Failure::new("connect: no address"));
        };
        if let (false, Some(request)) = (limits.keep_alive, &mut *request) {
            request.request.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        let work = attempt(link, latch, target.addresses(), limits, request, keep);
        let outcome = within(timer, latch, start + limits.timeout, work).await.unwrap_or(Err(Failure::TIMEOUT));
        if outcome.is_err() || !limits.keep_alive {
            // Half an exchange is on it, and nothing that follows could be trusted; or it was for one request only.
            *link = None;
        }
        outcome
    }
}

/// Runs `work` until `deadline`; `None` when it comes first.
///
/// The timer is moved only when it fires too early, once per timeout instead of once per request: it always stands at
/// this deadline or an earlier one. So deadlines must not go back from call to call.
async fn within<F: Future>(
    timer: &mut Pin<Box<Sleep>>,
    latch: &Latch,
    deadline: Instant,
    work: F,
) -> Option<F::Output> {
    let mut work = pin!(work);
    let deadline = tokio::time::Instant::from_std(deadline);
    poll_fn(|cx| {
        if let Poll::Ready(output) = latch.poll(cx, |cx| work.as_mut().poll(cx)) {
            return Poll::Ready(Some(output));
        }
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= deadline {
                return Poll::Ready(None);
            }
            timer.as_mut().reset(deadline);
        }
        // A peer that never stops talking keeps the runtime from looking at its clock, and uses up the budget without which
        // its timers say nothing.
        if Instant::now() >= deadline.into_std() { Poll::Ready(None) } else { Poll::Pending }
    })
    .await
}

async fn attempt(
    slot: &mut Option<Link>,
    latch: &Latch,
    addresses: &[SocketAddr],
    limits: &Limits,
    request: &mut Option<Outgoing>,
    keep: usize,
) -> Result<(StatusCode, Vec<u8>), Failure> {
    // The second time the connection is new; a server that closes even that before a request is a failing server.
    for _ in 0..2 {
        let link = match slot {
            Some(link) => link,
            None => slot.insert(Link::open(addresses, limits.connect_timeout).await?),
        };
        if let Some(outcome) = link.exchange(latch, request, keep).await {
            return outcome;
        }
        *slot = None;
    }
    Err(Failure::new("closed before request"))
}

/// What is read at once, and the longest head of an answer: a turn of hyper's is 128 times that, and a peer that sends
/// interim responses (RFC 9110 section 15.2) without end can have hyper parse all of it.
const MAX_BUFFER: usize = 64 << 10;

type Io = http1::Connection<TokioIo<TcpStream>, Full<Bytes>>;

/// An open connection. hyper's connection future is polled by the same task that waits for the answer, which saves the
/// switch between two tasks twice a request.
#[derive(Debug)]
struct Link {
    sender: http1::SendRequest<Full<Bytes>>,
    /// Dropped as soon as it has finished: only then does hyper hand back a request that still waits in its queue.
    io: Option<Pin<Box<Io>>>,
}

impl Link {
    /// Tries the addresses in turn, for `limit` altogether.
    async fn open(addresses: &[SocketAddr], limit: Duration) -> Result<Self, Failure> {
        let unreachable = |word| Failure { word, unreachable: true };
        let stream = tokio::time::timeout(limit, connect(addresses)).await;
        let stream = stream.unwrap_or(Err("connect: timeout")).map_err(unreachable)?;
        // A socket that refuses the option is broken, and the exchange will say how.
        let _ignored = stream.set_nodelay(true).err();
        // One buffer and one plain write per request; bodies here are small.
        let mut builder = http1::Builder::new();
        builder.writev(false).max_buf_size(MAX_BUFFER);
        let handshake = builder.handshake(TokioIo::new(stream)).await;
        let (sender, io) = handshake.map_err(|error| Failure::new(word(&error)))?;
        Ok(Self { sender, io: Some(Box::pin(io)) })
    }

    /// `None` when the connection was gone before the request was written; the request is then back in its place.
    async fn exchange(
        &mut self,
        latch: &Latch,
        request: &mut Option<Outgoing>,
        keep: usize,
    ) -> Option<Result<(StatusCode, Vec<u8>), Failure>> {
        let Self { sender, io } = self;
        if !sender.is_ready() {
            drive(io, latch, poll_fn(|cx| sender.poll_ready(cx))).await.ok()?;
        }
        let target = request.as_ref()?.target;
        let response = match drive(io, latch, sender.try_send_request(request.take()?.request)).await {
            Ok(response) => response,
            Err(mut error) => {
                *request = error.take_message().map(|request| Outgoing { request, target });
                return request.is_none().then(|| Err(Failure::new(word(error.error()))));
            }
        };
        let status = response.status();
        let mut body = pin!(read_body(response.into_body(), keep));
        // A small one came along with the head.
        let body = match poll_fn(|cx| Poll::Ready(body.as_mut().poll(cx))).await {
            Poll::Ready(body) => body,
            Poll::Pending => drive(io, latch, body).await,
        };
        Some(body.map(|body| (status, body)))
    }
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, &'static str> {
    let mut word = "connect: no address";
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => word = connect_word(&error),
        }
    }
    Err(word)
}

/// Polls the connection, then the work that waits for it, until neither has anything to say to the other.
async fn drive<F: Future>(io: &mut Option<Pin<Box<Io>>>, latch: &Latch, work: F) -> F::Output {
    let mut work = pin!(work);
    poll_fn(|cx: &mut Context<'_>| {
        loop {
            // The connection is polled now, so whoever woke it before has been heard.
            latch.take();
            // The connection's error, if any, also reaches the work, which knows what it means.
            if io.as_mut().is_some_and(|io| io.as_mut().poll(cx).is_ready()) {
                *io = None;
            }
            // It woke the work, which is polled now, or itself, because it has done enough for one turn.
            let yielded = latch.take();
            if let Poll::Ready(output) = work.as_mut().poll(cx) {
                return Poll::Ready(output);
            }
            if yielded {
                latch.wake();
            }
            if yielded || io.is_none() || !latch.take() {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// Reads `body` to its end and keeps its first bytes.
async fn read_body(mut body: Incoming, keep: usize) -> Result<Vec<u8>, Failure> {
    let (mut seen, mut kept) = (0u64, Vec::new());
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|error| Failure::new(if error.is_timeout() { "timeout" } else { "closed in body" }))?;
        let Some(data) = frame.data_ref() else { continue };
        seen = seen.saturating_add(super::number::count(data.len()));
        if seen > MAX_BODY {
            return Err(Failure::new("body too large"));
        }
        kept.extend(data.iter().take(keep.saturating_sub(kept.len())));
    }
    Ok(kept)
}

fn connect_word(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connect: refused",
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => "connect: reset",
        io::ErrorKind::TimedOut => "connect: timeout",
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => "connect: unreachable",
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::AddrInUse => "connect: no free local port",
        _ if matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE)) => "connect: too many open files",
        _ => "connect: failed",
    }
}

fn word(error: &hyper::Error) -> &'static str {
    let io = std::error::Error::source(error).and_then(|source| source.downcast_ref::<io::Error>());
    match io.map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionReset) => "reset",
        Some(io::ErrorKind::BrokenPipe) => "closed while sending",
        Some(_) => "i/o error",
        None if error.is_parse() => "malformed response",
        None if error.is_user() => "malformed request",
        None => "closed before response",
    }
}
