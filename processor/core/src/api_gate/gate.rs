//! Combines a project's budget, breaker, rate limit and refused key into one answer: when its API
//! may be asked.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::api_gate::breaker::{Account, Breaker, Change};
use crate::api_gate::budget::Budget;
use crate::time::Monotonic;

/// How long a project waits after a 429 without `Retry-After` (StackOne's rate limit guide answers
/// 60).
const DEFAULT_RATE_LIMIT_WAIT: Duration = Duration::from_secs(60);
/// The shortest wait after a 429: with a `Retry-After` of 0 the same answer would come again at
/// once.
const MIN_RATE_LIMIT_WAIT: Duration = Duration::from_secs(1);
/// The longest `Retry-After` that is obeyed.
const MAX_RATE_LIMIT_WAIT: Duration = Duration::from_secs(5 * 60);

/// The shortest wait of a recheck that cannot be paid for, where the wait of the budget is below
/// the resolution of the clock.
const MIN_RECHECK_WAIT: Duration = Duration::from_millis(1);
/// The latest turn that a recheck gets. Budget and share may have changed by then.
const MAX_RECHECK_WAIT: Duration = Duration::from_secs(5 * 60);

/// Decides whether a project's API may be asked.
#[derive(Debug, Clone)]
pub struct Gate {
    budget: Budget,
    /// The part of the budget for scheduled rechecks, which must not displace triggers.
    recheck_budget: Budget,
    /// The turn of the next recheck that `recheck_budget` cannot pay for now.
    next_recheck: Option<Monotonic>,
    breaker: Breaker,
    closed_until: Option<Monotonic>,
    refused: bool,
    accepted_at: Option<Monotonic>,
}

/// How long to wait between probes of a refused key.
pub const PROBE_INTERVAL: Duration = Duration::from_secs(30);

impl Gate {
    /// Makes an open gate whose budget has a share of 0.
    #[must_use]
    pub fn new(requests_per_minute: NonZeroU32, now: Monotonic) -> Self {
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

    /// Sets the share of this replica to `owned` of `all` partitions.
    pub fn set_share(&mut self, owned: usize, all: usize, now: Monotonic) {
        self.budget.set_share(owned, all, now);
        self.recheck_budget.set_share(owned, all, now);
        self.next_recheck = None;
    }

    /// Returns how long until a lookup may be sent; `None` where only an answer or an assignment
    /// can change that.
    #[must_use]
    pub fn wait(&self, now: Monotonic) -> Option<Duration> {
        let budget = self.budget.wait(now).filter(|_| !self.refused)?;
        let closed = self
            .closed_until
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        Some(budget.max(closed).max(self.breaker.wait(now)?))
    }

    /// Whether the breaker is open, so that only a probe now and then is let through.
    #[must_use]
    pub const fn is_broken(&self) -> bool {
        self.breaker.is_open()
    }

    /// Notes that a request sent at `sent` was answered; see [`Breaker::answered`].
    pub fn answered(&mut self, sent: Monotonic, now: Monotonic) -> Option<Change> {
        self.breaker.answered(sent, now)
    }

    /// Notes that a request sent at `sent` found the API unavailable; see [`Breaker::failed`].
    pub fn failed(
        &mut self,
        sent: Monotonic,
        account: Account,
        retry_after: Option<Duration>,
        now: Monotonic,
    ) -> Option<Change> {
        self.breaker.failed(sent, account, retry_after, now)
    }

    /// Pays for a request for accounts, whose cost does not depend on their number.
    ///
    /// # Errors
    ///
    /// Fails where the request is for scheduled rechecks (`is_modest`) and their part of the budget
    /// is spent. The error is the time of the recheck's turn. Each recheck has a turn of its own:
    /// if all that wait came for the next token, all but one would come in vain, for each token.
    pub fn pay_for(&mut self, is_modest: bool, now: Monotonic) -> Result<(), Monotonic> {
        if is_modest {
            self.pay_recheck(now)?;
        }
        self.budget.take(now);
        self.breaker.sent(now);
        Ok(())
    }

    fn pay_recheck(&mut self, now: Monotonic) -> Result<(), Monotonic> {
        if self.recheck_budget.take(now) {
            return Ok(());
        }
        let soonest = now + self.recheck_wait(now) + MIN_RECHECK_WAIT;
        let turn = self.next_recheck.map_or(soonest, |next| next.max(soonest));
        let turn = turn.min(soonest.max(now + MAX_RECHECK_WAIT));
        self.next_recheck = Some(turn + self.recheck_budget.pace().unwrap_or(MAX_RECHECK_WAIT));
        Err(turn)
    }

    fn recheck_wait(&self, now: Monotonic) -> Duration {
        self.recheck_budget.wait(now).unwrap_or(MAX_RECHECK_WAIT)
    }

    /// Returns when a project that waits after a 429 may be asked again.
    #[must_use]
    pub const fn opens_at(&self) -> Option<Monotonic> {
        self.closed_until
    }

    /// Whether the key is refused, so that only probes are sent.
    #[must_use]
    pub const fn is_refused(&self) -> bool {
        self.refused
    }

    /// Notes a 429: the whole project waits.
    pub fn rate_limited(&mut self, retry_after: Option<Duration>, now: Monotonic) {
        let wait = retry_after
            .unwrap_or(DEFAULT_RATE_LIMIT_WAIT)
            .clamp(MIN_RATE_LIMIT_WAIT, MAX_RATE_LIMIT_WAIT);
        let until = now + wait;
        self.closed_until = Some(self.closed_until.map_or(until, |closed| closed.max(until)));
    }

    /// Notes that the key was refused: no lookups are sent until a probe is accepted. Returns
    /// whether a probe has to be sent.
    pub const fn refused(&mut self) -> bool {
        let first = !self.refused;
        self.refused = true;
        first
    }

    /// Notes that a probe with the key was accepted.
    pub const fn accepted(&mut self, now: Monotonic) {
        self.refused = false;
        self.accepted_at = Some(now);
    }

    /// Whether the key was accepted since `since`. A refusal is then about the account, not the
    /// key.
    #[must_use]
    pub fn was_accepted_since(&self, since: Monotonic) -> bool {
        self.accepted_at.is_some_and(|at| at >= since)
    }
}

#[cfg(test)]
mod tests;
