//! One connection: hyper's HTTP/1.1, watched by one timer.
//!
//! hyper's own header timeout also runs while a connection is idle between requests, and costs a timer per request. Here
//! the socket and the service note when a phase began, and one lazy timer per connection looks at the clock only when the
//! phase could have lasted too long.

use super::Limits;
use axum::{Router, body::Body};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::watch,
};
use tower_service::Service as _;

/// Serves requests of `stream` until either side ends it, a limit is passed, or the server stops.
pub(super) async fn serve(stream: TcpStream, router: Router, limits: Limits, mut stopped: watch::Receiver<bool>) {
    // A delayed answer would cost more than the packet it saves.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("nodelay: {error}");
    }
    let phase = Arc::new(Phase::new());
    let io = TokioIo::new(Watched { stream, phase: Arc::clone(&phase) });
    let service = {
        let phase = Arc::clone(&phase);
        service_fn(move |request: Request<Incoming>| {
            phase.enter(BUSY);
            // Cloning counts a reference; `call` wants the router for itself.
            let answer = router.clone().call(request.map(Body::new));
            let phase = Arc::clone(&phase);
            async move {
                let answer = answer.await;
                phase.enter(IDLE);
                answer
            }
        })
    };
    let connection = http1::Builder::new()
        .max_buf_size(limits.max_head)
        .half_close(true)
        .header_read_timeout(None)
        .serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    let mut deadline = std::pin::pin!(phase.exceeded(limits));
    let mut stopping = *stopped.borrow();
    if stopping {
        connection.as_mut().graceful_shutdown();
    }
    loop {
        tokio::select! {
            biased;
            ended = &mut connection => {
                if let Err(error) = ended {
                    tracing::debug!("connection: {error}");
                }
                return;
            }
            changed = stopped.changed(), if !stopping => {
                stopping = true;
                tracing::trace!("draining ({})", changed.is_ok());
                connection.as_mut().graceful_shutdown();
            }
            () = &mut deadline => {
                tracing::debug!("connection closed: too slow or idle");
                return;
            }
        }
    }
}

/// Waiting for the first byte of a request after an answer.
const IDLE: u64 = 0;
/// Reading a request's head, or waiting for the first one.
const HEAD: u64 = 1;
/// A request is being answered; the body has its own timeout.
const BUSY: u64 = 2;

/// What a connection is doing and since when: milliseconds since its start, shifted by two bits for the phase.
struct Phase {
    start: Instant,
    state: AtomicU64,
}

impl Phase {
    fn new() -> Self {
        Self { start: Instant::now(), state: AtomicU64::new(HEAD) }
    }

    fn enter(&self, phase: u64) {
        let elapsed = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX >> 2);
        self.state.store((elapsed << 2) | phase, Ordering::Relaxed);
    }

    /// Bytes of the next request arrive.
    fn bytes_read(&self) {
        if self.state.load(Ordering::Relaxed) & 3 == IDLE {
            self.enter(HEAD);
        }
    }

    /// Completes once a phase has lasted longer than its limit.
    async fn exceeded(&self, limits: Limits) {
        loop {
            let state = self.state.load(Ordering::Relaxed);
            let limit = match state & 3 {
                HEAD => limits.header_timeout,
                IDLE => limits.idle_timeout,
                // Looked at again after that time: the next phase may begin any moment.
                _ => limits.header_timeout,
            };
            let elapsed = self.start.elapsed();
            let end = match state & 3 {
                BUSY => elapsed + limit,
                _ => Duration::from_millis(state >> 2) + limit,
            };
            match end.checked_sub(elapsed).filter(|rest| !rest.is_zero()) {
                // An idle connection is looked at often enough to notice a head that began meanwhile.
                Some(rest) => tokio::time::sleep(rest.min(limits.header_timeout)).await,
                None => return,
            }
        }
    }
}

/// The socket, telling when bytes arrive.
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

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
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
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }
}
