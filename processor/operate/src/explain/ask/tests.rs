use stackone_client::Account;
use stackone_link_schemas::{AccountPhase, AccountSnapshot, Pending};
use stackone_processor_core::reconcile::unknown_account;

use super::*;

fn now() -> Timestamp {
    Timestamp::from_second(1_772_614_800).unwrap()
}

fn found(status: AccountStatus) -> Lookup {
    Lookup::Found(Box::new(Account {
        status,
        status_reasons: Vec::new(),
        snapshot: AccountSnapshot {
            provider: "hibob".to_owned(),
            provider_name: None,
            origin_owner_id: "o".to_owned(),
            origin_owner_name: None,
            origin_username: None,
            label: None,
            account_type: None,
            created_at: None,
            updated_at: None,
            setup_information: None,
        },
    }))
}

fn state(phase: AccountPhase) -> AccountState {
    let id = AccountId::try_from("a").unwrap();
    AccountState {
        state: phase,
        version: 1,
        ..unknown_account(&id)
    }
}

fn decided(state: Option<&AccountState>, lookup: &Lookup) -> Decided {
    let periods = GracePeriods::default();
    answer("acme".to_owned(), state, lookup, now(), &periods).decided
}

#[test]
fn the_answer_is_decided_as_the_processor_would() {
    let emit = |event: &str| Decided::Emit {
        event: event.to_owned(),
    };
    let active = found(AccountStatus::Active);
    assert_eq!(decided(None, &active), emit("account.linked"));
    let degraded = state(AccountPhase::Degraded);
    assert_eq!(decided(Some(&degraded), &active), emit("account.recovered"));
    let gone = decided(Some(&state(AccountPhase::Active)), &Lookup::NotFound);
    assert!(
        matches!(gone, Decided::Recheck { due_at } if due_at > now()),
        "{gone:?}"
    );
    let unlinked = state(AccountPhase::Unlinked);
    let reason = "unchanged";
    assert_eq!(
        decided(Some(&unlinked), &Lookup::NotFound),
        Decided::Skip { reason }
    );
}

#[test]
fn what_is_pending_is_what_it_is_decided_for() {
    let pending = Pending {
        total: 1,
        ..Work::nothing(Trigger::Deleted, now()).pending
    };
    let state = AccountState {
        pending: Some(pending),
        ..state(AccountPhase::Active)
    };
    let periods = GracePeriods::default();
    let name = || "acme".to_owned();
    let said = answer(name(), Some(&state), &Lookup::NotFound, now(), &periods);
    assert!(said.is_for_pending);
    assert_eq!(
        serde_json::to_value(&said).unwrap(),
        serde_json::json!({
            "project": "acme", "status": null, "is_for_pending": true,
            "decision": "emit", "event": "account.unlinked",
        })
    );
}
