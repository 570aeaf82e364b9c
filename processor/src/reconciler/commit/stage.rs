//! Staging: what a transaction will write, and what it will change once it is committed.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;
use stackone_link_schemas::AccountState;
use stackone_link_wire::{DeadLetterHeaders, Topics, TraceContext};

use super::effect::{AccountEffect, Effect, Then};
use super::span::Part;
use crate::reconciler::partition::Ready;
use crate::reconciler::{ReconcilerError, Settings};
use stackone_processor_core::event::intake::Consumed;
use stackone_processor_core::event::records;
use stackone_processor_core::event::records::Batch;
use stackone_processor_core::work::AccountKey;

/// A transaction in the making.
pub(in crate::reconciler) struct Stage {
    pub batch: Batch,
    pub effects: Vec<Effect>,
    pub now: Timestamp,
    /// Not all that is undecided found room in it.
    pub has_more_markers: bool,
    topics: Topics,
    accounts: HashSet<AccountKey>,
}

impl Stage {
    pub(super) fn new(settings: &Settings, now: Timestamp) -> Self {
        let topics = settings.topics.clone();
        Self {
            batch: Batch::default(),
            effects: Vec::new(),
            topics,
            now,
            has_more_markers: false,
            accounts: HashSet::new(),
        }
    }

    /// Whether something of the account is staged.
    pub(super) fn has(&self, key: &AccountKey) -> bool {
        self.accounts.contains(key)
    }

    /// The offsets that are accounted for after the commit, for each partition that is touched.
    pub(super) fn closing(&self) -> BTreeMap<i32, BTreeSet<i64>> {
        let mut closing: BTreeMap<i32, BTreeSet<i64>> = BTreeMap::new();
        for effect in &self.effects {
            match effect {
                Effect::Passed {
                    partition, offset, ..
                } => {
                    closing.entry(*partition).or_default().insert(*offset);
                }
                Effect::Redacted { key, .. } => {
                    closing.entry(key.partition).or_default();
                }
                Effect::Account(account) => {
                    closing
                        .entry(account.key.partition)
                        .or_default()
                        .extend(&account.close);
                }
            }
        }
        closing
    }

    /// Writes the state of an account, or its tombstone where there is nothing to remember.
    pub(super) fn account(
        &mut self,
        ready: &Ready,
        key: &AccountKey,
        state: Option<&AccountState>,
        close: Vec<i64>,
        then: Then,
        part: Part,
    ) -> Result<(), ReconcilerError> {
        let mut written = None;
        if state.is_some() || ready.states.contains(&key.id) {
            let (topics, trace) = (&self.topics, part.trace);
            let record = records::state(topics, key.partition, &key.id, state, self.now, trace)?;
            written = Some(record.value.clone());
            self.batch.records.push(record);
        }
        self.accounts.insert(key.clone());
        self.effects.push(Effect::Account(Box::new(AccountEffect {
            key: key.clone(),
            written,
            close,
            part,
            then,
        })));
        Ok(())
    }

    /// Writes the state of an account again, as it is known: without the personal data that its record still has.
    pub(super) fn redacted(
        &mut self,
        ready: &Ready,
        key: AccountKey,
    ) -> Result<(), ReconcilerError> {
        let state = ready.states.get(&key.id);
        let trace = TraceContext::start();
        let record = records::state(
            &self.topics,
            key.partition,
            &key.id,
            state.as_ref(),
            self.now,
            trace,
        )?;
        let value = record.value.clone();
        self.batch.records.push(record);
        self.effects.push(Effect::Redacted { key, value });
        Ok(())
    }

    pub(super) fn dead_letter(&mut self, record: &Consumed, headers: DeadLetterHeaders) {
        self.batch
            .records
            .push(records::dead_letter(&self.topics, record, headers));
    }
}
