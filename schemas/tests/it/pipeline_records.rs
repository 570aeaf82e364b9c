//! Tests the schemas of records that only the pipeline reads: webhooks, and the pipeline's own
//! records.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use stackone_link_schemas::{
    AccountEvent, AccountId, AccountListed, AccountStatus, DeadLettersRedriven, ListingMarker,
    UnlinksReleased,
};
use uuid::Uuid;

use crate::json_schemas::validator;

const WEBHOOK: &str = "json/pipeline/account-event.schema.json";

/// The schema and the type agree on which bodies are account webhooks.
#[test]
fn a_webhook_is_valid_where_the_pipeline_can_read_it() {
    let validator = validator(WEBHOOK);
    let (mut read, mut refused) = (0, 0);
    for entry in std::fs::read_dir(crate::path("fixtures")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.ends_with(".json") {
            continue;
        }
        let body = crate::json(&format!("fixtures/{name}"));
        let is_read = AccountEvent::parse(body.to_string().as_bytes()).is_ok();
        assert_eq!(validator.is_valid(&body), is_read, "{name}");
        read += u32::from(is_read);
        refused += u32::from(!is_read);
    }
    assert!(read >= 5 && refused >= 10, "{read} and {refused}");
}

#[test]
fn a_webhook_needs_no_more_than_its_event_and_its_account() {
    let validator = validator(WEBHOOK);
    let minimal = json!({ "event": "account.updated", "account_id": "a" });
    assert!(validator.is_valid(&minimal));
    for (member, value) in [("event", json!("account")), ("account_id", json!("a/b"))] {
        let mut other = minimal.clone();
        other[member] = value;
        assert!(!validator.is_valid(&other), "{other}");
        assert!(AccountEvent::parse(other.to_string().as_bytes()).is_err());
    }
}

fn assert_written(schema: &str, record: &impl Serialize) {
    let validator = validator(&format!("json/pipeline/{schema}.schema.json"));
    let written = serde_json::to_value(record).unwrap();
    if let Err(error) = validator.validate(&written) {
        panic!("{written}: {error}");
    }
    for member in written.as_object().unwrap().keys() {
        let mut without = written.clone();
        without.as_object_mut().unwrap().remove(member);
        assert!(!validator.is_valid(&without), "{schema} without {member}");
        let mut changed = written.clone();
        changed[member] = json!({});
        assert!(!validator.is_valid(&changed), "{schema}, other {member}");
    }
}

/// A member that is always written is null where it has no value.
#[test]
fn the_pipelines_own_records_are_valid_by_their_schemas() {
    let (run, now): (Uuid, Timestamp) = (Uuid::max(), "2026-03-04T10:00:00Z".parse().unwrap());
    for project in [None, Some("acmeinc-27270".to_owned())] {
        let listed = AccountListed {
            run,
            project_id: project.clone(),
            account_id: AccountId::try_from("GnQoASvosYhE5wJcmmAQs").unwrap(),
            status: AccountStatus::from("of a later version"),
            updated_at: project.is_some().then_some(now),
        };
        assert_written("account-listed", &listed);
        let marker = ListingMarker {
            run,
            project_id: project.clone(),
            started_at: now,
            is_complete: project.is_some(),
        };
        assert_written("listing-marker", &marker);
        let released = UnlinksReleased {
            project_id: project,
            released_at: now,
        };
        assert_written("unlinks-released", &released);
    }
    let redriven = DeadLettersRedriven {
        partition: 7,
        offsets: vec![(3, 5), (9, 9)],
    };
    assert_written("dead-letters-redriven", &redriven);
}

/// Subscribers build on none of these schemas, so no release keeps them for the gate.
#[test]
fn the_pipelines_own_records_are_no_part_of_what_is_released() {
    let files = std::fs::read_dir(crate::path("released/0.1.0")).unwrap();
    let names = files.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names: Vec<Value> = names.map(Value::from).collect();
    assert!(
        names.contains(&json!("account-state.schema.json")),
        "{names:?}"
    );
    assert!(!names.contains(&json!("pipeline")), "{names:?}");
}
