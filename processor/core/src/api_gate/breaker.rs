//! The circuit breaker of a project: while its API is unavailable, only a probe now and then is sent. Pure.
//!
//! It opens when most lookups told nothing because the API is unavailable (408, 5xx, a redirect, a timeout, no connection);
//! rate limits and refused keys have their own ways. Then one lookup at a time is let through, after waits that double up
//! to [`MAX_WAIT`]; the first that is answered closes it.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Monotonic;
use crate::work::backoff;

/// Wait before the first probe.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Longest wait between probes, unless the API asks for more.
pub const MAX_WAIT: Duration = Duration::from_secs(30);
/// Answers that are looked back at, the newest.
const ANSWERS: usize = 20;
/// For how long: somewhat longer than a lookup may take until its timeout.
const WINDOW: Duration = Duration::from_secs(30);
/// Fewer failures say nothing about the API.
const MIN_FAILURES: usize = 5;

/// A project's breaker.
#[derive(Debug, Clone)]
pub struct Breaker {
    state: State,
    /// When the newest answers came; for failures, of which account.
    answers: VecDeque<(Monotonic, Option<Account>)>,
    /// What was sent earlier does not count: it tells of what is known already.
    counts_from: Monotonic,
}

/// What tells an account from the others, a hash for instance.
pub type Account = u64;

#[derive(Debug, Clone, Copy)]
enum State {
    Closed,
    Open {
        since: Monotonic,
        until: Monotonic,
        wait: Duration,
    },
    Probing {
        since: Monotonic,
        wait: Duration,
    },
}

/// What an answer changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Most lookups fail.
    Opened {
        /// How many.
        failed: usize,
        /// Of the newest.
        of: usize,
    },
    /// The API answers again.
    Closed {
        /// How long it did not.
        after: Duration,
    },
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub const fn new(now: Monotonic) -> Self {
        Self {
            state: State::Closed,
            answers: VecDeque::new(),
            counts_from: now,
        }
    }

    /// How long until a lookup may be sent; none while a probe is under way.
    #[must_use]
    pub fn wait(&self, now: Monotonic) -> Option<Duration> {
        match self.state {
            State::Closed => Some(Duration::ZERO),
            State::Open { until, .. } => Some(until.saturating_duration_since(now)),
            State::Probing { .. } => None,
        }
    }

    /// Whether the API is taken to be unavailable.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        match self.state {
            State::Closed => false,
            State::Open { .. } | State::Probing { .. } => true,
        }
    }

    /// A lookup is sent. Where the breaker is open it is the probe.
    pub const fn sent(&mut self, now: Monotonic) {
        if let State::Open { since, wait, .. } = self.state {
            self.state = State::Probing { since, wait };
            self.counts_from = now;
        }
    }

    /// A lookup that was sent at `sent` was answered, whatever the answer says.
    pub fn answered(&mut self, sent: Monotonic, now: Monotonic) -> Option<Change> {
        if sent < self.counts_from {
            return None;
        }
        match self.state {
            State::Closed => {
                self.note(None, now);
                None
            }
            State::Open { .. } => None,
            State::Probing { since, .. } => {
                self.state = State::Closed;
                self.answers.clear();
                self.counts_from = now;
                let after = now.saturating_duration_since(since);
                Some(Change::Closed { after })
            }
        }
    }

    /// A lookup of `account` that was sent at `sent` found the API unavailable. Of one account only the newest failure
    /// counts: an account that fails for ever tells nothing of the others.
    pub fn failed(
        &mut self,
        sent: Monotonic,
        account: Account,
        retry_after: Option<Duration>,
        now: Monotonic,
    ) -> Option<Change> {
        if sent < self.counts_from {
            return None;
        }
        match self.state {
            State::Closed => {
                self.answers.retain(|(_, failed)| *failed != Some(account));
                self.note(Some(account), now);
                self.open_if_most_failed(retry_after, now)
            }
            State::Open { .. } => None,
            State::Probing { since, wait } => {
                let wait = wait.saturating_mul(2).min(MAX_WAIT);
                self.open(since, wait, retry_after, now);
                None
            }
        }
    }

    fn note(&mut self, failed: Option<Account>, now: Monotonic) {
        self.answers.push_back((now, failed));
        let is_old = |at: Monotonic| now.saturating_duration_since(at) > WINDOW;
        while self.answers.len() > ANSWERS
            || self.answers.front().is_some_and(|(at, _)| is_old(*at))
        {
            self.answers.pop_front();
        }
    }

    fn open_if_most_failed(
        &mut self,
        retry_after: Option<Duration>,
        now: Monotonic,
    ) -> Option<Change> {
        let of = self.answers.len();
        let failed = self
            .answers
            .iter()
            .filter(|(_, failed)| failed.is_some())
            .count();
        if failed < MIN_FAILURES || failed * 2 <= of {
            return None;
        }
        self.open(now, FIRST_WAIT, retry_after, now);
        Some(Change::Opened { failed, of })
    }

    fn open(
        &mut self,
        since: Monotonic,
        wait: Duration,
        retry_after: Option<Duration>,
        now: Monotonic,
    ) {
        let until = now + wait.max(backoff::granted(retry_after));
        self.state = State::Open { since, until, wait };
    }
}

#[cfg(test)]
mod tests;
