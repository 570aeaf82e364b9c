//! When a project's API may be asked, and when it must be left alone.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::api_gate::breaker::{Account, Breaker, Change};
use crate::api_gate::budget::Budget;
use crate::time::Monotonic;

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

/// Whether a project's API may be asked.
#[derive(Debug, Clone)]
pub struct Gate {
    budget: Budget,
    /// For scheduled rechecks, which must not crowd out what was triggered.
    recheck_budget: Budget,
    /// When the next request that cannot be paid from it now is to come again.
    next_recheck: Option<Monotonic>,
    breaker: Breaker,
    closed_until: Option<Monotonic>,
    refused: bool,
    accepted_at: Option<Monotonic>,
}

/// How long to wait between probes of a key that is refused.
pub const PROBE_INTERVAL: Duration = Duration::from_secs(30);

impl Gate {
    /// A gate of which nothing is ours yet.
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

    /// We own `owned` of `all` partitions from now on.
    pub fn set_share(&mut self, owned: usize, all: usize, now: Monotonic) {
        self.budget.set_share(owned, all, now);
        self.recheck_budget.set_share(owned, all, now);
        self.next_recheck = None;
    }

    /// How long until a lookup may be sent; none where nothing but an answer or an assignment changes that.
    #[must_use]
    pub fn wait(&self, now: Monotonic) -> Option<Duration> {
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
    pub fn answered(&mut self, sent: Monotonic, now: Monotonic) -> Option<Change> {
        self.breaker.answered(sent, now)
    }

    /// A request that was sent at `sent` found the API unavailable; see [`Breaker::failed`].
    pub fn failed(
        &mut self,
        sent: Monotonic,
        account: Account,
        retry_after: Option<Duration>,
        now: Monotonic,
    ) -> Option<Change> {
        self.breaker.failed(sent, account, retry_after, now)
    }

    /// Takes what a request for accounts costs, which is the same for one and for several.
    ///
    /// # Errors
    ///
    /// Where it is modest, as scheduled rechecks are, and beyond the part of the budget for those: when it is to come again.
    /// Each has a turn of its own: if all that wait came for the next token, all but one would come in vain, for each token.
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

    /// When it opens by itself after a 429, if it is closed for a while.
    #[must_use]
    pub const fn opens_at(&self) -> Option<Monotonic> {
        self.closed_until
    }

    /// Whether the key is refused.
    #[must_use]
    pub const fn is_refused(&self) -> bool {
        self.refused
    }

    /// A 429 came: the whole project waits.
    pub fn rate_limited(&mut self, retry_after: Option<Duration>, now: Monotonic) {
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
    pub const fn accepted(&mut self, now: Monotonic) {
        self.refused = false;
        self.accepted_at = Some(now);
    }

    /// Whether the key was accepted since `since`, so that a refusal was about the account and not the key.
    #[must_use]
    pub fn was_accepted_since(&self, since: Monotonic) -> bool {
        self.accepted_at.is_some_and(|at| at >= since)
    }
}

#[cfg(test)]
mod tests;
