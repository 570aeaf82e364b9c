//! Moves accounts between the queue and the overflow, where they wait in their state records only.

use stackone_link_schemas::Trigger;

use super::Scheduler;
use crate::partitions::Partitions;
use crate::time::{Monotonic, Now};
use crate::work::overflow::Spilled;
use crate::work::queue::Lane;
use crate::work::{AccountKey, Work};

impl Scheduler {
    /// Queues the work of a state record, or puts the account into the overflow where the queue has
    /// no room.
    pub fn queue_restored(&mut self, key: AccountKey, lane: Lane, work: Work, at: Monotonic) {
        if self.queue.waiting_in(lane) < self.limits.pending {
            self.queue.add(key, lane, work, at);
        } else {
            self.overflow.put(key, spilled(lane, at, &work));
        }
    }

    /// Returns how many more accounts of a project have room in the queue.
    #[must_use]
    pub fn room(&self, lane: Lane) -> usize {
        self.limits
            .pending
            .saturating_sub(self.queue.waiting_in(lane))
    }

    /// Queues the work of an account's state record, if the account is not in the queue.
    pub fn recall(
        &mut self,
        key: &AccountKey,
        partitions: &Partitions,
        now: Now,
    ) -> Option<Spilled> {
        let spilled = self.overflow.take(key)?;
        let pending = partitions.state_of(key).and_then(|state| state.pending);
        let scheduled = || Work::nothing(Trigger::Recheck, now.wall);
        let work = pending.map_or_else(scheduled, Work::without_record);
        let work = Work {
            failures: spilled.failures,
            ..work
        };
        self.queue
            .add(key.clone(), spilled.lane, work, spilled.ready);
        Some(spilled)
    }

    /// Queues the accounts of the overflow that are due before every queued one, and as many ready
    /// ones more as one request can ask for. It queues few beyond the room: accounts that cannot be
    /// paid for go to the end of the line, and without that bound all others would follow them
    /// before the next [`Self::spill`].
    pub(super) fn recall_due(&mut self, lane: Lane, partitions: &Partitions, now: Now) {
        let at = now.monotonic;
        let enough = self.batching[lane].appetite(at);
        let room = self.limits.pending;
        let most = room.saturating_add(room.max(enough));
        while let Some((ready, key)) = self.overflow.first(lane) {
            if self.queue.waiting_in(lane) >= most {
                return;
            }
            let next = self.queue.next_ready(lane);
            let is_later = next.is_some_and(|next| next <= ready);
            let is_enough = self.queue.count_ready(lane, at, enough) >= enough;
            if ready > at || (is_later && is_enough) {
                return;
            }
            let key = key.clone();
            self.recall(&key, partitions, now);
        }
    }

    /// Moves the accounts that are due last to the overflow where a project has more than its room.
    /// Only written work can be queued again, so this follows the markers.
    pub fn spill(&mut self) {
        for lane in 0..self.gates.len() {
            let surplus = self
                .queue
                .waiting_in(lane)
                .saturating_sub(self.limits.pending);
            let recorded = self.queue.last_waiting(lane);
            let recorded = recorded.filter(|(_, _, work)| !work.is_unwritten());
            let last = recorded.take(surplus);
            let last: Vec<_> = last.map(|(ready, key, _)| (ready, key.clone())).collect();
            for (ready, key) in last {
                if let Some(work) = self.queue.take_out(&key) {
                    self.overflow.put(key, spilled(lane, ready, &work));
                }
            }
        }
    }
}

fn spilled(lane: Lane, ready: Monotonic, work: &Work) -> Spilled {
    let is_scheduled = work.is_recorded_elsewhere();
    Spilled {
        lane,
        ready,
        total: work.pending.total,
        since: (!is_scheduled).then_some(work.pending.since),
        failures: work.failures,
    }
}
