//! Collects what one transaction writes, with the changes of memory that follow its commit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use stackone_link_schemas::AccountState;
use stackone_link_wire::DeadLetterHeaders;

use super::effect::{AccountEffect, AfterCommit, Effect, SpanParent};
use crate::event::intake::Consumed;
use crate::event::records::{self, Batch};
use crate::partitions::{Partitions, Ready};
use crate::settings::DecisionSettings;
use crate::work::{AccountKey, last_lookup};

/// A transaction before it is sent.
#[derive(Debug)]
pub struct Stage {
    /// The records and offsets to write.
    pub batch: Batch,
    /// The changes of memory after the commit.
    pub effects: Vec<Effect>,
    /// The date of the transaction.
    pub now: Timestamp,
    /// Whether more markers are due than one transaction takes.
    pub has_more_markers: bool,
    settings: Arc<DecisionSettings>,
    accounts: BTreeSet<AccountKey>,
}

impl Stage {
    /// Starts without records.
    #[must_use]
    pub fn new(settings: Arc<DecisionSettings>, now: Timestamp) -> Self {
        Self {
            batch: Batch::default(),
            effects: Vec::new(),
            settings,
            now,
            has_more_markers: false,
            accounts: BTreeSet::new(),
        }
    }

    /// Whether a record of the account is staged.
    #[must_use]
    pub fn has(&self, key: &AccountKey) -> bool {
        self.accounts.contains(key)
    }

    /// Writes the state of an account, or a tombstone where nothing about it needs to be kept.
    ///
    /// # Errors
    ///
    /// Never fails for an [`AccountState`]; the signature is serde's.
    pub fn account(
        &mut self,
        ready: &Ready,
        key: &AccountKey,
        state: Option<&AccountState>,
        (close, then, span): (Vec<i64>, AfterCommit, SpanParent),
    ) -> Result<(), serde_json::Error> {
        let mut written = None;
        if state.is_some() || ready.states.contains(&key.id) {
            let (topics, trace) = (&self.settings.topics, span.trace);
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

    /// Writes the state of an account again as it is in memory, without the personal data that its
    /// record still has.
    ///
    /// # Errors
    ///
    /// Never fails, as [`Self::account`].
    pub fn redacted(
        &mut self,
        ready: &Ready,
        key: AccountKey,
        span: SpanParent,
    ) -> Result<(), serde_json::Error> {
        let state = ready.states.get(&key.id);
        let (topics, partition, id) = (&self.settings.topics, key.partition, &key.id);
        let record = records::state(topics, partition, id, state.as_ref(), self.now, span.trace)?;
        let value = record.value.clone();
        self.batch.records.push(record);
        self.effects.push(Effect::Redacted { key, value });
        Ok(())
    }

    /// Writes a dead letter.
    pub fn dead_letter(&mut self, record: &Consumed, headers: DeadLetterHeaders) {
        let letter = records::dead_letter(&self.settings.topics, record, headers);
        self.batch.records.push(letter);
    }

    /// Sends the committable offset of each partition that is touched. With it the broker checks
    /// the generation.
    pub fn add_offsets(&mut self, partitions: &Partitions) {
        for (partition, closing) in self.closing() {
            if let Some(ready) = partitions.ready(partition) {
                let offset = ready.offsets.committable(&closing);
                self.batch.offsets.push((partition, offset));
            }
        }
    }

    /// Returns the offsets that the commit closes, for each partition that is touched.
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
