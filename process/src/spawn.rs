//! The only way to start threads and tasks: each has a [`Name`] that stands in its service's
//! registry ([`crate::tasks!`]).
//!
//! The log line of a panic has that name, and a test can make each of them panic on purpose
//! ([`observe`]). Clippy's `disallowed-methods` (`clippy.toml`) refuses the functions of tokio and
//! of the standard library.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::thread;

use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinHandle, JoinSet};

/// The name of a kind of threads or tasks. Only [`crate::tasks!`] makes one, so that each is in a
/// registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(&'static str);

impl Name {
    #[doc(hidden)]
    #[must_use]
    pub const fn registered(name: &'static str) -> Self {
        Self(name)
    }

    /// Returns the name as the registry and the log have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

/// Declares the threads and tasks of a crate, after their visibility: one constant for each, and
/// `ALL`.
#[macro_export]
macro_rules! tasks {
    ($visibility:vis, $($(#[$doc:meta])* $constant:ident = $name:literal;)+) => {
        $($(#[$doc])* $visibility const $constant: $crate::spawn::Name =
            $crate::spawn::Name::registered($name);)+

        /// The registry: the name of every thread and task that this crate starts.
        $visibility const ALL: &[$crate::spawn::Name] = &[$($constant),+];
    };
}

thread_local! {
    /// The name of the work that this thread does now.
    static CURRENT: Cell<Option<Name>> = const { Cell::new(None) };
}

static OBSERVER: OnceLock<fn(Name)> = OnceLock::new();

/// Has `observer` called on the thread of each thread and task as it starts. Tests use it to panic
/// there; no service calls it. Only the first observer of a process is called.
pub fn observe(observer: fn(Name)) {
    let _only_the_first = OBSERVER.set(observer);
}

/// Returns the name of the work that this thread does now. Whoever waits for the end of such work
/// learns of its panic.
pub(crate) fn current() -> Option<Name> {
    CURRENT.get()
}

/// Calls the observer for work that this module does not start: a callback on a library's thread.
pub fn entered(name: Name) {
    if let Some(observer) = OBSERVER.get() {
        observer(name);
    }
}

/// Holds the name of this thread's work; dropping it restores the name before.
struct Naming {
    before: Option<Name>,
}

impl Naming {
    fn begin(name: Name) -> Self {
        Self {
            before: CURRENT.replace(Some(name)),
        }
    }
}

impl Drop for Naming {
    fn drop(&mut self) {
        CURRENT.set(self.before);
    }
}

/// A future that has its name whenever it is polled or dropped.
struct Named<F> {
    name: Name,
    /// The future; taken out when this is dropped, so that its destructors run under the name.
    work: Option<Pin<Box<F>>>,
}

impl<F: Future> Future for Named<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let _naming = Naming::begin(self.name);
        match &mut self.work {
            Some(work) => work.as_mut().poll(context),
            None => Poll::Pending,
        }
    }
}

impl<F> Drop for Named<F> {
    fn drop(&mut self) {
        let _naming = Naming::begin(self.name);
        drop(self.work.take());
    }
}

/// Gives a future a name. For work that a library starts, such as a connection.
pub fn named<T>(name: Name, work: impl Future<Output = T>) -> impl Future<Output = T> {
    let observed = async move {
        entered(name);
        work.await
    };
    Named {
        name,
        work: Some(Box::pin(observed)),
    }
}

fn named_job<T>(name: Name, job: impl FnOnce() -> T) -> impl FnOnce() -> T {
    move || {
        let _naming = Naming::begin(name);
        entered(name);
        job()
    }
}

/// Starts a task on the current runtime.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn spawn<T: Send + 'static>(
    name: Name,
    task: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    tokio::spawn(named(name, task))
}

/// Starts a task on `runtime`.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn spawn_on<T: Send + 'static>(
    runtime: &Handle,
    name: Name,
    task: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    runtime.spawn(named(name, task))
}

/// Starts a task that belongs to `set`.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn spawn_in<T: Send + 'static>(
    set: &mut JoinSet<T>,
    name: Name,
    task: impl Future<Output = T> + Send + 'static,
) -> AbortHandle {
    set.spawn(named(name, task))
}

/// Starts a job that may block, on a thread of the current runtime.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn spawn_blocking<T: Send + 'static>(
    name: Name,
    job: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    tokio::task::spawn_blocking(named_job(name, job))
}

/// Starts a job that may block, on a thread of `runtime`.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn spawn_blocking_on<T: Send + 'static>(
    runtime: &Handle,
    name: Name,
    job: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    runtime.spawn_blocking(named_job(name, job))
}

/// Starts a thread.
///
/// # Errors
///
/// Fails where the system has no thread left.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn spawn_thread<T: Send + 'static>(
    name: Name,
    job: impl FnOnce() -> T + Send + 'static,
) -> io::Result<thread::JoinHandle<T>> {
    let thread = thread::Builder::new().name(name.as_str().to_owned());
    thread.spawn(named_job(name, job))
}

/// The registry of the threads and tasks that this crate starts.
pub mod tasks {
    crate::tasks! {
        pub,
        /// Sends spans of traces to their collector.
        SPANS = "spans";
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    crate::tasks! {
        pub(super),
        OUTER = "outer";
        INNER = "inner";
    }

    /// Records the current name when it is dropped.
    struct Seen<'a>(&'a Cell<Option<Name>>);

    impl Drop for Seen<'_> {
        fn drop(&mut self) {
            self.0.set(current());
        }
    }

    #[tokio::test]
    async fn work_has_its_name_while_it_is_done_and_while_it_is_dropped_and_not_after() {
        let dropped = Cell::new(None);
        let inner = async {
            let _seen = Seen(&dropped);
            tokio::task::yield_now().await;
            current()
        };
        let outer = named(OUTER, async { (named(INNER, inner).await, current()) });
        assert_eq!(outer.await, (Some(INNER), Some(OUTER)));
        assert_eq!((dropped.take(), current()), (Some(INNER), None));

        let unfinished = named(OUTER, async {
            let _seen = Seen(&dropped);
            std::future::pending::<()>().await;
        });
        let polled = tokio::time::timeout(Duration::ZERO, unfinished).await;
        assert!(polled.is_err(), "it was polled once, and dropped");
        assert_eq!((dropped.take(), current()), (Some(OUTER), None));
    }

    #[tokio::test]
    async fn a_job_that_blocks_and_a_thread_have_their_names() {
        assert_eq!(spawn_blocking(OUTER, current).await.unwrap(), Some(OUTER));
        let thread = spawn_thread(INNER, || {
            let name = thread::current().name().map(str::to_owned);
            (name, current())
        });
        let seen = thread.unwrap().join().unwrap();
        assert_eq!(seen, (Some("inner".to_owned()), Some(INNER)));
        assert_eq!(ALL, [OUTER, INNER]);
    }
}
