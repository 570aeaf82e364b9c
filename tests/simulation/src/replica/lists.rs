//! A resync: a marker on every partition, a trigger for each account, a marker again.

use std::rc::Rc;

use jiff::Timestamp;
use stackone_client_types::{Account, ApiError};
use stackone_link_schemas::{
    ACCOUNT_LISTED_TYPE, AccountId, AccountListed, CloudEvent, LISTING_MARKER_TYPE, ListingMarker,
    event_id_of_body, source_of_project,
};
use stackone_link_wire::{RecordHeaders, partition_of_key};
use stackone_processor_core::processor::Input;
use stackone_processor_core::resync::{Found, OfProject};
use uuid::Uuid;

use super::{Act, ApiCall, Lane, Run};
use crate::kafka::call::{Call, Reply};
use crate::kafka::log::New;
use crate::kafka::{Stored, TopicPartition};
use crate::simulation::Simulation;
use crate::time::{Micros, SECOND, wall};

/// Attempts for a page before a run is given up.
const ATTEMPTS: u32 = 8;

/// A list under way.
#[derive(Debug)]
pub struct List {
    id: Uuid,
    started_at: Timestamp,
    /// Records that are not stored yet.
    unstored: usize,
    stage: Stage,
    attempts: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begin,
    Triggers,
    End,
}

impl List {
    /// A run that begins now.
    #[must_use]
    pub fn new(number: u64, now: Micros) -> Self {
        let id = event_id_of_body(&number.to_be_bytes());
        Self {
            id,
            started_at: wall(now),
            unstored: 0,
            stage: Stage::Begin,
            attempts: 0,
        }
    }

    /// The markers of its beginning or its end.
    #[must_use]
    pub fn markers(&self, partitions: i32, is_complete: bool) -> Vec<(TopicPartition, New)> {
        let marker = ListingMarker {
            run: self.id,
            project_id: None,
            started_at: self.started_at,
            is_complete,
        };
        let value = serde_json::to_vec(&marker).unwrap_or_default();
        let new = self.record(LISTING_MARKER_TYPE, value, None);
        (0..partitions)
            .map(|partition| ((Stored::Events, partition), new.clone()))
            .collect()
    }

    /// The triggers of what is listed.
    #[must_use]
    pub fn triggers(
        &self,
        partitions: i32,
        list: &[(String, Account)],
    ) -> Vec<(TopicPartition, New)> {
        let trigger = |(id, account): &(String, Account)| {
            let account_id = AccountId::try_from(id.as_str()).ok()?;
            let listed = AccountListed {
                run: self.id,
                project_id: None,
                account_id,
                status: account.status.clone(),
                updated_at: account.snapshot.updated_at,
            };
            let value = serde_json::to_vec(&listed).ok()?;
            let partition = partition_of_key(id.as_bytes(), partitions);
            Some((
                (Stored::Events, partition),
                self.record(ACCOUNT_LISTED_TYPE, value, Some(id)),
            ))
        };
        list.iter().filter_map(trigger).collect()
    }

    fn record(&self, event_type: &str, value: Vec<u8>, account: Option<&str>) -> New {
        let headers = RecordHeaders::of(CloudEvent {
            id: event_id_of_body(&value),
            event_type: event_type.to_owned(),
            source: source_of_project(None),
            subject: account.map(str::to_owned),
            time: Some(self.started_at),
            dataschema: None,
        });
        New {
            key: account.map(|account| account.as_bytes().into()),
            value: Some(value.into()),
            headers: Some(Rc::new(headers)),
        }
    }
}

impl Simulation {
    pub(crate) fn begin_list(&mut self, r: usize, run: &mut Run, lane: Lane) {
        let number = self.replicas[r].network.draw();
        let list = List::new(number, self.now);
        let markers = list.markers(self.kafka.partitions, false);
        run.lists.insert(lane, list);
        self.publish_list(r, run, lane, markers);
    }

    fn publish_list(
        &mut self,
        r: usize,
        run: &mut Run,
        lane: Lane,
        records: Vec<(TopicPartition, New)>,
    ) {
        let Some(list) = run.lists.get_mut(&lane) else {
            return;
        };
        list.unstored = records.len();
        if records.is_empty() {
            return self.list_goes_on(r, run, lane);
        }
        for (target, new) in records {
            self.send(r, Call::Publish { target, new });
        }
    }

    pub(crate) fn on_published(&mut self, r: usize, run: &mut Run, is_stored: bool) {
        // There is one project.
        let lane = 0;
        let Some(list) = run.lists.get_mut(&lane).filter(|list| list.unstored > 0) else {
            return;
        };
        if !is_stored {
            return self.end_list(r, run, lane, None);
        }
        list.unstored -= 1;
        if list.unstored == 0 {
            self.list_goes_on(r, run, lane);
        }
    }

    fn list_goes_on(&mut self, r: usize, run: &mut Run, lane: Lane) {
        let Some(list) = run.lists.get_mut(&lane) else {
            return;
        };
        match list.stage {
            Stage::Begin => {
                list.stage = Stage::Triggers;
                self.ask(r, ApiCall::Page { lane });
            }
            Stage::Triggers => {
                list.stage = Stage::End;
                let markers = list.markers(self.kafka.partitions, true);
                self.publish_list(r, run, lane, markers);
            }
            Stage::End => {
                let completed = Some(self.clock(r).wall);
                self.end_list(r, run, lane, completed);
            }
        }
    }

    pub(crate) fn on_page(
        &mut self,
        r: usize,
        run: &mut Run,
        lane: Lane,
        page: Result<Vec<(String, Account)>, ApiError>,
    ) {
        let Some(list) = run.lists.get_mut(&lane) else {
            return;
        };
        match page {
            Ok(page) => {
                let triggers = list.triggers(self.kafka.partitions, &page);
                self.publish_list(r, run, lane, triggers);
            }
            Err(ApiError::RateLimited { .. } | ApiError::Unavailable { .. })
                if list.attempts < ATTEMPTS =>
            {
                list.attempts += 1;
                let wait = SECOND << list.attempts;
                self.act_later(r, wait, Act::Ask(ApiCall::Page { lane }));
            }
            Err(_) => self.end_list(r, run, lane, None),
        }
    }

    fn end_list(&mut self, r: usize, run: &mut Run, lane: Lane, completed: Option<Timestamp>) {
        run.lists.remove(&lane);
        self.give(r, run, Input::ResyncEnded { lane, completed });
    }

    pub(crate) fn on_markers(
        &mut self,
        r: usize,
        run: &mut Run,
        (epoch, committed): (u64, i64),
        reply: Reply,
    ) {
        let (records, is_known) = match reply {
            Reply::Records(fetched) => (fetched.records, true),
            _ => (Vec::new(), false),
        };
        let mut found = OfProject::default();
        for record in records {
            let Some(value) = record.value.as_deref() else {
                continue;
            };
            let is_marker = record
                .headers
                .as_ref()
                .is_some_and(|headers| headers.event.event_type == LISTING_MARKER_TYPE);
            let Some(marker) = serde_json::from_slice::<ListingMarker>(value)
                .ok()
                .filter(|_| is_marker)
            else {
                continue;
            };
            let at = Timestamp::from_millisecond(record.timestamp_ms).ok();
            found.note(at, marker.is_complete, record.offset < committed);
        }
        let found = Found {
            of_projects: vec![found],
            is_known,
        };
        self.give(r, run, Input::MarkersRead { epoch, found });
    }
}
