//! Where the private key works, so that nobody who only waits for bytes waits for it.
//!
//! An RSA signature takes hundreds of microseconds, and one by a key elsewhere a round trip: that is done by a few threads
//! of their own, with a short queue before them. What does not fit in is refused at once and in some microseconds, which
//! keeps the queue short enough that those within it are still waited for. On P-256 and Ed25519 a signature costs less than
//! the way to another thread and back: it is made on the spot.

use crate::{
    error::{Error, Result},
    key::{KeyError, KeyType, Signer},
    token::{self, Claims},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// What cannot be done now, because so much else is to be done before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Overloaded;

/// A few threads, and a queue before them. The threads end when it is dropped, after what is queued.
pub(super) struct Pool {
    queue: SyncSender<Job>,
}

impl Pool {
    /// # Errors
    /// [`Error::System`] where the threads cannot be started.
    pub(super) fn new(name: &str, threads: usize, queue: usize) -> Result<Self> {
        let (sender, receiver) = sync_channel(queue);
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..threads.max(1) {
            let receiver = Arc::clone(&receiver);
            let started = thread::Builder::new().name(name.to_owned()).spawn(move || work(&receiver));
            started.map_err(|source| Error::System { action: "start a thread", source })?;
        }
        Ok(Self { queue: sender })
    }

    /// Has something done. Who no longer waits for the result when it would be begun gets none.
    ///
    /// # Errors
    /// [`Overloaded`] where the queue is full, and where the work panicked.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Overloaded> {
        let (answer, result) = oneshot::channel();
        let job = Box::new(move || {
            if !answer.is_closed() {
                // An error: nobody waits for it any more.
                let _ = answer.send(work());
            }
        });
        self.queue.try_send(job).map_err(|_| Overloaded)?;
        result.await.map_err(|_| Overloaded)
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        // One of the threads waits for a job, the others for their turn to wait.
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("work on another thread panicked: the request was answered as overloaded");
        }
    }
}

/// Signs access tokens.
pub(super) struct TokenSigner {
    signer: Arc<dyn Signer>,
    header: Arc<str>,
    /// `None`: it signs on the spot.
    pool: Option<Pool>,
}

/// Why there is no token.
#[derive(Debug)]
pub(super) enum SigningError {
    Overloaded,
    Key(KeyError),
}

/// The longest queue before the threads that sign: with RSA-4096 on one core half a second.
const QUEUE: usize = 256;

impl TokenSigner {
    /// Signs with this key.
    ///
    /// # Errors
    /// [`Error::Key`]; [`Error::System`] where threads cannot be started.
    pub(super) fn new(signer: Arc<dyn Signer>) -> Result<Self> {
        let key = signer.public_key();
        let header = token::header(key)?.into();
        let pool = match key.key_type() {
            KeyType::EcP256 | KeyType::Ed25519 => None,
            _ => {
                let cores = thread::available_parallelism().map_or(1, usize::from);
                Some(Pool::new("signing", cores, QUEUE)?)
            }
        };
        Ok(Self { signer, header, pool })
    }

    /// # Errors
    /// [`SigningError`].
    pub(super) async fn sign(&self, claims: Claims) -> Result<String, SigningError> {
        let token = match &self.pool {
            None => token::issue_with(&self.header, &*self.signer, &claims),
            Some(pool) => {
                let (header, signer) = (Arc::clone(&self.header), Arc::clone(&self.signer));
                let signed = pool.run(move || token::issue_with(&header, &*signer, &claims)).await;
                signed.map_err(|Overloaded| SigningError::Overloaded)?
            }
        };
        token.map_err(SigningError::Key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    #[tokio::test]
    async fn what_does_not_fit_into_the_queue_is_refused_at_once() {
        let pool = Arc::new(Pool::new("test", 1, 2).unwrap());
        let (release, held) = std::sync::mpsc::channel::<()>();
        let run = |work: Box<dyn FnOnce() -> u8 + Send>| {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move { pool.run(work).await })
        };
        let first = run(Box::new(move || {
            held.recv().unwrap();
            1
        }));
        tokio::time::sleep(Duration::from_millis(50)).await;
        let (second, third) = (run(Box::new(|| 2)), run(Box::new(|| 3)));
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(pool.run(|| 4).await, Err(Overloaded));
        release.send(()).unwrap();
        for (task, wanted) in [(first, 1), (second, 2), (third, 3)] {
            assert_eq!(task.await.unwrap(), Ok(wanted));
        }
        assert_eq!(pool.run(|| 5).await, Ok(5));
    }

    #[tokio::test]
    async fn a_panic_is_one_requests_affair_and_nobody_works_for_those_who_left() {
        let pool = Arc::new(Pool::new("test", 1, 8).unwrap());
        assert_eq!(pool.run(|| -> u8 { panic!("on purpose") }).await, Err(Overloaded));
        assert_eq!(pool.run(|| 1).await, Ok(1));

        let (release, held) = std::sync::mpsc::channel::<()>();
        let counted = Arc::new(AtomicUsize::new(0));
        let first = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.run(move || held.recv().is_ok()).await }
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        let gone = tokio::spawn({
            let (pool, counted) = (Arc::clone(&pool), Arc::clone(&counted));
            async move { pool.run(move || counted.fetch_add(1, Ordering::Relaxed)).await }
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        gone.abort();
        assert!(gone.await.unwrap_err().is_cancelled());
        release.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Ok(true));
        assert_eq!(pool.run(|| 2).await, Ok(2));
        assert_eq!(counted.load(Ordering::Relaxed), 0);
    }
}
