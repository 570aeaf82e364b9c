//! Asks StackOne once, and says what the pipeline would decide by the answer. Changes nothing.

use jiff::Timestamp;
use serde::Serialize;
use stackone_client::Lookup;
use stackone_link_schemas::{AccountId, AccountState, AccountStatus, Trigger};
use stackone_processor::application::projects;
use stackone_processor::config::Config;
use stackone_processor::projects::ProjectClients;
use stackone_processor_core::reconcile::{Case, Decision, GracePeriods, decide};
use stackone_processor_core::work::Work;
use stackone_processor_core::work::queue::Lane;

use super::found::Evidence;
use super::unseen::NotSeen;

/// The decision that the pipeline would make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "decision")]
pub enum Decided {
    /// It would emit this event.
    Emit {
        /// The type of the event.
        event: String,
    },
    /// It would emit nothing.
    Skip {
        /// The reason, as the metric's label.
        reason: &'static str,
    },
    /// It would look again before it believes the answer.
    Recheck {
        /// When it would look again.
        due_at: Timestamp,
    },
}

/// The answer of StackOne.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StackOneAnswer {
    /// The name of the project whose key was used.
    pub project: String,
    /// The account's status; absent where StackOne answered its own 404.
    pub status: Option<AccountStatus>,
    /// Whether the decision is about pending triggers, and not about a lookup that no record asked
    /// for.
    pub is_for_pending: bool,
    /// The decision that the pipeline would make.
    #[serde(flatten)]
    pub decided: Decided,
}

/// Asks for the account with the key of `named`, or else of the project that is known for it.
///
/// # Errors
///
/// Fails where no project is known, or StackOne's answer says nothing about the account.
pub async fn ask(
    config: &Config,
    account: &AccountId,
    found: &Evidence,
    named: Option<&str>,
) -> Result<StackOneAnswer, NotSeen> {
    let projects = projects(config).map_err(|error| NotSeen::of(&error))?;
    let lane = lane(&projects, named.or_else(|| project_of(found)))?;
    let project = projects.get(lane);
    let project = project.ok_or_else(|| NotSeen::because("no project is configured"))?;
    let name = projects.label(lane).to_owned();
    let lookup = project.client.account(account).await;
    let lookup = lookup.map_err(|error| {
        let why = NotSeen::of(&error);
        NotSeen::because(format!(
            "project {name}: StackOne's answer says nothing of it: {why}"
        ))
    })?;
    let periods = &config.settings.reconcile;
    Ok(answer(
        name,
        found.state(),
        &lookup,
        Timestamp::now(),
        periods,
    ))
}

fn lane(projects: &ProjectClients, name: Option<&str>) -> Result<Lane, NotSeen> {
    projects.lane_of(name).ok_or_else(|| {
        NotSeen::because(match name {
            Some(name) => format!("project {name} is not configured; --project names another"),
            None => "its project is not known; --project names it".to_owned(),
        })
    })
}

/// Returns the project that the account's state, its pending triggers or else its newest trigger
/// name.
fn project_of(found: &Evidence) -> Option<&str> {
    let state = found.state();
    let pending = || state?.pending.as_ref()?.project_id.as_deref();
    let trigger = || found.triggers()?.last()?.project_id.as_deref();
    let owner = state.and_then(|state| state.project_id.as_deref());
    owner.or_else(pending).or_else(trigger)
}

fn answer(
    project: String,
    state: Option<&AccountState>,
    lookup: &Lookup,
    now: Timestamp,
    periods: &GracePeriods,
) -> StackOneAnswer {
    let pending = state.and_then(|state| state.pending.as_ref());
    let look = Work::nothing(Trigger::Recheck, now).pending;
    let case = Case {
        state,
        pending: pending.unwrap_or(&look),
        answer: lookup,
        now,
    };
    let decided = match decide(&case, periods) {
        Decision::Emit(kind) => Decided::Emit {
            event: kind.event_type().to_string(),
        },
        Decision::Skip(reason) => Decided::Skip {
            reason: reason.as_str(),
        },
        Decision::Recheck { due_at, .. } => Decided::Recheck { due_at },
    };
    let status = match lookup {
        Lookup::Found(account) => Some(account.status.clone()),
        Lookup::NotFound => None,
    };
    StackOneAnswer {
        project,
        status,
        is_for_pending: pending.is_some(),
        decided,
    }
}

#[cfg(test)]
mod tests;
