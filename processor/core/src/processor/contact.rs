//! When the cluster is asked, and whether it has not answered for long.

use std::time::Duration;

use crate::time::Monotonic;

/// How often it is asked.
const INTERVAL: Duration = Duration::from_secs(10);
/// The same while the cluster has not told how many partitions there are: until then nothing is looked up.
const SOON: Duration = Duration::from_secs(1);
/// How long nobody may have answered before a new client is tried.
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

    /// Whether it is time to ask.
    pub(super) fn is_due(&self, now: Monotonic) -> bool {
        !self.is_asking && now >= self.next
    }

    /// When it is, if nobody is asking.
    pub(super) fn due_at(&self) -> Option<Monotonic> {
        (!self.is_asking).then_some(self.next)
    }

    /// It is asked, for whatever reason; next time after an interval, which is short while the number of partitions is
    /// not known.
    pub(super) fn asked(&mut self, is_due: bool, is_total_known: bool, now: Monotonic) {
        self.is_asking = true;
        if is_due {
            self.next = now + if is_total_known { INTERVAL } else { SOON };
        }
    }

    /// Partitions were assigned: how many there are matters now.
    pub(super) fn hurry(&mut self, now: Monotonic) {
        self.next = self.next.min(now);
    }

    /// The answer came, or none; the number of partitions is known by it, or not.
    pub(super) fn ended(&mut self, has_answered: bool, now: Monotonic) {
        self.is_asking = false;
        if has_answered {
            self.last = now;
        }
    }

    /// Whether nobody has answered for so long that a new client is worth a try.
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
