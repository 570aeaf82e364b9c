//! What a run of the core told: every record it took in has one disposition, and every account one
//! lookup at a time.

use std::collections::{BTreeMap, BTreeSet};

use stackone_processor_core::processor::{Fact, Observer};
use stackone_processor_core::time::Monotonic;
use stackone_processor_core::work::AccountKey;

use super::Broken;

/// What a run told.
#[derive(Debug, Default)]
pub struct Ledger {
    taken_in: u64,
    accounted: u64,
    /// Accounts that are being asked for, each with its assignment.
    asked: BTreeSet<(i32, String, u64)>,
    asked_twice: Option<String>,
    /// When it is.
    pub now: Monotonic,
    /// Since when partitions are assigned.
    assigned: BTreeMap<i32, Monotonic>,
    /// What was decided by an answer to what was asked before its partition was assigned.
    decided_by_former: Option<String>,
}

impl Observer for Ledger {
    fn note(&mut self, fact: Fact<'_>) {
        match fact {
            Fact::Consumed => self.taken_in += 1,
            Fact::Restored(records) => self.taken_in += records,
            Fact::HandedOver(records) => self.accounted += records,
            Fact::Disposed { total, .. } => self.accounted += total,
            Fact::Assigned(partitions) => {
                let since = partitions.iter().map(|partition| (*partition, self.now));
                self.assigned.extend(since);
            }
            Fact::Decided { key, sent, .. } => {
                let is_former = self
                    .assigned
                    .get(&key.partition)
                    .is_none_or(|at| sent < *at);
                if is_former {
                    self.decided_by_former.get_or_insert(key.id.to_string());
                }
            }
            _ => {}
        }
    }
}

impl Ledger {
    /// An account is asked for.
    pub fn ask(&mut self, key: &AccountKey, epoch: u64) {
        let asked = (key.partition, key.id.to_string(), epoch);
        if !self.asked.insert(asked) {
            self.asked_twice.get_or_insert(key.id.to_string());
        }
    }

    /// It was answered.
    pub fn answered(&mut self, key: &AccountKey, epoch: u64) {
        self.asked
            .remove(&(key.partition, key.id.to_string(), epoch));
    }

    /// Whether everything is accounted for. Only where nothing is pending, or the run has ended.
    ///
    /// # Errors
    ///
    /// Where it is not.
    pub fn check(&self) -> Result<(), Broken> {
        if let Some(account) = &self.asked_twice {
            return Err(Broken::AskedTwice(account.clone()));
        }
        if let Some(account) = &self.decided_by_former {
            return Err(Broken::FormerAnswer(account.clone()));
        }
        let (taken_in, accounted) = (self.taken_in, self.accounted);
        if taken_in == accounted {
            return Ok(());
        }
        Err(Broken::NotConserved(format!(
            "{taken_in} taken in, {accounted} accounted for"
        )))
    }
}
