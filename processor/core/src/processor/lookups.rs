//! Sending lookups, and taking their answers in: one that told something is decided in the next commit, one that failed is
//! tried again.

use std::hash::BuildHasher as _;
use std::time::Duration;

use stackone_client_types::{ApiError, Lookup};
use stackone_link_schemas::DeadLetterReason;

use super::input::{LookedUp, LookedUpTogether, Refetched};
use super::{Action, Fact, Processor, Turn};
use crate::api_gate::PROBE_INTERVAL;
use crate::api_gate::batch::{Asked, BatchAnomaly};
use crate::api_gate::breaker::Change;
use crate::committer::ready_to_commit::ReadyToCommit;
use crate::time::Monotonic;
use crate::work::backoff::Backoff;
use crate::work::queue::Lane;
use crate::work::{AccountKey, Work};

/// Attempts before a lookup that is rejected for good is given up.
const REJECTED_ATTEMPTS: u32 = 3;
/// Attempts, over at least [`crate::settings::DecisionSettings::unreadable_time`], before an unreadable answer is given up.
const UNREADABLE_ATTEMPTS: u32 = 5;
/// Largest account, as JSON, that is told to subscribers.
const MAX_ACCOUNT_BYTES: usize = 256 * 1024;
/// How soon a probe that was neither accepted nor refused is repeated.
const PROBE_AGAIN: Duration = Duration::from_secs(2);

impl Processor {
    /// Sends lookups as long as there is room and something is ready.
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

    /// A lookup was answered.
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

    /// Routes a lookup's result to the next commit or to the retry policy.
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

    fn failed(&mut self, key: &AccountKey, lane: Lane, error: ApiError, turn: &mut Turn<'_>) {
        let now = turn.now.monotonic;
        match error {
            ApiError::RateLimited { retry_after } => {
                self.rate_limited(lane, retry_after, turn);
                self.scheduler.queue.recheck(key, now, now, |_| {});
            }
            ApiError::Unavailable { retry_after, .. } => {
                self.unavailable(key, lane, retry_after, now);
            }
            ApiError::Refused { status } => self.refused(key, lane, status, turn),
            ApiError::Rejected { status } => self.rejected(key, status, turn),
            ApiError::Unreadable { reason } => self.unreadable(key, reason, turn),
        }
    }

    fn rate_limited(&mut self, lane: Lane, retry_after: Option<Duration>, turn: &mut Turn<'_>) {
        let gate = self.scheduler.gate_mut(lane);
        gate.rate_limited(retry_after, turn.now.monotonic);
        turn.note(Fact::RateLimited { lane, retry_after });
    }

    /// How waits grow, and the random number for the next.
    fn backoff(&mut self) -> (Backoff, f64) {
        (self.settings.backoff, self.random.fraction())
    }

    /// The account backs off, or waits with all others for the breaker.
    fn unavailable(
        &mut self,
        key: &AccountKey,
        lane: Lane,
        retry_after: Option<Duration>,
        now: Monotonic,
    ) {
        let is_broken = self.scheduler.gate(lane).is_broken();
        let backoff = self.backoff();
        self.scheduler.back_off(key, |failures| {
            failures.unavailable(is_broken, retry_after, backoff, now)
        });
    }

    /// A refusal is about the key, unless a probe with the same key was accepted since the last one.
    fn refused(&mut self, key: &AccountKey, lane: Lane, status: u16, turn: &mut Turn<'_>) {
        let now = turn.now.monotonic;
        let queue = &mut self.scheduler.queue;
        let refused_at = queue.asked(key).and_then(|work| work.failures.refused_at);
        let gate = self.scheduler.gate(lane);
        if refused_at.is_some_and(|at| gate.was_accepted_since(at)) {
            let works = self.scheduler.queue.work_mut(key);
            works.for_each(|work| work.failures.refused_at = None);
            return self.rejected(key, status, turn);
        }
        self.halt(lane, status, turn);
        let refused = |work: &mut Work| work.failures.refused_at = Some(now);
        self.scheduler.queue.recheck(key, now, now, refused);
    }

    /// The key is refused: nothing is asked with it until a probe is accepted.
    fn halt(&mut self, lane: Lane, status: u16, turn: &mut Turn<'_>) {
        if self.scheduler.gate_mut(lane).refused() {
            turn.note(Fact::KeyRefused { lane, status });
            self.probe(lane, Duration::ZERO);
        }
    }

    fn probe(&mut self, lane: Lane, wait: Duration) {
        self.actions.push_back(Action::Probe { lane, wait });
    }

    /// A probe was answered.
    pub(super) fn on_probe(
        &mut self,
        lane: Lane,
        result: &Result<(), ApiError>,
        turn: &mut Turn<'_>,
    ) {
        match result {
            Ok(()) => self.scheduler.gate_mut(lane).accepted(turn.now.monotonic),
            Err(ApiError::Refused { .. }) => self.probe(lane, PROBE_INTERVAL),
            Err(
                ApiError::RateLimited { .. }
                | ApiError::Unavailable { .. }
                | ApiError::Rejected { .. }
                | ApiError::Unreadable { .. },
            ) => self.probe(lane, PROBE_AGAIN),
        }
        turn.note(Fact::Probed {
            lane,
            is_refused: self.scheduler.gate(lane).is_refused(),
            all_refused: self.scheduler.all_refused(),
        });
    }

    fn rejected(&mut self, key: &AccountKey, status: u16, turn: &mut Turn<'_>) {
        let asked = self.scheduler.queue.asked(key);
        let attempts = asked.map_or(0, |work| work.failures.rejected) + 1;
        if attempts >= REJECTED_ATTEMPTS {
            let detail = format!("status {status}");
            return self.give_up_account(key, DeadLetterReason::LookupRejected, detail);
        }
        let (backoff, now) = (self.backoff(), turn.now.monotonic);
        self.scheduler.back_off(key, |failures| {
            failures.rejected = attempts;
            failures.back_off(None, backoff, now)
        });
    }

    fn unreadable(&mut self, key: &AccountKey, reason: String, turn: &mut Turn<'_>) {
        let now = turn.now.monotonic;
        let asked = self.scheduler.queue.asked(key);
        let failures = asked.map(|work| work.failures).unwrap_or_default();
        let attempts = failures.unreadable + 1;
        let first = failures.first_unreadable.unwrap_or(now);
        let is_long_enough = now.duration_since(first) >= self.settings.unreadable_time;
        if attempts >= UNREADABLE_ATTEMPTS && is_long_enough {
            return self.give_up_account(key, DeadLetterReason::LookupUnreadable, reason);
        }
        let backoff = self.backoff();
        self.scheduler.back_off(key, |failures| {
            failures.unreadable = attempts;
            failures.first_unreadable = Some(first);
            failures.back_off(None, backoff, now)
        });
    }

    /// Has the account's records read again, to put them aside. Meanwhile it counts as being looked up.
    fn give_up_account(&mut self, key: &AccountKey, reason: DeadLetterReason, detail: String) {
        let epoch = self.partitions.epoch_of(key.partition);
        let Some((work, epoch)) = self.scheduler.queue.asked(key).zip(epoch) else {
            return;
        };
        let causes = work.pending.causes.clone();
        self.actions.push_back(Action::Refetch {
            key: key.clone(),
            epoch,
            causes,
            reason,
            detail,
        });
    }

    /// The records of an account that is put aside were read again.
    pub(super) fn on_refetched(&mut self, refetched: Box<Refetched>) {
        self.committer.ready.push(ReadyToCommit::GivenUp(refetched));
    }

    /// An account cannot be put aside now: it stays pending, and is looked up once more before that is tried again.
    pub(super) fn stays_pending(&mut self, key: &AccountKey, epoch: u64, turn: &mut Turn<'_>) {
        if self.partitions.is_ours(key.partition, epoch) {
            let (backoff, now) = (self.backoff(), turn.now.monotonic);
            self.scheduler
                .back_off(key, |failures| failures.back_off(None, backoff, now));
        }
    }

    /// A lookup of several accounts was answered. One that failed says nothing of any of its accounts, so none of them has
    /// failed: each goes back to where it was. Only where the API is unavailable each backs off, as it would if asked for
    /// alone.
    pub(super) fn on_batch(&mut self, answer: LookedUpTogether, turn: &mut Turn<'_>) {
        let LookedUpTogether { lane, sent, result } = answer;
        let now = turn.now.monotonic;
        match result {
            Ok(reading) => {
                self.note_availability(lane, None, sent, None, turn);
                let size = reading.shown.len() + reading.missing.len();
                let anomaly = self.scheduler.listed(lane, &reading, now);
                self.note_anomaly(lane, anomaly, turn);
                for (Asked { key, epoch }, account) in reading.shown {
                    if self.scheduler.is_awaited(&key, epoch, &self.partitions) {
                        self.scheduler.queue.answered(&key);
                        let lookup = Lookup::Found(Box::new(account));
                        self.on_lookup_result(key, lane, sent, Ok(lookup), turn);
                    }
                }
                for key in self.awaited(reading.missing) {
                    let left_out = |work: &mut Work| work.failures.left_out_of = Some(size);
                    self.scheduler.queue.ask_again(&key, now, left_out);
                }
            }
            Err((asked, error)) => {
                let first = asked.first().map(|asked| &asked.key);
                self.note_availability(lane, first, sent, Some(&error), turn);
                self.batch_failed(lane, asked, &error, turn);
            }
        }
    }

    fn batch_failed(
        &mut self,
        lane: Lane,
        asked: Vec<Asked>,
        error: &ApiError,
        turn: &mut Turn<'_>,
    ) {
        let accounts = asked.len();
        turn.note(Fact::BatchFailed {
            lane,
            accounts,
            error,
        });
        let now = turn.now.monotonic;
        let anomaly = self.scheduler.list_failed(lane, error, now);
        self.note_anomaly(lane, anomaly, turn);
        let keys = self.awaited(asked);
        let says_so_of_each = match error {
            ApiError::Unavailable { .. } | ApiError::RateLimited { .. } => true,
            ApiError::Refused { .. } => anomaly.is_none(),
            ApiError::Rejected { .. } | ApiError::Unreadable { .. } => false,
        };
        for key in keys.iter().filter(|_| says_so_of_each) {
            self.scheduler.note_lookup(key, Err(error), turn.now.wall);
        }
        match error {
            ApiError::Unavailable { retry_after, .. } => {
                for key in keys {
                    self.unavailable(&key, lane, *retry_after, now);
                }
                return;
            }
            ApiError::RateLimited { retry_after } => self.rate_limited(lane, *retry_after, turn),
            ApiError::Refused { status } if anomaly.is_none() => self.halt(lane, *status, turn),
            ApiError::Refused { .. } | ApiError::Rejected { .. } | ApiError::Unreadable { .. } => {}
        }
        for key in keys {
            self.scheduler.queue.ask_again(&key, now, |_| {});
        }
    }

    fn awaited(&self, asked: Vec<Asked>) -> Vec<AccountKey> {
        let is_awaited = |asked: &Asked| {
            self.scheduler
                .is_awaited(&asked.key, asked.epoch, &self.partitions)
        };
        let asked = asked.into_iter().filter(is_awaited);
        asked.map(|asked| asked.key).collect()
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

    /// A request that was sent at `sent` came back, with an error or without. It counts also where its accounts are not
    /// ours any more. Of a batch, the account that comes first stands for it.
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

/// The lookup, unless its account could make a record that the topics refuse: then nothing else in its transaction could
/// be committed either. Only `setup_information` is ever that large.
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
