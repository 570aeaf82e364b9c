//! Keeping the work queue within its limit: what a project has no room for waits in the state records alone.

use jiff::Timestamp;
use stackone_link_schemas::Trigger;
use stackone_processor_core::time::Monotonic;

use super::Reconciler;
use stackone_processor_core::work::overflow::Left;
use stackone_processor_core::work::queue::Lane;
use stackone_processor_core::work::{AccountKey, Work};

impl Reconciler {
    /// Adds work for an account, wherever it is.
    pub(super) fn enqueue(&mut self, key: AccountKey, lane: Lane, work: Work, at: Monotonic) {
        let at = match self.recall(&key) {
            // A backoff is not shortened by a new trigger.
            Some(left) if left.failures.in_a_row > 0 => at.max(left.ready),
            Some(_) | None => at,
        };
        self.queue.add(key, lane, work, at);
    }

    /// The project for which an account is undecided.
    pub(super) fn lane_of(&self, key: &AccountKey) -> Option<Lane> {
        let queued = self.queue.lane_of(key);
        queued.or_else(|| self.overflow.lane_of(key))
    }

    /// When the next account of a project is ready.
    pub(super) fn next_ready(&self, lane: Lane) -> Option<Monotonic> {
        let left = self.overflow.first(lane).map(|(ready, _)| ready);
        self.queue.next_ready(lane).into_iter().chain(left).min()
    }

    /// Queues a look that no record asks for. An account that waits where there is no room for it waits on, though no longer
    /// than until `at`, unless it backs off.
    pub(super) fn queue_look(&mut self, key: AccountKey, lane: Lane, at: Monotonic) {
        if let Some(left) = self.overflow.take(&key) {
            let is_backing_off = left.failures.in_a_row > 0;
            let ready = if is_backing_off {
                left.ready
            } else {
                left.ready.min(at)
            };
            return self.overflow.put(key, Left { ready, ..left });
        }
        let work = Work::nothing(Trigger::Recheck, Timestamp::now());
        match self.queue.lane_of(&key) {
            Some(lane) => self.queue.add(key, lane, work, at),
            None => self.queue_restored(key, lane, work, at),
        }
    }

    /// Queues the accounts again whose turn comes before that of all that are queued, and as many more that are ready as can
    /// be asked for at once. Not many more than there is room for: those that cannot be paid for go to the end of the line, and
    /// all that are left would follow them before the next [`Self::spill`].
    pub(super) fn recall_due(&mut self, lane: Lane, now: Monotonic) {
        let enough = self.batching[lane].appetite(now);
        let room = self.settings.max_pending;
        let most = room.saturating_add(room.max(enough));
        while let Some((ready, key)) = self.overflow.first(lane) {
            if self.queue.waiting_in(lane) >= most {
                return;
            }
            let is_later = self
                .queue
                .next_ready(lane)
                .is_some_and(|next| next <= ready);
            let is_enough = self.queue.count_ready(lane, now, enough) >= enough;
            if ready > now || (is_later && is_enough) {
                return;
            }
            let key = key.clone();
            self.recall(&key);
        }
    }

    /// Queues an account again, as its state record has it, if it is not queued.
    pub(super) fn recall(&mut self, key: &AccountKey) -> Option<Left> {
        let left = self.overflow.take(key)?;
        let state = self.ready(key).and_then(|ready| ready.states.get(&key.id));
        let pending = state.and_then(|state| state.pending);
        let scheduled = || Work::nothing(Trigger::Recheck, Timestamp::now());
        let work = pending.map_or_else(scheduled, Work::without_record);
        let work = Work {
            failures: left.failures,
            ..work
        };
        self.queue.add(key.clone(), left.lane, work, left.ready);
        Some(left)
    }

    /// Takes accounts out of the queue where a project has more in it than it may: those whose turn comes last. Only what
    /// is written down can be queued again, so this follows the markers.
    pub(super) fn spill(&mut self) {
        for lane in 0..self.gates.len() {
            let waiting = self.queue.waiting_in(lane);
            let surplus = waiting.saturating_sub(self.settings.max_pending);
            let recorded = self
                .queue
                .last_waiting(lane)
                .filter(|(_, _, work)| work.open_offsets.is_empty());
            let last: Vec<(Monotonic, AccountKey)> = recorded
                .take(surplus)
                .map(|(ready, key, _)| (ready, key.clone()))
                .collect();
            for (ready, key) in last {
                if let Some(work) = self.queue.take_out(&key) {
                    self.overflow.put(key, left(lane, ready, &work));
                }
            }
        }
    }

    /// Queues what a restored state asks for, or leaves it there where there is no room.
    pub(super) fn queue_restored(
        &mut self,
        key: AccountKey,
        lane: Lane,
        work: Work,
        at: Monotonic,
    ) {
        if self.queue.waiting_in(lane) < self.settings.max_pending {
            self.queue.add(key, lane, work, at);
        } else {
            self.overflow.put(key, left(lane, at, &work));
        }
    }
}

fn left(lane: Lane, ready: Monotonic, work: &Work) -> Left {
    let is_scheduled = work.is_recorded_elsewhere();
    Left {
        lane,
        ready,
        total: work.pending.total,
        since: (!is_scheduled).then_some(work.pending.since),
        failures: work.failures,
    }
}
