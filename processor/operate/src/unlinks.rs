//! Lists and releases accounts that are not unlinked because too many of their project vanished at
//! once.

use std::time::Duration;

use jiff::Timestamp;
use stackone_link_schemas::{
    AccountState, CloudEvent, Grace, GraceKind, UNLINKS_RELEASED_TYPE, UnlinksReleased,
    event_id_of_body, source_of_project,
};
use stackone_link_transport::{PublishError, Publisher, StartError, TopicAdmin, TopicAdminError};
use stackone_link_wire::{OutgoingRecord, RecordHeaders};
use stackone_processor::config::{ProjectSettings, Settings};

use crate::state_view::{StatesError, states};

/// The name of a single project without an id.
pub const UNNAMED: &str = "default";
/// How long a record may take to be stored.
const ACK_DEADLINE: Duration = Duration::from_secs(30);

/// Why a project's unlinks are not released, or not all of them. Another release does no harm.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The project is not configured.
    #[error("project {0} is not configured")]
    NotConfigured(String),
    /// The record cannot be written as JSON.
    #[error(transparent)]
    Encode(#[from] serde_json::Error),
    /// The number of the topic's partitions is not known.
    #[error(transparent)]
    Topic(#[from] TopicAdminError),
    /// The producer could not be made.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A record could not be stored.
    #[error("partition {partition} was not told; run the command again")]
    Publish {
        /// The partition of the account events topic.
        partition: i32,
        /// Why the record could not be stored.
        source: PublishError,
    },
}

/// Asks the owner of every partition to release the accounts of the project that vanished until
/// now. Returns the number of partitions.
///
/// # Errors
///
/// Fails as [`ReleaseError`] says.
pub async fn release(settings: &Settings, project: &str) -> Result<i32, ReleaseError> {
    let mut projects = settings.projects.iter();
    let configured = projects.find(|known| is_named(known, project));
    let configured = configured.ok_or_else(|| ReleaseError::NotConfigured(project.to_owned()))?;
    let value = serde_json::to_vec(&UnlinksReleased {
        project_id: configured.id.clone(),
        released_at: Timestamp::now(),
    })?;
    let topic = &settings.topics.account_events;
    let partitions = TopicAdmin::new(&settings.kafka)?
        .partition_count(topic)
        .await?;
    let publisher = Publisher::new(&settings.kafka, "stackone-unlinks", ACK_DEADLINE)?;
    let headers = RecordHeaders::of(CloudEvent {
        id: event_id_of_body(&value),
        event_type: UNLINKS_RELEASED_TYPE.to_owned(),
        source: source_of_project(configured.id.as_deref()),
        subject: None,
        time: Some(Timestamp::now()),
        dataschema: None,
    });
    for partition in 0..partitions {
        let headers = headers.clone();
        let record = OutgoingRecord {
            topic,
            key: None,
            value: &value,
            headers,
        };
        let stored = publisher.publish_to(&record, partition).await;
        stored.map_err(|source| ReleaseError::Publish { partition, source })?;
    }
    Ok(partitions)
}

/// An account that answers 404 although no webhook reported its deletion.
#[derive(Debug, Clone, PartialEq)]
pub struct Vanished {
    /// The account's state.
    pub state: AccountState,
    /// Since when and until when the 404s are doubted.
    pub grace: Grace,
}

impl Vanished {
    fn of(state: AccountState) -> Option<Self> {
        let grace = state.pending.as_ref()?.grace?;
        (grace.kind == GraceKind::Vanish).then_some(Self { state, grace })
    }

    /// Returns the name of the account's project.
    #[must_use]
    pub fn project(&self) -> &str {
        self.state.project_id.as_deref().unwrap_or(UNNAMED)
    }
}

/// Returns all accounts that vanished, or those of a project.
///
/// # Errors
///
/// Fails where the states cannot be read.
pub async fn vanished(
    settings: &Settings,
    project: Option<&str>,
) -> Result<Vec<Vanished>, StatesError> {
    let all = states(settings, None).await?;
    let all = all.into_values().filter_map(Vanished::of);
    let of_project =
        |account: &Vanished| project.is_none_or(|project| account.project() == project);
    Ok(all.filter(of_project).collect())
}

fn is_named(project: &ProjectSettings, name: &str) -> bool {
    project.id.as_deref().unwrap_or(UNNAMED) == name
}

#[cfg(test)]
mod tests {
    use stackone_link_schemas::{AccountId, Pending, Trigger};

    use super::*;
    use stackone_processor_core::reconcile::unknown_account;
    use stackone_processor_core::work::Work;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_772_614_800 + seconds).unwrap()
    }

    fn state(kind: GraceKind, released_at: Option<Timestamp>) -> AccountState {
        let trigger = Trigger::Recheck;
        let (since, deadline) = (at(0), at(600));
        let grace = Grace {
            kind,
            trigger,
            since,
            deadline,
            answers: 1,
            released_at,
        };
        let pending = Pending {
            grace: Some(grace),
            ..Work::nothing(trigger, at(0)).pending
        };
        let id = AccountId::try_from("acc-1").unwrap();
        AccountState {
            pending: Some(pending),
            ..unknown_account(&id)
        }
    }

    #[test]
    fn only_accounts_that_vanished_are_listed() {
        assert_eq!(Vanished::of(state(GraceKind::Activation, None)), None);
        assert!(Vanished::of(state(GraceKind::Vanish, None)).is_some());
    }
}
