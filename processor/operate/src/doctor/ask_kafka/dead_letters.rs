//! Observes dead letters.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Cluster;
use super::within::look;
use crate::doctor::seen::{LettersSeen, Unseen};
use crate::redrive::{self, Mode, RedriveError, RedriveSettings, Selection, Told};

impl Cluster {
    /// Reads the dead-letter topic, and counts what a redrive would do.
    pub(in crate::doctor) async fn letters(&self, within: Duration) -> Result<LettersSeen, Unseen> {
        let (settings, stop) = (
            RedriveSettings::of(&self.settings),
            CancellationToken::new(),
        );
        let until = stop.clone();
        let looking = look(within, move |_deadline| {
            let (all, nobody) = (Selection::default(), &mut |_: Told<'_>| Ok(()));
            let read = redrive::run(&settings, &all, Mode::DryRun, &until, nobody);
            let (summary, is_complete) = read.map_err(|error| match error {
                RedriveError::Read(error) => error.into(),
                other @ (RedriveError::Start(_)
                | RedriveError::Overtaken
                | RedriveError::Transaction(_)
                | RedriveError::Encode(_)
                | RedriveError::Output(_)) => Unseen::failed(other.to_string()),
            })?;
            Ok(LettersSeen {
                summary,
                is_complete,
            })
        });
        let mut looking = std::pin::pin!(looking);
        tokio::select! {
            seen = &mut looking => seen,
            () = tokio::time::sleep(within) => {
                stop.cancel();
                looking.await
            }
        }
    }
}
