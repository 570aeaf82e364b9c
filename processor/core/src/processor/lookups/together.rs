//! Takes the results of batch lookups.

use stackone_client_types::{ApiError, Lookup};

use crate::api_gate::batch::Asked;
use crate::processor::input::LookedUpTogether;
use crate::processor::{Fact, Processor, Turn};
use crate::work::queue::Lane;
use crate::work::{AccountKey, Work};

impl Processor {
    /// Takes the result of a batch lookup. A failed one says nothing about any of its accounts, so
    /// none of them counts as failed, and each goes back to its place. Only where the API is
    /// unavailable each backs off, as after a single lookup.
    pub(in crate::processor) fn on_batch(&mut self, answer: LookedUpTogether, turn: &mut Turn<'_>) {
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
}
