//! The work queue: at most one lookup per account at a time, triggers merged while they wait. Pure.
//!
//! As client-go's work queue: a trigger that arrives while its account is being looked up waits, because the answer may
//! be older than the trigger; when the lookup is over, the account is ready again.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::time::Instant;

/// Work of one account that can take in more of the same account.
pub trait Merge {
    /// Takes in what came later.
    fn merge(&mut self, later: Self);
}

/// Index of a lane: work of one lane never waits for another's.
pub type Lane = usize;

/// A queue of work, by account.
#[derive(Debug)]
pub struct WorkQueue<K, W> {
    entries: HashMap<K, Entry<W>>,
    lanes: Vec<BTreeSet<(Instant, u64, K)>>,
    in_flight: Vec<usize>,
    sequence: u64,
}

#[derive(Debug)]
struct Entry<W> {
    lane: Lane,
    waiting: Option<W>,
    asked: Option<W>,
    /// The lookup of `asked` has not been answered.
    is_under_way: bool,
    /// Place of `waiting` in its lane.
    ready: Option<(Instant, u64)>,
    /// Backoff: nothing makes the account ready sooner.
    not_before: Option<Instant>,
}

impl<K: Clone + Eq + Hash + Ord, W: Merge + Clone> WorkQueue<K, W> {
    /// An empty queue with this many lanes.
    #[must_use]
    pub fn new(lanes: usize) -> Self {
        Self {
            entries: HashMap::new(),
            lanes: vec![BTreeSet::new(); lanes],
            in_flight: vec![0; lanes],
            sequence: 0,
        }
    }

    /// Adds work; merged with what waits. The account is ready at the earliest of the times it was added for, though
    /// not during a backoff.
    pub fn add(&mut self, key: K, lane: Lane, work: W, at: Instant) {
        let entry = self
            .entries
            .entry(key.clone())
            .or_insert_with(|| Entry::new(lane));
        match &mut entry.waiting {
            Some(waiting) => waiting.merge(work),
            None => entry.waiting = Some(work),
        }
        let at = entry.not_before.map_or(at, |not_before| at.max(not_before));
        let at = entry.ready.map_or(at, |(ready, _)| at.min(ready));
        if entry.asked.is_none() {
            self.schedule(&key, at);
        }
    }

    /// Takes the account of the lane that has been ready longest. Until [`Self::finish`], [`Self::recheck`] or
    /// [`Self::back_off`] is called for it, it is not taken again.
    pub fn take(&mut self, lane: Lane, now: Instant) -> Option<(K, W)> {
        let (at, sequence, key) = self.lanes.get(lane)?.first().cloned()?;
        if at > now {
            return None;
        }
        self.lanes[lane].remove(&(at, sequence, key.clone()));
        let entry = self.entries.get_mut(&key)?;
        entry.ready = None;
        entry.not_before = None;
        let work = entry.waiting.take()?;
        entry.asked = Some(work.clone());
        entry.is_under_way = true;
        self.in_flight[lane] += 1;
        Some((key, work))
    }

    /// The answer came: another lookup may take its place, though this account is not taken again before it is decided.
    pub fn answered(&mut self, key: &K) {
        if let Some(entry) = self.entries.get_mut(key) {
            land(&mut self.in_flight, entry);
        }
    }

    /// The work that is being looked up for an account.
    #[must_use]
    pub fn asked(&self, key: &K) -> Option<&W> {
        self.entries.get(key)?.asked.as_ref()
    }

    /// The work that came since the lookup of an account was sent, or that waits for one.
    #[must_use]
    pub fn waiting(&self, key: &K) -> Option<&W> {
        self.entries.get(key)?.waiting.as_ref()
    }

    /// Everything of an account, asked and waiting, in place.
    pub fn work_mut(&mut self, key: &K) -> impl Iterator<Item = &mut W> {
        let entry = self.entries.get_mut(key);
        entry
            .into_iter()
            .flat_map(|entry| entry.asked.iter_mut().chain(entry.waiting.iter_mut()))
    }

    /// The asked work is decided. What came since is ready at once.
    pub fn finish(&mut self, key: &K, now: Instant) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        entry.asked = None;
        land(&mut self.in_flight, entry);
        if entry.waiting.is_some() {
            self.schedule(key, now);
        } else if entry.asked.is_none() {
            self.entries.remove(key);
        }
    }

    /// The asked work, as `update` leaves it, is to be looked up again at `at`, or at once if more came since.
    pub fn recheck(&mut self, key: &K, at: Instant, now: Instant, update: impl FnOnce(&mut W)) {
        let Some(has_more) = self.put_back(key, update) else {
            return;
        };
        self.schedule(key, if has_more { now } else { at });
    }

    /// The lookup failed: the account is not looked up before `at`, whatever comes.
    pub fn back_off(&mut self, key: &K, at: Instant, update: impl FnOnce(&mut W)) {
        if self.put_back(key, update).is_none() {
            return;
        }
        if let Some(entry) = self.entries.get_mut(key) {
            entry.not_before = Some(at);
        }
        self.schedule(key, at);
    }

    /// Forgets everything of the accounts for which `matches` holds, and returns it: asked merged with waiting.
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

    /// Takes an account out of the queue, and returns everything of it.
    pub fn take_out(&mut self, key: &K) -> Option<W> {
        self.remove(key)
    }

    /// How many accounts of a lane wait.
    #[must_use]
    pub fn waiting_in(&self, lane: Lane) -> usize {
        self.lanes.get(lane).map_or(0, BTreeSet::len)
    }

    /// The accounts of a lane that wait, the one that is ready last first, with when it is.
    pub fn last_waiting(&self, lane: Lane) -> impl Iterator<Item = (Instant, &K, &W)> {
        let waiting = self.lanes.get(lane).into_iter().flatten().rev();
        waiting.filter_map(|(at, _, key)| Some((*at, key, self.waiting(key)?)))
    }

    /// The accounts in the queue.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.entries.keys()
    }

    /// The work of a lane's accounts: what is asked, or else what waits.
    pub fn works(&self, lane: Lane) -> impl Iterator<Item = &W> {
        let entries = self
            .entries
            .values()
            .filter(move |entry| entry.lane == lane);
        entries.filter_map(|entry| entry.asked.as_ref().or(entry.waiting.as_ref()))
    }

    /// When the next account of a lane is ready.
    #[must_use]
    pub fn next_ready(&self, lane: Lane) -> Option<Instant> {
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

    /// Lookups that have not been answered.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.iter().sum()
    }

    /// Lookups under way in one lane.
    #[must_use]
    pub fn in_flight_of(&self, lane: Lane) -> usize {
        self.in_flight.get(lane).copied().unwrap_or(0)
    }

    /// The lane of an account in the queue.
    #[must_use]
    pub fn lane_of(&self, key: &K) -> Option<Lane> {
        self.entries.get(key).map(|entry| entry.lane)
    }

    /// Moves asked work back to the waiting; says whether something came since. None if nothing was asked.
    fn put_back(&mut self, key: &K, update: impl FnOnce(&mut W)) -> Option<bool> {
        let entry = self.entries.get_mut(key)?;
        let mut work = entry.asked.take()?;
        land(&mut self.in_flight, entry);
        update(&mut work);
        let since = entry.waiting.take();
        let has_more = since.is_some();
        if let Some(since) = since {
            work.merge(since);
        }
        entry.waiting = Some(work);
        Some(has_more)
    }

    fn remove(&mut self, key: &K) -> Option<W> {
        let mut entry = self.entries.remove(key)?;
        land(&mut self.in_flight, &mut entry);
        if let Some((at, sequence)) = entry.ready {
            self.lanes[entry.lane].remove(&(at, sequence, key.clone()));
        }
        match (entry.asked, entry.waiting) {
            (Some(mut asked), Some(waiting)) => {
                asked.merge(waiting);
                Some(asked)
            }
            (asked, waiting) => asked.or(waiting),
        }
    }

    fn schedule(&mut self, key: &K, at: Instant) {
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

/// The lookup of an account, if one is under way, no longer is.
fn land<W>(in_flight: &mut [usize], entry: &mut Entry<W>) {
    if std::mem::take(&mut entry.is_under_way) {
        in_flight[entry.lane] -= 1;
    }
}

impl<W> Entry<W> {
    const fn new(lane: Lane) -> Self {
        Self {
            lane,
            waiting: None,
            asked: None,
            is_under_way: false,
            ready: None,
            not_before: None,
        }
    }
}

#[cfg(test)]
mod tests;
