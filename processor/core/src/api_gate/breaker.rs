//! The circuit breaker of a project: while its API is unavailable, only a probe now and then is
//! sent. Pure.
//!
//! It opens when most recent lookups found the API unavailable (408, 5xx, a redirect, a timeout, no
//! connection). Rate limits and refused keys do not count: the gate handles them. While it is open,
//! one lookup at a time is let through, after waits that double up to [`MAX_WAIT`]. The first
//! lookup that is answered closes it.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Monotonic;
use crate::work::backoff;

/// The wait before the first probe.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait between probes, unless the API asks for more.
pub const MAX_WAIT: Duration = Duration::from_secs(30);
/// The number of newest answers that the breaker considers.
const ANSWERS: usize = 20;
/// How old an answer may be to count: somewhat longer than the timeout of a lookup.
const WINDOW: Duration = Duration::from_secs(30);
/// Fewer failures than this say nothing about the API.
const MIN_FAILURES: usize = 5;

/// The breaker of one project.
#[derive(Debug, Clone)]
pub struct Breaker {
    state: State,
    /// When each of the newest answers came and, for a failure, which account it was for.
    answers: VecDeque<(Monotonic, Option<Account>)>,
    /// Answers to lookups sent before this time do not count: they describe a condition that is
    /// known.
    counts_from: Monotonic,
}

/// A number that tells one account from another, such as a hash.
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

/// How an answer changed the breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The breaker opened, because most lookups failed.
    Opened {
        /// How many of the considered lookups failed.
        failed: usize,
        /// How many lookups were considered.
        of: usize,
    },
    /// The breaker closed, because the API answered.
    Closed {
        /// How long the breaker was open.
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

    /// Returns how long until a lookup may be sent; `None` while a probe is under way.
    #[must_use]
    pub fn wait(&self, now: Monotonic) -> Option<Duration> {
        match self.state {
            State::Closed => Some(Duration::ZERO),
            State::Open { until, .. } => Some(until.saturating_duration_since(now)),
            State::Probing { .. } => None,
        }
    }

    /// Whether the breaker is open: the API counts as unavailable.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        match self.state {
            State::Closed => false,
            State::Open { .. } | State::Probing { .. } => true,
        }
    }

    /// Notes that a lookup is sent. While the breaker is open, that lookup is the probe.
    pub const fn sent(&mut self, now: Monotonic) {
        if let State::Open { since, wait, .. } = self.state {
            self.state = State::Probing { since, wait };
            self.counts_from = now;
        }
    }

    /// Notes that a lookup sent at `sent` was answered, whatever the answer says.
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

    /// Notes that a lookup of `account`, sent at `sent`, found the API unavailable. Only the newest
    /// failure of an account counts: an account that always fails says nothing about others.
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
