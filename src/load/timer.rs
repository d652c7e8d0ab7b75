//! Waiting until an instant, precisely. tokio's own timers go by milliseconds: at 10,000 requests a second that is ten
//! requests at once, and then nothing for a while.
//!
//! On Linux each worker has one timer of the kernel (`timerfd`), set to the first instant that anybody waits for, and an
//! ordered queue of those who wait. Elsewhere, or where the system refuses the timer, tokio's timers do.

#[cfg(target_os = "linux")]
use self::linux::Clock;
#[cfg(not(target_os = "linux"))]
use std::io;
use std::{
    cell::Cell,
    time::{Duration, Instant},
};

/// How often those who wait without a timer of the kernel look whether they still should.
const TICK: Duration = Duration::from_millis(50);

/// The timer of one worker, which is one thread.
#[derive(Debug)]
pub(super) struct Timer {
    clock: Option<Clock>,
    /// Whether the clock stopped: an error that no test has seen.
    broken: Cell<bool>,
    closed: Cell<bool>,
}

impl Timer {
    /// Must be called within a tokio runtime.
    pub(super) fn new() -> Self {
        Self { clock: Clock::new().ok(), broken: Cell::new(false), closed: Cell::new(false) }
    }

    /// Returns at `due` or some 100 µs later, never earlier; at once where it is over. The value is the time of the return;
    /// `None` when the timer is closed first.
    ///
    /// Only while [`run`](Self::run) is polled does anybody wake.
    pub(super) async fn wait(&self, due: Instant) -> Option<Instant> {
        let mut now = Instant::now();
        while now < due {
            if self.closed.get() {
                return None;
            }
            match self.clock.as_ref().filter(|_| !self.broken.get()) {
                Some(clock) => clock.wait(due).await,
                None => tokio::time::sleep_until(due.min(now + TICK).into()).await,
            }
            now = Instant::now();
        }
        Some(now)
    }

    /// Wakes those whose time has come, as long as the timer works.
    pub(super) async fn run(&self) {
        if let Some(clock) = &self.clock {
            // tokio's timers go on where this one fails, and the lateness shows it.
            let _stopped = clock.run().await.is_err();
            self.broken.set(true);
            clock.wake_all();
        }
    }

    /// Sends everybody away until the timer is opened again.
    pub(super) fn close(&self) {
        self.closed.set(true);
        if let Some(clock) = &self.clock {
            clock.wake_all();
        }
    }

    /// Lets people wait again.
    pub(super) fn open(&self) {
        self.closed.set(false);
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use rustix::{
        fd::OwnedFd,
        time::{
            Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
        },
    };
    use std::{
        cell::RefCell,
        collections::BTreeMap,
        convert::Infallible,
        future::poll_fn,
        io,
        task::{Poll, Waker},
        time::{Duration, Instant},
    };
    use tokio::io::{Interest, unix::AsyncFd};

    /// Who waits until when; the number keeps those of the same time in the order in which they came.
    type Key = (Instant, u64);

    #[derive(Debug, Default)]
    struct Queue {
        waiting: BTreeMap<Key, Waker>,
        /// The number of the next who waits.
        next: u64,
        /// What the kernel's timer is set to.
        set: Option<Instant>,
    }

    #[derive(Debug)]
    pub(super) struct Clock {
        timer: AsyncFd<OwnedFd>,
        queue: RefCell<Queue>,
    }

    impl Clock {
        pub(super) fn new() -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            // Deprecated because a type could name another descriptor each time it is asked. This one owns a single one,
            // and what replaces the function is `unsafe`.
            #[allow(deprecated, reason = "sound for OwnedFd")]
            let timer = AsyncFd::with_interest(timer, Interest::READABLE)?;
            Ok(Self { timer, queue: RefCell::default() })
        }

        /// Returns once at or after `due`, or earlier where the timer cannot be set: the caller looks at the clock.
        pub(super) async fn wait(&self, due: Instant) {
            let mut place = Place { queue: &self.queue, key: None };
            poll_fn(|cx| {
                if !place.enter(due, cx.waker()) || self.set().is_err() {
                    return Poll::Ready(());
                }
                Poll::Pending
            })
            .await;
        }

        pub(super) async fn run(&self) -> io::Result<Infallible> {
            loop {
                // The timer is never read: setting it again takes back its readiness too.
                let mut ready = self.timer.readable().await?;
                ready.clear_ready();
                self.wake(Instant::now());
                self.set()?;
            }
        }

        /// Wakes all whose time is up to `now`.
        fn wake(&self, now: Instant) {
            let mut queue = self.queue.borrow_mut();
            queue.set = None;
            while let Some(first) = queue.waiting.first_entry().filter(|first| first.key().0 <= now) {
                first.remove().wake();
            }
        }

        pub(super) fn wake_all(&self) {
            for waker in std::mem::take(&mut self.queue.borrow_mut().waiting).into_values() {
                waker.wake();
            }
        }

        /// Sets the kernel's timer to the first time in the queue, unless it stands at this or an earlier one.
        fn set(&self) -> io::Result<()> {
            let mut queue = self.queue.borrow_mut();
            let Some((due, _)) = queue.waiting.first_key_value().map(|(key, _)| *key) else { return Ok(()) };
            if queue.set.is_some_and(|set| set <= due) {
                return Ok(());
            }
            // Nothing at all would switch the timer off.
            let wait = due.saturating_duration_since(Instant::now()).max(Duration::from_nanos(1));
            let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
            let it_value = Timespec::try_from(wait).map_err(io::Error::other)?;
            timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &Itimerspec { it_interval: zero, it_value })?;
            queue.set = Some(due);
            Ok(())
        }
    }

    /// A place in the queue, given up when the one who waits is dropped.
    struct Place<'a> {
        queue: &'a RefCell<Queue>,
        key: Option<Key>,
    }

    impl Place<'_> {
        /// `false` where it was left before because the time had come.
        fn enter(&mut self, due: Instant, waker: &Waker) -> bool {
            let mut queue = self.queue.borrow_mut();
            match self.key {
                Some(key) => match queue.waiting.get_mut(&key) {
                    Some(old) => old.clone_from(waker),
                    None => return false,
                },
                None => {
                    let key = (due, queue.next);
                    queue.next += 1;
                    queue.waiting.insert(key, waker.clone());
                    self.key = Some(key);
                }
            }
            true
        }
    }

    impl Drop for Place<'_> {
        fn drop(&mut self) {
            if let Some(key) = self.key {
                self.queue.borrow_mut().waiting.remove(&key);
            }
        }
    }
}

/// Where there is no such timer.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
enum Clock {}

#[cfg(not(target_os = "linux"))]
impl Clock {
    fn new() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    async fn wait(&self, _due: Instant) {
        match *self {}
    }

    async fn run(&self) -> io::Result<std::convert::Infallible> {
        match *self {}
    }

    fn wake_all(&self) {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;
    use tokio::runtime::{Builder, LocalOptions};

    /// Runs `work` beside the timer.
    fn with_timer<T: 'static, F: Future<Output = T> + 'static>(work: impl FnOnce(Rc<Timer>) -> F) -> T {
        let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).unwrap();
        runtime.block_on(async {
            let timer = Rc::new(Timer::new());
            let work = tokio::task::spawn_local(work(Rc::clone(&timer)));
            tokio::select! {
                () = timer.run() => panic!("the timer stopped"),
                done = work => done.unwrap(),
            }
        })
    }

    #[test]
    fn nobody_wakes_early_and_all_wake() {
        let late = with_timer(async |timer| {
            let begin = Instant::now();
            let mut tasks = tokio::task::JoinSet::new();
            // Not in the order of time, several at the same time, and one that is over.
            for i in (0..200u32).rev() {
                let (timer, due) = (Rc::clone(&timer), begin + Duration::from_micros(u64::from(i / 4) * 450));
                tasks.spawn_local(async move { timer.wait(due).await.unwrap().checked_duration_since(due).unwrap() });
            }
            let mut late = tasks.join_all().await;
            late.sort_unstable();
            late
        });
        assert_eq!(late.len(), 200);
        // Some 60 µs on an idle machine; this is not one.
        assert!(late[100] < Duration::from_millis(20), "{:?}", late[100]);
    }

    #[test]
    fn the_first_to_come_wakes_first() {
        let order = with_timer(async |timer| {
            let (due, order) = (Instant::now() + Duration::from_millis(5), Rc::default());
            let mut tasks = tokio::task::JoinSet::new();
            for i in 0..20 {
                let (timer, order): (_, Rc<std::cell::RefCell<Vec<_>>>) = (Rc::clone(&timer), Rc::clone(&order));
                tasks.spawn_local(async move {
                    timer.wait(due).await;
                    order.borrow_mut().push(i);
                });
            }
            tasks.join_all().await;
            order.take()
        });
        assert!(order.is_sorted(), "{order:?}");
    }

    #[test]
    fn one_who_gives_up_does_not_hold_up_the_others() {
        let waited = with_timer(async |timer| {
            let begin = Instant::now();
            let gives_up = timer.wait(begin + Duration::from_secs(3_600));
            assert!(tokio::time::timeout(Duration::from_millis(2), gives_up).await.is_err());
            timer.wait(begin + Duration::from_millis(5)).await;
            begin.elapsed()
        });
        assert!((Duration::from_millis(5)..Duration::from_secs(30)).contains(&waited), "{waited:?}");
    }

    #[test]
    fn closing_sends_everybody_away() {
        with_timer(async |timer| {
            let (due, waits) = (Instant::now() + Duration::from_secs(3_600), Rc::clone(&timer));
            let waits = tokio::task::spawn_local(async move { waits.wait(due).await });
            tokio::task::yield_now().await;
            timer.close();
            assert_eq!(waits.await.unwrap(), None);
            assert_eq!(timer.wait(due).await, None);
            timer.open();
            assert!(timer.wait(Instant::now() + Duration::from_millis(1)).await.is_some());
        });
    }
}
