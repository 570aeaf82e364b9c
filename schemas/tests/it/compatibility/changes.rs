//! Tests the gate itself: what passes, and what does not.

use serde_json::{Value, json};

use super::gate::breaks;
use super::node::Node;
use super::released;
use crate::json_schemas::{LIFECYCLE, STATE};

/// Returns what the gate reports about the schema in `file` after a change.
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

/// Changes a part of a definition's description.
fn reword(schema: &mut Value, definition: &str, from: &str, to: &str) {
    let about = &mut schema["$defs"][definition]["description"];
    *about = json!(about.as_str().unwrap().replace(from, to));
}

#[test]
fn a_schema_that_only_adds_passes() {
    let added = |schema: &mut Value| {
        schema["properties"]["region"] = json!({ "type": ["string", "null"] });
        schema["$defs"]["AccountSnapshot"]["properties"]["region"] = json!({ "type": "string" });
    };
    assert_eq!(after(LIFECYCLE, added), Vec::<String>::new());
    let value = |schema: &mut Value| {
        let kind = &mut schema["$defs"]["LifecycleType"];
        let known = kind["examples"].as_array_mut();
        known.unwrap().push(json!("account.suspended"));
        let about = kind["description"].as_str().unwrap().to_owned();
        kind["description"] = json!(about + "\n- `account.suspended`: The account is suspended.");
    };
    assert_eq!(after(LIFECYCLE, value), Vec::<String>::new());
    let words =
        |schema: &mut Value| schema["properties"]["version"]["description"] = json!("Counts.");
    assert_eq!(after(LIFECYCLE, words), Vec::<String>::new());
}

/// A schema, a change to it, and the beginning of the gate's report.
type Breaking = (&'static str, fn(&mut Value), &'static str);

const BREAKING: [Breaking; 22] = [
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
                .retain(|name| name != "caused_by")
        },
        "/caused_by: was made optional",
    ),
    (
        LIFECYCLE,
        |schema| {
            schema["properties"]["region"] = json!({ "type": ["string", "null"] });
            schema["required"]
                .as_array_mut()
                .unwrap()
                .push(json!("region"));
        },
        "/region: is required now",
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
        LIFECYCLE,
        |schema| {
            reword(
                schema,
                "AccountStatus",
                "Disabled in StackOne.",
                "About to be disabled.",
            );
        },
        "/status: the value \"suspended\" means something else now: it was \"Disabled in StackOne.\", and is \"About",
    ),
    (
        LIFECYCLE,
        |schema| {
            reword(
                schema,
                "LifecycleType",
                "\n- `account.unlinked`: The account is gone.",
                "",
            );
        },
        "/type: the value \"account.unlinked\" means something else now: it was \"The account is gone.\", and is \"nothing",
    ),
    (
        STATE,
        |schema| {
            reword(
                schema,
                "AccountType",
                "A sandbox account.",
                "A trial account.",
            )
        },
        "/account/type: the value \"test\" means something else now",
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
    (
        STATE,
        |schema| {
            let phases = schema["$defs"]["AccountPhase"]["oneOf"].as_array_mut();
            phases.unwrap().pop();
        },
        "/state: the value \"unlinked\" was removed",
    ),
    (
        STATE,
        |schema| schema["$defs"]["AccountPhase"] = json!({ "type": "string" }),
        "/state: the constant value was changed",
    ),
    (
        LIFECYCLE,
        |schema| {
            let values = schema["$defs"]["AccountStatus"]["examples"].clone();
            schema["$defs"]["AccountStatus"]["enum"] = values;
        },
        "/status: the closed enum was changed",
    ),
    (
        LIFECYCLE,
        |schema| {
            let value = |text: &str| json!({ "type": "string", "const": text });
            let values = ["active", "error"].map(value);
            schema["$defs"]["AccountStatus"] = json!({ "oneOf": values });
        },
        "/status: the closed enum has the new value \"active\"",
    ),
    (
        LIFECYCLE,
        |schema| remove(schema, "/properties/caused_by", "items"),
        "/caused_by[]: may now be anything",
    ),
    (
        LIFECYCLE,
        |schema| schema["properties"]["account"] = json!({ "type": "null" }),
        "/account: was {\"object\"} in records that are kept",
    ),
    (
        LIFECYCLE,
        |schema| schema["properties"]["account_id"]["pattern"] = json!("^[0-9]+$"),
        "/account_id: the gate follows the reference and passes over \"pattern\"",
    ),
    (
        LIFECYCLE,
        |schema| schema["properties"]["account_id"]["maxLength"] = json!(3),
        "/account_id: the gate does not know the keyword \"maxLength\"",
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
fn elements_that_could_be_anything_may_not_be_narrowed() {
    let old = json!({ "type": "array" });
    let new = json!({ "type": "array", "items": { "type": "string" } });
    assert_eq!(
        breaks(&old, &new),
        ["[]: was anything in records that are kept"]
    );
}

#[test]
fn a_choice_may_go_where_it_is_null() {
    let account = |schema: &mut Value| {
        let account = &mut schema["properties"]["account"];
        account["anyOf"].as_array_mut().unwrap().pop();
    };
    assert_eq!(after(LIFECYCLE, account), Vec::<String>::new());
}

/// Otherwise the gate would compare nothing, and pass.
#[test]
fn of_each_released_value_of_an_open_enum_the_gate_knows_the_meaning() {
    for (version, files) in released() {
        let mut values = 0;
        for file in files {
            let schema = crate::json(&format!("released/{version}/{file}"));
            for (name, definition) in schema["$defs"].as_object().unwrap() {
                for (value, meaning) in Node::root(definition).known_values() {
                    assert!(meaning.is_some(), "{version} {file} {name} {value}");
                    values += 1;
                }
            }
        }
        assert!(values >= 14, "{version}: {values}");
    }
}

#[test]
fn a_keyword_that_the_gate_does_not_know_is_no_pass() {
    let closed = |schema: &mut Value| schema["additionalProperties"] = json!(false);
    assert!(
        after(LIFECYCLE, closed)[0].contains("does not know the keyword \"additionalProperties\"")
    );
}
