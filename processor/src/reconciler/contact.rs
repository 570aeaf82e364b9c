//! Whether the consumer still reaches the cluster, and how far behind it is.
//!
//! A broker that is just starting may answer with a list of no brokers, after which a client knows none it could ask
//! (librdkafka issue 5301). A client that reaches nobody although a new one does is of no more use.

use std::time::{Duration, Instant};

use stackone_link_transport::Topic;

use super::{Reconciler, ReconcilerError};
use crate::reader::reader;

/// How often it is checked.
const INTERVAL: Duration = Duration::from_secs(10);
/// How long one question may take, to this client or to a new one: a cluster that is slow is slow to both.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long nobody may have answered before a new client is tried.
const LOST_AFTER: Duration = Duration::from_secs(30);

/// When the cluster last answered.
pub(super) struct Contact {
    next: Instant,
    last: Instant,
}

impl Contact {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            next: now + INTERVAL,
            last: now,
        }
    }

    /// Whether it is time to ask again.
    fn is_due(&mut self, now: Instant) -> bool {
        let is_due = now >= self.next;
        if is_due {
            self.next = now + INTERVAL;
        }
        is_due
    }

    const fn answered(&mut self, now: Instant) {
        self.last = now;
    }

    /// Whether nobody has answered for so long that a new client is worth a try.
    fn is_lost(&self, now: Instant) -> bool {
        now.duration_since(self.last) >= LOST_AFTER
    }
}

impl Reconciler {
    /// Ends this run where a new consumer would reach the cluster and this one does not.
    pub(super) fn check_contact(&mut self) -> Result<(), ReconcilerError> {
        let now = Instant::now();
        if !self.contact.is_due(now) {
            return Ok(());
        }
        if self.consumer.partition_count(PATIENCE).is_ok() {
            self.contact.answered(Instant::now());
            self.observe_lag();
            return Ok(());
        }
        if !self.contact.is_lost(now) || !self.would_reach() {
            return Ok(());
        }
        Err(ReconcilerError::OutOfContact)
    }

    fn would_reach(&self) -> bool {
        let topic = self.settings.topics.name(Topic::AccountEvents);
        let client = reader(&self.settings.kafka, "stackone-contact", "read_committed");
        client.is_ok_and(|client| {
            use rdkafka::consumer::Consumer as _;
            client.fetch_metadata(Some(topic), PATIENCE).is_ok()
        })
    }

    fn observe_lag(&self) {
        let topic = self.settings.topics.name(Topic::AccountEvents);
        let lag = &self.surroundings.metrics.consumer_lag;
        lag.reset();
        for (number, partition) in &self.partitions {
            let Some(ready) = partition.ready() else {
                continue;
            };
            let Ok((_, high)) = self.consumer.watermarks(*number, PATIENCE) else {
                return;
            };
            let behind = (high - ready.offsets.next()).max(0);
            lag.with_label_values(&[topic, &number.to_string()])
                .set(behind);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contact_is_lost_when_nobody_has_answered_for_half_a_minute() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut contact = Contact::new(start);
        assert!(!contact.is_due(after(9)));
        assert!(contact.is_due(after(10)));
        assert!(!contact.is_due(after(19)), "asked a moment ago");
        contact.answered(after(10));
        assert!(!contact.is_lost(after(39)));
        assert!(contact.is_lost(after(40)));
        contact.answered(after(41));
        assert!(!contact.is_lost(after(70)), "an answer ends it");
    }
}
