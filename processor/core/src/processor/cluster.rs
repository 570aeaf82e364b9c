//! Asks the cluster how far behind the partitions are, and whether records were deleted before they
//! were read.

use super::input::ClusterAnswer;
use super::{Action, Fact, Failure, Processor, Turn};

impl Processor {
    /// Asks the cluster, if a request is due or a gap between offsets has to be explained.
    pub(super) fn ask_cluster(&mut self, turn: &Turn<'_>) {
        if self.contact.is_asking() {
            return;
        }
        let now = turn.now.monotonic;
        let is_due = self.contact.is_due(now);
        let partitions = self.partitions.ask(is_due, now);
        if !is_due && partitions.is_empty() {
            return;
        }
        let may_be_lost = self.contact.is_lost(now);
        let is_total_known = self.partitions.count().total > 0;
        self.contact.asked(is_due, is_total_known, now);
        self.actions.push_back(Action::AskCluster {
            partitions,
            may_be_lost,
        });
    }

    /// Takes the answer of the cluster. Ends the run where a new client reaches the cluster and the
    /// clients of this run do not.
    pub(super) fn on_cluster(&mut self, answer: ClusterAnswer, turn: &mut Turn<'_>) {
        let now = turn.now.monotonic;
        let (total, watermarks) = match answer {
            ClusterAnswer::Yes {
                partitions,
                watermarks,
            } => (partitions, watermarks),
            ClusterAnswer::No => return self.contact.ended(false, now),
            ClusterAnswer::ByOthers => return self.fail(Failure::OutOfContact, turn),
        };
        self.contact.ended(true, now);
        if total != self.partitions.count().total {
            self.partitions.note_total(total);
            self.share_budgets(turn);
        }
        for told in watermarks {
            let partition = told.partition;
            let (lag, lost) = self.partitions.take_watermarks(&told);
            if let Some(records) = lag {
                turn.note(Fact::Lag { partition, records });
            }
            if let Some(lost) = lost {
                self.out_of_range(lost, turn);
            }
        }
    }
}
