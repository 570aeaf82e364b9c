//! What part of what all replicas may send is ours.

use crate::clock;
use std::time::Duration;

use super::Reconciler;

impl Reconciler {
    /// Each replica has the share of each project's budget that its share of the partitions is.
    pub(super) fn share_budgets(&mut self) {
        let told = self.consumer.partition_count(Duration::from_secs(1)).ok();
        self.share_budgets_among(told);
    }

    /// The same, of as many partitions as the cluster `told` of. While it never did nothing is ours: see [`Self::ask_cluster`],
    /// which asks on.
    pub(super) fn share_budgets_among(&mut self, told: Option<usize>) {
        let now = clock::monotonic();
        self.all_partitions = all_partitions(told, self.all_partitions);
        for gate in &mut self.gates {
            gate.set_share(self.partitions.len(), self.all_partitions, now);
        }
    }

    /// Our share of what all replicas may send: where records were lost, each of them may list.
    pub(super) fn share_of(&self, per_minute: u32) -> u32 {
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let (owned, all) = (count(self.partitions.len()), count(self.all_partitions));
        let share = u64::from(per_minute).saturating_mul(owned) / all.max(owned).max(1);
        u32::try_from(share).unwrap_or(per_minute).max(1)
    }
}

/// How many partitions there are in all: as told now, or else as told before; 0 while nobody has told. They are not
/// taken to be those we own: each of several replicas that was not told would send the whole budget.
fn all_partitions(told: Option<usize>, before: usize) -> usize {
    told.filter(|all| *all > 0).unwrap_or(before)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use stackone_processor_core::api_gate::Gate;

    #[test]
    fn who_is_not_told_how_many_partitions_there_are_looks_nothing_up_until_then() {
        let (start, owned) = (clock::monotonic(), 3);
        let mut gate = Gate::new(NonZeroU32::new(900).unwrap(), start);
        let mut all = 0;
        for told in [None, Some(0)] {
            all = all_partitions(told, all);
            gate.set_share(owned, all, start);
            assert_eq!(gate.wait(start), None, "told {told:?}");
        }
        all = all_partitions(Some(12), all);
        gate.set_share(owned, all, start);
        // A quarter of 15 a second.
        let first = gate.wait(start).unwrap();
        assert!((first.as_secs_f64() - 4.0 / 15.0).abs() < 1e-6, "{first:?}");
        assert_eq!(all_partitions(None, all), 12, "what was told stays");
    }
}
