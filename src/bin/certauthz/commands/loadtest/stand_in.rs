//! What answers in the authority's place while it is away.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{convert::Infallible, future::Future, io, net::SocketAddr, thread, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

/// After a failure to accept: out of descriptors is no reason for a busy loop.
const PAUSE: Duration = Duration::from_millis(10);

/// A server on a thread of this process. It ends, with its connections, when it is dropped.
pub(super) struct StandIn {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl StandIn {
    /// Accepts connections and resets them.
    pub(super) fn resetting(address: SocketAddr) -> io::Result<Self> {
        Self::start(address, |stream| async move {
            // Without the option a close would do as well, only more politely.
            drop(stream.set_zero_linger());
        })
    }

    /// Answers 500 to everything.
    pub(super) fn failing(address: SocketAddr) -> io::Result<Self> {
        Self::start(address, |stream| async move {
            let answer = service_fn(|_: Request<Incoming>| async {
                let mut response = Response::new(Empty::<Bytes>::new());
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                Ok::<_, Infallible>(response)
            });
            // How a peer ends a connection to somebody who only says no is its own affair.
            drop(http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await);
        })
    }

    fn start<F>(address: SocketAddr, serve: impl Fn(TcpStream) -> F + Send + 'static) -> io::Result<Self>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        // Here, so that it listens when this returns. The standard library's sets SO_REUSEADDR.
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let listener = {
            let _entered = runtime.enter();
            TcpListener::from_std(listener)?
        };
        let (stop, stopped) = oneshot::channel();
        let accept = async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => drop(tokio::spawn(serve(stream))),
                    Err(_) => tokio::time::sleep(PAUSE).await,
                }
            }
        };
        let run = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept => {}
                    _ = stopped => {}
                }
            });
        };
        let thread = thread::Builder::new().name("stand-in".into()).spawn(run)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!("the authority's stand-in panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};

    fn free() -> SocketAddr {
        std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    }

    fn ask(address: SocketAddr) -> io::Result<String> {
        let mut stream = std::net::TcpStream::connect(address)?;
        stream
            .write_all(b"POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\na=b")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    #[test]
    fn one_says_500_until_it_is_dropped() {
        let address = free();
        for _ in 0..2 {
            let stand_in = StandIn::failing(address).unwrap();
            for _ in 0..3 {
                assert!(ask(address).unwrap().starts_with("HTTP/1.1 500 "));
            }
            // A connection that waits for nothing does not keep it.
            let _idle = std::net::TcpStream::connect(address).unwrap();
            drop(stand_in);
            assert_eq!(ask(address).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        }
    }

    #[test]
    fn one_resets() {
        let address = free();
        let _stand_in = StandIn::resetting(address).unwrap();
        for _ in 0..5 {
            let kind = ask(address).unwrap_err().kind();
            assert!(matches!(kind, io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe), "{kind:?}");
        }
    }
}
