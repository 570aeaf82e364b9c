//! Who waits for a body, so that the slow give way where more would come in than may: a crowd of
//! slow senders takes places and bytes from itself, not from webhooks that are there at once.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// Who has waited for less than this need not give way: a body that follows its headers over the
/// internet takes so long.
pub(crate) const PATIENCE: Duration = Duration::from_millis(200);

/// Since when a reader waits, and a number that tells those of one moment apart.
type Place = (Instant, u64);

/// What there is too little of for who comes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scarce {
    /// Places of readers: the slowest gives up its own.
    Places,
    /// Bytes: of the slow, the one that holds most gives them up. Who holds none would give up a
    /// place for nothing.
    Bytes,
}

/// A request whose body is being read.
#[derive(Debug)]
pub(crate) struct Reader {
    since: Instant,
    bytes: AtomicUsize,
    told: Notify,
}

/// The requests that wait for more of their bodies, the slowest first.
#[derive(Debug, Default)]
pub(crate) struct Readers {
    waiting: Mutex<BTreeMap<Place, Arc<Reader>>>,
    next: AtomicU64,
}

/// The entry of a reader that waits for more of its body; taken out when dropped.
struct Waiting<'a> {
    readers: &'a Readers,
    place: Place,
}

impl Reader {
    /// A reader that began at `since` and holds no byte yet.
    pub(crate) fn new(since: Instant) -> Self {
        Self {
            since,
            bytes: AtomicUsize::new(0),
            told: Notify::new(),
        }
    }

    /// Notes that the reader now holds `bytes` of its body.
    pub(crate) fn holds(&self, bytes: usize) {
        self.bytes.store(bytes, Ordering::Relaxed);
    }
}

impl Readers {
    /// Returns when this reader has to give way. It counts as waiting from the first time this is
    /// polled.
    pub(crate) async fn has_to_give_way(&self, reader: &Arc<Reader>) {
        let place = (reader.since, self.next.fetch_add(1, Ordering::Relaxed));
        self.waiting().insert(place, Arc::clone(reader));
        let _waiting = Waiting {
            readers: self,
            place,
        };
        reader.told.notified().await;
    }

    /// Tells a reader to give way, if one has waited for [`PATIENCE`] and has what is scarce. False
    /// where none has.
    pub(crate) fn displace_one(&self, scarce: Scarce, now: Instant) -> bool {
        let mut waiting = self.waiting();
        let mut slow = waiting
            .iter()
            .take_while(|((since, _), _)| now.saturating_duration_since(*since) >= PATIENCE);
        let place = match scarce {
            Scarce::Places => slow.next().map(|(place, _)| *place),
            Scarce::Bytes => slow
                .map(|(place, reader)| (reader.bytes.load(Ordering::Relaxed), Reverse(*place)))
                .max()
                .and_then(|(bytes, Reverse(place))| (bytes > 0).then_some(place)),
        };
        let told = place.and_then(|place| waiting.remove(&place));
        told.is_some_and(|reader| {
            reader.told.notify_one();
            true
        })
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<Place, Arc<Reader>>> {
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
    use futures_util::future::poll_immediate;

    use super::*;

    fn reader(since: Instant, bytes: usize) -> Arc<Reader> {
        let reader = Reader::new(since);
        reader.holds(bytes);
        Arc::new(reader)
    }

    #[tokio::test]
    async fn the_slowest_body_gives_way_and_none_within_its_first_moments() {
        let (readers, start) = (Readers::default(), Instant::now());
        let (second, third) = (start + PATIENCE, start + 2 * PATIENCE);
        let displace_one = |now| readers.displace_one(Scarce::Places, now);
        assert!(!displace_one(third), "nobody waits");
        let (young, old) = (reader(second, 1), reader(start, 0));
        let mut younger = Box::pin(readers.has_to_give_way(&young));
        let mut older = Box::pin(readers.has_to_give_way(&old));
        assert!(
            poll_immediate(&mut younger).await.is_none()
                && poll_immediate(&mut older).await.is_none()
        );
        let just_before = second - Duration::from_millis(1);
        assert!(!displace_one(just_before), "too soon");
        assert!(poll_immediate(&mut older).await.is_none());
        assert!(displace_one(second));
        assert!(
            poll_immediate(&mut older).await.is_some()
                && poll_immediate(&mut younger).await.is_none()
        );
        assert!(!displace_one(second), "the other is younger");
        assert!(displace_one(third));
        assert!(poll_immediate(&mut younger).await.is_some());
    }

    #[tokio::test]
    async fn where_bytes_are_scarce_the_slow_body_that_holds_most_gives_way() {
        let (readers, start) = (Readers::default(), Instant::now());
        let (now, later) = (start + PATIENCE, start + 2 * PATIENCE);
        let a_moment = Duration::from_millis(1);
        let order = [
            reader(now, 9),
            reader(start, 5),
            reader(start + a_moment, 5),
            reader(start, 1),
        ];
        let empty = reader(start, 0);
        let mut waits: Vec<_> = order
            .iter()
            .chain([&empty])
            .map(|reader| Box::pin(readers.has_to_give_way(reader)))
            .collect();
        for waits in &mut waits {
            assert!(poll_immediate(waits).await.is_none());
        }
        assert!(readers.displace_one(Scarce::Bytes, now + a_moment));
        assert!(
            poll_immediate(&mut waits[1]).await.is_some(),
            "the largest is too young"
        );
        for next in [0, 2, 3] {
            assert!(readers.displace_one(Scarce::Bytes, later));
            assert!(poll_immediate(&mut waits[next]).await.is_some(), "{next}");
        }
        assert!(!readers.displace_one(Scarce::Bytes, later));
        assert!(poll_immediate(&mut waits[4]).await.is_none());
    }

    #[tokio::test]
    async fn a_body_that_is_no_longer_waited_for_is_not_told_to_give_way() {
        let (readers, start) = (Readers::default(), Instant::now());
        let displace_one = || readers.displace_one(Scarce::Places, start + PATIENCE);
        let [a, b, c] = [reader(start, 0), reader(start, 0), reader(start, 0)];
        let mut one = Box::pin(readers.has_to_give_way(&a));
        let mut other = Box::pin(readers.has_to_give_way(&b));
        assert!(
            poll_immediate(&mut one).await.is_none() && poll_immediate(&mut other).await.is_none()
        );
        drop(one);
        assert!(displace_one());
        assert!(!displace_one());
        assert!(poll_immediate(&mut other).await.is_some());
        let mut third = Box::pin(readers.has_to_give_way(&c));
        assert!(poll_immediate(&mut third).await.is_none());
        assert!(displace_one());
        assert!(poll_immediate(&mut third).await.is_some());
    }
}
