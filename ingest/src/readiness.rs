//! Whether we are ready for traffic, check by check.
//!
//! Ready is who has once seen a broker with all topics. An outage later changes nothing, and a
//! topic that goes missing is named but does not take us out of service: it is our 503 with
//! `Retry-After` that StackOne should get then, for what belongs on that topic alone, and not a
//! balancer's for everything.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

/// What is known of each check.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    state: Mutex<State>,
    /// Apart from the rest, since every answer asks for it.
    draining: AtomicBool,
}

#[derive(Debug)]
struct State {
    kafka_problem: Option<String>,
    /// There has once been a broker with all topics.
    kafka_was_complete: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            kafka_problem: Some("no broker has answered yet".to_owned()),
            kafka_was_complete: false,
        }
    }
}

/// What `/readyz` serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    pub(crate) ready: bool,
    checks: Checks,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Checks {
    configuration: Check,
    kafka: Check,
    accepting: Check,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Check {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Check {
    fn of(problem: Option<String>) -> Self {
        Self {
            ok: problem.is_none(),
            reason: problem,
        }
    }
}

impl Readiness {
    /// A broker was asked for our topics: nothing where it has them all, else what is wrong.
    pub(crate) fn kafka_answered(&self, problem: Option<String>) {
        self.with(|state| {
            state.kafka_was_complete |= problem.is_none();
            state.kafka_problem = problem;
        });
    }

    /// No broker answered. That is no news of topics, so it only counts until they were all there
    /// once.
    pub(crate) fn kafka_silent(&self, reason: String) {
        self.with(|state| {
            if !state.kafka_was_complete {
                state.kafka_problem = Some(reason);
            }
        });
    }

    /// We are about to stop.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether we are about to stop.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(crate) fn report(&self) -> Report {
        let draining = self.is_draining();
        let (kafka, was_complete) =
            self.with(|state| (state.kafka_problem.clone(), state.kafka_was_complete));
        Report {
            ready: was_complete && !draining,
            checks: Checks {
                // One that is not valid ends the process before there is anything to ask.
                configuration: Check::of(None),
                kafka: Check::of(kafka),
                accepting: Check::of(draining.then(|| "shutting down".to_owned())),
            },
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(readiness: &Readiness) -> serde_json::Value {
        serde_json::to_value(readiness.report()).unwrap()
    }

    #[test]
    fn ingest_is_ready_once_it_has_seen_kafka_and_until_it_stops() {
        let readiness = Readiness::default();
        assert_eq!(json(&readiness)["ready"], false);
        assert_eq!(
            json(&readiness)["checks"]["kafka"]["reason"],
            "no broker has answered yet"
        );
        readiness.kafka_silent("no broker".to_owned());
        assert_eq!(json(&readiness)["checks"]["kafka"]["reason"], "no broker");
        readiness.kafka_answered(Some("topics are missing: t".to_owned()));
        assert_eq!(
            json(&readiness)["checks"]["kafka"]["reason"],
            "topics are missing: t"
        );
        readiness.kafka_answered(None);
        assert_eq!(json(&readiness)["ready"], true);
        readiness.kafka_silent("no broker".to_owned());
        assert_eq!(json(&readiness)["checks"]["kafka"]["ok"], true, "an outage");
        readiness.kafka_answered(Some("topics are missing: t".to_owned()));
        let named = json(&readiness);
        assert_eq!(named["ready"], true, "what is not for that topic goes on");
        assert_eq!(named["checks"]["kafka"]["reason"], "topics are missing: t");
        readiness.drain();
        assert_eq!(json(&readiness)["ready"], false);
        assert_eq!(
            json(&readiness)["checks"]["accepting"]["reason"],
            "shutting down"
        );
    }
}
