//! Tests the conductor in virtual time: what it writes for one account, whatever the results of its
//! lookups.

mod in_parts;
mod lag;
mod last_lookup;
mod offsets;
mod projects;
mod unlinks;
mod written;

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use stackone_client_types::{ApiError, Lookup};
use stackone_link_schemas::{AccountId, AccountState, AccountStatus, DeadLetterReason};
use stackone_link_wire::{Topic, Topics};

use super::input::{
    ClusterAnswer, Generation, LookedUp, Position, Refetched, Restored, Transacted,
};
use super::*;
use crate::api_gate::batch::BatchSettings;
use crate::api_gate::{Project, Projects};
use crate::event::intake::Consumed;
use crate::event::records::Batch;
use crate::offsets::open_records::Open;
use crate::reconcile::GracePeriods;
use crate::reconcile::tests::account;
use crate::settings::Limits;
use crate::state::store::StateStore;
use crate::work::AccountKey;
use crate::work::backoff::Backoff;
use crate::work::queue::Lane;

const START: Timestamp = Timestamp::constant(1_772_614_800, 0);

type Answer = Result<Lookup, ApiError>;

/// A run that owns the only partition.
struct Run {
    core: Processor,
    now: Duration,
    answers: VecDeque<Answer>,
    /// The accounts, `a0` and so on, that are gone while all others are active: this instead of
    /// answers.
    gone: Option<Range<usize>>,
    /// Whether no lookup is answered.
    is_silent: bool,
    /// The project of each lookup.
    asked: Vec<Lane>,
    /// The values written to the state topic, in order.
    states: Vec<Option<AccountState>>,
    /// The values written to the dead-letter topic, in order.
    letters: Vec<Vec<u8>>,
    /// The offsets that were sent with transactions, in order.
    offsets: Vec<(i32, i64)>,
    seen: Seen,
    /// What is restored.
    before: Option<(StateStore, i64)>,
}

/// Why records got dead letters, and how many did.
#[derive(Default)]
struct Seen(Vec<(DeadLetterReason, u64, String)>);

impl Observer for Seen {
    fn note(&mut self, fact: Fact<'_>) {
        if let Fact::PutAside { reason, detail, .. } = fact {
            self.0.push((reason.clone(), 1, detail.to_owned()));
        }
        if let Fact::AccountPutAside {
            reason,
            records,
            detail,
            ..
        } = fact
        {
            self.0.push((reason.clone(), records, detail.to_owned()));
        }
    }
}

impl Run {
    fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::with(settings(), answers)
    }

    fn with(settings: Arc<DecisionSettings>, answers: impl IntoIterator<Item = Answer>) -> Self {
        let mut run = Self::idle(settings, Duration::ZERO);
        run.answers = answers.into_iter().collect();
        run.begin(StateStore::default(), 0)
    }

    fn idle(settings: Arc<DecisionSettings>, now: Duration) -> Self {
        Self {
            core: Processor::new(settings, 7, at(now)),
            now,
            answers: VecDeque::new(),
            gone: None,
            is_silent: false,
            asked: Vec::new(),
            states: Vec::new(),
            letters: Vec::new(),
            offsets: Vec::new(),
            seen: Seen::default(),
            before: None,
        }
    }

    /// Begins with these states, at this offset.
    fn begin(mut self, states: StateStore, next: i64) -> Self {
        self.before = Some((states, next));
        self.handle(Input::ClusterAnswered(ClusterAnswer::Yes {
            partitions: 1,
            watermarks: Vec::new(),
        }));
        self.handle(Input::Assigned {
            partitions: vec![0],
            generation: Some(Generation(1)),
        });
        self
    }

    fn handle(&mut self, input: Input) {
        self.core.handle(at(self.now), input, &mut self.seen);
        while let Some(action) = self.core.next_action() {
            if let Some(answer) = self.carry_out(action) {
                self.core.handle(at(self.now), answer, &mut self.seen);
            }
        }
    }

    fn carry_out(&mut self, action: Action) -> Option<Input> {
        match action {
            Action::Restore { partition, epoch } => {
                let (states, next) = self.before.take().expect("no second restore");
                Some(restored((partition, epoch), states, next))
            }
            Action::LookUp { .. } if self.is_silent => None,
            Action::LookUp {
                key,
                lane,
                epoch,
                sent,
            } => {
                self.asked.push(lane);
                let result = self.answer(&key);
                Some(Input::LookedUp(LookedUp {
                    key,
                    lane,
                    epoch,
                    sent,
                    result,
                }))
            }
            Action::Refetch {
                key,
                epoch,
                reason,
                detail,
                ..
            } => Some(Input::Refetched(Box::new(Refetched {
                key,
                epoch,
                reason,
                detail,
                originals: vec![(webhook(0), false)],
            }))),
            Action::Transact { batch, .. } => {
                self.commit(batch);
                Some(Input::Transacted(Transacted::Committed))
            }
            Action::End(end) => panic!("{end:?}"),
            Action::Assign(_)
            | Action::Unassign(_)
            | Action::Pause(_)
            | Action::Resume(_)
            | Action::LookUpTogether { .. }
            | Action::Probe { .. }
            | Action::AskCluster { .. }
            | Action::ReadMarkers { .. }
            | Action::Resync { .. } => None,
        }
    }

    fn answer(&mut self, key: &AccountKey) -> Answer {
        let Some(gone) = &self.gone else {
            return self.answers.pop_front().expect("no more lookups");
        };
        let number = key.id.as_str().trim_start_matches('a').parse();
        if gone.contains(&number.expect("a number")) {
            return Ok(Lookup::NotFound);
        }
        found("active")
    }

    fn commit(&mut self, batch: Batch) {
        self.offsets.extend(batch.offsets);
        let topics = Topics::default();
        for record in batch.records {
            if record.topic == topics.name(Topic::DeadLetter) {
                self.letters.extend(record.value);
            } else if record.topic == topics.name(Topic::State) {
                let read = |value: Vec<u8>| serde_json::from_slice(&value).expect("a state");
                self.states.push(record.value.map(read));
            }
        }
    }

    /// Plays until this many seconds after the start.
    fn play_until(&mut self, seconds: u64) {
        let end = Duration::from_secs(seconds);
        while let Some(wake) = self.core.next_wake(at(self.now)) {
            let wake = wake.since_start();
            // A due time stays due where the clock stands still.
            self.now = wake.max(self.now + Duration::from_millis(1)).min(end);
            self.handle(Input::Tick);
            if self.now == end {
                return;
            }
        }
    }
}

fn at(now: Duration) -> Now {
    Now {
        monotonic: Monotonic::after_start(now),
        wall: START + now,
    }
}

fn restored((partition, epoch): (i32, u64), states: StateStore, next: i64) -> Input {
    let position = Position {
        next,
        ..Position::default()
    };
    let restored = Restored {
        states,
        partitions: 1,
        position,
    };
    Input::Restored {
        partition,
        epoch,
        result: Box::new(Ok(restored)),
        took: Duration::ZERO,
    }
}

fn webhook(offset: i64) -> Consumed {
    let value = format!(r#"{{"event":"account.created","account_id":"a","event_date":"{START}"}}"#);
    Consumed {
        partition: 0,
        offset,
        timestamp_ms: START.as_millisecond(),
        key: Some(b"a".to_vec()),
        value: value.into_bytes(),
        headers: None,
    }
}

fn found(status: &str) -> Answer {
    let mut account = account(status);
    account.snapshot.updated_at = Some(START);
    Ok(Lookup::Found(Box::new(account)))
}

pub(crate) fn settings() -> Arc<DecisionSettings> {
    let project = Project {
        id: None,
        requests_per_minute: NonZeroU32::MAX,
    };
    Arc::new(DecisionSettings {
        projects: Arc::new(Projects::new(vec![project])),
        topics: Topics::default(),
        marker_interval: Duration::from_millis(100),
        merges_triggers: true,
        limits: Limits {
            lookups: 1,
            pending: 10,
            open: Open {
                records: 10,
                bytes: 10_000,
            },
        },
        batch: BatchSettings {
            threshold: 10,
            max_ids: 50,
        },
        resync_interval: None,
        resync_requests_per_minute: 90,
        unreadable_time: Duration::from_secs(60),
        backoff: Backoff::default(),
        periods: GracePeriods::default(),
    })
}
