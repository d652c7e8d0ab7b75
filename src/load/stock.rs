//! Requests that are ready to be sent, and how workers get at them without a lock that they would share.

use super::number::count;
use crate::error::Result;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Uri};
use http_body_util::Full;
use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// A request in the form in which a connection sends it: origin-form target, `Host`, `Content-Length`.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) request: Request<Full<Bytes>>,
    /// Where to: an index into the crew's targets.
    pub(super) target: usize,
}

impl Outgoing {
    /// A copy that shares nothing with the original: counting references to the same bytes would make the workers' cores
    /// pull one cache line back and forth with every request.
    pub(super) fn deep_copy(&self) -> Self {
        let (from, bytes) = (&self.request, |bytes: &[u8]| Bytes::copy_from_slice(bytes));
        let mut headers = HeaderMap::with_capacity(from.headers().len());
        for (name, value) in from.headers() {
            // Bytes of a valid value are a valid value; the flag is kept so that nothing prints a credential.
            let mut copy = HeaderValue::from_maybe_shared(bytes(value.as_bytes())).unwrap_or_else(|_| value.clone());
            copy.set_sensitive(value.is_sensitive());
            headers.append(name.clone(), copy);
        }
        let uri = Uri::from_maybe_shared(bytes(from.uri().to_string().as_bytes()));
        let mut request = Request::new(from.body().clone());
        *request.method_mut() = from.method().clone();
        *request.uri_mut() = uri.unwrap_or_else(|_| from.uri().clone());
        *request.headers_mut() = headers;
        Self { request, target: self.target }
    }
}

impl Clone for Outgoing {
    /// Shares method, header values and body with the original.
    fn clone(&self) -> Self {
        Self { request: self.request.clone(), target: self.target }
    }
}

/// Some requests that were prepared at one time, and are sent by one worker.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) requests: Vec<Outgoing>,
    pub(super) prepared: Instant,
}

impl Chunk {
    /// Whether its requests are younger than `fresh`.
    pub(super) fn is_fresh(&self, now: Instant, fresh: Duration) -> bool {
        now.saturating_duration_since(self.prepared) < fresh
    }
}

/// Requests that are sent once each. Workers take chunks by counting up one number; a chunk's own lock is for handing it
/// over and is never waited for.
#[derive(Debug, Default)]
pub(super) struct Stock {
    chunks: Box<[Mutex<Option<Chunk>>]>,
    next: AtomicUsize,
    /// What workers gave back at the end of a block.
    returned: Mutex<Vec<Chunk>>,
}

impl Stock {
    /// Chunks are handed out in this order: the oldest should come first.
    pub(super) fn new(chunks: impl IntoIterator<Item = Chunk>) -> Self {
        let chunks = chunks.into_iter().map(|chunk| Mutex::new(Some(chunk))).collect();
        Self { chunks, next: AtomicUsize::new(0), returned: Mutex::default() }
    }

    /// The next chunk; `None` when there is none any more.
    pub(super) fn take(&self) -> Option<Chunk> {
        // Not counted beyond the end, so that asking again and again cannot wrap around.
        while self.next.load(Ordering::Relaxed) < self.chunks.len() {
            let chunk = self.chunks.get(self.next.fetch_add(1, Ordering::Relaxed))?;
            let chunk = chunk.lock().unwrap_or_else(PoisonError::into_inner).take();
            if chunk.as_ref().is_some_and(|chunk| !chunk.requests.is_empty()) {
                return chunk;
            }
        }
        None
    }

    /// Takes back what was not sent. It is not handed out again in this block.
    pub(super) fn put_back(&self, chunk: Chunk) {
        if !chunk.requests.is_empty() {
            self.returned.lock().unwrap_or_else(PoisonError::into_inner).push(chunk);
        }
    }

    /// All that is left, the oldest first.
    pub(super) fn drain(&self) -> VecDeque<Chunk> {
        let mut left = std::mem::take(&mut *self.returned.lock().unwrap_or_else(PoisonError::into_inner));
        left.extend(std::iter::from_fn(|| self.take()));
        left.sort_by_key(|chunk| chunk.prepared);
        left.into()
    }

    /// Requests that no worker has taken yet.
    pub(super) fn untaken(&self) -> u64 {
        let left = self.chunks.iter().skip(self.next.load(Ordering::Relaxed));
        let length = |chunk: &Mutex<Option<Chunk>>| {
            chunk.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(0, |chunk| count(chunk.requests.len()))
        };
        left.map(length).sum()
    }
}

/// Makes one request, which was never made before; `None` when no more will come. Called from several threads at once.
pub(super) type Sign = dyn Fn() -> Result<Option<Outgoing>> + Send + Sync;

/// Where a block's requests come from.
pub(super) enum Supply {
    /// These, in turn, as often as needed.
    Repeat(Arc<[Outgoing]>),
    /// Each of these once.
    Stock(Stock),
    /// Made one at a time, while others are on their way.
    Inline(Arc<Sign>),
}

impl fmt::Debug for Supply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repeat(requests) => f.debug_tuple("Repeat").field(&requests.len()).finish(),
            Self::Stock(stock) => f.debug_tuple("Stock").field(&stock.untaken()).finish(),
            Self::Inline(_) => f.write_str("Inline"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing(path: &str) -> Outgoing {
        let request = Request::post(path).header("a", "1").header("a", "2").header("b", "3");
        Outgoing { request: request.body(Full::new(Bytes::from_static(b"body"))).unwrap(), target: 3 }
    }

    fn chunk(age: u64, requests: usize) -> Chunk {
        let requests = (0..requests).map(|i| outgoing(&format!("/{age}/{i}"))).collect();
        Chunk { requests, prepared: Instant::now() - Duration::from_secs(age) }
    }

    #[test]
    fn a_deep_copy_is_the_same_request() {
        let mut original = outgoing("/p?q=1");
        original.request.headers_mut().get_mut("b").unwrap().set_sensitive(true);
        let copy = original.deep_copy();
        assert_eq!(copy.target, 3);
        assert_eq!((copy.request.method(), copy.request.uri()), (original.request.method(), original.request.uri()));
        assert_eq!(copy.request.headers(), original.request.headers());
        assert!(copy.request.headers()["b"].is_sensitive() && !copy.request.headers()["a"].is_sensitive());
        assert_ne!(
            copy.request.headers()["b"].as_bytes().as_ptr(),
            original.request.headers()["b"].as_bytes().as_ptr()
        );
    }

    #[test]
    fn each_request_is_handed_out_once_to_whoever_asks() {
        let stock = Stock::new((0..100).map(|_| chunk(1, 7)));
        assert_eq!(stock.untaken(), 700);
        let taken: usize = std::thread::scope(|scope| {
            let takers: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| std::iter::from_fn(|| stock.take()).map(|c| c.requests.len()).sum::<usize>()))
                .collect();
            takers.into_iter().map(|taker| taker.join().unwrap()).sum()
        });
        assert_eq!((taken, stock.untaken()), (700, 0));
        assert!(stock.take().is_none() && stock.drain().is_empty());
    }

    #[test]
    fn what_is_given_back_waits_for_the_next_block() {
        let stock = Stock::new([chunk(9, 2), chunk(8, 0), chunk(7, 3)]);
        let mut first = stock.take().unwrap();
        first.requests.pop();
        stock.put_back(first);
        stock.put_back(chunk(20, 0));
        let left: Vec<_> = stock.drain().into_iter().map(|chunk| chunk.requests.len()).collect();
        assert_eq!(left, [1, 3]);
        assert!(stock.drain().is_empty());
    }

    #[test]
    fn old_chunks_are_not_fresh() {
        let chunk = chunk(10, 1);
        let (now, fresh) = (chunk.prepared + Duration::from_secs(10), Duration::from_secs(10));
        assert!(!chunk.is_fresh(now, fresh) && chunk.is_fresh(now - Duration::from_nanos(1), fresh));
    }
}
