use std::collections::HashMap;

use jiff::Timestamp;
use stackone_link_schemas::{
    AccountId, AccountState, AccountStatus, Grace, GraceKind, LastLookup, LastOutcome, Pending,
    Trigger as Kind,
};
use stackone_processor::config::Config;
use stackone_processor_core::reconcile::unknown_account;
use stackone_processor_core::work::Work;

use super::*;
use crate::explain::finding::{About, Kind as Whether};
use crate::explain::found::{Events, Looked, SeenOnTopic, Strays};
use crate::explain::newest::Newest;
use crate::explain::question::{DEFAULT_RECORDS, ReadLimits};
use crate::explain::unseen::NotSeen;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_772_614_800 + seconds).unwrap()
}

fn settings() -> Settings {
    Config::settings(None, &HashMap::new()).unwrap()
}

fn question() -> AccountQuestion {
    AccountQuestion {
        account: AccountId::try_from("a").unwrap(),
        asked_at: at(0),
        since: at(-86_400),
        limits: ReadLimits::of(DEFAULT_RECORDS),
    }
}

fn seen<T>(topic: &str, not_read: u64, found: T) -> SeenOnTopic<T> {
    let looked = Looked {
        topic: topic.to_owned(),
        records: 7,
        not_read,
    };
    SeenOnTopic { found, looked }
}

fn nothing(not_read: u64) -> Evidence {
    Evidence {
        state: Ok(None),
        events: Ok(seen("events", not_read, Events::default())),
        letters: Ok(seen("letters", 0, Newest::default())),
        strays: Ok(seen("strays", 0, Strays::default())),
    }
}

fn told(found: &Evidence) -> Vec<AccountFinding> {
    let standing = AccountStanding::of(found, at(0));
    findings(&settings(), &question(), found, standing)
}

fn about(findings: &[AccountFinding], about: About) -> &AccountFinding {
    let mut findings = findings.iter();
    findings.find(|finding| finding.about == about).unwrap()
}

fn pending(last: Option<LastLookup>, grace: Option<Grace>) -> String {
    let pending = Pending {
        total: 1,
        lookups: 2,
        last_lookup: last,
        grace,
        ..Work::nothing(Kind::Webhook, at(-60)).pending
    };
    let state = AccountState {
        pending: Some(pending),
        ..unknown_account(&question().account)
    };
    let found = Evidence {
        state: Ok(Some(state)),
        ..nothing(0)
    };
    about(&told(&found), About::Pending).says.clone()
}

#[test]
fn of_all_that_is_not_there_it_is_said_where_it_was_looked_for_and_what_that_means() {
    let told = told(&nothing(0));
    assert_eq!(about(&told, About::Account).kind, Whether::Found);
    for what in [
        About::State,
        About::Triggers,
        About::DeadLetters,
        About::Unrecognized,
    ] {
        let finding = about(&told, what);
        assert_eq!(finding.kind, Whether::NotFound, "{finding:?}");
    }
    let webhook = about(&told, About::Triggers);
    let says = "no webhook of it since 2026-03-03T09:00:00Z on stackone.account.events.v1";
    assert!(webhook.says.starts_with(says), "{webhook:?}");
    let advice = webhook.advice.as_deref().unwrap();
    for word in [
        "stackone_ingest_webhooks_total",
        "bad_signature",
        "webhook refused",
    ] {
        assert!(advice.contains(word), "{word}: {advice}");
    }
    let lists = about(&told, About::Lists);
    assert!(
        lists.says.starts_with("no complete list of a resync"),
        "{lists:?}"
    );
}

#[test]
fn what_a_limit_left_out_is_said_and_nothing_is_said_to_be_missing_there() {
    let told = told(&nothing(3));
    let limit = told.iter().find(|finding| finding.kind == Whether::Limited);
    let says = &limit.unwrap().says;
    assert!(
        says.contains("newest 7 records were read; 3 older ones"),
        "{says}"
    );
    let webhook = about(&told, About::Triggers);
    assert!(
        webhook.says.contains("among the newest 7 records"),
        "{webhook:?}"
    );
}

#[test]
fn what_could_not_be_looked_at_says_why_each_for_itself() {
    let unseen = NotSeen::because("refused");
    let told = told(&Evidence {
        letters: Err(unseen),
        ..nothing(0)
    });
    let unseen: Vec<_> = told
        .iter()
        .filter(|finding| finding.kind == Whether::NotLookedAt)
        .collect();
    assert_eq!(unseen.len(), 1, "{told:?}");
    assert_eq!(unseen[0].about, About::DeadLetters);
    assert!(
        unseen[0].says.ends_with("dead-letter.v1: refused"),
        "{unseen:?}"
    );
}

#[test]
fn what_is_pending_says_the_last_answer_in_words_and_when_it_is_asked_again() {
    let last = |outcome, status, http_status| {
        Some(LastLookup {
            at: at(-5),
            outcome,
            status,
            http_status,
        })
    };
    let status = Some(AccountStatus::Inactive);
    let grace = Grace {
        kind: GraceKind::Activation,
        trigger: Kind::Webhook,
        since: at(-16),
        deadline: at(16),
        answers: 1,
        released_at: None,
    };
    let not_asked = "it was not looked up yet";
    for (said, words) in [
        (
            pending(None, None),
            ["1 trigger since 2026-03-04T08:59:00Z, 2 lookups", not_asked],
        ),
        (
            pending(last(LastOutcome::Found, status, None), Some(grace)),
            ["status inactive", "looked at again 2026-03-04T09:00:16Z"],
        ),
        (
            pending(last(LastOutcome::NotFound, None, None), None),
            ["404: no such account", "within seconds"],
        ),
        (
            pending(last(LastOutcome::Refused, None, Some(401)), None),
            ["refused the API key with 401", "every 30 s"],
        ),
        (
            pending(last(LastOutcome::Unavailable, None, None), None),
            ["unavailable", "within 5 min"],
        ),
        (
            pending(last(LastOutcome::Unreadable, None, None), None),
            ["not the account", "lookup_unreadable"],
        ),
        (
            pending(last(LastOutcome::Rejected, None, Some(422)), None),
            ["with 422", "lookup_rejected"],
        ),
        (
            pending(last(LastOutcome::RateLimited, None, None), None),
            ["429", "Retry-After"],
        ),
    ] {
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
    }
}
