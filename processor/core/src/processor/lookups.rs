//! Sends lookups and takes their answers. An answer is decided in the next commit; a failed lookup
//! is tried again.

mod failed;
mod together;

use std::hash::BuildHasher as _;

use stackone_client_types::{ApiError, Lookup};

use super::input::LookedUp;
use super::{Action, Fact, Processor, Turn};
use crate::api_gate::batch::{Asked, BatchAnomaly};
use crate::api_gate::breaker::Change;
use crate::committer::ready_to_commit::ReadyToCommit;
use crate::time::Monotonic;
use crate::work::queue::Lane;
use crate::work::{AccountKey, Work};

/// The largest account, in bytes of its JSON, that an event may hold.
const MAX_ACCOUNT_BYTES: usize = 256 * 1024;

impl Processor {
    /// Sends lookups while their number is below the limit and an account is ready.
    pub(super) fn send_lookups(&mut self, turn: &mut Turn<'_>) {
        if self.committer.is_full() {
            return;
        }
        let sent = turn.now.monotonic;
        loop {
            let (settings, intake, partitions) = (&self.settings, &self.intake, &self.partitions);
            let is_modest = |lane, work: &Work| {
                let held =
                    super::guard::is_held(lane, work, turn.now, (settings, intake, partitions));
                work.is_recorded_elsewhere() || held
            };
            let taken = self.scheduler.take_next(partitions, turn.now, is_modest);
            let Some((lane, keys)) = taken else { return };
            let asked = |key: AccountKey| {
                let epoch = partitions.epoch_of(key.partition).unwrap_or_default();
                Asked { key, epoch }
            };
            let mut asked: Vec<Asked> = keys.into_iter().map(asked).collect();
            let action = match asked.pop() {
                Some(Asked { key, epoch }) if asked.is_empty() => Action::LookUp {
                    key,
                    lane,
                    epoch,
                    sent,
                },
                last => {
                    asked.extend(last);
                    Action::LookUpTogether { asked, lane, sent }
                }
            };
            self.actions.push_back(action);
        }
    }

    /// Takes the result of a lookup.
    pub(super) fn on_lookup(&mut self, answer: LookedUp, turn: &mut Turn<'_>) {
        let LookedUp {
            key,
            lane,
            epoch,
            sent,
            result,
        } = answer;
        self.note_availability(lane, Some(&key), sent, result.as_ref().err(), turn);
        if !self.scheduler.is_awaited(&key, epoch, &self.partitions) {
            return;
        }
        self.scheduler.queue.answered(&key);
        if let Ok(lookup) = &result {
            let now = turn.now.monotonic;
            let anomaly = self.scheduler.answered_alone(&key, lane, lookup, now);
            self.note_anomaly(lane, anomaly, turn);
        }
        self.on_lookup_result(key, lane, sent, result, turn);
    }

    /// Routes a lookup result to the next commit or to the retry policy.
    fn on_lookup_result(
        &mut self,
        key: AccountKey,
        lane: Lane,
        sent: Monotonic,
        result: Result<Lookup, ApiError>,
        turn: &mut Turn<'_>,
    ) {
        let result = result.and_then(of_tellable_size);
        self.scheduler
            .note_lookup(&key, result.as_ref(), turn.now.wall);
        match result {
            Ok(lookup) => self.committer.ready.push(ReadyToCommit::Answered {
                key,
                lane,
                lookup,
                sent,
                at: turn.now.wall,
            }),
            Err(error) => {
                turn.note(Fact::LookupFailed {
                    key: &key,
                    error: &error,
                });
                self.failed(&key, lane, error, turn);
            }
        }
    }

    fn note_anomaly(&self, lane: Lane, anomaly: Option<BatchAnomaly>, turn: &mut Turn<'_>) {
        if let Some(anomaly) = anomaly {
            let most = self.scheduler.most_at_once(lane, turn.now.monotonic);
            turn.note(Fact::BatchLimited {
                lane,
                most,
                anomaly,
            });
        }
    }

    /// Notes for the breaker that a request sent at `sent` came back, with or without an error. It
    /// counts also where its partition was given up. The first account of a batch stands for the
    /// whole batch.
    fn note_availability(
        &mut self,
        lane: Lane,
        account: Option<&AccountKey>,
        sent: Monotonic,
        error: Option<&ApiError>,
        turn: &mut Turn<'_>,
    ) {
        let now = turn.now.monotonic;
        let account = foldhash::fast::FixedState::default().hash_one(account);
        let change = self
            .scheduler
            .note_availability(lane, account, sent, error, now);
        match (change, error) {
            (Some(Change::Opened { failed, of }), Some(error)) => {
                turn.note(Fact::BreakerOpened {
                    lane,
                    failed,
                    of,
                    error,
                });
            }
            (Some(Change::Closed { after }), _) => {
                let ready = self.scheduler.queue.count_ready(lane, now, usize::MAX);
                turn.note(Fact::BreakerClosed { lane, after, ready });
            }
            (Some(Change::Opened { .. }), None) | (None, _) => {}
        }
    }
}

/// Returns the lookup, unless the account is so large that the topics could refuse its records,
/// which would hold up all decisions of the transaction. Only `setup_information` is ever that
/// large.
fn of_tellable_size(lookup: Lookup) -> Result<Lookup, ApiError> {
    let Lookup::Found(account) = &lookup else {
        return Ok(lookup);
    };
    let size =
        serde_json::to_vec(&(&account.snapshot, &account.status_reasons)).map(|json| json.len());
    if size.is_ok_and(|size| size > MAX_ACCOUNT_BYTES) {
        Err(ApiError::unreadable(
            "the account is too large for a record",
        ))
    } else {
        Ok(lookup)
    }
}
