//! What waits for the thread that drives the core.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use stackone_link_process::spawn::entered;
use stackone_processor_core::processor::Input;

use crate::tasks::names;

/// What waits for the thread that drives the core.
#[derive(Debug)]
pub enum Message {
    /// There is something to poll.
    Readable,
    /// Something for the core.
    Input(Box<Input>),
    /// A task panicked, which was to do this.
    Died(&'static str),
}

/// Where messages are posted.
#[derive(Debug, Clone)]
pub struct Post(Sender<Message>);

impl Post {
    /// Posts something for the core. Nobody listens any more only when the run has ended.
    pub fn input(&self, input: Input) {
        drop(self.0.send(Message::Input(Box::new(input))));
    }

    /// Tells of a task that panicked.
    pub fn died(&self, what: &'static str) {
        drop(self.0.send(Message::Died(what)));
    }
}

/// The messages, and the bell of the consumer.
#[derive(Debug)]
pub struct Inbox {
    messages: Receiver<Message>,
    post: Sender<Message>,
    has_rung: Arc<AtomicBool>,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        let (post, messages) = channel();
        Self {
            messages,
            post,
            has_rung: Arc::new(AtomicBool::new(false)),
        }
    }

    /// Where others post.
    #[must_use]
    pub fn post(&self) -> Post {
        Post(self.post.clone())
    }

    /// Rings once for all there is to read, until it is silenced.
    pub(super) fn bell(&self) -> impl Fn() + Send + Sync + 'static {
        let (has_rung, post) = (Arc::clone(&self.has_rung), self.post.clone());
        move || {
            entered(names::READABLE);
            if !has_rung.swap(true, Ordering::AcqRel) {
                drop(post.send(Message::Readable));
            }
        }
    }

    /// What there is to read from now on rings the bell again.
    pub(super) fn silence_bell(&self) {
        self.has_rung.store(false, Ordering::Release);
    }

    /// There is something to read.
    pub(super) fn ring(&self) {
        drop(self.post.send(Message::Readable));
    }

    pub(super) fn wait(&self, wait: Duration) -> Option<Message> {
        self.messages.recv_timeout(wait).ok()
    }

    pub(crate) fn next(&self) -> Option<Message> {
        self.messages.try_recv().ok()
    }
}
