//! Running a resync, and telling the screen what it did.

use anyhow::Context as _;
use stackone_processor::resync::ListSummary;

use super::{Performance, WITHIN};
use crate::screen::{Line, Tone, Who};
use crate::stage::PARTITIONS;

impl Performance {
    /// All accounts that there are must be listed, and each partition be told of the run's
    /// beginning and of its end.
    pub(super) async fn resync(&mut self) -> anyhow::Result<()> {
        let triggers = &mut self.expected.triggers;
        triggers.listed += self.simulator.linked_accounts().len() as u64;
        triggers.markers += 2 * u64::from(PARTITIONS.unsigned_abs());
        let run = tokio::time::timeout(WITHIN, self.resync.run());
        let summary = run.await.context("the resync takes too long")??;
        self.screen.line(line(&summary));
        Ok(())
    }
}

fn line(summary: &ListSummary) -> Line {
    let ListSummary { listed, pages, .. } = summary;
    let (tone, list) = if summary.is_complete {
        (Tone::Good, "the list is complete")
    } else {
        (Tone::Bad, "the list may be INCOMPLETE")
    };
    Line {
        who: Who::Resync,
        what: format!("has listed {listed} accounts"),
        account: String::new(),
        verdict: format!("asked for {pages} pages, {list}"),
        tone,
    }
}
