//! Stages markers, so that undecided records hold back no commit and survive a restart.

use stackone_link_schemas::{Grace, Pending};

use super::{MOST_MARKERS, Staging};
use crate::committer::effect::{AfterCommit, Effect, SpanParent};
use crate::committer::pending::{merged, open_offsets, with_pending};
use crate::committer::stage::Stage;
use crate::intake::Release;
use crate::processor::{Disposition, Processor};
use crate::reconcile::SkipReason;
use crate::work::{AccountKey, Work};

/// The undecided work of an account, and the offsets that its marker closes.
struct Marker {
    pending: Pending,
    close: Vec<i64>,
    span: SpanParent,
}

impl Processor {
    /// Stages the markers of undecided work, up to the bound of one transaction.
    pub(super) fn stage_markers(&self, stage: &mut Stage) -> Staging {
        let keys = self.scheduler.queue.keys_where(Work::is_unwritten);
        let keys = keys.filter(|key| !stage.has(key)).take(MOST_MARKERS + 1);
        let mut keys: Vec<AccountKey> = keys.cloned().collect();
        stage.has_more_markers = keys.len() > MOST_MARKERS;
        keys.truncate(MOST_MARKERS);
        for key in &keys {
            if let Some(undecided) = self.undecided(key) {
                self.stage_marker(stage, key, undecided, AfterCommit::Keep)?;
            }
        }
        Ok(())
    }

    /// Stages states again whose records have personal data that is no longer kept, up to `most`
    /// changes in the transaction.
    pub(super) fn stage_redacted(&self, stage: &mut Stage, most: usize) -> Staging {
        let room = most.saturating_sub(stage.effects.len());
        let outdated = self.partitions.all_ready().flat_map(|(partition, ready)| {
            let ids = ready.states.outdated().cloned();
            ids.map(move |id| (ready, AccountKey { partition, id }))
        });
        let mut outdated = outdated.filter(|(_, key)| !stage.has(key)).take(room + 1);
        let due: Vec<_> = outdated.by_ref().take(room).collect();
        stage.has_more_markers |= outdated.next().is_some();
        for (ready, key) in due {
            let span = SpanParent {
                trace: self.random.trace(),
                sent: None,
            };
            stage.redacted(ready, key, span)?;
        }
        Ok(())
    }

    pub(super) fn stage_release(&self, stage: &mut Stage, release: &Release) -> Staging {
        let Release {
            partition,
            offset,
            lane,
            said_at,
        } = *release;
        for key in self.intake.guard.releasable(lane, partition, said_at) {
            let undecided = self.undecided(key).filter(|_| !stage.has(key));
            let Some(mut undecided) = undecided else {
                continue;
            };
            let released_at = Some(said_at);
            let grace = undecided.pending.grace;
            undecided.pending.grace = grace.map(|grace| Grace {
                released_at,
                ..grace
            });
            let then = AfterCommit::Release { lane, said_at };
            self.stage_marker(stage, key, undecided, then)?;
        }
        let disposition = Disposition::Skipped(SkipReason::Marker.as_str());
        stage.effects.push(Effect::Passed {
            partition,
            offset,
            disposition,
        });
        Ok(())
    }

    fn undecided(&self, key: &AccountKey) -> Option<Marker> {
        let queue = &self.scheduler.queue;
        let (asked, waiting) = (queue.work_in_flight(key), queue.waiting(key));
        let first = asked.or(waiting)?;
        let since = waiting.filter(|_| asked.is_some());
        Some(Marker {
            pending: merged(first, since),
            close: open_offsets(first, since),
            span: self.span(first, None),
        })
    }

    fn stage_marker(
        &self,
        stage: &mut Stage,
        key: &AccountKey,
        undecided: Marker,
        then: AfterCommit,
    ) -> Staging {
        let Some(ready) = self.partitions.ready(key.partition) else {
            return Ok(());
        };
        let Marker {
            pending,
            close,
            span,
        } = undecided;
        let state = with_pending(ready.states.get(&key.id), key, Some(pending));
        stage.account(ready, key, state.as_ref(), (close, then, span))
    }
}
