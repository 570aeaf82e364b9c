//! Decides when the cluster is asked, and when it has been silent for too long.

use std::time::Duration;

use crate::time::Monotonic;

/// The time from one request to the next.
const INTERVAL: Duration = Duration::from_secs(10);
/// The same while the number of partitions is not known: until then no lookup is sent.
const SOON: Duration = Duration::from_secs(1);
/// How long the cluster may be silent before a new client is tried.
const LOST_AFTER: Duration = Duration::from_secs(30);

/// When the cluster last answered.
#[derive(Debug)]
pub(super) struct Contact {
    next: Monotonic,
    last: Monotonic,
    is_asking: bool,
}

impl Contact {
    pub(super) const fn new(now: Monotonic) -> Self {
        Self {
            next: now,
            last: now,
            is_asking: false,
        }
    }

    pub(super) const fn is_asking(&self) -> bool {
        self.is_asking
    }

    /// Whether a request is due.
    pub(super) fn is_due(&self, now: Monotonic) -> bool {
        !self.is_asking && now >= self.next
    }

    /// Returns when a request is due; `None` while one is under way.
    pub(super) fn due_at(&self) -> Option<Monotonic> {
        (!self.is_asking).then_some(self.next)
    }

    /// Notes that a request is sent, for whatever reason. The next one is due after an interval,
    /// which is short while the number of partitions is not known.
    pub(super) fn asked(&mut self, is_due: bool, is_total_known: bool, now: Monotonic) {
        self.is_asking = true;
        if is_due {
            self.next = now + if is_total_known { INTERVAL } else { SOON };
        }
    }

    /// Makes a request due at once, because partitions were assigned and their total is needed.
    pub(super) fn hurry(&mut self, now: Monotonic) {
        self.next = self.next.min(now);
    }

    /// Notes the end of a request: whether it was answered, and when.
    pub(super) fn ended(&mut self, has_answered: bool, now: Monotonic) {
        self.is_asking = false;
        if has_answered {
            self.last = now;
        }
    }

    /// Whether the cluster was silent for so long that a new client should be tried.
    pub(super) fn is_lost(&self, now: Monotonic) -> bool {
        now.duration_since(self.last) >= LOST_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contact_is_lost_when_nobody_has_answered_for_half_a_minute() {
        let start = Monotonic::START;
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut contact = Contact::new(start);
        assert!(contact.is_due(start));
        contact.asked(true, true, start);
        assert!(!contact.is_due(after(100)), "it is being asked");
        contact.ended(true, start);
        assert!(!contact.is_due(after(9)));
        assert!(contact.is_due(after(10)));
        assert!(!contact.is_lost(after(29)));
        assert!(contact.is_lost(after(30)));
        contact.asked(true, true, after(30));
        contact.ended(false, after(32));
        assert!(contact.is_lost(after(32)), "no answer");
        contact.asked(true, false, after(40));
        contact.ended(true, after(40));
        assert!(!contact.is_lost(after(69)), "an answer ends it");
        assert!(
            contact.is_due(after(41)),
            "soon, while partitions are not known"
        );
    }
}
