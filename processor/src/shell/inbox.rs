//! The inbox of the thread that drives the core.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use stackone_link_process::spawn::entered;
use stackone_processor_core::processor::Input;

use crate::tasks::names;

/// A message for that thread.
#[derive(Debug)]
pub enum Message {
    /// A poll may bring something.
    Readable,
    /// An input for the core.
    Input(Box<Input>),
    /// The task with this name panicked.
    Died(&'static str),
}

/// Posts messages to the inbox.
#[derive(Debug, Clone)]
pub struct Post(Sender<Message>);

impl Post {
    /// Posts an input for the core. After the end of the run nobody reads it.
    pub fn input(&self, input: Input) {
        drop(self.0.send(Message::Input(Box::new(input))));
    }

    /// Posts that a task panicked.
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

    /// Returns a sender for other threads.
    #[must_use]
    pub fn post(&self) -> Post {
        Post(self.post.clone())
    }

    /// Returns the callback that rings the bell: once for everything there is to poll, until it is
    /// silenced.
    pub(super) fn bell(&self) -> impl Fn() + Send + Sync + 'static {
        let (has_rung, post) = (Arc::clone(&self.has_rung), self.post.clone());
        move || {
            entered(names::READABLE);
            if !has_rung.swap(true, Ordering::AcqRel) {
                drop(post.send(Message::Readable));
            }
        }
    }

    /// Lets what comes from now on ring the bell again.
    pub(super) fn silence_bell(&self) {
        self.has_rung.store(false, Ordering::Release);
    }

    /// Notes that a poll may bring something.
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
