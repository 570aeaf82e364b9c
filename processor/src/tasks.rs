//! The tasks of a reconciler. The reconciler hears of a task that panics: its answer would never
//! come, and an account, a partition or a probe would wait for ever.

pub(crate) mod names;

use std::io;

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use stackone_link_process::spawn::{self, Name};

use crate::shell::Post;
pub use names::*;

/// Starts tasks.
#[derive(Clone)]
pub struct Tasks {
    tracker: TaskTracker,
    runtime: Handle,
    post: Post,
}

impl Tasks {
    /// Starts tasks on `runtime`, which `tracker` awaits. The reader of `post` hears of those that
    /// panic.
    #[must_use]
    pub const fn new(tracker: TaskTracker, runtime: Handle, post: Post) -> Self {
        Self {
            tracker,
            runtime,
            post,
        }
    }

    /// Starts a task.
    pub fn spawn(&self, what: Name, task: impl Future<Output = ()> + Send + 'static) {
        let watch = self.watch(what);
        let watched = async move {
            task.await;
            drop(watch);
        };
        let tracked = self.tracker.track_future(watched);
        drop(spawn::spawn_on(&self.runtime, what, tracked));
    }

    /// Starts a task that blocks.
    pub fn spawn_blocking(&self, what: Name, job: impl FnOnce() + Send + 'static) {
        let (watch, token) = (self.watch(what), self.tracker.token());
        let watched = move || {
            // The order of drops matters: when all tasks are awaited, panics have been posted.
            let _tracked = token;
            let _watch = watch;
            job();
        };
        drop(spawn::spawn_blocking_on(&self.runtime, what, watched));
    }

    /// Starts a task that may never end, so it is not awaited.
    ///
    /// # Errors
    ///
    /// Fails where the system has no thread left.
    pub fn spawn_thread(&self, what: Name, job: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let watch = self.watch(what);
        let watched = move || {
            job();
            drop(watch);
        };
        spawn::spawn_thread(what, watched).map(drop)
    }

    fn watch(&self, what: Name) -> Watch {
        let post = self.post.clone();
        Watch { what, post }
    }
}

/// Posts a panic when it is dropped by one.
struct Watch {
    what: Name,
    post: Post,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.post.died(self.what.as_str());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::{Inbox, Message};

    #[tokio::test]
    async fn who_waits_for_a_task_is_told_when_it_dies_and_not_when_it_ends() {
        let inbox = Inbox::new();
        let tracker = TaskTracker::new();
        let tasks = Tasks::new(tracker.clone(), Handle::current(), inbox.post());
        tasks.spawn(LOOKUP, async {});
        tasks.spawn(PROBE, async {
            tokio::task::yield_now().await;
            panic!("on purpose");
        });
        tasks.spawn_blocking(CLUSTER, || ());
        tasks.spawn_blocking(RESTORE, || panic!("on purpose"));
        tracker.close();
        tracker.wait().await;
        let mut died: Vec<_> = std::iter::from_fn(|| inbox.next())
            .map(|message| {
                let Message::Died(what) = message else {
                    panic!("{message:?}");
                };
                what
            })
            .collect();
        died.sort_unstable();
        assert_eq!(died, [PROBE.as_str(), RESTORE.as_str()]);
    }
}
