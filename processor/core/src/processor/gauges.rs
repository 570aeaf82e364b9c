//! Measures what waits, and for how long. Pulled once a second instead of kept up to date, because
//! it takes a walk over the queue.

use std::time::Duration;

use super::{Observer, Processor, Turn};
use crate::partitions::Owned;
use crate::time::Now;
use crate::work::queue::Lane;

/// The measures of one process.
#[derive(Debug)]
pub struct Gauges {
    /// How many requests to the accounts API are under way. A batch counts once.
    pub lookups_in_flight: usize,
    /// The numbers of partitions.
    pub partitions: Owned,
    /// How many accounts have a state in memory.
    pub accounts: usize,
    /// How many dead letters wait because their topic refused some.
    pub dead_letters_held: usize,
    /// The measures of each project, by lane.
    pub projects: Vec<ProjectGauges>,
}

/// The measures of one project.
#[derive(Debug)]
pub struct ProjectGauges {
    /// How many accounts wait or are being looked up.
    pub pending: usize,
    /// The age of the oldest undecided trigger, since it was consumed.
    pub oldest_pending: Duration,
    /// How many accounts wait in their state records only.
    pub spilled: usize,
    /// The time until the budget allows the next lookup.
    pub budget_wait: Duration,
    /// Whether the breaker is open.
    pub is_broken: bool,
    /// The most accounts that one request may ask for now.
    pub most_at_once: usize,
    /// Whether the project waits after a 429.
    pub is_rate_limited: bool,
    /// How many accounts would be unlinked if the unlink guard did not hold them.
    pub unlinks_held: usize,
}

impl Processor {
    /// Measures now. Also reports to the observer when the unlink guard begins or ends to hold.
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

    /// Returns how many requests to the accounts API are under way. A batch counts once.
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
