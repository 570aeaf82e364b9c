//! Asks the running processors to look up one account, as connect does where no webhook comes.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use stackone_link_schemas::{
    ACCOUNT_LOOK_TYPE, AccountId, AccountLook, AccountState, CloudEvent, LookReason,
    event_id_of_body, source_of_project,
};
use stackone_link_transport::{PublishError, Publisher, StartError};
use stackone_link_wire::{OutgoingRecord, RecordHeaders};
use stackone_processor::config::Settings;
use stackone_processor_core::api_gate::Projects;

use crate::project_names::projects;
use crate::state_view::{StatesError, states};

/// How long the record may take to be stored.
const ACK_DEADLINE: Duration = Duration::from_secs(30);

/// Why no look was asked for. Another attempt does no harm.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The states cannot be read, so the account's project is not known.
    #[error("state cannot be read")]
    States(#[from] StatesError),
    /// The project that the operator or the account's state names is not configured.
    #[error("project {0} is not configured")]
    NotConfigured(String),
    /// Nothing says which project the account belongs to.
    #[error(
        "nothing is known of {0}, and several projects are configured: --project names its own"
    )]
    ProjectUnknown(AccountId),
    /// The account belongs to another project, so the record would become a dead letter.
    #[error("the account belongs to project {owner}, not to {named}")]
    Foreign {
        /// The project that owns the account.
        owner: String,
        /// The project that was named.
        named: String,
    },
    /// The record cannot be written as JSON.
    #[error(transparent)]
    Encode(#[from] serde_json::Error),
    /// The producer could not be made.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The record is not known to be stored.
    #[error("the look is not known to be stored; ask again")]
    Publish(#[from] PublishError),
}

/// A look that was asked for: where its record is, and the account's version before.
#[derive(Debug, Clone, Serialize)]
pub struct AskedLook {
    /// The id of the account.
    pub account_id: AccountId,
    /// The project whose API key is used; `None` for a single project without an id.
    pub project_id: Option<String>,
    /// The topic of the record.
    pub topic: String,
    /// The partition of the record.
    pub partition: i32,
    /// The offset of the record.
    pub offset: i64,
    /// How many transitions of the account had been emitted; 0 where it was never confirmed.
    pub version: u64,
}

/// Writes a look at `account` for the processors, with the project that `named` says, else that its
/// state says, else the only one there is.
///
/// # Errors
///
/// Fails as [`LookError`] says.
pub async fn ask_for_look(
    settings: &Settings,
    account: &AccountId,
    named: Option<&str>,
) -> Result<AskedLook, LookError> {
    let known = states(settings, Some(account.clone())).await?;
    let known = known.all().map_err(StatesError::from)?;
    let known = known.get(account);
    let project_id = project_of(&projects(settings), account, known, named)?;
    let topic = &settings.topics.account_events;
    // A webhook that comes later may be about a change from before the command.
    let now = Timestamp::now();
    let value = serde_json::to_vec(&AccountLook {
        account_id: account.clone(),
        project_id: project_id.clone(),
        because: LookReason::Operator,
        event_date: now,
    })?;
    let headers = RecordHeaders::of(CloudEvent {
        id: event_id_of_body(&value),
        event_type: ACCOUNT_LOOK_TYPE.to_owned(),
        source: source_of_project(project_id.as_deref()),
        subject: Some(account.to_string()),
        time: Some(now),
        dataschema: None,
    });
    let record = OutgoingRecord {
        topic,
        key: Some(account.as_str()),
        value: &value,
        headers,
    };
    let publisher = Publisher::new(&settings.kafka, "stackone-look", ACK_DEADLINE)?;
    let stored = publisher.publish(&record).await?;
    Ok(AskedLook {
        account_id: account.clone(),
        project_id,
        topic: topic.clone(),
        partition: stored.partition,
        offset: stored.offset,
        version: known.map_or(0, |state| state.version),
    })
}

/// Returns the id of the project whose key is used, by the same rules by which the processor would
/// refuse the record.
fn project_of(
    projects: &Projects,
    account: &AccountId,
    state: Option<&AccountState>,
    named: Option<&str>,
) -> Result<Option<String>, LookError> {
    let owner = state.and_then(|state| state.project_id.as_deref());
    let pending = state.and_then(|state| state.pending.as_ref()?.project_id.as_deref());
    let name = named.or(owner).or(pending);
    let lane = projects.lane_of(name).ok_or_else(|| {
        name.map_or_else(
            || LookError::ProjectUnknown(account.clone()),
            |name| LookError::NotConfigured(name.to_owned()),
        )
    })?;
    if let (Some(owner), Some(named)) = (owner, named)
        && !projects.is_owner(lane, Some(owner), Some(named))
    {
        return Err(LookError::Foreign {
            owner: owner.to_owned(),
            named: named.to_owned(),
        });
    }
    Ok(projects.get(lane).and_then(|project| project.id.clone()))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use stackone_link_schemas::{Pending, Trigger};
    use stackone_processor_core::api_gate::Project;
    use stackone_processor_core::reconcile::unknown_account;
    use stackone_processor_core::work::Work;

    use super::*;

    fn account() -> AccountId {
        AccountId::try_from("acc-1").unwrap()
    }

    fn configured(ids: &[Option<&str>]) -> Projects {
        let project = |id: &Option<&str>| Project {
            id: id.map(str::to_owned),
            requests_per_minute: NonZeroU32::MIN,
        };
        Projects::new(ids.iter().map(project).collect())
    }

    fn state(owner: Option<&str>, pending: Option<&str>) -> AccountState {
        AccountState {
            project_id: owner.map(str::to_owned),
            pending: Some(Pending {
                project_id: pending.map(str::to_owned),
                ..Work::nothing(Trigger::Recheck, Timestamp::UNIX_EPOCH).pending
            }),
            ..unknown_account(&account())
        }
    }

    #[test]
    fn the_project_is_the_one_that_is_named_else_known_else_the_only_one() {
        let (both, only) = (
            configured(&[Some("a"), Some("b")]),
            configured(&[Some("a")]),
        );
        let of = |projects: &Projects, state: Option<&AccountState>, named: Option<&str>| {
            project_of(projects, &account(), state, named).unwrap()
        };
        assert_eq!(of(&both, None, Some("b")).as_deref(), Some("b"));
        let owned = state(Some("b"), Some("a"));
        assert_eq!(of(&both, Some(&owned), None).as_deref(), Some("b"));
        let waits = state(None, Some("a"));
        assert_eq!(of(&both, Some(&waits), None).as_deref(), Some("a"));
        assert_eq!(of(&only, None, None).as_deref(), Some("a"));
        // A project without an id serves all accounts, and names none.
        let unnamed = configured(&[None]);
        assert_eq!(of(&unnamed, Some(&owned), Some("default")), None);
    }

    #[test]
    fn what_the_processor_would_put_aside_is_not_written() {
        let both = configured(&[Some("a"), Some("b")]);
        let of = |state: Option<&AccountState>, named: Option<&str>| {
            project_of(&both, &account(), state, named)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            of(None, None),
            "nothing is known of acc-1, and several projects are configured: --project names its own"
        );
        assert_eq!(of(None, Some("c")), "project c is not configured");
        let removed = state(Some("c"), None);
        assert_eq!(of(Some(&removed), None), "project c is not configured");
        let owned = state(Some("b"), None);
        assert_eq!(
            of(Some(&owned), Some("a")),
            "the account belongs to project b, not to a"
        );
    }
}
