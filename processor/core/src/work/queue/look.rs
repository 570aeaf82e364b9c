//! Reads the queue without a change.

use std::collections::BTreeSet;
use std::hash::Hash;

use super::{Lane, Merge, WorkQueue};
use crate::time::Monotonic;

impl<K: Clone + Eq + Hash + Ord, W: Merge> WorkQueue<K, W> {
    /// Returns the work of an account that is being looked up.
    #[must_use]
    pub fn work_in_flight(&self, key: &K) -> Option<&W> {
        self.entries.get(key)?.in_flight.as_deref()
    }

    /// Returns the work of an account that waits: it came since its lookup was sent, or no lookup
    /// is under way.
    #[must_use]
    pub fn waiting(&self, key: &K) -> Option<&W> {
        self.entries.get(key)?.waiting.as_deref()
    }

    /// Returns how many accounts of the lane are ready, counted up to `limit`.
    #[must_use]
    pub fn count_ready(&self, lane: Lane, now: Monotonic, limit: usize) -> usize {
        self.ready(lane, now).take(limit).count()
    }

    /// Returns how many accounts of a lane wait.
    #[must_use]
    pub fn waiting_in(&self, lane: Lane) -> usize {
        self.lanes.get(lane).map_or(0, BTreeSet::len)
    }

    /// Returns the waiting accounts of a lane, each with when it is ready; the last to be ready
    /// comes first.
    pub fn last_waiting(&self, lane: Lane) -> impl Iterator<Item = (Monotonic, &K, &W)> {
        let waiting = self.lanes.get(lane).into_iter().flatten().rev();
        waiting.filter_map(|(at, _, key)| Some((*at, key, self.waiting(key)?)))
    }

    /// Returns the accounts in the queue.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.entries.keys()
    }

    /// Returns the accounts of whose work, in flight or waiting, `matches` holds for some.
    pub fn keys_where(&self, matches: impl Fn(&W) -> bool) -> impl Iterator<Item = &K> {
        let entries = self.entries.iter();
        let matching = entries.filter(move |(_, entry)| {
            let mut works = entry.in_flight.iter().chain(&entry.waiting);
            works.any(|work| matches(work))
        });
        matching.map(|(key, _)| key)
    }

    /// Returns the work of a lane's accounts: in flight, or else waiting.
    pub fn works(&self, lane: Lane) -> impl Iterator<Item = &W> {
        let entries = self
            .entries
            .values()
            .filter(move |entry| entry.lane == lane);
        entries.filter_map(|entry| entry.in_flight.as_deref().or(entry.waiting.as_deref()))
    }

    /// Returns when the next account of a lane is ready.
    #[must_use]
    pub fn next_ready(&self, lane: Lane) -> Option<Monotonic> {
        self.lanes.get(lane)?.first().map(|(at, _, _)| *at)
    }

    /// Returns how many accounts are in the queue, in flight or waiting.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the queue is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns how many requests are under way; one for several accounts counts once.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.flights.all()
    }

    /// The same for one lane.
    #[must_use]
    pub fn in_flight_of(&self, lane: Lane) -> usize {
        self.flights.of(lane)
    }

    /// Returns the lane of an account in the queue.
    #[must_use]
    pub fn lane_of(&self, key: &K) -> Option<Lane> {
        self.entries.get(key).map(|entry| entry.lane)
    }

    /// Returns the ready accounts of a lane, the longest ready first.
    pub(super) fn ready(
        &self,
        lane: Lane,
        now: Monotonic,
    ) -> impl Iterator<Item = &(Monotonic, u64, K)> {
        let waiting = self.lanes.get(lane).into_iter().flatten();
        waiting.take_while(move |(at, _, _)| *at <= now)
    }
}
