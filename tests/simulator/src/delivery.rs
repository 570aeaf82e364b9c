//! Webhook delivery: what is observed of it, and its settings.

pub(crate) mod attempt;
mod carrier;
pub(crate) mod courier;
mod dispatcher;
pub(crate) mod disturbance;
pub(crate) mod journal;
pub(crate) mod retry;

use std::num::NonZeroU32;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

pub use disturbance::{Disturbance, InvalidDisturbance};
pub use retry::RetrySchedule;

use crate::account::AccountId;
use crate::milliseconds;
use crate::timestamp;

/// How webhooks are delivered when nothing disturbs them.
#[derive(Debug, Clone)]
pub struct DeliverySettings {
    /// From the event to the first attempt. The documented example shows 10 ms.
    pub lead_time: Duration,
    /// When what is not answered with exactly 200 is sent again. UNKNOWN at StackOne.
    pub retry: RetrySchedule,
    /// A retry has a new `sent_at`, and so other bytes and another signature. UNKNOWN at StackOne.
    pub refresh_sent_at: bool,
    /// How long an answer may take. UNKNOWN at StackOne.
    pub timeout: Duration,
    /// How many requests are in flight at most. With 1, first attempts arrive in the order of their
    /// events.
    pub concurrency: NonZeroU32,
    /// How many of the newest [`Delivery`] records are kept.
    pub journal_size: usize,
}

impl Default for DeliverySettings {
    fn default() -> Self {
        Self {
            lead_time: Duration::from_millis(10),
            retry: RetrySchedule::default(),
            refresh_sent_at: false,
            timeout: Duration::from_secs(10),
            concurrency: NonZeroU32::new(16).unwrap_or(NonZeroU32::MIN),
            journal_size: 1_000,
        }
    }
}

/// One attempt to deliver a webhook, or the loss of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// Counts the webhooks of this simulator; copies and retries of one share it.
    pub webhook: u64,
    /// The project it was sent for.
    pub project_id: String,
    /// The event's name; empty for bytes that name none.
    pub event: String,
    /// The account it is about.
    pub account_id: Option<AccountId>,
    /// Which of its copies, from 1.
    pub copy: u32,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// It was spoilt on purpose.
    pub tampered: bool,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: DeliveryOutcome,
    /// How long the answer took.
    #[serde(rename = "elapsed_ms", with = "milliseconds")]
    pub elapsed: Duration,
    /// When it is tried again, if it is.
    #[serde(rename = "retry_in_ms", with = "milliseconds::option")]
    pub retry_in: Option<Duration>,
    /// When this was.
    #[serde(serialize_with = "timestamp::serialize")]
    pub at: Timestamp,
}

impl Delivery {
    /// It was answered with exactly 200.
    #[must_use]
    pub fn is_delivered(&self) -> bool {
        self.outcome == DeliveryOutcome::Delivered
    }

    /// The status of the answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.outcome {
            DeliveryOutcome::Delivered => Some(200),
            DeliveryOutcome::Refused { status } => Some(status),
            DeliveryOutcome::Unanswered { .. } | DeliveryOutcome::Lost => None,
        }
    }
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum DeliveryOutcome {
    /// Answered with 200.
    Delivered,
    /// Answered with anything else.
    Refused {
        /// The status.
        status: u16,
    },
    /// No connection, or no answer in time.
    Unanswered {
        /// Why.
        error: String,
    },
    /// Dropped on purpose: it was never sent.
    Lost,
}

/// Totals since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct DeliveryCounts {
    /// Webhooks caused or asked for, each once, whatever its copies.
    pub webhooks: u64,
    /// Deliveries answered with 200, copies included.
    pub delivered: u64,
    /// Attempts answered with anything else.
    pub refused: u64,
    /// Attempts without an answer.
    pub unanswered: u64,
    /// Webhooks dropped on purpose.
    pub lost: u64,
    /// Deliveries after whose last attempt there was no 200.
    pub given_up: u64,
}
