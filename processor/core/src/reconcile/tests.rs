//! Tests the decision table against the design's rows, and grace periods over time.

mod lag;
mod looks;
mod rows;
mod time;
mod vanished;

use jiff::{SignedDuration, Timestamp};
use stackone_client_types::{Account, Lookup};
use stackone_link_schemas::{
    AccountId, AccountPhase, AccountSnapshot, AccountState, AccountStatus, Pending, Trigger,
};

use super::transition::unknown_account;

pub(super) const START: Timestamp = Timestamp::constant(1_772_614_800, 0);

pub(super) fn at(seconds: i64) -> Timestamp {
    START + SignedDuration::from_secs(seconds)
}

pub(super) fn id() -> AccountId {
    AccountId::try_from("GnQoASvosYhE5wJcmmAQs").unwrap()
}

pub(super) fn snapshot() -> AccountSnapshot {
    AccountSnapshot {
        provider: "bamboohr".to_owned(),
        provider_name: None,
        origin_owner_id: "tenant_8f41c2".to_owned(),
        origin_owner_name: None,
        origin_username: None,
        label: None,
        account_type: None,
        created_at: None,
        updated_at: Some(at(-5)),
        setup_information: None,
    }
}

/// An account as the API shows it, of which nothing but the status matters.
pub(crate) fn account(status: &str) -> Account {
    Account {
        status: AccountStatus::from(status),
        status_reasons: Vec::new(),
        snapshot: snapshot(),
    }
}

pub(crate) fn found(status: &str) -> Lookup {
    Lookup::Found(Box::new(account(status)))
}

pub(super) fn pending(trigger: Trigger, event_date: Option<Timestamp>) -> Pending {
    Pending {
        trigger,
        causes: Vec::new(),
        total: u64::from(trigger != Trigger::Recheck),
        since: START,
        lookups: 1,
        project_id: Some("acmeinc-27270".to_owned()),
        event_date,
        looked_at: None,
        deleted_at: event_date.filter(|_| trigger == Trigger::Deleted),
        taken_in: None,
        grace: None,
        lag_recheck_used: false,
        last_lookup: None,
    }
}

/// Returns the state of an account confirmed with this status by an event of `at(-10)`.
pub(super) fn confirmed(phase: AccountPhase, status: &str) -> AccountState {
    AccountState {
        state: phase,
        version: 3,
        status: Some(AccountStatus::from(status)),
        account: Some(snapshot()),
        last_event_date: Some(at(-10)),
        project_id: Some("acmeinc-27270".to_owned()),
        ..unknown_account(&id())
    }
}
