//! Wakes waiting tasks by key: a change of one key wakes its subscribers and no others. Neither
//! subscribing nor waking looks at other keys.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::sync::watch::error::RecvError;

/// The subscribers of each key. A key without subscribers takes no memory.
#[derive(Debug)]
pub(crate) struct Subscribers<K: Copy + Eq + Hash>(Arc<Waited<K>>);

#[derive(Debug)]
struct Waited<K>(Mutex<HashMap<K, Subscribed>>);

/// The subscribers of one key.
#[derive(Debug)]
struct Subscribed {
    changes: watch::Sender<()>,
    subscribers: usize,
}

/// Receives the changes of one key; several changes count as one. Dropping it ends the
/// subscription.
#[derive(Debug)]
pub(crate) struct Subscription<K: Copy + Eq + Hash> {
    waited: Arc<Waited<K>>,
    key: K,
    changes: watch::Receiver<()>,
}

impl<K: Copy + Eq + Hash> Default for Subscribers<K> {
    fn default() -> Self {
        Self(Arc::new(Waited(Mutex::default())))
    }
}

impl<K: Copy + Eq + Hash> Subscribers<K> {
    /// Receives the changes of `key` from now on.
    pub(crate) fn subscribe(&self, key: K) -> Subscription<K> {
        let mut waited = self.0.lock();
        let subscribed = waited.entry(key).or_insert_with(|| Subscribed {
            changes: watch::Sender::new(()),
            subscribers: 0,
        });
        subscribed.subscribers += 1;
        Subscription {
            waited: Arc::clone(&self.0),
            key,
            changes: subscribed.changes.subscribe(),
        }
    }

    /// Returns whether nobody subscribes to anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }

    /// Wakes the subscribers of these keys.
    pub(crate) fn tell(&self, keys: &[K]) {
        let waited = self.0.lock();
        for subscribed in keys.iter().filter_map(|key| waited.get(key)) {
            subscribed.changes.send_replace(());
        }
    }
}

impl<K> Waited<K> {
    fn lock(&self) -> MutexGuard<'_, HashMap<K, Subscribed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Copy + Eq + Hash> Subscription<K> {
    /// Waits for the next change; returns at once where there was one since the last call.
    ///
    /// # Errors
    ///
    /// Fails where no change can come any more, which does not happen while this subscription
    /// exists.
    pub(crate) async fn changed(&mut self) -> Result<(), RecvError> {
        self.changes.changed().await
    }
}

impl<K: Copy + Eq + Hash> Drop for Subscription<K> {
    fn drop(&mut self) {
        let mut waited = self.waited.lock();
        if let Entry::Occupied(mut subscribed) = waited.entry(self.key) {
            subscribed.get_mut().subscribers -= 1;
            if subscribed.get().subscribers == 0 {
                subscribed.remove();
            }
        }
    }
}

#[cfg(test)]
impl<K: Copy + Eq + Hash> Subscription<K> {
    /// Returns whether there was a change since the last call.
    pub(crate) fn was_told(&mut self) -> bool {
        let was_told = self.changes.has_changed().unwrap();
        self.changes.mark_unchanged();
        was_told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_to_those_who_wait_for_it_and_nobody_is_kept() {
        let subscribers = Subscribers::default();
        let mut all: Vec<_> = (0..1000).map(|key| subscribers.subscribe(key)).collect();
        let mut again = subscribers.subscribe(7);
        subscribers.tell(&[7, 7, 2000]);
        let told = all.iter_mut().enumerate();
        let told: Vec<_> = told
            .filter_map(|(key, one)| one.was_told().then_some(key))
            .collect();
        assert_eq!(told, [7]);
        assert!(again.was_told());
        drop(all);
        subscribers.tell(&[7]);
        assert!(again.was_told(), "the other of two has gone");
        assert_eq!(subscribers.0.lock().len(), 1);
        drop(again);
        assert!(subscribers.0.lock().is_empty());
    }
}
