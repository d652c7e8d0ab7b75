//! The accept loop: it bounds the number of connections, survives running out of file descriptors, and drains.

use super::{Limits, connection};
use axum::Router;
use std::{fs::File, future::Future, io, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};

/// What a connection past the limit is told, as far as its socket takes it at once.
const BUSY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

pub(super) async fn run(listener: TcpListener, router: Router, limits: Limits, shutdown: impl Future<Output = ()>) {
    let permits = Arc::new(Semaphore::new(limits.max_connections.min(Semaphore::MAX_PERMITS)));
    let total = permits.available_permits();
    let (stop, stopped) = watch::channel(false);
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
                    let serve = connection::serve(stream, router.clone(), limits, stopped.clone());
                    tokio::spawn(async move {
                        serve.await;
                        drop(permit);
                    });
                }
                Err(_) => shed(&stream),
            },
            Err(error) => recover(&error, &listener, &mut reserve).await,
        }
    }
    drop(listener);
    // No receiver means no connection; then there is nothing to drain.
    let _ = stop.send(true);
    let all = u32::try_from(total).unwrap_or(u32::MAX);
    if tokio::time::timeout(limits.drain, permits.acquire_many(all)).await.is_err() {
        tracing::warn!("open requests did not finish within {} s and were cut off", limits.drain.as_secs());
    }
}

fn shed(stream: &TcpStream) {
    // As much as fits into an empty socket buffer; a peer that does not read it is not waited for.
    if let Err(error) = stream.try_write(BUSY) {
        tracing::debug!("a connection past the limit was closed: {error}");
    }
}

/// What went wrong with one connection is no reason to stop accepting others.
async fn recover(error: &io::Error, listener: &TcpListener, reserve: &mut Reserve) {
    if is_out_of_descriptors(error) {
        tracing::warn!("out of file descriptors: shedding connections");
        reserve.shed_one(listener).await;
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
struct Reserve(Option<File>);

impl Reserve {
    fn new() -> Self {
        Self(File::open("/dev/null").ok())
    }

    async fn shed_one(&mut self, listener: &TcpListener) {
        drop(self.0.take());
        match tokio::time::timeout(Duration::from_millis(10), listener.accept()).await {
            Ok(Ok((stream, _))) => shed(&stream),
            Ok(Err(_)) | Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        *self = Self::new();
    }
}
