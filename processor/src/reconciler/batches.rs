//! Taking in what lookups of several accounts told. One that failed says nothing of any of its accounts, so none of them
//! has failed: each goes back to where it was. Only where the API is unavailable each backs off, as it would if asked for
//! alone.

use crate::clock;
use stackone_client_types::{ApiError, Lookup};
use stackone_processor_core::time::Monotonic;

use super::Reconciler;
use crate::message::BatchAnswer;
use stackone_processor_core::api_gate::batch::{Asked, LIMITED_FOR, Odd};
use stackone_processor_core::work::queue::Lane;
use stackone_processor_core::work::{AccountKey, Work};

impl Reconciler {
    pub(super) fn batch_answered(&mut self, answer: BatchAnswer) {
        let (lane, now) = (answer.lane, clock::monotonic());
        let (asked, error) = match &answer.result {
            Ok(_) => (&[][..], None),
            Err((asked, error)) => (&asked[..], Some(error)),
        };
        let keys: Vec<&AccountKey> = asked.iter().map(|asked| &asked.key).collect();
        self.note_availability(lane, &keys, answer.sent, error, now);
        match answer.result {
            Ok(reading) => {
                let size = reading.shown.len() + reading.missing.len();
                let odd = self.batching[lane].listed(&reading, now);
                self.tell_odd(lane, odd, now);
                for (Asked { key, epoch }, account) in reading.shown {
                    if self.is_awaited(&key, epoch) {
                        self.queue.answered(&key);
                        let lookup = Lookup::Found(Box::new(account));
                        self.told(key, lane, answer.sent, Ok(lookup), now);
                    }
                }
                for key in self.awaited(reading.missing) {
                    let left_out = |work: &mut Work| work.failures.left_out_of = Some(size);
                    self.queue.ask_again(&key, now, left_out);
                }
            }
            Err((asked, error)) => self.batch_failed(lane, asked, &error, now),
        }
    }

    fn batch_failed(&mut self, lane: Lane, asked: Vec<Asked>, error: &ApiError, now: Monotonic) {
        let project = self.surroundings.projects.label(lane);
        tracing::debug!(project, accounts = asked.len(), %error, "batch lookup told nothing");
        let gate = &self.gates[lane];
        let accepted = |since| gate.was_accepted_since(since);
        let odd = self.batching[lane].failed(error, now, accepted);
        self.tell_odd(lane, odd, now);
        let keys = self.awaited(asked);
        match error {
            ApiError::Unavailable { retry_after, .. } => {
                for key in keys {
                    self.unavailable(&key, lane, *retry_after, now);
                }
                return;
            }
            ApiError::RateLimited { retry_after } => self.rate_limited(lane, *retry_after, now),
            ApiError::Refused { status } if odd.is_none() => self.halt(lane, *status),
            ApiError::Refused { .. } | ApiError::Rejected { .. } | ApiError::Unreadable { .. } => {}
        }
        for key in keys {
            self.queue.ask_again(&key, now, |_| {});
        }
    }

    /// An account that was asked for alone is answered: that may tell something about lists, too.
    pub(super) fn note_answered_alone(
        &mut self,
        key: &AccountKey,
        lane: Lane,
        lookup: &Lookup,
        now: Monotonic,
    ) {
        let asked = self.queue.asked(key);
        let was_left_out = asked.is_some_and(|work| work.failures.left_out_of.is_some());
        let odd = self.batching[lane].answered_alone(lookup, was_left_out, now);
        self.tell_odd(lane, odd, now);
    }

    fn awaited(&self, asked: Vec<Asked>) -> Vec<AccountKey> {
        let awaited = |asked: &Asked| self.is_awaited(&asked.key, asked.epoch);
        let asked = asked.into_iter().filter(awaited);
        asked.map(|asked| asked.key).collect()
    }

    fn tell_odd(&self, lane: Lane, odd: Option<Odd>, now: Monotonic) {
        let Some(odd) = odd else { return };
        let project = self.surroundings.projects.label(lane);
        let (most, limited_for) = (self.batching[lane].most(now), LIMITED_FOR);
        tracing::warn!(
            project,
            most,
            ?limited_for,
            "fewer accounts are asked for at once: {odd}"
        );
    }
}
