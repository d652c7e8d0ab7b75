//! The accept loop: it bounds the number of connections, survives running out of file descriptors, and drains.

use super::{
    Limits,
    application::{Application, Desk},
    connection::{self, Phase, Stage},
    guests::{Guest, Guests},
    metrics::Connections,
};
use crate::rlimit::fd_limit;
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

/// Descriptors that are no connections: standard streams, listeners, the runtime's, files that are read.
const OWN_DESCRIPTORS: u64 = 32;

/// Longer than it takes to end a connection on a busy machine.
const MAKING_ROOM: Duration = Duration::from_millis(500);

pub(super) async fn run<A: Application>(listener: TcpListener, desk: Arc<Desk<A>>, shutdown: impl Future<Output = ()>) {
    let limits = desk.limits;
    let connections = desk.metrics.connections(desk.listener);
    let total = places(&limits);
    let mut door = Door {
        permits: Arc::new(Semaphore::new(usize::try_from(total).unwrap_or(Semaphore::MAX_PERMITS))),
        guests: Guests::default(),
        reserve: Reserve(open()),
        notice: Notice::default(),
    };
    let (stop, stages) = watch::channel(Stage::Running);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => match door.room(connections).await {
                Some(permit) => {
                    connections.accepted.increment();
                    let open = Open { desk: Arc::clone(&desk), _permit: permit };
                    let phase = Arc::new(Phase::new());
                    let serve = connection::serve(stream, Arc::clone(&phase), Arc::clone(&desk), stages.clone());
                    // Boxed, so that what is kept of a task that has ended is small.
                    let task = tokio::spawn(Box::pin(async move {
                        serve.await;
                        drop(open);
                    }));
                    door.guests.admit(Guest { task: task.abort_handle(), phase });
                }
                None => {
                    connections.shed_by_limit.increment();
                    shed(stream);
                }
            },
            Err(error) => door.recover(&error, &listener, connections).await,
        }
    }
    drop(listener);
    stop.send_replace(Stage::Draining);
    if tokio::time::timeout(limits.drain, door.permits.acquire_many(total)).await.is_err() {
        tracing::warn!("open requests did not finish within {:?} and were cut off", limits.drain);
        stop.send_replace(Stage::Ended);
    }
}

/// A connection that counts, until it is dropped, however it ends.
struct Open<A> {
    desk: Arc<Desk<A>>,
    _permit: OwnedSemaphorePermit,
}

impl<A> Drop for Open<A> {
    fn drop(&mut self) {
        self.desk.metrics.connections(self.desk.listener).ended.increment();
    }
}

/// How many connections there may be: a number that `acquire_many` can ask for.
fn places(limits: &Limits) -> u32 {
    let wanted = u32::try_from(limits.max_connections).unwrap_or(u32::MAX);
    let possible = u32::try_from(fd_limit().saturating_sub(OWN_DESCRIPTORS)).unwrap_or(u32::MAX).max(1);
    if possible < wanted && limits.max_connections <= Limits::default().max_connections {
        tracing::warn!("the limit on file descriptors leaves room for {possible} connections: raise it (ulimit -n)");
    }
    wanted.min(possible)
}

/// What decides who gets in.
struct Door {
    permits: Arc<Semaphore>,
    guests: Guests,
    reserve: Reserve,
    notice: Notice,
}

impl Door {
    /// A place for one more connection, if need be another one's.
    async fn room(&mut self, connections: &Connections) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Some(permit);
        }
        self.notice.warn("all places are taken: connections that wait are closed; raise --max-connections");
        if !self.guests.evict() {
            return None;
        }
        connections.evicted.increment();
        // The one that was ended gives its place back: the number of connections never passes the limit.
        tokio::time::timeout(MAKING_ROOM, Arc::clone(&self.permits).acquire_owned()).await.ok()?.ok()
    }

    /// What went wrong with one connection is no reason to stop accepting others.
    async fn recover(&mut self, error: &io::Error, listener: &TcpListener, connections: &Connections) {
        if is_out_of_descriptors(error) {
            self.notice
                .warn("out of file descriptors: shedding connections; raise the limit or lower --max-connections");
            self.reserve.shed_one(listener, connections).await;
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
}

/// Says what matters once in a while: a flood of connections must not become a flood of lines.
#[derive(Default)]
struct Notice {
    warned: Option<Instant>,
}

impl Notice {
    fn warn(&mut self, text: &str) {
        const PAUSE: Duration = Duration::from_secs(10);
        if self.warned.is_none_or(|last| last.elapsed() > PAUSE) {
            self.warned = Some(Instant::now());
            tracing::warn!("{text}");
        }
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

fn is_out_of_descriptors(error: &io::Error) -> bool {
    let code = error.raw_os_error();
    [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE].iter().any(|e| code == Some(e.raw_os_error()))
}

/// A file descriptor held back: given up for a moment, it lets a waiting connection be taken and refused, so that the
/// queue of the kernel does not keep peers waiting for an answer that cannot come.
struct Reserve(Option<File>);

impl Reserve {
    async fn shed_one(&mut self, listener: &TcpListener, connections: &Connections) {
        drop(self.0.take());
        match tokio::time::timeout(Duration::from_millis(10), listener.accept()).await {
            Ok(Ok((stream, _))) => {
                connections.shed_by_descriptors.increment();
                shed(stream);
            }
            Ok(Err(_)) | Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        self.0 = open();
    }
}

fn open() -> Option<File> {
    File::open("/dev/null").ok()
}
