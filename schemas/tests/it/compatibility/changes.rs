//! The gate itself: what passes, and what does not.

use serde_json::{Value, json};

use super::gate::breaks;
use crate::json_schemas::{LIFECYCLE, STATE};

/// What the gate says of the schema in `file` after a change.
fn after(file: &str, change: impl FnOnce(&mut Value)) -> Vec<String> {
    let old = crate::json(file);
    let mut new = old.clone();
    change(&mut new);
    assert_ne!(old, new, "the change changes nothing");
    breaks(&old, &new)
}

fn remove(schema: &mut Value, pointer: &str, member: &str) {
    let object = schema.pointer_mut(pointer).and_then(Value::as_object_mut);
    object.and_then(|object| object.remove(member)).unwrap();
}

#[test]
fn what_only_adds_passes() {
    let added = |schema: &mut Value| {
        schema["properties"]["region"] = json!({ "type": ["string", "null"] });
        schema["$defs"]["AccountSnapshot"]["properties"]["region"] = json!({ "type": "string" });
    };
    assert_eq!(after(LIFECYCLE, added), Vec::<String>::new());
    let value = |schema: &mut Value| {
        let known = schema["$defs"]["LifecycleType"]["examples"].as_array_mut();
        known.unwrap().push(json!("account.suspended"));
    };
    assert_eq!(after(LIFECYCLE, value), Vec::<String>::new());
    let words =
        |schema: &mut Value| schema["properties"]["version"]["description"] = json!("Counts.");
    assert_eq!(after(LIFECYCLE, words), Vec::<String>::new());
}

/// A schema, a change to it, and how what the gate says of it begins.
type Breaking = (&'static str, fn(&mut Value), &'static str);

const BREAKING: [Breaking; 11] = [
    (
        LIFECYCLE,
        |schema| remove(schema, "/properties", "lookups"),
        "/lookups: was removed",
    ),
    (
        LIFECYCLE,
        |schema| remove(schema, "/$defs/AccountSnapshot/properties", "label"),
        "/account/label: was removed",
    ),
    (
        LIFECYCLE,
        |schema| {
            schema["required"]
                .as_array_mut()
                .unwrap()
                .retain(|name| name != "version")
        },
        "/version: was made optional",
    ),
    (
        LIFECYCLE,
        |schema| {
            schema["required"]
                .as_array_mut()
                .unwrap()
                .push(json!("status"))
        },
        "/status: is required now",
    ),
    (
        LIFECYCLE,
        |schema| schema["properties"]["version"]["type"] = json!("string"),
        "/version: may now be",
    ),
    (
        LIFECYCLE,
        |schema| schema["properties"]["lookups"]["type"] = json!(["integer", "null"]),
        "/lookups: may now be",
    ),
    (
        LIFECYCLE,
        |schema| schema["$defs"]["Cause"]["properties"]["offset"]["type"] = json!("string"),
        "/caused_by[]/offset: may now be",
    ),
    (
        LIFECYCLE,
        |schema| remove(schema, "/$defs/AccountId", "pattern"),
        "/account_id: pattern was",
    ),
    (
        LIFECYCLE,
        |schema| schema["$defs"]["AccountStatus"]["examples"] = json!(["active"]),
        "/status: the value \"inactive\" was removed",
    ),
    (
        STATE,
        |schema| {
            let phases = schema["$defs"]["AccountPhase"]["oneOf"].as_array_mut();
            phases
                .unwrap()
                .push(json!({ "type": "string", "const": "held" }));
        },
        "/state: the closed enum has the new value \"held\"",
    ),
    (
        STATE,
        |schema| {
            let gone = &mut schema["$defs"]["AccountPhase"]["oneOf"][4];
            gone["description"] = json!("Will be back.");
        },
        "/state: the value \"unlinked\" means something else now",
    ),
];

#[test]
fn each_change_that_breaks_a_reader_is_named() {
    for (file, change, told) in BREAKING {
        let breaks = after(file, change);
        assert!(
            breaks.iter().any(|found| found.starts_with(told)),
            "expected {told:?}, got {breaks:?}"
        );
    }
}

#[test]
fn a_keyword_that_the_gate_does_not_know_is_no_pass() {
    let closed = |schema: &mut Value| schema["additionalProperties"] = json!(false);
    assert!(
        after(LIFECYCLE, closed)[0].contains("does not know the keyword \"additionalProperties\"")
    );
}
