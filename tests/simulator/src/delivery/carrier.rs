//! Carries one copy of a webhook to its address, again and again until it is answered with 200 or
//! given up.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use reqwest::Client;
use secrecy::ExposeSecret;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::delivery::courier::Webhook;
use crate::delivery::journal::Journal;
use crate::delivery::{Delivery, DeliveryOutcome, DeliverySettings, RetrySchedule, attempt};
use crate::project::WebhookTarget;
use crate::signature::SignedBody;
use crate::timestamp;

/// The right to have a request in flight.
type Slot = OwnedSemaphorePermit;

#[derive(Clone)]
pub(crate) struct Carrier {
    client: Client,
    journal: Arc<Journal>,
    settings: DeliverySettings,
    in_flight: Arc<Semaphore>,
    stop: CancellationToken,
}

impl Carrier {
    pub(crate) fn new(
        client: Client,
        journal: Arc<Journal>,
        settings: DeliverySettings,
        stop: CancellationToken,
    ) -> Self {
        let slots = usize::try_from(settings.concurrency.get()).unwrap_or(usize::MAX);
        Self {
            client,
            journal,
            settings,
            in_flight: Arc::new(Semaphore::new(slots.min(Semaphore::MAX_PERMITS))),
            stop,
        }
    }

    pub(crate) fn stopped(&self) -> CancellationToken {
        self.stop.clone()
    }

    pub(crate) async fn slot(&self) -> Option<Slot> {
        Arc::clone(&self.in_flight).acquire_owned().await.ok()
    }

    /// The number of the copy that is about to be sent.
    pub(crate) fn count_copy(&self, webhook: &Webhook, extra: bool) -> u32 {
        if extra {
            self.journal.add_copy();
        }
        webhook.copies.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Drops a webhook.
    pub(crate) fn lose(&self, webhook: &Webhook) {
        let copy = self.count_copy(webhook, false);
        let lost = Attempt {
            number: 1,
            outcome: DeliveryOutcome::Lost,
            elapsed: Duration::ZERO,
            retry_in: None,
        };
        self.write(webhook, copy, lost);
    }

    /// Sends a copy after `wait`, the first time in `slot`.
    pub(crate) async fn deliver(
        self,
        webhook: &Webhook,
        copy: u32,
        wait: Duration,
        slot: Option<Slot>,
    ) {
        let work = self.deliver_until_answered(webhook, copy, wait, slot);
        if self.stop.run_until_cancelled(work).await.is_none() {
            self.journal.end();
        }
    }

    async fn deliver_until_answered(
        &self,
        webhook: &Webhook,
        copy: u32,
        mut wait: Duration,
        mut slot: Option<Slot>,
    ) {
        for number in 1.. {
            tokio::time::sleep(wait).await;
            let slot = match slot.take() {
                Some(slot) => Some(slot),
                None => self.slot().await,
            };
            let begun = Instant::now();
            let outcome = self.attempt(webhook).await;
            drop(slot);
            let retry_in = self.retry_in(webhook, number, &outcome);
            let elapsed = begun.elapsed();
            self.write(
                webhook,
                copy,
                Attempt {
                    number,
                    outcome,
                    elapsed,
                    retry_in,
                },
            );
            match retry_in {
                Some(next) => wait = next,
                None => return,
            }
        }
    }

    async fn attempt(&self, webhook: &Webhook) -> DeliveryOutcome {
        match webhook.letter.project.target() {
            Some(target) => {
                let signed = self.sign(webhook, &target);
                attempt::post(&self.client, &target.url, signed).await
            }
            None => DeliveryOutcome::Unanswered {
                error: "the project has no webhook any more".to_owned(),
            },
        }
    }

    fn sign(&self, webhook: &Webhook, target: &WebhookTarget) -> SignedBody {
        let now = timestamp::now();
        let first_sent_at = *webhook.sent_at.get_or_init(|| now);
        let sent_at = if self.settings.refresh_sent_at {
            now
        } else {
            first_sent_at
        };
        let letter = &webhook.letter;
        let secret = target.secret.expose_secret().as_bytes();
        SignedBody::new(secret, letter.content.to_bytes(sent_at), letter.tamper)
    }

    /// What was spoilt on purpose is not StackOne's and is sent once.
    fn retry_in(
        &self,
        webhook: &Webhook,
        attempt: u32,
        outcome: &DeliveryOutcome,
    ) -> Option<Duration> {
        let schedule = match webhook.letter.tamper {
            None => self.settings.retry,
            Some(_) => RetrySchedule::never(),
        };
        match outcome {
            DeliveryOutcome::Delivered | DeliveryOutcome::Lost => None,
            DeliveryOutcome::Refused { .. } | DeliveryOutcome::Unanswered { .. } => {
                schedule.wait_after(attempt)
            }
        }
    }

    fn write(&self, webhook: &Webhook, copy: u32, attempt: Attempt) {
        let letter = &webhook.letter;
        self.journal.write(Delivery {
            webhook: webhook.number,
            project_id: letter.project.id.clone(),
            event: letter.event.clone(),
            account_id: letter.account_id.clone(),
            copy,
            attempt: attempt.number,
            tampered: letter.tamper.is_some(),
            outcome: attempt.outcome,
            elapsed: attempt.elapsed,
            retry_in: attempt.retry_in,
            at: timestamp::now(),
        });
    }
}

struct Attempt {
    number: u32,
    outcome: DeliveryOutcome,
    elapsed: Duration,
    retry_in: Option<Duration>,
}
