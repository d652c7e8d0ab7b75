//! The accept loop: it bounds the number of connections, survives running out of file descriptors, and drains.

use super::{
    connection::{self, Stage},
    metrics::Connections,
    routes::Routes,
};
use std::{
    fs::File,
    future::Future,
    io::{self, Read as _, Write as _},
    net::Shutdown,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};

/// What a connection past the limit is told, as far as its socket takes it at once.
const BUSY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

pub(super) async fn run(listener: TcpListener, routes: Arc<Routes>, shutdown: impl Future<Output = ()>) {
    let limits = routes.limits;
    let connections = routes.metrics.connections(routes.listener);
    // A number that `acquire_many` can ask for: nobody has as many descriptors.
    let total = u32::try_from(limits.max_connections).unwrap_or(u32::MAX);
    let permits = Arc::new(Semaphore::new(usize::try_from(total).unwrap_or(Semaphore::MAX_PERMITS)));
    let (stop, stages) = watch::channel(Stage::Running);
    let mut reserve = Reserve::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => match Arc::clone(&permits).try_acquire_owned() {
                Ok(permit) => {
                    connections.accepted.increment();
                    let open = Open { routes: Arc::clone(&routes), _permit: permit };
                    let serve = connection::serve(stream, Arc::clone(&routes), stages.clone());
                    tokio::spawn(async move {
                        serve.await;
                        drop(open);
                    });
                }
                Err(_) => {
                    connections.shed_by_limit.increment();
                    shed(stream);
                }
            },
            Err(error) => recover(&error, &listener, &mut reserve, connections).await,
        }
    }
    drop(listener);
    stop.send_replace(Stage::Draining);
    if tokio::time::timeout(limits.drain, permits.acquire_many(total)).await.is_err() {
        tracing::warn!("open requests did not finish within {:?} and were cut off", limits.drain);
        stop.send_replace(Stage::Ended);
    }
}

/// A connection that counts, until it is dropped, however it ends.
struct Open {
    routes: Arc<Routes>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.routes.metrics.connections(self.routes.listener).ended.increment();
    }
}

fn shed(stream: TcpStream) {
    // As much as fits into an empty socket buffer; a peer that does not read it is not waited for. tokio's own `try_write`
    // would not even try on a socket whose readiness it has not seen yet.
    let told = stream.into_std().and_then(|mut stream| {
        stream.write_all(BUSY)?;
        stream.shutdown(Shutdown::Write)?;
        // A socket that is closed with unread bytes is reset, and the peer might lose the answer.
        match stream.read(&mut [0; 4096]) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    });
    if let Err(error) = told {
        tracing::debug!("a connection past the limit was closed: {error}");
    }
}

/// What went wrong with one connection is no reason to stop accepting others.
async fn recover(error: &io::Error, listener: &TcpListener, reserve: &mut Reserve, connections: &Connections) {
    if is_out_of_descriptors(error) {
        reserve.warn();
        reserve.shed_one(listener, connections).await;
        return;
    }
    tracing::debug!("accept: {error}");
    if !matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    ) {
        // Lack of memory or buffers: trying again at once would only burn the processor.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn is_out_of_descriptors(error: &io::Error) -> bool {
    let code = error.raw_os_error();
    [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE].iter().any(|e| code == Some(e.raw_os_error()))
}

/// A file descriptor held back: given up for a moment, it lets a waiting connection be taken and refused, so that the
/// queue of the kernel does not keep peers waiting for an answer that cannot come.
struct Reserve {
    file: Option<File>,
    warned: Option<Instant>,
}

impl Reserve {
    fn new() -> Self {
        Self { file: open(), warned: None }
    }

    /// Says so once in a while: a flood of connections must not become a flood of lines.
    fn warn(&mut self) {
        const PAUSE: Duration = Duration::from_secs(10);
        if self.warned.is_none_or(|last| last.elapsed() > PAUSE) {
            self.warned = Some(Instant::now());
            tracing::warn!("out of file descriptors: shedding connections; raise the limit or lower --max-connections");
        }
    }

    async fn shed_one(&mut self, listener: &TcpListener, connections: &Connections) {
        drop(self.file.take());
        match tokio::time::timeout(Duration::from_millis(10), listener.accept()).await {
            Ok(Ok((stream, _))) => {
                connections.shed_by_descriptors.increment();
                shed(stream);
            }
            Ok(Err(_)) | Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        self.file = open();
    }
}

fn open() -> Option<File> {
    File::open("/dev/null").ok()
}
