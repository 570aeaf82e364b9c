//! Which faults are on, and which of them befall a request.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::fault::{ActiveFault, Fault, FaultId, FaultRule, InvalidFault, Operation};

/// The faults that are switched on, oldest first.
#[derive(Debug, Default)]
pub struct FaultSwitches {
    state: Mutex<Switches>,
}

#[derive(Debug, Default)]
struct Switches {
    last_id: u64,
    active: Vec<ActiveFault>,
}

/// What a rule's conditions look at.
#[derive(Debug, Clone)]
pub(crate) struct RequestFacts<'a> {
    pub(crate) project_id: &'a str,
    pub(crate) operation: Operation,
    pub(crate) account_ids: &'a [String],
}

/// What befalls one request: the sum of the latencies, and the oldest other fault that applies.
#[derive(Debug, Default)]
pub(crate) struct SelectedFaults {
    pub(crate) latency: Duration,
    pub(crate) fault: Option<(Fault, CancellationToken)>,
}

impl FaultSwitches {
    /// Switches a fault on.
    ///
    /// # Errors
    ///
    /// When the rule cannot be carried out.
    pub fn set(&self, rule: FaultRule) -> Result<FaultId, InvalidFault> {
        rule.validate()?;
        let mut switches = self.lock();
        switches.last_id += 1;
        let id = FaultId(switches.last_id);
        switches.active.push(ActiveFault {
            id,
            rule,
            released: CancellationToken::new(),
        });
        Ok(id)
    }

    /// Switches one fault off; what hangs because of it is answered. False: there was none of that
    /// id.
    pub fn clear(&self, id: FaultId) -> bool {
        let mut switches = self.lock();
        let (cleared, kept) = switches.active.drain(..).partition(|fault| fault.id == id);
        switches.active = kept;
        let cleared: Vec<ActiveFault> = cleared;
        cleared.iter().for_each(|fault| fault.released.cancel());
        !cleared.is_empty()
    }

    /// Switches all faults off.
    pub fn clear_all(&self) {
        for fault in self.lock().active.drain(..) {
            fault.released.cancel();
        }
    }

    /// The faults that are on.
    #[must_use]
    pub fn list(&self) -> Vec<(FaultId, FaultRule)> {
        let switches = self.lock();
        let each = switches.active.iter();
        each.map(|fault| (fault.id, fault.rule.clone())).collect()
    }

    /// Whether the answer to a request that comes now may be sent when it is over.
    pub(crate) fn has_stale(&self) -> bool {
        let is_stale = |active: &ActiveFault| {
            active.rule.remaining != Some(0) && matches!(active.rule.fault, Fault::Stale { .. })
        };
        self.lock().active.iter().any(is_stale)
    }

    pub(crate) fn select(&self, request: &RequestFacts<'_>) -> SelectedFaults {
        let mut selected = SelectedFaults::default();
        let mut switches = self.lock();
        for active in &mut switches.active {
            if !befalls(&active.rule, request) {
                continue;
            }
            if let Fault::Latency { delay } = active.rule.fault {
                selected.latency += delay;
            } else if selected.fault.is_none() {
                selected.fault = Some((active.rule.fault.clone(), active.released.clone()));
            } else {
                continue;
            }
            use_up(&mut active.rule);
        }
        selected
    }

    fn lock(&self) -> MutexGuard<'_, Switches> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn befalls(rule: &FaultRule, request: &RequestFacts<'_>) -> bool {
    rule.remaining != Some(0)
        && rule
            .project_id
            .as_ref()
            .is_none_or(|id| id == request.project_id)
        && rule
            .operation
            .is_none_or(|wanted| wanted.covers(request.operation))
        && rule
            .account_id
            .as_ref()
            .is_none_or(|id| request.account_ids.iter().any(|named| named == id.as_str()))
}

fn use_up(rule: &mut FaultRule) {
    rule.remaining = rule.remaining.map(|left| left.saturating_sub(1));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get<'a>(project_id: &'a str, account_ids: &'a [String]) -> RequestFacts<'a> {
        RequestFacts {
            project_id,
            operation: Operation::Get,
            account_ids,
        }
    }

    fn fault(selected: &SelectedFaults) -> Option<&Fault> {
        selected.fault.as_ref().map(|(fault, _)| fault)
    }

    #[test]
    fn a_fault_for_the_next_two_requests_befalls_two() {
        let switches = FaultSwitches::default();
        switches.set(FaultRule::next(2, Fault::Html)).unwrap();
        for expected in [Some(&Fault::Html), Some(&Fault::Html), None] {
            assert_eq!(fault(&switches.select(&get("p", &[]))), expected);
        }
        assert_eq!(switches.list()[0].1.remaining, Some(0));
    }

    #[test]
    fn conditions_narrow_a_fault_to_a_project_an_account_and_an_operation() {
        let switches = FaultSwitches::default();
        let rule = FaultRule::always(Fault::WrongId)
            .for_project("p")
            .for_account(&"a".into())
            .for_operation(Operation::Get);
        switches.set(rule).unwrap();
        let a = ["b".to_owned(), "a".to_owned()];
        assert!(switches.select(&get("p", &a)).fault.is_some());
        assert!(switches.select(&get("q", &a)).fault.is_none());
        assert!(switches.select(&get("p", &[])).fault.is_none());
        let list = RequestFacts {
            operation: Operation::List,
            ..get("p", &a)
        };
        assert!(switches.select(&list).fault.is_none());
    }

    #[test]
    fn latencies_add_up_and_the_oldest_other_fault_wins_without_using_up_the_next() {
        let switches = FaultSwitches::default();
        let late = |ms| Fault::Latency {
            delay: Duration::from_millis(ms),
        };
        switches.set(FaultRule::always(late(20))).unwrap();
        switches.set(FaultRule::always(Fault::Html)).unwrap();
        switches.set(FaultRule::next(1, Fault::Drop)).unwrap();
        switches.set(FaultRule::always(late(5))).unwrap();
        let selected = switches.select(&get("p", &[]));
        assert_eq!(selected.latency, Duration::from_millis(25));
        assert_eq!(fault(&selected), Some(&Fault::Html));
        assert_eq!(switches.list()[2].1.remaining, Some(1));
    }

    #[test]
    fn clearing_a_fault_releases_what_hangs() {
        let switches = FaultSwitches::default();
        let id = switches.set(FaultRule::always(Fault::Hang)).unwrap();
        let (_, released) = switches.select(&get("p", &[])).fault.unwrap();
        assert!(!released.is_cancelled());
        assert!(switches.clear(id));
        assert!(released.is_cancelled());
        assert!(!switches.clear(id));
    }

    #[test]
    fn a_status_that_is_no_error_is_refused() {
        let switches = FaultSwitches::default();
        assert!(switches.set(FaultRule::always(Fault::status(200))).is_err());
    }
}
