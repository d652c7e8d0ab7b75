//! Keeps parts of one task from scheduling that task again while it runs.
//!
//! hyper's connection and the one who sends on it talk through channels, as if they were two tasks. Here they are one: each
//! message would wake the task that is running anyway, and make the runtime poll all of it once more for nothing, several
//! times a request.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

/// The task is not running: wake it.
const IDLE: u8 = 0;
const RUNNING: u8 = 1;
/// The task is running, and somebody wanted to wake it since it last looked.
const WOKEN: u8 = 2;

#[derive(Debug)]
struct Inner {
    task: Mutex<Waker>,
    state: AtomicU8,
}

impl Wake for Inner {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Also right when another thread wakes: what comes after the last look finds the task idle.
        if self.state.compare_exchange(RUNNING, WOKEN, Ordering::AcqRel, Ordering::Acquire) == Err(IDLE) {
            self.task.lock().unwrap_or_else(PoisonError::into_inner).wake_by_ref();
        }
    }
}

/// Stands between the parts of a task and its waker.
#[derive(Debug)]
pub(super) struct Latch {
    inner: Arc<Inner>,
    waker: Waker,
}

impl Latch {
    pub(super) fn new() -> Self {
        let inner = Arc::new(Inner { task: Mutex::new(Waker::noop().clone()), state: AtomicU8::new(IDLE) });
        Self { waker: Waker::from(Arc::clone(&inner)), inner }
    }

    /// Runs `poll`. Who wakes the task from within does it after `poll` has returned pending, unless somebody
    /// [took](Self::take) the call.
    pub(super) fn poll<T>(&self, cx: &Context<'_>, poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        {
            let mut task = self.inner.task.lock().unwrap_or_else(PoisonError::into_inner);
            if !task.will_wake(cx.waker()) {
                task.clone_from(cx.waker());
            }
        }
        self.inner.state.store(RUNNING, Ordering::Release);
        let outcome = poll(&mut Context::from_waker(&self.waker));
        if self.inner.state.swap(IDLE, Ordering::AcqRel) == WOKEN && outcome.is_pending() {
            cx.waker().wake_by_ref();
        }
        outcome
    }

    /// Whether somebody wanted to wake the task since this was last asked, in this poll.
    pub(super) fn take(&self) -> bool {
        self.inner.state.compare_exchange(WOKEN, RUNNING, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Wakes the task after this poll.
    pub(super) fn wake(&self) {
        self.waker.wake_by_ref();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU32;

    #[derive(Default)]
    struct Counter(AtomicU32);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn only_who_is_not_heard_wakes_the_task() {
        let (latch, counter) = (Latch::new(), Arc::new(Counter::default()));
        let task = Waker::from(Arc::clone(&counter));
        let cx = Context::from_waker(&task);
        let woken = || counter.0.swap(0, Ordering::Relaxed);
        let mut kept = None;

        // From outside.
        let quiet = latch.poll::<()>(&cx, |cx| {
            kept = Some(cx.waker().clone());
            Poll::Pending
        });
        assert!(quiet.is_pending() && woken() == 0 && !latch.take());
        kept.as_ref().unwrap().wake_by_ref();
        assert_eq!(woken(), 1);

        // From within: heard, not heard, and not needed any more.
        let heard = latch.poll::<()>(&cx, |cx| {
            cx.waker().wake_by_ref();
            assert!(latch.take() && !latch.take());
            Poll::Pending
        });
        assert!(heard.is_pending() && woken() == 0);
        let ignored = latch.poll::<()>(&cx, |cx| {
            cx.waker().wake_by_ref();
            latch.wake();
            Poll::Pending
        });
        assert!(ignored.is_pending() && woken() == 1);
        let ready = latch.poll(&cx, |cx| {
            cx.waker().wake_by_ref();
            Poll::Ready(())
        });
        assert!(ready.is_ready() && woken() == 0);

        // Another task takes over.
        let other = Arc::new(Counter::default());
        let task = Waker::from(Arc::clone(&other));
        let moved = latch.poll::<()>(&Context::from_waker(&task), |_| Poll::Pending);
        kept.unwrap().wake();
        assert!(moved.is_pending() && woken() == 0 && other.0.load(Ordering::Relaxed) == 1);
    }
}
