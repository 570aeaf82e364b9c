//! Staging: what a transaction will write, and what it will change once it is committed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use stackone_link_schemas::AccountState;
use stackone_link_wire::{DeadLetterHeaders, Topics};

use super::effect::{AccountEffect, AfterCommit, Effect, SpanParent};
use crate::event::intake::Consumed;
use crate::event::records::{self, Batch};
use crate::partitions::{Partitions, Ready};
use crate::work::{AccountKey, last_lookup};

/// A transaction in the making.
#[derive(Debug)]
pub struct Stage<'a> {
    /// What it writes.
    pub batch: Batch,
    /// What it changes.
    pub effects: Vec<Effect>,
    /// When it is made.
    pub now: Timestamp,
    /// Not all that is undecided found room in it.
    pub has_more_markers: bool,
    topics: &'a Topics,
    accounts: BTreeSet<AccountKey>,
}

impl<'a> Stage<'a> {
    /// An empty one.
    #[must_use]
    pub fn new(topics: &'a Topics, now: Timestamp) -> Self {
        Self {
            batch: Batch::default(),
            effects: Vec::new(),
            topics,
            now,
            has_more_markers: false,
            accounts: BTreeSet::new(),
        }
    }

    /// Whether something of the account is staged.
    #[must_use]
    pub fn has(&self, key: &AccountKey) -> bool {
        self.accounts.contains(key)
    }

    /// Writes the state of an account, or its tombstone where there is nothing to remember.
    ///
    /// # Errors
    ///
    /// Never for an [`AccountState`]; the signature is serde's.
    pub fn account(
        &mut self,
        ready: &Ready,
        key: &AccountKey,
        state: Option<&AccountState>,
        (close, then, span): (Vec<i64>, AfterCommit, SpanParent),
    ) -> Result<(), serde_json::Error> {
        let mut written = None;
        if state.is_some() || ready.states.contains(&key.id) {
            let (topics, trace) = (self.topics, span.trace);
            let record = records::state(topics, key.partition, &key.id, state, self.now, trace)?;
            written = Some(record.value.clone());
            self.batch.records.push(record);
        }
        let pending = state.and_then(|state| state.pending.as_ref());
        let outcome = pending.and_then(last_lookup::outcome).cloned();
        self.accounts.insert(key.clone());
        self.effects.push(Effect::Account(Box::new(AccountEffect {
            key: key.clone(),
            written,
            close,
            outcome,
            span,
            then,
        })));
        Ok(())
    }

    /// Writes the state of an account again, as it is known: without the personal data that its record still has.
    ///
    /// # Errors
    ///
    /// As [`Self::account`].
    pub fn redacted(
        &mut self,
        ready: &Ready,
        key: AccountKey,
        span: SpanParent,
    ) -> Result<(), serde_json::Error> {
        let state = ready.states.get(&key.id);
        let (topics, partition, id) = (self.topics, key.partition, &key.id);
        let record = records::state(topics, partition, id, state.as_ref(), self.now, span.trace)?;
        let value = record.value.clone();
        self.batch.records.push(record);
        self.effects.push(Effect::Redacted { key, value });
        Ok(())
    }

    /// Writes a dead letter.
    pub fn dead_letter(&mut self, record: &Consumed, headers: DeadLetterHeaders) {
        let letter = records::dead_letter(self.topics, record, headers);
        self.batch.records.push(letter);
    }

    /// Sends the offset of each partition that is touched, which has the broker check that the generation still holds.
    pub fn add_offsets(&mut self, partitions: &Partitions) {
        for (partition, closing) in self.closing() {
            if let Some(ready) = partitions.ready(partition) {
                let offset = ready.offsets.committable(&closing);
                self.batch.offsets.push((partition, offset));
            }
        }
    }

    /// The offsets that are accounted for after the commit, for each partition that is touched.
    fn closing(&self) -> BTreeMap<i32, BTreeSet<i64>> {
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
                    let of_partition = closing.entry(account.key.partition).or_default();
                    of_partition.extend(&account.close);
                }
            }
        }
        closing
    }
}
