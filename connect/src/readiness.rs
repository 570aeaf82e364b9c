//! Readiness for traffic. A replica is ready once it has read both topics to their ends. A later
//! outage does not change that, since what was read can still be served.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::followed::Followed;

/// The state of each check.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    facts: Topic,
    states: Topic,
    draining: bool,
}

#[derive(Debug, Default)]
struct Topic {
    caught_up: bool,
    problem: Option<String>,
    heard: Option<Instant>,
}

/// The answer of `/readyz`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) ready: bool,
    checks: Checks,
}

#[derive(Debug, Serialize)]
struct Checks {
    link_sessions: Check,
    states: Check,
    accepting: Check,
}

#[derive(Debug, Serialize)]
struct Check {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Readiness {
    pub(crate) fn is_caught_up(&self, what: Followed) {
        let mut state = self.lock();
        let topic = state.topic(what);
        (topic.caught_up, topic.problem) = (true, None);
    }

    pub(crate) fn is_behind(&self, what: Followed, problem: String) {
        self.lock().topic(what).problem = Some(problem);
    }

    pub(crate) fn heard(&self, what: Followed, at: Instant) {
        self.lock().topic(what).heard = Some(at);
    }

    pub(crate) fn drain(&self) {
        self.lock().draining = true;
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.lock().draining
    }

    pub(crate) fn is_ready(&self) -> bool {
        let state = self.lock();
        state.facts.caught_up && state.states.caught_up
    }

    /// Returns the time up to which everything is read.
    pub(crate) fn as_of(&self) -> Timestamp {
        let state = self.lock();
        let heard = [&state.facts, &state.states].map(|topic| topic.heard);
        let oldest = heard.into_iter().flatten().min();
        let age = oldest.map(|heard| heard.elapsed()).unwrap_or_default();
        let age = SignedDuration::try_from(age).unwrap_or_default();
        let now = Timestamp::now();
        now.checked_sub(age).unwrap_or(now)
    }

    pub(crate) fn report(&self) -> Report {
        let state = self.lock();
        let accepting = match state.draining {
            true => Some("shutting down".to_owned()),
            false => None,
        };
        Report {
            ready: state.facts.caught_up && state.states.caught_up && !state.draining,
            checks: Checks {
                link_sessions: state.facts.check(),
                states: state.states.check(),
                accepting: Check {
                    ok: accepting.is_none(),
                    reason: accepting,
                },
            },
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn topic(&mut self, what: Followed) -> &mut Topic {
        match what {
            Followed::Facts => &mut self.facts,
            Followed::States => &mut self.states,
        }
    }
}

impl Topic {
    fn check(&self) -> Check {
        let not_yet = || "not read to the end yet".to_owned();
        let reason = (!self.caught_up).then(|| self.problem.clone().unwrap_or_else(not_yet));
        Check {
            ok: self.caught_up,
            reason,
        }
    }
}
