//! One connection: hyper's HTTP/1.1, watched by one timer.
//!
//! hyper's own header timeout also runs while a connection is idle between requests, and costs a timer per request. Here
//! the socket and the service note when a phase began, and one lazy timer per connection looks at the clock only when the
//! phase could have lasted too long.

use super::{
    Limits,
    application::{Application, Desk, Route},
};
use http::StatusCode;
use hyper::{
    Request,
    body::{Body as _, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::watch,
};

/// How far the server is on its way to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// It serves.
    Running,
    /// Requests that were begun are answered; connections without one are closed.
    Draining,
    /// What is still open is cut off.
    Ended,
}

/// Serves requests of `stream` until either side ends it, a limit is passed, or the server stops.
pub(super) async fn serve<A: Application>(
    stream: TcpStream,
    phase: Arc<Phase>,
    desk: Arc<Desk<A>>,
    mut stages: watch::Receiver<Stage>,
) {
    // A delayed answer would cost more than the packet it saves.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("nodelay: {error}");
    }
    let limits = desk.limits;
    let io = TokioIo::new(Watched { stream, phase: Arc::clone(&phase) });
    let service = service_fn(|request: Request<Incoming>| {
        let begun = phase.begin();
        let (phase, desk) = (Arc::clone(&phase), Arc::clone(&desk));
        async move {
            let route = Route::of(request.uri().path());
            let answer = desk.answer(route, request).await;
            if route.wants_credential() && answer.response.status() == StatusCode::OK {
                phase.let_in();
            }
            let took = phase.answer(answer.response.body().size_hint().lower(), limits).saturating_sub(begun);
            desk.metrics.answered(route, answer.response.status(), answer.reason, took);
            Ok::<_, Infallible>(answer.response)
        }
    });
    let connection = http1::Builder::new()
        // The first bounds what is buffered while the head is incomplete, the second a head that came in one large read.
        .max_buf_size(limits.max_head)
        .max_header_size(limits.max_head)
        .half_close(true)
        .header_read_timeout(None)
        .serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    let mut deadline = std::pin::pin!(phase.exceeded(limits));
    let mut stage = Stage::Running;
    loop {
        tokio::select! {
            biased;
            ended = &mut connection => {
                if let Err(error) = ended {
                    tracing::debug!("connection: {error}");
                    if let Some(status) = told_by_hyper(&error) {
                        desk.metrics.refused_unread::<A::Endpoint>(status);
                    }
                }
                return;
            }
            later = later_than(&mut stages, stage) => {
                stage = later;
                // hyper closes a connection that is idle after a request, but waits for the first one of a new one.
                if stage == Stage::Ended || phase.is_new() {
                    return;
                }
                connection.as_mut().graceful_shutdown();
            }
            passed = &mut deadline => {
                tracing::debug!("connection closed: too slow or idle");
                let connections = desk.metrics.connections(desk.listener);
                let counter = match passed {
                    IDLE => &connections.idle,
                    BUSY | ANSWER | ANSWER_AND_HEAD => &connections.slow_answers,
                    _ => &connections.slow_heads,
                };
                counter.increment();
                return;
            }
        }
    }
}

/// What hyper has answered by itself to a request that it could not read. (It says 414 where the target alone fills the
/// 64 KiB that its head may have, and does not tell that from other large heads.)
fn told_by_hyper(error: &hyper::Error) -> Option<StatusCode> {
    if error.is_parse_too_large() {
        Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
    } else if error.is_parse() && !error.is_parse_version_h2() {
        Some(StatusCode::BAD_REQUEST)
    } else {
        None
    }
}

/// Waits for the server to get further than `stage`.
async fn later_than(stages: &mut watch::Receiver<Stage>, stage: Stage) -> Stage {
    // An error: whoever ran the server dropped it.
    stages.wait_for(|now| *now > stage).await.map_or(Stage::Ended, |now| *now)
}

/// Waiting for the first byte of a request after an answer.
const IDLE: u64 = 0;
/// Reading a request's head.
const HEAD: u64 = 1;
/// A request is being answered.
const BUSY: u64 = 2;
/// Waiting for the first byte of all; the time counts as a part of the first head's.
const NEW: u64 = 3;

/// An answer is being written; the time is that of the last progress.
const ANSWER: u64 = 4;
/// The same, and the next request has begun to arrive.
const ANSWER_AND_HEAD: u64 = 5;

/// So many bytes a second of an answer a peer has to take at least, in the long run: each reader keeps the answer in memory,
/// and a revocation list that was replaced meanwhile is tens of megabytes that nobody else needs.
const SLOWEST: u64 = 64 * 1024;

/// What a connection is doing and since when: milliseconds since its start, shifted by three bits for the phase.
pub(super) struct Phase {
    start: Instant,
    state: AtomicU64,
    /// When the last request's head was complete, in the same milliseconds.
    asked: AtomicU64,
    /// By when the peer must have taken all of the answer, in the same milliseconds.
    answered_by: AtomicU64,
    known: AtomicBool,
}

/// What a connection is doing, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// It waits for a request, or for the rest of its head.
    Waiting(Duration),
    /// A request is being answered, or its body being read, or the answer written.
    Request(Duration),
}

impl Phase {
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
            state: AtomicU64::new(NEW),
            asked: AtomicU64::new(0),
            answered_by: AtomicU64::new(0),
            known: AtomicBool::new(false),
        }
    }

    pub(super) fn doing(&self) -> Doing {
        let state = self.state.load(Ordering::Relaxed);
        let lasted = |since| self.start.elapsed().saturating_sub(Duration::from_millis(since));
        match state & 7 {
            // Progress does not count here: whoever reads a byte a second would keep a place that others need.
            BUSY | ANSWER | ANSWER_AND_HEAD => Doing::Request(lasted(self.asked.load(Ordering::Relaxed))),
            _ => Doing::Waiting(lasted(state >> 3)),
        }
    }

    /// Whether a request on this connection was accepted.
    pub(super) fn is_known(&self) -> bool {
        self.known.load(Ordering::Relaxed)
    }

    pub(super) fn let_in(&self) {
        self.known.store(true, Ordering::Relaxed);
    }

    /// A request's head is complete. Returns the time since the connection's start: one look at the clock serves everybody.
    pub(super) fn begin(&self) -> Duration {
        let elapsed = self.enter(BUSY);
        self.asked.store(millis(elapsed), Ordering::Relaxed);
        elapsed
    }

    /// An answer with a body of `len` bytes is about to be written. Returns the time since the connection's start.
    fn answer(&self, len: u64, limits: Limits) -> Duration {
        let elapsed = self.enter(ANSWER);
        let longest = limits.body_timeout.saturating_add(Duration::from_secs(len / SLOWEST));
        self.answered_by.store(millis(elapsed.saturating_add(longest)), Ordering::Relaxed);
        elapsed
    }

    /// Returns the time since the connection's start.
    fn enter(&self, phase: u64) -> Duration {
        let elapsed = self.start.elapsed();
        self.state.store((millis(elapsed) << 3) | phase, Ordering::Relaxed);
        elapsed
    }

    /// Bytes of the next request arrive.
    fn bytes_read(&self) {
        let state = self.state.load(Ordering::Relaxed);
        match state & 7 {
            IDLE => {
                self.enter(HEAD);
            }
            // Since the start.
            NEW => self.state.store(HEAD, Ordering::Relaxed),
            ANSWER => self.state.store((state & !7) | ANSWER_AND_HEAD, Ordering::Relaxed),
            _ => {}
        }
    }

    /// The peer has taken some of an answer, but not all that there was to write.
    fn bytes_written(&self) {
        match self.state.load(Ordering::Relaxed) & 7 {
            ANSWER_AND_HEAD => self.enter(ANSWER_AND_HEAD),
            // Of answers to several requests at once, the last may go on after a flush.
            ANSWER | IDLE => self.enter(ANSWER),
            _ => return,
        };
    }

    /// All that there was to write is written.
    fn flushed(&self) {
        let state = self.state.load(Ordering::Relaxed);
        match state & 7 {
            // Written a moment ago: the clock need not be asked again.
            ANSWER => self.state.store((state & !7) | IDLE, Ordering::Relaxed),
            ANSWER_AND_HEAD => {
                self.enter(HEAD);
            }
            _ => {}
        }
    }

    fn is_new(&self) -> bool {
        self.state.load(Ordering::Relaxed) & 7 == NEW
    }

    /// Completes once a phase has lasted longer than its limit, with the phase.
    async fn exceeded(&self, limits: Limits) -> u64 {
        loop {
            let state = self.state.load(Ordering::Relaxed);
            let limit = match state & 7 {
                IDLE => limits.idle_timeout,
                // A slow body is answered after its own timeout; this is for whatever else may take for ever.
                BUSY => limits.body_timeout.saturating_add(limits.header_timeout),
                // Between any two pieces that the peer takes.
                ANSWER | ANSWER_AND_HEAD => limits.body_timeout,
                _ => limits.header_timeout,
            };
            let mut end = Duration::from_millis(state >> 3).saturating_add(limit);
            if matches!(state & 7, ANSWER | ANSWER_AND_HEAD) {
                end = end.min(Duration::from_millis(self.answered_by.load(Ordering::Relaxed)));
            }
            match end.checked_sub(self.start.elapsed()).filter(|rest| !rest.is_zero()) {
                // Looked at often enough to notice a head that began meanwhile.
                Some(rest) => tokio::time::sleep(rest.min(limits.header_timeout)).await,
                None => return state & 7,
            }
        }
    }
}

fn millis(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX >> 3)
}

/// The socket, telling when bytes arrive, and when some or all of an answer have left.
struct Watched {
    stream: TcpStream,
    phase: Arc<Phase>,
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.phase.bytes_read();
        }
        polled
    }
}

impl Watched {
    /// Takes note of a write of `offered` bytes. What was taken as a whole is followed by a flush, and needs no clock.
    fn note(&self, polled: &Poll<io::Result<usize>>, offered: usize) {
        if matches!(polled, Poll::Ready(Ok(taken)) if (1..offered).contains(taken)) {
            self.phase.bytes_written();
        }
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.note(&polled, buf.len());
        polled
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A socket has nothing to flush; it is asked once everything is written.
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        if polled.is_ready() {
            self.phase.flushed();
        }
        polled
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.note(&polled, bufs.iter().map(|buf| buf.len()).sum());
        polled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_though_its_reader_gets_on() {
        let limits = Limits {
            body_timeout: Duration::from_millis(200),
            header_timeout: Duration::from_millis(20),
            ..Limits::default()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let phase = Phase::new();
        let ended = |len| {
            phase.begin();
            phase.answer(len, limits);
            runtime.block_on(async {
                let reader = async {
                    loop {
                        phase.bytes_written();
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                };
                let watch = tokio::time::timeout(Duration::from_millis(800), phase.exceeded(limits));
                tokio::select! { passed = watch => passed.ok(), () = reader => None }
            })
        };
        assert_eq!(ended(0), Some(ANSWER));
        // A longer answer has more time.
        assert_eq!(ended(10 * SLOWEST), None);
    }
}
