//! The gate: no change of a schema may break who reads by a released one. What a version may change: `README.md`,
//! "Compatibility".

mod gate;
mod node;

use std::fs::read_dir;

use serde_json::{Value, json};
use stackone_link_schemas::schema_documents;

use crate::json_schemas::{LIFECYCLE, STATE};
use gate::breaks;

const WHAT_TO_DO: &str = "Keep what readers of the released schema rely on: add members that are not required, and values to \
     open enums. Anything else is a new topic version (`.v2`) with a schema of its own: see \"Compatibility\" in schemas/README.md.";

/// The released versions, and the schemas of each.
fn released() -> Vec<(String, Vec<String>)> {
    let names = |folder: &str| -> Vec<String> {
        let entries = read_dir(crate::path(folder)).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    let versions = names("released").into_iter();
    versions
        .map(|version| {
            let files = names(&format!("released/{version}"));
            (version, files)
        })
        .collect()
}

#[test]
fn no_change_breaks_who_reads_by_a_released_schema() {
    let released = released();
    assert!(!released.is_empty(), "schemas/released is empty");
    for (version, files) in released {
        assert!(!files.is_empty(), "schemas/released/{version} is empty");
        for file in files {
            let old = crate::json(&format!("released/{version}/{file}"));
            let new = schema_documents()
                .into_iter()
                .find(|document| document.file == file)
                .map(|document| document.schema.to_value());
            let new = new.unwrap_or_else(|| {
                panic!("{file} of {version} is not generated any more. {WHAT_TO_DO}")
            });
            let breaks = breaks(&old, &new);
            assert!(
                breaks.is_empty(),
                "readers of {file} as released with {version} would break:\n  {}\n{WHAT_TO_DO}",
                breaks.join("\n  ")
            );
        }
    }
}

#[test]
fn todays_example_records_are_valid_by_every_released_schema() {
    for (version, files) in released() {
        for file in files {
            let schema = format!("released/{version}/{file}");
            let validator = crate::json_schemas::validator(&schema);
            let prefix = if file.contains("state") {
                "state."
            } else {
                "lifecycle."
            };
            let records = read_dir(crate::path("fixtures/records")).unwrap();
            let names = records.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let names: Vec<_> = names.filter(|name| name.starts_with(prefix)).collect();
            assert!(names.len() >= 4, "{names:?}");
            for name in names {
                let record = crate::json(&format!("fixtures/records/{name}"));
                assert!(validator.is_valid(&record), "{name} by {schema}");
            }
        }
    }
}

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

#[test]
fn each_change_that_breaks_a_reader_is_named() {
    let breaking: [(&str, &dyn Fn(&mut Value), &str); 11] = [
        (
            LIFECYCLE,
            &|schema| remove(schema, "/properties", "lookups"),
            "/lookups: was removed",
        ),
        (
            LIFECYCLE,
            &|schema| remove(schema, "/$defs/AccountSnapshot/properties", "label"),
            "/account/label: was removed",
        ),
        (
            LIFECYCLE,
            &|schema| {
                schema["required"]
                    .as_array_mut()
                    .unwrap()
                    .retain(|name| name != "version")
            },
            "/version: was made optional",
        ),
        (
            LIFECYCLE,
            &|schema| {
                schema["required"]
                    .as_array_mut()
                    .unwrap()
                    .push(json!("status"))
            },
            "/status: is required now",
        ),
        (
            LIFECYCLE,
            &|schema| schema["properties"]["version"]["type"] = json!("string"),
            "/version: may now be",
        ),
        (
            LIFECYCLE,
            &|schema| schema["properties"]["lookups"]["type"] = json!(["integer", "null"]),
            "/lookups: may now be",
        ),
        (
            LIFECYCLE,
            &|schema| schema["$defs"]["Cause"]["properties"]["offset"]["type"] = json!("string"),
            "/caused_by[]/offset: may now be",
        ),
        (
            LIFECYCLE,
            &|schema| remove(schema, "/$defs/AccountId", "pattern"),
            "/account_id: pattern was",
        ),
        (
            LIFECYCLE,
            &|schema| schema["$defs"]["AccountStatus"]["examples"] = json!(["active"]),
            "/status: the value \"inactive\" was removed",
        ),
        (
            STATE,
            &|schema| {
                let phases = schema["$defs"]["AccountPhase"]["oneOf"].as_array_mut();
                phases
                    .unwrap()
                    .push(json!({ "type": "string", "const": "held" }));
            },
            "/state: the closed enum has the new value \"held\"",
        ),
        (
            STATE,
            &|schema| {
                let gone = &mut schema["$defs"]["AccountPhase"]["oneOf"][4];
                gone["description"] = json!("Will be back.");
            },
            "/state: the value \"unlinked\" means something else now",
        ),
    ];
    for (file, change, told) in breaking {
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
