//! Takes webhooks in, lets the disturbance decide their fate, and delivers each until it is
//! answered with 200.

use std::collections::VecDeque;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::Client;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::account::AccountId;
use crate::delivery::DeliverySettings;
use crate::delivery::carrier::Carrier;
use crate::delivery::dispatcher::Dispatcher;
use crate::delivery::disturbance::{Disturbance, Disturber};
use crate::delivery::journal::Journal;
use crate::project::Project;
use crate::signature::Tamper;
use crate::webhook::WebhookContent;

/// What is to be delivered, and for whom.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) project: Arc<Project>,
    pub(crate) event: String,
    pub(crate) account_id: Option<AccountId>,
    pub(crate) content: WebhookContent,
    pub(crate) tamper: Option<Tamper>,
}

/// A webhook that was handed in.
#[derive(Debug)]
pub(crate) struct Webhook {
    pub(crate) number: u64,
    pub(crate) letter: Letter,
    /// When its first attempt was made.
    pub(crate) sent_at: OnceLock<Timestamp>,
    /// How many copies have been sent.
    pub(crate) copies: AtomicU32,
}

/// A webhook on its way to its first attempt.
#[derive(Debug)]
pub(crate) struct Dispatch {
    pub(crate) webhook: Arc<Webhook>,
    pub(crate) lost: bool,
    pub(crate) not_before: Instant,
}

/// Where webhooks are handed in.
#[derive(Debug)]
pub(crate) struct Courier {
    queue: mpsc::UnboundedSender<Dispatch>,
    disturber: Arc<Mutex<Disturber<Arc<Webhook>>>>,
    sent: Mutex<VecDeque<Arc<Webhook>>>,
    journal: Arc<Journal>,
    settings: DeliverySettings,
}

impl Courier {
    /// Starts the dispatcher on `tracker`; it ends with `stop`.
    pub(crate) fn start(
        settings: DeliverySettings,
        seed: u64,
        client: Client,
        tracker: &TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let (queue, dispatches) = mpsc::unbounded_channel();
        let disturber = Arc::new(Mutex::new(Disturber::new(seed)));
        let journal = Arc::new(Journal::new(settings.journal_size));
        let carrier = Carrier::new(client, Arc::clone(&journal), settings.clone(), stop);
        let dispatcher = Dispatcher::new(Arc::clone(&disturber), tracker.clone(), carrier);
        tracker.spawn(dispatcher.run(dispatches));
        Self {
            queue,
            disturber,
            sent: Mutex::default(),
            journal,
            settings,
        }
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }

    pub(crate) fn disturbance(&self) -> Disturbance {
        lock(&self.disturber).disturbance()
    }

    pub(crate) fn set_disturbance(&self, disturbance: Disturbance) {
        lock(&self.disturber).set(disturbance);
    }

    /// Hands a webhook in and gives its number.
    pub(crate) fn send(&self, letter: Letter, lost: bool) -> u64 {
        let number = self.journal.begin();
        let webhook = Arc::new(Webhook {
            number,
            letter,
            sent_at: OnceLock::new(),
            copies: AtomicU32::new(0),
        });
        self.remember(&webhook);
        self.dispatch(webhook, lost, self.settings.lead_time);
        number
    }

    /// Delivers one of the newest webhooks once more. False: it is not remembered.
    pub(crate) fn redeliver(&self, number: u64) -> bool {
        let sent = lock(&self.sent);
        let Some(webhook) = sent.iter().find(|webhook| webhook.number == number) else {
            return false;
        };
        self.journal.add_copy();
        self.dispatch(Arc::clone(webhook), false, Duration::ZERO);
        true
    }

    fn remember(&self, webhook: &Arc<Webhook>) {
        let mut sent = lock(&self.sent);
        sent.push_back(Arc::clone(webhook));
        if sent.len() > self.settings.journal_size {
            sent.pop_front();
        }
    }

    fn dispatch(&self, webhook: Arc<Webhook>, lost: bool, lead_time: Duration) {
        let dispatch = Dispatch {
            webhook,
            lost,
            not_before: Instant::now() + lead_time,
        };
        if self.queue.send(dispatch).is_err() {
            // The simulator was shut down: nothing is under way any more.
            self.journal.end();
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
