use stackone_link_schemas::{AccountId, AccountPhase, DeadLetterReason, Grace, Trigger as Kind};
use stackone_processor_core::reconcile::unknown_account;
use stackone_processor_core::work::Work;

use super::*;
use crate::explain::found::{Events, Looked, SeenOnTopic, Stray, Strays, Trigger};
use crate::explain::newest::Newest;
use crate::explain::unseen::NotSeen;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_772_614_800 + seconds).unwrap()
}

fn seen<T>(found: T) -> SeenOnTopic<T> {
    let looked = Looked {
        topic: "t".to_owned(),
        records: 0,
        not_read: 0,
    };
    SeenOnTopic { found, looked }
}

fn nothing() -> Evidence {
    Evidence {
        state: Ok(None),
        events: Ok(seen(Events::default())),
        letters: Ok(seen(Newest::default())),
        strays: Ok(seen(Strays::default())),
    }
}

fn state(confirmed: i64) -> AccountState {
    let id = AccountId::try_from("a").unwrap();
    AccountState {
        state: AccountPhase::Active,
        version: 1,
        confirmed_at: Some(at(confirmed)),
        ..unknown_account(&id)
    }
}

fn with_trigger(progress: TriggerProgress) -> Evidence {
    let mut found = nothing();
    let mut events = Events::default();
    events.triggers.push(Trigger {
        partition: 0,
        offset: 0,
        at: None,
        event_type: Some("account.created".to_owned()),
        id: None,
        project_id: None,
        received_at: None,
        source: None,
        redrives: 0,
        progress,
    });
    found.events = Ok(seen(events));
    found
}

fn with_letter(put_aside: i64, put_back: bool) -> Evidence {
    let mut letters = Newest::default();
    letters.push(Letter {
        partition: 0,
        offset: 0,
        reason: DeadLetterReason::LookupRejected,
        detail: "status 422".to_owned(),
        event_type: "account.created".to_owned(),
        origin: (0, 0),
        attempts: 3,
        redrives: 0,
        last_seen: at(put_aside),
        value_expired: false,
        put_back,
    });
    Evidence {
        letters: Ok(seen(letters)),
        ..nothing()
    }
}

fn standing(found: &Evidence) -> AccountStanding {
    AccountStanding::of(found, at(1_000))
}

#[test]
fn without_anything_it_was_not_heard_of_and_without_its_state_nothing_can_be_said() {
    assert_eq!(standing(&nothing()), AccountStanding::NotHeardOf);
    let unseen = NotSeen::because("no broker");
    assert_eq!(
        standing(&Evidence::unseen(&unseen)),
        AccountStanding::Unknown
    );
}

#[test]
fn a_trigger_without_a_state_waits_or_led_to_nothing() {
    for (progress, expected) in [
        (TriggerProgress::Waiting, AccountStanding::NotProcessed),
        (TriggerProgress::Passed, AccountStanding::NothingToRemember),
        (TriggerProgress::Unknown, AccountStanding::NothingToRemember),
    ] {
        assert_eq!(standing(&with_trigger(progress)), expected);
    }
}

#[test]
fn a_dead_letter_counts_until_it_is_put_back_or_something_is_confirmed_after_it() {
    assert_eq!(standing(&with_letter(10, false)), AccountStanding::PutAside);
    assert_eq!(
        standing(&with_letter(10, true)),
        AccountStanding::NotHeardOf
    );
    for (confirmed, expected) in [
        (5, AccountStanding::PutAside),
        (20, AccountStanding::Confirmed),
    ] {
        let found = Evidence {
            state: Ok(Some(state(confirmed))),
            ..with_letter(10, false)
        };
        assert_eq!(standing(&found), expected);
    }
}

#[test]
fn a_webhook_of_no_use_counts_where_there_is_nothing_else() {
    let mut strays = Strays::default();
    strays.strays.push(Stray {
        partition: 0,
        offset: 0,
        at: None,
        event_type: None,
        project_id: None,
        source: None,
        reason: None,
    });
    let mut found = Evidence {
        strays: Ok(seen(strays)),
        ..nothing()
    };
    assert_eq!(standing(&found), AccountStanding::Unrecognized);
    found.state = Ok(Some(state(0)));
    assert_eq!(standing(&found), AccountStanding::Confirmed);
}

#[test]
fn what_is_pending_comes_first_and_a_held_unlink_is_told_from_a_doubted_one() {
    let with = |deadline, released_at, answers| {
        let grace = Grace {
            kind: GraceKind::Vanish,
            trigger: Kind::Recheck,
            since: at(0),
            deadline: at(deadline),
            answers,
            released_at,
        };
        let pending = Pending {
            grace: Some(grace),
            ..Work::nothing(Kind::Recheck, at(0)).pending
        };
        let state = AccountState {
            pending: Some(pending),
            ..state(0)
        };
        let found = Evidence {
            state: Ok(Some(state)),
            ..with_letter(10, false)
        };
        standing(&found)
    };
    assert_eq!(with(600, None, 2), AccountStanding::UnlinkHeld);
    assert_eq!(
        with(600, None, 1),
        AccountStanding::Pending,
        "one 404 is doubted"
    );
    assert_eq!(with(1_600, None, 2), AccountStanding::Pending);
    assert_eq!(with(600, Some(at(700)), 2), AccountStanding::Pending);
}
