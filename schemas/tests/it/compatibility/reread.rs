//! Tests that today's types read the records of released versions, and lose nothing when they write
//! them.

use std::fs::read_dir;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stackone_link_schemas::{AccountLifecycleEvent, AccountState};

use super::released;

/// Returns a record as it is after it was read and written.
pub(super) fn again<T: DeserializeOwned + Serialize>(record: &Value) -> Value {
    let read = serde_json::from_value::<T>(record.clone());
    let read = read.unwrap_or_else(|error| {
        panic!(
            "{record} is not read any more: {error}. A member that is added needs `#[serde(default)]`"
        )
    });
    serde_json::to_value(read).unwrap()
}

/// Returns every part of a record that is missing or changed after it was read and written. Added
/// parts do not count.
fn lost(at: &str, before: &Value, after: &Value) -> Vec<String> {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let members = before.iter().flat_map(|(name, before)| {
                let at = format!("{at}/{name}");
                match after.get(name) {
                    Some(after) => lost(&at, before, after),
                    None => vec![format!("{at}: {before} is gone")],
                }
            });
            members.collect()
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            let elements = before.iter().zip(after).enumerate();
            let lost = elements
                .flat_map(|(place, (one, other))| lost(&format!("{at}/{place}"), one, other));
            lost.collect()
        }
        _ if before == after => Vec::new(),
        _ => vec![format!("{at}: {before} became {after}")],
    }
}

/// A processor finds such records after an upgrade, and after the way back where both versions have
/// the same schema.
#[test]
fn what_a_released_version_wrote_is_read_and_written_as_it_was() {
    for (version, _) in released() {
        let folder = format!("released/{version}/records");
        let mut states = 0;
        for record in read_dir(crate::path(&folder)).unwrap() {
            let name = record.unwrap().file_name().into_string().unwrap();
            let written = crate::json(&format!("{folder}/{name}"));
            let after = if name.starts_with("state.") {
                states += 1;
                again::<AccountState>(&written)
            } else {
                again::<AccountLifecycleEvent>(&written)
            };
            let lost = lost("", &written, &after);
            assert!(
                lost.is_empty(),
                "of {name} as {version} wrote it:\n  {}\nWho goes back to {version}, or reads by its schema, relies on it: {}",
                lost.join("\n  "),
                super::WHAT_TO_DO
            );
        }
        assert!(states >= 5, "{folder} has {states} states");
    }
}

/// An event of a version that always writes one more member.
#[derive(Serialize, Deserialize)]
struct Later {
    #[serde(flatten)]
    event: AccountLifecycleEvent,
    #[serde(default)]
    region: Option<String>,
    #[serde(default)]
    regions: Vec<String>,
}

#[test]
fn a_member_that_is_always_written_may_be_added() {
    let written = crate::json("fixtures/records/lifecycle.degraded.json");
    let after = again::<Later>(&written);
    assert_eq!(
        (&after["region"], &after["regions"]),
        (&Value::Null, &json!([]))
    );
    assert_eq!(lost("", &written, &after), Vec::<String>::new());
}

#[test]
fn what_is_lost_or_changed_is_named_at_whichever_depth() {
    let written = crate::json("fixtures/records/lifecycle.degraded.json");
    let mut after = written.clone();
    after["version"] = json!("3");
    after["caused_by"][0]["offset"] = json!(7);
    after["status_reasons"] = json!([]);
    after["account"].as_object_mut().unwrap().remove("label");
    let mut lost = lost("", &written, &after);
    lost.sort_unstable();
    assert_eq!(lost.len(), 4, "{lost:?}");
    assert_eq!(lost[0], "/account/label: \"HR, main plant\" is gone");
    assert_eq!(lost[1], "/caused_by/0/offset: 1502 became 7");
    assert!(lost[2].starts_with("/status_reasons: [{"), "{}", lost[2]);
    assert_eq!(lost[3], "/version: 3 became \"3\"");
}
