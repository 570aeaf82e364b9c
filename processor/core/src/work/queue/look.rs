//! What is in the queue, without taking any of it.

use std::collections::BTreeSet;
use std::hash::Hash;

use super::{Lane, Merge, WorkQueue};
use crate::time::Monotonic;

impl<K: Clone + Eq + Hash + Ord, W: Merge> WorkQueue<K, W> {
    /// The work that is being looked up for an account.
    #[must_use]
    pub fn work_in_flight(&self, key: &K) -> Option<&W> {
        self.entries.get(key)?.in_flight.as_deref()
    }

    /// The work that came since the lookup of an account was sent, or that waits for one.
    #[must_use]
    pub fn waiting(&self, key: &K) -> Option<&W> {
        self.entries.get(key)?.waiting.as_deref()
    }

    /// How many accounts of the lane are ready, counted up to `limit`.
    #[must_use]
    pub fn count_ready(&self, lane: Lane, now: Monotonic, limit: usize) -> usize {
        self.ready(lane, now).take(limit).count()
    }

    /// How many accounts of a lane wait.
    #[must_use]
    pub fn waiting_in(&self, lane: Lane) -> usize {
        self.lanes.get(lane).map_or(0, BTreeSet::len)
    }

    /// The accounts of a lane that wait, the one that is ready last first, with when it is.
    pub fn last_waiting(&self, lane: Lane) -> impl Iterator<Item = (Monotonic, &K, &W)> {
        let waiting = self.lanes.get(lane).into_iter().flatten().rev();
        waiting.filter_map(|(at, _, key)| Some((*at, key, self.waiting(key)?)))
    }

    /// The accounts in the queue.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.entries.keys()
    }

    /// The accounts in the queue for some of whose work, asked or waiting, `matches` holds.
    pub fn keys_where(&self, matches: impl Fn(&W) -> bool) -> impl Iterator<Item = &K> {
        let entries = self.entries.iter();
        let matching = entries.filter(move |(_, entry)| {
            let mut works = entry.in_flight.iter().chain(&entry.waiting);
            works.any(|work| matches(work))
        });
        matching.map(|(key, _)| key)
    }

    /// The work of a lane's accounts: what is asked, or else what waits.
    pub fn works(&self, lane: Lane) -> impl Iterator<Item = &W> {
        let entries = self
            .entries
            .values()
            .filter(move |entry| entry.lane == lane);
        entries.filter_map(|entry| entry.in_flight.as_deref().or(entry.waiting.as_deref()))
    }

    /// When the next account of a lane is ready.
    #[must_use]
    pub fn next_ready(&self, lane: Lane) -> Option<Monotonic> {
        self.lanes.get(lane)?.first().map(|(at, _, _)| *at)
    }

    /// Accounts in the queue, waiting or asked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is in the queue.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How often something was taken of which not everything is answered; what was taken together counts once.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.flights.all()
    }

    /// The same of one lane.
    #[must_use]
    pub fn in_flight_of(&self, lane: Lane) -> usize {
        self.flights.of(lane)
    }

    /// The lane of an account in the queue.
    #[must_use]
    pub fn lane_of(&self, key: &K) -> Option<Lane> {
        self.entries.get(key).map(|entry| entry.lane)
    }

    /// The accounts of a lane that are ready, longest first.
    pub(super) fn ready(
        &self,
        lane: Lane,
        now: Monotonic,
    ) -> impl Iterator<Item = &(Monotonic, u64, K)> {
        let waiting = self.lanes.get(lane).into_iter().flatten();
        waiting.take_while(move |(at, _, _)| *at <= now)
    }
}
