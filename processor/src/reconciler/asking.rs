//! Sending lookups: whose turn it is, and whether the project's gate lets it through.

use std::time::{Duration, Instant};

use super::Reconciler;
use crate::work::Work;
use crate::work_queue::Lane;

/// So many answers may wait for a commit. Where Kafka cannot commit, to ask on would make all of them older, and take
/// memory without end.
const MOST_DECIDED: usize = 1_000;

impl Reconciler {
    pub(super) fn next_wake(&self) -> Instant {
        let mut wake = self.next_markers;
        if !self.decided.is_empty() {
            wake = wake.min(self.not_before.unwrap_or(self.next_commit));
        }
        let now = Instant::now();
        for (lane, gate) in self.gates.iter().enumerate() {
            let has_room = self.has_room(lane);
            let ready = self.next_ready(lane).filter(|_| has_room);
            if let Some((ready, wait)) = ready.zip(gate.wait(now)) {
                wake = wake.min(ready.max(now + wait));
            }
        }
        wake
    }

    fn has_room(&self, lane: Lane) -> bool {
        self.queue.in_flight_of(lane) < self.settings.max_lookups
            && self.decided.len() < MOST_DECIDED
    }

    /// Sends lookups, one lane after the other, as long as there is room and something is ready.
    pub(super) fn send_lookups(&mut self) {
        let lanes = self.gates.len();
        let now = Instant::now();
        let mut idle_lanes = 0;
        while idle_lanes < lanes {
            let lane = self.next_lane;
            self.next_lane = (lane + 1) % lanes;
            let has_room = self.has_room(lane);
            let may_send = has_room && self.gates[lane].wait(now) == Some(Duration::ZERO);
            let taken = if may_send {
                self.recall_due(lane, now);
                self.queue.take(lane, now)
            } else {
                None
            };
            match taken {
                None => idle_lanes += 1,
                Some((key, work)) => {
                    idle_lanes = 0;
                    if let Err(later) = self.pay(lane, &work, now) {
                        self.queue.recheck(&key, later, now, |_| {});
                        continue;
                    }
                    self.queue
                        .work_mut(&key)
                        .take(1)
                        .for_each(|work| work.pending.lookups += 1);
                    let epoch = self
                        .partitions
                        .get(&key.partition)
                        .map_or(0, |partition| partition.epoch);
                    self.lookups.send(key, lane, epoch);
                }
            }
        }
    }

    /// Pays for a lookup; one that nobody waits for, and that is beyond its part of the budget, has to come later.
    fn pay(&mut self, lane: Lane, work: &Work, now: Instant) -> Result<(), Instant> {
        let is_modest = work.is_recorded_elsewhere() || self.is_held(lane, work);
        let gate = &mut self.gates[lane];
        if is_modest {
            gate.pay_recheck(now)?;
        }
        gate.pay(now);
        Ok(())
    }
}
