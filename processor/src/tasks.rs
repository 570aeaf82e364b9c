//! Tasks of a reconciler, which is told of one that dies: the answer that it owes would never come, and whoever waits for
//! it, an account, a partition, a project's probe, would wait for ever.

use std::sync::mpsc::Sender;

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use crate::message::Message;

/// Starts tasks.
#[derive(Clone)]
pub struct Tasks {
    tracker: TaskTracker,
    runtime: Handle,
    post: Sender<Message>,
}

impl Tasks {
    /// Tasks on `runtime`, that `tracker` awaits; whoever reads `post` is told of those that die.
    #[must_use]
    pub const fn new(tracker: TaskTracker, runtime: Handle, post: Sender<Message>) -> Self {
        Self {
            tracker,
            runtime,
            post,
        }
    }

    /// Starts a task; `what` says what it does.
    pub fn spawn(&self, what: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let watch = self.watch(what);
        let watched = async move {
            task.await;
            drop(watch);
        };
        self.tracker.spawn_on(watched, &self.runtime);
    }

    /// Starts one that blocks.
    pub fn spawn_blocking(&self, what: &'static str, job: impl FnOnce() + Send + 'static) {
        let watch = self.watch(what);
        let watched = move || {
            job();
            drop(watch);
        };
        self.tracker.spawn_blocking_on(watched, &self.runtime);
    }

    fn watch(&self, what: &'static str) -> Watch {
        let post = self.post.clone();
        Watch { what, post }
    }
}

/// Tells when it is dropped by a panic.
struct Watch {
    what: &'static str,
    post: Sender<Message>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Nobody listens any more only when the run has ended.
            drop(self.post.send(Message::Died(self.what)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[tokio::test]
    async fn who_waits_for_a_task_is_told_when_it_dies_and_not_when_it_ends() {
        let (post, inbox) = channel();
        let tracker = TaskTracker::new();
        let tasks = Tasks::new(tracker.clone(), Handle::current(), post);
        tasks.spawn("one that ends", async {});
        tasks.spawn("a lookup", async {
            tokio::task::yield_now().await;
            panic!("on purpose");
        });
        tasks.spawn_blocking("one that ends", || ());
        tasks.spawn_blocking("a restore", || panic!("on purpose"));
        tracker.close();
        tracker.wait().await;
        let mut died: Vec<_> = inbox
            .try_iter()
            .map(|message| {
                let Message::Died(what) = message else {
                    panic!("{message:?}");
                };
                what
            })
            .collect();
        died.sort_unstable();
        assert_eq!(died, ["a lookup", "a restore"]);
    }
}
