//! Collects what the records of the state topic say. Pure.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use stackone_link_schemas::{AccountId, AccountState, GraceKind};
use stackone_link_wire::partition_of_key;
use stackone_processor_core::api_gate::Projects;

use crate::project_names::name_of;

/// The position of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At {
    pub(super) partition: i32,
    pub(super) offset: i64,
}

/// A record of the state topic.
#[derive(Debug, Clone, Copy)]
pub(super) struct StateRecord<'a> {
    pub(super) at: At,
    pub(super) timestamp_ms: Option<i64>,
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
}

/// A state that a processor would not start with, or a record that no processor has written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Oddity {
    /// The newest state of an account cannot be read.
    Unreadable(String),
    /// The key belongs to another partition.
    WrongPartition,
    /// The key is missing, or is no account id.
    NoAccount,
}

/// What an account waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Waiting {
    /// Its triggers are undecided.
    Undecided { since: Timestamp },
    /// It answers 404, and is to be unlinked or to come back.
    Vanished {
        project: Option<String>,
        until: Timestamp,
    },
}

impl Waiting {
    fn of(state: &AccountState) -> Option<Self> {
        let pending = state.pending.as_ref()?;
        let vanished = |grace: &stackone_link_schemas::Grace| {
            grace.kind == GraceKind::Vanish && grace.released_at.is_none()
        };
        let since = pending.since;
        let waiting = match pending.grace.filter(vanished) {
            Some(grace) => Self::Vanished {
                project: state.project_id.clone(),
                until: grace.deadline,
            },
            None => Self::Undecided { since },
        };
        Some(waiting)
    }
}

/// The newest record of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
struct NewestState {
    at: At,
    oddity: Option<Oddity>,
    waiting: Option<Waiting>,
}

/// The accounts that wait for a decision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Waits {
    pub(super) accounts: usize,
    /// Since when the first of them waits.
    pub(super) oldest: Option<Timestamp>,
}

/// What all records read so far say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Survey {
    partitions: i32,
    pub(super) records: u64,
    pub(super) newest_ms: Option<i64>,
    /// The newest record of each account that has a state, and what is wrong with it. The partition
    /// is part of the key, because a processor restores each partition alone.
    newest: HashMap<(i32, AccountId), NewestState>,
    strange: Option<(At, u64)>,
}

impl Survey {
    /// Starts for a topic with this many partitions.
    pub(super) fn of(partitions: i32) -> Self {
        Self {
            partitions,
            ..Self::default()
        }
    }

    /// Takes the next record.
    pub(super) fn take(&mut self, record: StateRecord<'_>) {
        self.records += 1;
        self.newest_ms = self.newest_ms.max(record.timestamp_ms);
        let key = record.key.and_then(|key| std::str::from_utf8(key).ok());
        let Some(id) = key.and_then(|key| AccountId::try_from(key).ok()) else {
            let before = self.strange.map_or(0, |(_, count)| count);
            self.strange = Some((record.at, before + 1));
            return;
        };
        let partition = record.at.partition;
        if partition_of_key(id.as_str().as_bytes(), self.partitions) != partition {
            // A wrong partition counts whatever the record says, and also where a later one
            // replaces it.
            let newest = NewestState {
                at: record.at,
                oddity: Some(Oddity::WrongPartition),
                waiting: None,
            };
            self.newest.insert((partition, id), newest);
            return;
        }
        match record.value {
            None => drop(self.newest.remove(&(partition, id))),
            Some(value) => {
                let read = AccountState::parse(value);
                let waiting = read.as_ref().ok().and_then(Waiting::of);
                let oddity = read.err();
                let newest = NewestState {
                    at: record.at,
                    oddity: oddity.map(|error| Oddity::Unreadable(error.to_string())),
                    waiting,
                };
                self.newest.insert((partition, id), newest);
            }
        }
    }

    /// Returns how many accounts have a state.
    pub(super) fn accounts(&self) -> usize {
        self.newest.len()
    }

    /// Returns the oddities by account, in the order of the topic. Records of no account come last,
    /// as one.
    pub(super) fn oddities(&self) -> Vec<(Option<&AccountId>, At, Oddity)> {
        let of_accounts = self.newest.iter();
        let mut odd: Vec<_> = of_accounts
            .filter_map(|((_, id), newest)| Some((Some(id), newest.at, newest.oddity.clone()?)))
            .collect();
        odd.sort_by_key(|(_, at, _)| (at.partition, at.offset));
        let strange = self.strange.map(|(at, _)| (None, at, Oddity::NoAccount));
        odd.extend(strange);
        odd
    }

    /// Returns the accounts with undecided triggers, without those that vanished.
    pub(super) fn undecided(&self) -> Waits {
        let mut undecided = Waits::default();
        for newest in self.newest.values() {
            if let Some(Waiting::Undecided { since }) = &newest.waiting {
                undecided.accounts += 1;
                let oldest = undecided.oldest.map_or(*since, |oldest| oldest.min(*since));
                undecided.oldest = Some(oldest);
            }
        }
        undecided
    }

    /// Returns how many accounts of each project answer 404 and should have been unlinked before
    /// `due`, by the project's name.
    pub(super) fn held<'a>(
        &'a self,
        due: Timestamp,
        projects: &'a Projects,
    ) -> BTreeMap<&'a str, usize> {
        let mut held = BTreeMap::new();
        for newest in self.newest.values() {
            if let Some(Waiting::Vanished { project, until }) = &newest.waiting
                && *until < due
            {
                let name = name_of(projects, project.as_deref());
                *held.entry(name).or_default() += 1;
            }
        }
        held
    }

    /// Returns how many records belong to no account.
    pub(super) fn strangers(&self) -> u64 {
        self.strange.map_or(0, |(_, count)| count)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const READABLE: &[u8] = br#"{"account_id":"a","state":"active","version":1}"#;

    /// Makes a record of partition 0 of a topic with one partition.
    pub(in crate::doctor) fn record<'a>(
        offset: i64,
        key: Option<&'a str>,
        value: Option<&'a [u8]>,
    ) -> StateRecord<'a> {
        StateRecord {
            at: At {
                partition: 0,
                offset,
            },
            timestamp_ms: Some(offset * 1_000),
            key: key.map(str::as_bytes),
            value,
        }
    }

    #[test]
    fn only_the_newest_record_of_an_account_has_to_be_readable() {
        let mut survey = Survey::of(1);
        survey.take(record(0, Some("a"), Some(b"garbage")));
        assert_eq!(survey.oddities().len(), 1);
        survey.take(record(1, Some("a"), Some(READABLE)));
        survey.take(record(2, Some("b"), Some(b"garbage")));
        survey.take(record(3, Some("b"), None));
        assert_eq!(survey.oddities(), []);
        assert_eq!(
            (survey.records, survey.accounts(), survey.newest_ms),
            (4, 1, Some(3_000))
        );
    }

    #[test]
    fn what_is_odd_is_told_with_its_account_and_its_place() {
        let mut survey = Survey::of(1);
        survey.take(record(0, Some("no account!"), Some(READABLE)));
        survey.take(record(1, None, Some(READABLE)));
        survey.take(record(2, Some("b"), Some(b"{")));
        survey.take(StateRecord {
            at: At {
                partition: 1,
                offset: 0,
            },
            ..record(0, Some("c"), Some(READABLE))
        });
        let odd = survey.oddities();
        let place = |index: usize| (odd[index].0.map(AccountId::as_str), odd[index].1.offset);
        assert_eq!(
            [place(0), place(1), place(2)],
            [(Some("b"), 2), (Some("c"), 0), (None, 1)]
        );
        assert!(matches!(odd[0].2, Oddity::Unreadable(_)));
        assert_eq!(
            (&odd[1].2, &odd[2].2),
            (&Oddity::WrongPartition, &Oddity::NoAccount)
        );
        assert_eq!(survey.strangers(), 2);
    }
}
