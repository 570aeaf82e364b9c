//! What waits, and for how long: pulled once a second, since it takes a walk over the queue.

use std::time::Duration;

use super::{Observer, Processor, Turn};
use crate::partitions::Owned;
use crate::time::Now;
use crate::work::queue::Lane;

/// What waits.
#[derive(Debug)]
pub struct Gauges {
    /// Lookups under way; one of several accounts counts once.
    pub lookups_in_flight: usize,
    /// Partitions.
    pub partitions: Owned,
    /// Accounts in memory.
    pub accounts: usize,
    /// Dead letters that wait because their topic refused some.
    pub dead_letters_held: usize,
    /// Of each project, by lane.
    pub projects: Vec<ProjectGauges>,
}

/// What waits of a project.
#[derive(Debug)]
pub struct ProjectGauges {
    /// Accounts that are waiting or being looked up.
    pub pending: usize,
    /// Since the oldest undecided trigger was taken in.
    pub oldest_pending: Duration,
    /// Accounts that wait in their state records alone.
    pub spilled: usize,
    /// Until the budget allows the next lookup.
    pub budget_wait: Duration,
    /// Whether only one lookup at a time tries the API.
    pub is_broken: bool,
    /// Most accounts asked for at once.
    pub most_at_once: usize,
    /// Whether the API asked to be left alone.
    pub is_rate_limited: bool,
    /// Accounts that would be unlinked, had not too many vanished at once.
    pub unlinks_held: usize,
}

impl Processor {
    /// What waits now. Tells the observer when holding unlinks begins and ends.
    pub fn gauges(&mut self, now: Now, observer: &mut impl Observer) -> Gauges {
        let mut turn = Turn { now, observer };
        let lanes = 0..self.settings.projects.len();
        let ready = self.partitions.all_ready();
        let accounts = ready.map(|(_, ready)| ready.states.len()).sum();
        Gauges {
            lookups_in_flight: self.scheduler.queue.in_flight(),
            partitions: self.partitions.count(),
            accounts,
            dead_letters_held: self.committer.held.len(),
            projects: lanes.map(|lane| self.project(lane, &mut turn)).collect(),
        }
    }

    /// Lookups under way; one of several accounts counts once.
    #[must_use]
    pub fn lookups_in_flight(&self) -> usize {
        self.scheduler.queue.in_flight()
    }

    fn project(&mut self, lane: Lane, turn: &mut Turn<'_>) -> ProjectGauges {
        let unlinks_held = self.unlinks_held(lane, turn);
        let now = turn.now;
        let scheduler = &self.scheduler;
        let queued = scheduler.queue.works(lane);
        let queued = queued.filter(|work| !work.is_recorded_elsewhere());
        let queued = queued.map(|work| work.pending.since);
        let spilled = scheduler.overflow.of(lane);
        let since = queued.chain(spilled.filter_map(|spilled| spilled.since));
        let (pending, oldest) = since.fold((0, None), |(count, oldest), since| {
            (count + 1, oldest.into_iter().chain([since]).min())
        });
        let age = oldest.map(|since| now.wall.duration_since(since));
        let gate = scheduler.gate(lane);
        ProjectGauges {
            pending,
            oldest_pending: age.map_or(Duration::ZERO, |age| age.try_into().unwrap_or_default()),
            spilled: scheduler.overflow.of(lane).count(),
            budget_wait: gate.wait(now.monotonic).unwrap_or_default(),
            is_broken: gate.is_broken(),
            most_at_once: scheduler.most_at_once(lane, now.monotonic),
            is_rate_limited: gate.opens_at().is_some_and(|opens| opens > now.monotonic),
            unlinks_held,
        }
    }
}
