//! Who waits for what. A change of one thing wakes those who wait for that thing, and nobody else; neither
//! subscribing nor telling looks at the others.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::sync::watch::error::RecvError;

/// Those who wait, by what they wait for. What nobody waits for takes no memory.
#[derive(Debug)]
pub(crate) struct Subscribers<K: Copy + Eq + Hash>(Arc<Waited<K>>);

#[derive(Debug)]
struct Waited<K>(Mutex<HashMap<K, Subscribed>>);

/// One thing that is waited for.
#[derive(Debug)]
struct Subscribed {
    changes: watch::Sender<()>,
    subscribers: usize,
}

/// Hears of each change of one thing, the newest only. Ends when dropped.
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
    /// Waits for changes of this from now on.
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

    /// Wakes those who wait for one of these.
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
    /// Returns at the next change, at once where there was one since it was asked last.
    ///
    /// # Errors
    ///
    /// Where nobody tells of changes any more; not while this subscription is counted.
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
    /// Whether there was a change since it was asked last.
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
