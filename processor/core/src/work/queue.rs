//! The work queue: at most one lookup per account at a time, and triggers merge while they wait.
//! Pure.
//!
//! As in client-go's work queue, a trigger that arrives while its account is being looked up waits,
//! because the answer may be older than the trigger. When the lookup has ended, the account is
//! ready again.

mod flights;
mod lane;
mod look;

use std::collections::BTreeSet;

use crate::HashMap;
use std::hash::Hash;

use flights::{Flight, Flights};
pub use lane::Lane;

use crate::time::Monotonic;

/// Work that can take in later work of the same account.
pub trait Merge {
    /// Takes in later work.
    fn merge(&mut self, later: Self);
}

/// A queue of work, by account.
#[derive(Debug)]
pub struct WorkQueue<K, W> {
    entries: HashMap<K, Entry<W>>,
    lanes: Vec<BTreeSet<(Monotonic, u64, K)>>,
    flights: Flights,
    sequence: u64,
}

/// Work is boxed because the table of entries is half empty at times and is copied as it grows, and
/// few accounts have both.
#[derive(Debug)]
struct Entry<W> {
    lane: Lane,
    waiting: Option<Box<W>>,
    in_flight: Option<Box<W>>,
    /// The flight that the account belongs to.
    flight: Option<Flight>,
    /// The place of `waiting` in its lane.
    ready: Option<(Monotonic, u64)>,
    /// When the work in flight, or the last that was, had become ready.
    was_ready: Option<Monotonic>,
    /// The end of a backoff: the account is not ready before it.
    not_before: Option<Monotonic>,
}

impl<K: Clone + Eq + Hash + Ord, W: Merge> WorkQueue<K, W> {
    /// Starts empty, with this many lanes.
    #[must_use]
    pub fn new(lanes: usize) -> Self {
        Self {
            entries: HashMap::default(),
            lanes: vec![BTreeSet::new(); lanes],
            flights: Flights::new(lanes),
            sequence: 0,
        }
    }

    /// Adds work, and merges it with work that waits. The account is ready at the earliest of the
    /// given times, but not before its backoff ends.
    pub fn add(&mut self, key: K, lane: Lane, work: W, at: Monotonic) {
        let entry = self
            .entries
            .entry(key.clone())
            .or_insert_with(|| Entry::new(lane));
        match &mut entry.waiting {
            Some(waiting) => waiting.merge(work),
            None => entry.waiting = Some(Box::new(work)),
        }
        let at = entry.not_before.map_or(at, |not_before| at.max(not_before));
        let at = entry.ready.map_or(at, |(ready, _)| at.min(ready));
        if entry.in_flight.is_none() {
            self.schedule(&key, at);
        }
    }

    /// Takes the account of the lane that has been ready longest, and of the next ones those that
    /// `goes_with` the first, `most` in all. They are one flight. An account is not taken again
    /// until [`Self::finish`], [`Self::recheck`], [`Self::ask_again`] or [`Self::back_off`] is
    /// called for it. [`Self::work_in_flight`] returns its work.
    ///
    /// At most `most` accounts are looked at. One that does not go with the first keeps its place.
    pub fn take_together(
        &mut self,
        lane: Lane,
        now: Monotonic,
        most: usize,
        goes_with: impl Fn(&W, &W) -> bool,
    ) -> Vec<K> {
        let mut ready = self.ready(lane, now).take(most).map(|(_, _, key)| key);
        let Some(first) = ready.next() else {
            return Vec::new();
        };
        let goes = |key: &&K| {
            let works = self.waiting(first).zip(self.waiting(key));
            works.is_some_and(|(first, work)| goes_with(first, work))
        };
        let keys: Vec<K> = std::iter::once(first)
            .chain(ready.filter(goes))
            .cloned()
            .collect();
        let flight = self.flights.depart(lane, keys.len());
        keys.into_iter()
            .filter(|key| self.depart(key, flight).is_some())
            .collect()
    }

    /// Notes that an account's answer came, so that another lookup may be sent in its stead. The
    /// account itself is not taken again before it is decided.
    pub fn answered(&mut self, key: &K) {
        if let Some(entry) = self.entries.get_mut(key) {
            self.flights.land(entry.lane, entry.flight.take());
        }
    }

    /// Returns all work of an account, in flight and waiting, to change it.
    pub fn work_mut(&mut self, key: &K) -> impl Iterator<Item = &mut W> {
        let entry = self.entries.get_mut(key);
        entry
            .into_iter()
            .flat_map(|entry| entry.in_flight.iter_mut().chain(entry.waiting.iter_mut()))
            .map(Box::as_mut)
    }

    /// Ends the work in flight as decided. Work that came since is ready at once.
    pub fn finish(&mut self, key: &K, now: Monotonic) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        // Without work in flight nothing is decided, and a backoff goes on.
        if entry.in_flight.take().is_none() {
            return;
        }
        self.flights.land(entry.lane, entry.flight.take());
        if entry.waiting.is_some() {
            self.schedule(key, now);
        } else {
            self.entries.remove(key);
        }
    }

    /// Queues the work in flight again, as `update` leaves it, for a lookup at `at`; at once if
    /// more work came since.
    pub fn recheck(&mut self, key: &K, at: Monotonic, now: Monotonic, update: impl FnOnce(&mut W)) {
        let Some(has_more) = self.put_back(key, update) else {
            return;
        };
        self.schedule(key, if has_more { now } else { at });
    }

    /// Makes the account ready again at once, in its former place, where the lookup gave no answer
    /// for a reason outside the account.
    pub fn ask_again(&mut self, key: &K, now: Monotonic, update: impl FnOnce(&mut W)) {
        let was_ready = self.entries.get(key).and_then(|entry| entry.was_ready);
        if self.put_back(key, update).is_some() {
            self.schedule(key, was_ready.unwrap_or(now));
        }
    }

    /// Notes that the lookup failed: the account is not looked up before `at`, whatever comes.
    pub fn back_off(&mut self, key: &K, at: Monotonic, update: impl FnOnce(&mut W)) {
        if self.put_back(key, update).is_none() {
            return;
        }
        if let Some(entry) = self.entries.get_mut(key) {
            entry.not_before = Some(at);
        }
        self.schedule(key, at);
    }

    /// Ends the backoffs of a lane for which `earliest` returns a time, from which on those
    /// accounts are ready. They keep their order.
    pub fn end_backoffs(&mut self, lane: Lane, earliest: impl Fn(&mut W) -> Option<Monotonic>) {
        let waiting = self.lanes.get(lane).into_iter().flatten();
        let keys: Vec<K> = waiting.map(|(_, _, key)| key.clone()).collect();
        for key in keys {
            let Some(entry) = self.entries.get_mut(&key) else {
                continue;
            };
            let work = entry
                .waiting
                .as_mut()
                .filter(|_| entry.not_before.is_some());
            let Some(at) = work.and_then(|work| earliest(work)) else {
                continue;
            };
            entry.not_before = Some(at);
            self.schedule(&key, at);
        }
    }

    /// Removes the accounts for which `matches` holds. Returns their work, in flight merged with
    /// waiting.
    pub fn remove_where(&mut self, matches: impl Fn(&K) -> bool) -> Vec<(K, W)> {
        let keys: Vec<K> = self
            .entries
            .keys()
            .filter(|key| matches(key))
            .cloned()
            .collect();
        keys.into_iter()
            .filter_map(|key| self.remove(&key).map(|work| (key, work)))
            .collect()
    }

    /// Removes an account. Returns its work.
    pub fn take_out(&mut self, key: &K) -> Option<W> {
        self.remove(key)
    }

    fn depart(&mut self, key: &K, flight: Flight) -> Option<()> {
        let entry = self.entries.get_mut(key)?;
        let (at, sequence) = entry.ready.take()?;
        self.lanes[entry.lane].remove(&(at, sequence, key.clone()));
        entry.in_flight = Some(entry.waiting.take()?);
        entry.flight = Some(flight);
        entry.was_ready = Some(at);
        entry.not_before = None;
        Some(())
    }

    /// Merges the work in flight into the waiting work. Returns whether more came since; `None` if
    /// nothing was in flight.
    fn put_back(&mut self, key: &K, update: impl FnOnce(&mut W)) -> Option<bool> {
        let entry = self.entries.get_mut(key)?;
        let mut work = entry.in_flight.take()?;
        self.flights.land(entry.lane, entry.flight.take());
        update(&mut work);
        let since = entry.waiting.take();
        let has_more = since.is_some();
        if let Some(since) = since {
            work.merge(*since);
        }
        entry.waiting = Some(work);
        Some(has_more)
    }

    fn remove(&mut self, key: &K) -> Option<W> {
        let entry = self.entries.remove(key)?;
        if let Some((at, sequence)) = entry.ready {
            self.lanes[entry.lane].remove(&(at, sequence, key.clone()));
        }
        self.flights.land(entry.lane, entry.flight);
        match (entry.in_flight, entry.waiting) {
            (Some(mut asked), Some(waiting)) => {
                asked.merge(*waiting);
                Some(*asked)
            }
            (asked, waiting) => asked.or(waiting).map(|work| *work),
        }
    }

    fn schedule(&mut self, key: &K, at: Monotonic) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        let lane = &mut self.lanes[entry.lane];
        if let Some((old, sequence)) = entry.ready.take() {
            lane.remove(&(old, sequence, key.clone()));
        }
        self.sequence += 1;
        entry.ready = Some((at, self.sequence));
        lane.insert((at, self.sequence, key.clone()));
    }
}

impl<W> Entry<W> {
    const fn new(lane: Lane) -> Self {
        Self {
            lane,
            waiting: None,
            in_flight: None,
            flight: None,
            ready: None,
            was_ready: None,
            not_before: None,
        }
    }
}

#[cfg(test)]
mod tests;
