//! Staging what is undecided: markers, and what an operator's word changes of it.

use stackone_link_schemas::{Grace, Pending};

use super::effect::{Disposition, Effect, Then};
use super::pending::{merged, open_offsets, with_pending};
use super::span::Part;
use super::stage::Stage;
use crate::reconciler::unlinks::Release;
use crate::reconciler::{Reconciler, ReconcilerError};
use stackone_processor_core::reconcile::SkipReason;
use stackone_processor_core::work::AccountKey;

/// What is undecided of an account, and the offsets that a record of it accounts for.
struct Undecided {
    pending: Pending,
    close: Vec<i64>,
    part: Part,
}

impl Reconciler {
    /// Writes down what is undecided of an account, so that its records hold back no commit and survive a restart.
    pub(super) fn stage_marker(
        &self,
        stage: &mut Stage,
        key: &AccountKey,
    ) -> Result<(), ReconcilerError> {
        let undecided = self
            .undecided(key)
            .filter(|undecided| !undecided.close.is_empty());
        undecided.map_or(Ok(()), |undecided| {
            self.stage_undecided(stage, key, undecided, Then::Keep)
        })
    }

    /// Writes states again whose records still have personal data that is not kept any more, as many as there is room for
    /// where a transaction may change `most` things.
    pub(super) fn stage_redacted(
        &self,
        stage: &mut Stage,
        most: usize,
    ) -> Result<(), ReconcilerError> {
        let room = most.saturating_sub(stage.effects.len());
        let outdated = self.partitions.iter().flat_map(|(number, partition)| {
            let ready = partition.ready().into_iter();
            ready.flat_map(move |ready| {
                let ids = ready.states.outdated();
                ids.map(move |id| {
                    (
                        ready,
                        AccountKey {
                            partition: *number,
                            id: id.clone(),
                        },
                    )
                })
            })
        });
        let mut outdated = outdated.filter(|(_, key)| !stage.has(key)).take(room + 1);
        let due: Vec<_> = outdated.by_ref().take(room).collect();
        stage.has_more_markers |= outdated.next().is_some();
        for (ready, key) in due {
            stage.redacted(ready, key)?;
        }
        Ok(())
    }

    /// Commits what an operator released, with the offsets of the records that said so: a crash cannot come between.
    /// Alone, since an account that is decided in the same transaction would have two states in it.
    /// False where the transaction was aborted.
    pub(super) fn commit_releases(&mut self) -> Result<bool, ReconcilerError> {
        if self.unlinks.releases.is_empty() {
            return Ok(true);
        }
        self.recall_releasable();
        let mut stage = Stage::new(&self.settings, jiff::Timestamp::now());
        for release in &self.unlinks.releases {
            self.stage_release(&mut stage, release)?;
        }
        self.stage_offsets(&mut stage);
        let is_committed = self.transact(stage)?;
        if is_committed {
            self.unlinks.releases.clear();
        }
        Ok(is_committed)
    }

    fn stage_release(&self, stage: &mut Stage, release: &Release) -> Result<(), ReconcilerError> {
        let Release {
            partition,
            offset,
            lane,
            said_at,
        } = *release;
        for key in self.unlinks.guard.releasable(lane, partition, said_at) {
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
            let then = Then::Release { lane, said_at };
            self.stage_undecided(stage, key, undecided, then)?;
        }
        let disposition = Disposition::Skipped(SkipReason::Marker.as_str());
        stage.effects.push(Effect::Passed {
            partition,
            offset,
            disposition,
        });
        Ok(())
    }

    fn undecided(&self, key: &AccountKey) -> Option<Undecided> {
        let (asked, waiting) = (self.queue.asked(key), self.queue.waiting(key));
        let first = asked.or(waiting)?;
        let since = waiting.filter(|_| asked.is_some());
        Some(Undecided {
            pending: merged(first, since),
            close: open_offsets(first, since),
            part: Part::of(first),
        })
    }

    fn stage_undecided(
        &self,
        stage: &mut Stage,
        key: &AccountKey,
        undecided: Undecided,
        then: Then,
    ) -> Result<(), ReconcilerError> {
        let Some(ready) = self.ready(key) else {
            return Ok(());
        };
        let Undecided {
            pending,
            close,
            part,
        } = undecided;
        let state = with_pending(ready.states.get(&key.id), key, Some(pending));
        stage.account(ready, key, state.as_ref(), close, then, part)
    }
}
