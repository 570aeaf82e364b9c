//! The StackOne projects: whose API key is used for whom, and when a project's API must be left alone.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use stackone_client::Client;

use crate::breaker::{Account, Breaker, Change};
use crate::budget::Budget;
use crate::work_queue::Lane;

/// How long a project is left alone after a 429 without `Retry-After` (StackOne's rate limit guide answers 60).
const DEFAULT_RATE_LIMIT_WAIT: Duration = Duration::from_secs(60);
/// A `Retry-After` of nothing would have the same answer come again at once.
const MIN_RATE_LIMIT_WAIT: Duration = Duration::from_secs(1);
/// Longest `Retry-After` that is obeyed.
const MAX_RATE_LIMIT_WAIT: Duration = Duration::from_secs(5 * 60);

/// What is refused does not come again at once, even if the budget's wait is too short for the clock.
const MIN_RECHECK_WAIT: Duration = Duration::from_millis(1);
/// Turns are not given for later than this: much may be different by then.
const MAX_RECHECK_WAIT: Duration = Duration::from_secs(5 * 60);

/// A project.
#[derive(Debug)]
pub struct Project {
    /// Its id; none where a single project serves every webhook.
    pub id: Option<String>,
    /// Its API.
    pub client: Client,
    /// Requests that may be sent to it in a minute, by all replicas together.
    pub requests_per_minute: NonZeroU32,
}

/// The configured projects, in the order of their lanes.
#[derive(Debug)]
pub struct Projects(Vec<Project>);

impl Projects {
    /// The projects, each of which gets the lane of its place.
    #[must_use]
    pub const fn new(projects: Vec<Project>) -> Self {
        Self(projects)
    }

    /// How many lanes there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The project of a lane.
    #[must_use]
    pub fn get(&self, lane: Lane) -> Option<&Project> {
        self.0.get(lane)
    }

    /// A gate for each project.
    #[must_use]
    pub fn gates(&self, now: Instant) -> Vec<Gate> {
        self.0
            .iter()
            .map(|project| Gate::new(project.requests_per_minute, now))
            .collect()
    }

    /// The names of all projects in metrics and logs.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|lane| self.label(lane))
    }

    /// The project's name in metrics and logs.
    #[must_use]
    pub fn label(&self, lane: Lane) -> &str {
        self.get(lane)
            .and_then(|project| project.id.as_deref())
            .unwrap_or("default")
    }

    /// The lane for what names this project, or none. A single project serves what names no project; one without an id,
    /// everything.
    #[must_use]
    pub fn lane_of(&self, named: Option<&str>) -> Option<Lane> {
        match (self.0.as_slice(), named) {
            ([Project { id: None, .. }], _) | ([_], None) => Some(0),
            (projects, Some(named)) => projects
                .iter()
                .position(|project| project.id.as_deref() == Some(named)),
            (_, None) => None,
        }
    }

    /// Whether an account whose key got its 200 from `owner` may be looked up for what names `named`.
    #[must_use]
    pub fn is_owner(&self, lane: Lane, owner: Option<&str>, named: Option<&str>) -> bool {
        let serves_everything = self.get(lane).is_some_and(|project| project.id.is_none());
        match (owner, named) {
            (Some(owner), Some(named)) => serves_everything || owner == named,
            (None, _) | (_, None) => true,
        }
    }
}

/// Whether a project's API may be asked.
#[derive(Debug, Clone)]
pub struct Gate {
    budget: Budget,
    /// For scheduled rechecks, which must not crowd out what was triggered.
    recheck_budget: Budget,
    /// When the next request that cannot be paid from it now is to come again.
    next_recheck: Option<Instant>,
    breaker: Breaker,
    closed_until: Option<Instant>,
    refused: bool,
    accepted_at: Option<Instant>,
}

/// How long to wait between probes of a key that is refused.
pub const PROBE_INTERVAL: Duration = Duration::from_secs(30);

impl Gate {
    /// A gate of which nothing is ours yet.
    #[must_use]
    pub fn new(requests_per_minute: NonZeroU32, now: Instant) -> Self {
        let rate = requests_per_minute.get();
        Self {
            budget: Budget::new(rate, now),
            recheck_budget: Budget::new((rate / 10).max(1), now),
            next_recheck: None,
            breaker: Breaker::new(now),
            closed_until: None,
            refused: false,
            accepted_at: None,
        }
    }

    /// We own `owned` of `all` partitions from now on.
    pub fn set_share(&mut self, owned: usize, all: usize, now: Instant) {
        self.budget.set_share(owned, all, now);
        self.recheck_budget.set_share(owned, all, now);
        self.next_recheck = None;
    }

    /// How long until a lookup may be sent; none where nothing but an answer or an assignment changes that.
    #[must_use]
    pub fn wait(&self, now: Instant) -> Option<Duration> {
        let budget = self.budget.wait(now).filter(|_| !self.refused)?;
        let closed = self
            .closed_until
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        Some(budget.max(closed).max(self.breaker.wait(now)?))
    }

    /// Whether its breaker is open: then nothing but a probe now and then is let through.
    #[must_use]
    pub const fn is_broken(&self) -> bool {
        self.breaker.is_open()
    }

    /// A request that was sent at `sent` was answered; see [`Breaker::answered`].
    pub fn answered(&mut self, sent: Instant, now: Instant) -> Option<Change> {
        self.breaker.answered(sent, now)
    }

    /// A request that was sent at `sent` found the API unavailable; see [`Breaker::failed`].
    pub fn failed(
        &mut self,
        sent: Instant,
        account: Account,
        retry_after: Option<Duration>,
        now: Instant,
    ) -> Option<Change> {
        self.breaker.failed(sent, account, retry_after, now)
    }

    /// Takes what a request for accounts costs, which is the same for one and for several.
    ///
    /// # Errors
    ///
    /// Where it is modest, as scheduled rechecks are, and beyond the part of the budget for those: when it is to come again.
    /// Each has a turn of its own: if all that wait came for the next token, all but one would come in vain, for each token.
    pub fn pay_for(&mut self, is_modest: bool, now: Instant) -> Result<(), Instant> {
        if is_modest {
            self.pay_recheck(now)?;
        }
        self.budget.take(now);
        self.breaker.sent(now);
        Ok(())
    }

    fn pay_recheck(&mut self, now: Instant) -> Result<(), Instant> {
        if self.recheck_budget.take(now) {
            return Ok(());
        }
        let soonest = now + self.recheck_wait(now) + MIN_RECHECK_WAIT;
        let turn = self.next_recheck.map_or(soonest, |next| next.max(soonest));
        let turn = turn.min(soonest.max(now + MAX_RECHECK_WAIT));
        self.next_recheck = Some(turn + self.recheck_budget.pace().unwrap_or(MAX_RECHECK_WAIT));
        Err(turn)
    }

    fn recheck_wait(&self, now: Instant) -> Duration {
        self.recheck_budget.wait(now).unwrap_or(MAX_RECHECK_WAIT)
    }

    /// When it opens by itself after a 429, if it is closed for a while.
    #[must_use]
    pub const fn opens_at(&self) -> Option<Instant> {
        self.closed_until
    }

    /// Whether the key is refused.
    #[must_use]
    pub const fn is_refused(&self) -> bool {
        self.refused
    }

    /// A 429 came: the whole project waits.
    pub fn rate_limited(&mut self, retry_after: Option<Duration>, now: Instant) {
        let wait = retry_after
            .unwrap_or(DEFAULT_RATE_LIMIT_WAIT)
            .clamp(MIN_RATE_LIMIT_WAIT, MAX_RATE_LIMIT_WAIT);
        let until = now + wait;
        self.closed_until = Some(self.closed_until.map_or(until, |closed| closed.max(until)));
    }

    /// The key was refused: nothing is asked until a probe is answered. Says whether a probe has to be sent.
    pub const fn refused(&mut self) -> bool {
        let first = !self.refused;
        self.refused = true;
        first
    }

    /// The key was accepted by a probe.
    pub const fn accepted(&mut self, now: Instant) {
        self.refused = false;
        self.accepted_at = Some(now);
    }

    /// Whether the key was accepted since `since`, so that a refusal was about the account and not the key.
    #[must_use]
    pub fn was_accepted_since(&self, since: Instant) -> bool {
        self.accepted_at.is_some_and(|at| at >= since)
    }
}

#[cfg(test)]
mod tests;
