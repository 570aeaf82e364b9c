//! The API key, which can be replaced while it is in use.

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::watch;

/// An API key. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct ApiKey(watch::Sender<Generation>);

#[derive(Debug)]
struct Generation {
    number: u64,
    key: SecretString,
}

impl ApiKey {
    pub(crate) fn new(key: SecretString) -> Self {
        Self(watch::Sender::new(Generation { number: 0, key }))
    }

    /// Calls `send` with the key, which it must not keep.
    pub(crate) fn with<T>(&self, send: impl FnOnce(&str) -> T) -> T {
        send(self.0.borrow().key.expose_secret())
    }

    /// Takes over `key`. False where it is the one in use: then nobody is woken.
    pub(crate) fn replace(&self, key: SecretString) -> bool {
        self.0.send_if_modified(|current| {
            let is_new = current.key.expose_secret() != key.expose_secret();
            if is_new {
                let number = current.number + 1;
                *current = Generation { number, key };
            }
            is_new
        })
    }

    pub(crate) fn generation(&self) -> u64 {
        self.0.borrow().number
    }

    /// Waits until the key is of a later generation than `generation`.
    pub(crate) async fn replaced(&self, generation: u64) {
        let mut changes = self.0.subscribe();
        let is_later = changes.wait_for(|current| current.number > generation);
        // An error says that there is no sender any more, and we are one.
        drop(is_later.await);
    }
}
