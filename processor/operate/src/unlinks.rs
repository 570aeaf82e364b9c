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
use stackone_processor_core::api_gate::Projects;

use crate::project_names::{UNNAMED, name_of, projects};
use crate::state_view::{StatesError, states};

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
    /// The name of its project, by which it is released.
    pub project: String,
}

impl Vanished {
    fn of(state: AccountState, projects: &Projects) -> Option<Self> {
        let grace = state.pending.as_ref()?.grace?;
        let project = name_of(projects, state.project_id.as_deref()).to_owned();
        (grace.kind == GraceKind::Vanish).then_some(Self {
            state,
            grace,
            project,
        })
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
    let all = states(settings, None).await?.all()?;
    let projects = projects(settings);
    let all = all.into_values();
    let all = all.filter_map(|state| Vanished::of(state, &projects));
    let of_project = |account: &Vanished| project.is_none_or(|project| account.project == project);
    Ok(all.filter(of_project).collect())
}

fn is_named(project: &ProjectSettings, name: &str) -> bool {
    project.id.as_deref().unwrap_or(UNNAMED) == name
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use stackone_link_schemas::{AccountId, Pending, Trigger};
    use stackone_processor_core::api_gate::Project;

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

    fn configured(id: Option<&str>) -> Projects {
        let project = Project {
            id: id.map(str::to_owned),
            requests_per_minute: NonZeroU32::MIN,
        };
        Projects::new(vec![project])
    }

    #[test]
    fn only_accounts_that_vanished_are_listed() {
        let of = |kind| Vanished::of(state(kind, None), &configured(None));
        assert_eq!(of(GraceKind::Activation), None);
        assert!(of(GraceKind::Vanish).is_some());
    }

    #[test]
    fn an_account_is_listed_with_the_name_by_which_its_project_is_released() {
        for (configured_as, owner, name) in [
            (None, None, "default"),
            (None, Some("acme"), "default"),
            (Some("acme"), Some("acme"), "acme"),
            (Some("acme"), None, "acme"),
            (Some("acme"), Some("removed"), "removed"),
        ] {
            let state = AccountState {
                project_id: owner.map(str::to_owned),
                ..state(GraceKind::Vanish, None)
            };
            let vanished = Vanished::of(state, &configured(configured_as)).unwrap();
            assert_eq!(vanished.project, name, "{configured_as:?} {owner:?}");
        }
    }
}
