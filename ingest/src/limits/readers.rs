//! Who waits for a body, so that the slowest gives way where more would come in than may: a crowd of slow senders takes
//! places from itself, not from webhooks that are there at once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// Who has waited for less than this need not give way: a body that follows its headers over the internet takes so long.
pub(crate) const PATIENCE: Duration = Duration::from_millis(200);

/// Since when a reader waits, and a number that tells those of one moment apart.
type Place = (Instant, u64);

/// The requests that wait for more of their bodies, the slowest first.
#[derive(Debug, Default)]
pub(crate) struct Readers {
    waiting: Mutex<BTreeMap<Place, Arc<Notify>>>,
    next: AtomicU64,
}

/// One that waits; no longer when dropped.
struct Waiting<'a> {
    readers: &'a Readers,
    place: Place,
}

impl Readers {
    /// Returns when this reader has to give way. It counts as waiting from the first time this is polled, since `now`.
    pub(crate) async fn has_to_give_way(&self, now: Instant) {
        let place = (now, self.next.fetch_add(1, Ordering::Relaxed));
        let told = Arc::new(Notify::new());
        self.waiting().insert(place, Arc::clone(&told));
        let _waiting = Waiting {
            readers: self,
            place,
        };
        told.notified().await;
    }

    /// Tells the slowest to give way. Says whether there is one that has waited for long enough.
    pub(crate) fn displace_one(&self, now: Instant) -> bool {
        let mut waiting = self.waiting();
        let Some(slowest) = waiting.first_entry() else {
            return false;
        };
        let (since, _) = *slowest.key();
        let is_slow = now.saturating_duration_since(since) >= PATIENCE;
        if is_slow {
            slowest.remove().notify_one();
        }
        is_slow
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<Place, Arc<Notify>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.readers.waiting().remove(&self.place);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::{join, poll_immediate};

    use super::*;

    #[tokio::test]
    async fn the_slowest_gives_way_and_nobody_before_a_while() {
        let (readers, start) = (Readers::default(), Instant::now());
        let (second, third) = (start + PATIENCE, start + 2 * PATIENCE);
        assert!(!readers.displace_one(third), "nobody waits");
        let mut younger = Box::pin(readers.has_to_give_way(second));
        let mut older = Box::pin(readers.has_to_give_way(start));
        assert!(
            poll_immediate(&mut younger).await.is_none()
                && poll_immediate(&mut older).await.is_none()
        );
        let just_before = second - Duration::from_millis(1);
        assert!(!readers.displace_one(just_before), "too soon");
        assert!(poll_immediate(&mut older).await.is_none());
        assert!(readers.displace_one(second));
        assert!(
            poll_immediate(&mut older).await.is_some()
                && poll_immediate(&mut younger).await.is_none()
        );
        assert!(!readers.displace_one(second), "the other is younger");
        assert!(readers.displace_one(third));
        assert!(poll_immediate(&mut younger).await.is_some());
    }

    #[tokio::test]
    async fn who_no_longer_waits_is_not_told() {
        let (readers, start) = (Readers::default(), Instant::now());
        let mut one = Box::pin(readers.has_to_give_way(start));
        let mut other = Box::pin(readers.has_to_give_way(start));
        assert!(
            poll_immediate(&mut one).await.is_none() && poll_immediate(&mut other).await.is_none()
        );
        drop(one);
        assert!(readers.displace_one(start + PATIENCE));
        assert!(!readers.displace_one(start + PATIENCE));
        other.await;
        let told = join(readers.has_to_give_way(start), async {
            assert!(readers.displace_one(start + PATIENCE));
        });
        told.await;
    }
}
