//! Collects what records say about an account. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use stackone_link_schemas::webhook::{Envelope, Project};
use stackone_link_schemas::{
    ACCOUNT_LISTED_TYPE, AccountId, AccountListed, AccountState, DeadLettersRedriven,
    LISTING_MARKER_TYPE, ListingMarker,
};
use stackone_link_wire::{RecordHeaders, RedriveHeaders};
use stackone_processor_core::event::intake::Consumed;
use uuid::Uuid;

use super::found::{CompleteList, Events, Letter, Stray, Strays, Trigger, TriggerProgress};
use super::newest::Newest;
use crate::redrive::{OffsetRanges, dead_letter, is_marker};

/// Collects from the account's partition of the account events topic, in order.
#[derive(Debug, Default)]
pub(super) struct EventCollector {
    triggers: Newest<Trigger>,
    /// The run that listed the account last.
    listed_by: Option<Uuid>,
    lists: BTreeMap<Option<String>, CompleteList>,
}

impl EventCollector {
    /// Takes a record whose key is the account, or that has no key.
    pub(super) fn take(&mut self, record: &Consumed) {
        let event_type = event_type(record);
        if record.key.is_none() {
            if event_type == Some(LISTING_MARKER_TYPE) {
                self.mark(&record.value);
            }
            return;
        }
        if event_type == Some(ACCOUNT_LISTED_TYPE) {
            let listed = serde_json::from_slice::<AccountListed>(&record.value);
            self.listed_by = listed.ok().map(|listed| listed.run).or(self.listed_by);
        }
        self.triggers.push(trigger(record));
    }

    fn mark(&mut self, value: &[u8]) {
        let Ok(marker) = serde_json::from_slice::<ListingMarker>(value) else {
            return;
        };
        if marker.is_complete {
            let list = CompleteList {
                project_id: marker.project_id.clone(),
                began_at: marker.started_at,
                names_account: self.listed_by == Some(marker.run),
            };
            self.lists.insert(marker.project_id, list);
        }
    }

    pub(super) fn found(self, committed: Option<i64>) -> Events {
        Events {
            triggers: self.triggers,
            lists: self.lists.into_values().collect(),
            committed,
        }
    }
}

fn event_type(record: &Consumed) -> Option<&str> {
    let headers = record.headers.as_ref()?;
    Some(headers.event.event_type.as_str())
}

fn written(record: &Consumed) -> Option<Timestamp> {
    Timestamp::from_millisecond(record.timestamp_ms).ok()
}

fn redrives(headers: &RecordHeaders) -> u32 {
    let redrive: Option<&RedriveHeaders> = headers.redrive.as_ref();
    redrive.map_or(0, |redrive| redrive.redrives)
}

fn trigger(record: &Consumed) -> Trigger {
    let headers = record.headers.as_ref();
    let ingest = headers.and_then(|headers| headers.ingest.as_ref());
    let project = headers.and_then(|headers| headers.event.source.strip_prefix("/stackone/"));
    Trigger {
        partition: record.partition,
        offset: record.offset,
        at: written(record),
        event_type: event_type(record).map(str::to_owned),
        id: headers.map(|headers| headers.event.id),
        project_id: project.map(str::to_owned),
        received_at: ingest.map(|ingest| ingest.received_at),
        source: ingest.map(|ingest| ingest.source.clone()),
        redrives: headers.map_or(0, redrives),
        progress: TriggerProgress::Unknown,
    }
}

/// Collects from the account's partition of the dead-letter topic, in order.
#[derive(Debug, Default)]
pub(super) struct LetterCollector {
    letters: Newest<Letter>,
    put_back: OffsetRanges,
}

impl LetterCollector {
    /// Takes a record whose key is the account, or that has no key.
    pub(super) fn take(&mut self, record: &Consumed) {
        if is_marker(record) {
            let marker = serde_json::from_slice::<DeadLettersRedriven>(&record.value);
            for (first, last) in marker.map(|marker| marker.offsets).unwrap_or_default() {
                self.put_back.insert(first, last);
            }
            return;
        }
        if record.key.is_some() {
            let letter = letter(record);
            letter.into_iter().for_each(|one| self.letters.push(one));
        }
    }

    pub(super) fn found(self) -> Newest<Letter> {
        let Self {
            mut letters,
            put_back,
        } = self;
        for letter in &mut letters.newest {
            letter.put_back = put_back.contains(letter.offset);
        }
        letters
    }
}

fn letter(record: &Consumed) -> Option<Letter> {
    let (headers, why) = dead_letter(record)?;
    Some(Letter {
        partition: record.partition,
        offset: record.offset,
        reason: why.reason.clone(),
        detail: why.detail.clone(),
        event_type: headers.event.event_type.clone(),
        origin: (why.partition, why.offset),
        attempts: why.attempts,
        redrives: redrives(headers),
        last_seen: why.last_seen,
        value_expired: why.value_expired,
        put_back: false,
    })
}

/// Collects from the unrecognized topic.
#[derive(Debug)]
pub(super) struct StrayCollector<'a> {
    account: &'a AccountId,
    found: Strays,
}

impl<'a> StrayCollector<'a> {
    pub(super) fn of(account: &'a AccountId) -> Self {
        Self {
            account,
            found: Strays::default(),
        }
    }

    pub(super) fn take(&mut self, record: &Consumed) {
        let body = Envelope::parse(&record.value);
        match body.account_id.as_deref() {
            None => self.found.nameless += 1,
            Some(id) if id == self.account.as_str() => self.found.strays.push(stray(record, &body)),
            Some(_) => {}
        }
    }

    pub(super) fn found(self) -> Strays {
        self.found
    }
}

fn stray(record: &Consumed, body: &Envelope<'_>) -> Stray {
    let headers = record.headers.as_ref();
    let project = match &body.project {
        Project::Named(project) => Some(project.clone().into_owned()),
        Project::Unnamed | Project::Unusable => None,
    };
    let ingest = headers.and_then(|headers| headers.ingest.as_ref());
    Stray {
        partition: record.partition,
        offset: record.offset,
        at: written(record),
        event_type: body.event.clone().map(std::borrow::Cow::into_owned),
        project_id: project,
        source: ingest.map(|ingest| ingest.source.clone()),
        reason: headers.and_then(|headers| headers.unrecognized_reason.clone()),
    }
}

/// Sets the progress of the processor for each trigger.
pub(super) fn follow(
    events: &mut Events,
    state: Option<&AccountState>,
    letters: Option<&Newest<Letter>>,
) {
    let committed = events.committed;
    let pending = state.and_then(|state| state.pending.as_ref());
    let taken = [
        state.and_then(|state| state.taken_in),
        pending.and_then(|pending| pending.taken_in),
    ];
    for trigger in &mut events.triggers.newest {
        let origin = (trigger.partition, trigger.offset);
        let is_letter = letters.is_some_and(|letters| {
            let mut letters = letters.newest.iter();
            letters.any(|letter| letter.origin == origin)
        });
        let is_taken_in = taken.iter().flatten().any(|taken| trigger.is_in(taken));
        trigger.progress = if is_letter {
            TriggerProgress::PutAside
        } else if is_taken_in {
            TriggerProgress::TakenIn
        } else {
            match committed {
                None => TriggerProgress::Unknown,
                Some(committed) if trigger.offset < committed => TriggerProgress::Passed,
                Some(_) => TriggerProgress::Waiting,
            }
        };
    }
}

#[cfg(test)]
mod tests;
