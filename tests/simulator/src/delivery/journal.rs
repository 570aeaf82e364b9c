//! What happened to webhooks: a stream, the newest records, the totals, and how many are still
//! under way.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{broadcast, watch};

use crate::delivery::{Delivery, DeliveryCounts, DeliveryOutcome};

/// A receiver that is further behind than this misses records.
const STREAM_CAPACITY: usize = 4_096;

#[derive(Debug)]
pub(crate) struct Journal {
    stream: broadcast::Sender<Delivery>,
    under_way: watch::Sender<u64>,
    written: Mutex<Written>,
    size: usize,
}

#[derive(Debug, Default)]
struct Written {
    counts: DeliveryCounts,
    newest: VecDeque<Delivery>,
}

impl Journal {
    pub(crate) fn new(size: usize) -> Self {
        Self {
            stream: broadcast::Sender::new(STREAM_CAPACITY),
            under_way: watch::Sender::new(0),
            written: Mutex::default(),
            size,
        }
    }

    /// A webhook was caused or asked for. Its number.
    pub(crate) fn begin(&self) -> u64 {
        self.under_way.send_modify(|count| *count += 1);
        let mut written = self.lock();
        written.counts.webhooks += 1;
        written.counts.webhooks
    }

    /// A webhook goes out in several copies, of which one was counted by [`Journal::begin`].
    pub(crate) fn add_copy(&self) {
        self.under_way.send_modify(|count| *count += 1);
    }

    /// Writes an attempt down. One without a retry is the end of its webhook or copy.
    pub(crate) fn write(&self, delivery: Delivery) {
        let last = delivery.retry_in.is_none();
        {
            let mut written = self.lock();
            count(&mut written.counts, &delivery);
            written.newest.push_back(delivery.clone());
            if written.newest.len() > self.size {
                written.newest.pop_front();
            }
        }
        let _nobody_may_listen = self.stream.send(delivery);
        if last {
            self.end();
        }
    }

    /// A webhook or copy is under way no more, without a word.
    pub(crate) fn end(&self) {
        self.under_way
            .send_modify(|count| *count = count.saturating_sub(1));
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Delivery> {
        self.stream.subscribe()
    }

    pub(crate) fn counts(&self) -> DeliveryCounts {
        self.lock().counts
    }

    pub(crate) fn newest(&self, limit: usize) -> Vec<Delivery> {
        let written = self.lock();
        let skipped = written.newest.len().saturating_sub(limit);
        written.newest.iter().skip(skipped).cloned().collect()
    }

    /// Waits until no webhook is under way.
    pub(crate) async fn settled(&self) {
        let mut under_way = self.under_way.subscribe();
        // The sender lives as long as `self`, so that waiting cannot fail.
        let _settled = under_way.wait_for(|count| *count == 0).await;
    }

    fn lock(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(counts: &mut DeliveryCounts, delivery: &Delivery) {
    match delivery.outcome {
        DeliveryOutcome::Delivered => counts.delivered += 1,
        DeliveryOutcome::Refused { .. } => counts.refused += 1,
        DeliveryOutcome::Unanswered { .. } => counts.unanswered += 1,
        DeliveryOutcome::Lost => {
            counts.lost += 1;
            return;
        }
    }
    if !delivery.is_delivered() && delivery.retry_in.is_none() {
        counts.given_up += 1;
    }
}
