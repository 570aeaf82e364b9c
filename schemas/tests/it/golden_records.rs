//! The example records of `fixtures/records/` pin the JSON that subscribers read.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use stackone_link_schemas::{
    AccountLifecycleEvent, AccountPhase, AccountState, LifecycleType, LinkSessionChange,
    LinkSessionFact,
};

use crate::json_schemas::{LIFECYCLE, SESSION, STATE, validator};

const LIFECYCLE_RECORDS: [&str; 6] = [
    "lifecycle.linked.json",
    "lifecycle.refreshed.json",
    "lifecycle.degraded.json",
    "lifecycle.recovered.json",
    "lifecycle.link_failed.json",
    "lifecycle.unlinked.json",
];

const STATE_RECORDS: [&str; 5] = [
    "state.active.json",
    "state.degraded.json",
    "state.pending.json",
    "state.unlinked.json",
    "state.vanished.json",
];

const SESSION_RECORDS: [&str; 6] = [
    "session.created.json",
    "session.opened.json",
    "session.token_minted.json",
    "session.linked_reported.json",
    "session.cancelled.json",
    "session.settled.json",
];

fn record(file: &str) -> Value {
    crate::json(&format!("fixtures/records/{file}"))
}

fn parse<T: DeserializeOwned>(file: &str) -> T {
    serde_json::from_value(record(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn lifecycle_records_are_read_written_and_validated_without_a_change() {
    for file in LIFECYCLE_RECORDS {
        assert_unchanged::<AccountLifecycleEvent>(file, LIFECYCLE);
    }
}

#[test]
fn state_records_are_read_written_and_validated_without_a_change() {
    for file in STATE_RECORDS {
        assert_unchanged::<AccountState>(file, STATE);
    }
}

#[test]
fn facts_of_sessions_are_read_written_and_validated_without_a_change() {
    let types = SESSION_RECORDS.map(|file| {
        assert_unchanged::<LinkSessionFact>(file, SESSION);
        parse::<LinkSessionFact>(file).change.event_type()
    });
    assert_eq!(types, LinkSessionChange::TYPES, "each has an example");
}

fn assert_unchanged<T: DeserializeOwned + Serialize>(file: &str, schema: &str) {
    let written = serde_json::to_value(parse::<T>(file)).unwrap();
    assert_eq!(written, record(file), "{file}");
    if let Err(error) = validator(schema).validate(&written) {
        panic!(
            "{file} does not validate: {error} at {}",
            error.instance_path()
        );
    }
}

#[test]
fn every_lifecycle_type_has_an_example_and_every_example_the_id_of_its_version() {
    let events = LIFECYCLE_RECORDS.map(parse::<AccountLifecycleEvent>);
    let mut types = events.each_ref().map(|event| event.event_type.as_str());
    types.sort_unstable();
    let mut known: Vec<_> = LifecycleType::KNOWN.to_vec();
    known.sort_unstable();
    assert_eq!(types.as_slice(), known);
    for event in events {
        let project = event.project_id.as_deref();
        let id = AccountLifecycleEvent::id_of(project, &event.account_id, event.version);
        assert_eq!(event.id, id, "{}", event.event_type);
    }
}

/// Members that the types read as optional, because records from before them lack them. The
/// schemas, of written records, require them.
const READ_WITHOUT: [&str; 7] = [
    "project_id",
    "account",
    "status",
    "status_reasons",
    "previous_status",
    "caused_by",
    "caused_by_total",
];

#[test]
fn a_record_without_a_required_member_does_not_validate_and_parses_only_where_old_ones_lack_it() {
    for file in LIFECYCLE_RECORDS {
        assert_required::<AccountLifecycleEvent>(file, LIFECYCLE, &READ_WITHOUT);
    }
    for file in STATE_RECORDS {
        assert_required::<AccountState>(file, STATE, &[]);
    }
}

fn assert_required<T: DeserializeOwned + Debug>(file: &str, schema: &str, read_without: &[&str]) {
    let validator = validator(schema);
    let required = crate::json(schema)["required"].as_array().unwrap().clone();
    assert!(required.len() >= 3 + read_without.len(), "{schema}");
    for member in required {
        let mut record = record(file);
        let member = member.as_str().unwrap();
        assert!(record.as_object_mut().unwrap().remove(member).is_some());
        assert!(!validator.is_valid(&record), "{file} without {member}");
        let parsed = serde_json::from_value::<T>(record);
        let is_read = read_without.contains(&member);
        assert_eq!(
            parsed.is_ok(),
            is_read,
            "{file} without {member}: {parsed:?}"
        );
    }
}

#[test]
fn a_member_of_another_form_neither_validates_nor_parses() {
    let validator = validator(LIFECYCLE);
    for (member, value) in [
        ("account_id", json!("a/b")),
        ("account_id", json!(45320)),
        ("id", json!("not-a-uuid")),
        ("confirmed_at", json!("yesterday")),
        ("version", json!(-1)),
        ("caused_by", json!([{}])),
    ] {
        let mut record = record("lifecycle.linked.json");
        record[member] = value;
        assert!(!validator.is_valid(&record), "{member} {}", record[member]);
        let parsed = serde_json::from_value::<AccountLifecycleEvent>(record);
        assert!(parsed.is_err(), "{member}: {parsed:?}");
    }
}

#[test]
fn values_and_members_of_a_later_version_are_accepted() {
    let mut record = record("lifecycle.linked.json");
    record["type"] = json!("account.moved");
    record["status"] = json!("hibernating");
    record["account"]["type"] = json!("demo");
    let later = record.clone();
    record["added_later"] = json!({"a": 1});
    record["account"]["added_later"] = json!(true);
    assert!(validator(LIFECYCLE).is_valid(&record));
    let event: AccountLifecycleEvent = serde_json::from_value(record).unwrap();
    assert_eq!(serde_json::to_value(event).unwrap(), later);
}

#[test]
fn members_of_the_state_that_this_version_does_not_know_survive() {
    let mut record = record("state.active.json");
    record["added_later"] = json!({"deep": [1, null, "x"]});
    assert!(validator(STATE).is_valid(&record));
    let state: AccountState = serde_json::from_value(record.clone()).unwrap();
    assert_eq!(serde_json::to_value(state).unwrap(), record);
}

#[test]
fn an_unlinked_account_leaves_nothing_that_says_whose_it_was() {
    let state: AccountState = parse("state.unlinked.json");
    assert_eq!(state.state, AccountPhase::Unlinked);
    assert_eq!((state.account, state.status_reasons), (None, Vec::new()));
    let event: AccountLifecycleEvent = parse("lifecycle.unlinked.json");
    assert_eq!(state.version, event.version);
    assert!(event.account.is_some());
}
