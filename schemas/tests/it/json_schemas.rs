//! Tests that the committed JSON Schemas are those of the types, and say what a reader in another
//! language has to know.

use serde_json::Value;
use stackone_link_schemas::{
    AccountStatus, LIFECYCLE_DATASCHEMA, LINK_SESSION_DATASCHEMA, STATE_DATASCHEMA,
    pipeline_documents, registry_documents, schema_documents,
};

use crate::json;

pub(crate) const LIFECYCLE: &str = "json/account-lifecycle-event.schema.json";
pub(crate) const STATE: &str = "json/account-state.schema.json";

pub(crate) const SESSION: &str = "json/link-session-fact.schema.json";

/// Returns a validator of a committed schema that checks formats, too.
pub(crate) fn validator(file: &str) -> jsonschema::Validator {
    let options = jsonschema::draft202012::options().should_validate_formats(true);
    options.build(&json(file)).unwrap()
}

#[test]
fn the_committed_schemas_are_what_the_types_generate() {
    let committed = schema_documents()
        .into_iter()
        .chain(pipeline_documents())
        .map(|document| ("json", document));
    let registered = registry_documents()
        .into_iter()
        .map(|document| ("registry", document));
    for (folder, document) in committed.chain(registered) {
        let file = format!("{folder}/{}", document.file);
        // Compared as values: the order of members depends on which features other crates ask
        // serde_json for.
        let generated: Value = serde_json::from_str(&document.to_json().unwrap()).unwrap();
        assert!(
            json(&file) == generated,
            "schemas/{file} is not what the types generate. If the change is meant and additive, run\n\
             cargo run -p stackone-link-schemas --example write_schemas"
        );
    }
}

#[test]
fn no_schema_is_committed_that_no_type_generates() {
    let committed = |folder: &str| {
        let files = std::fs::read_dir(crate::path(folder)).unwrap();
        let files = files.filter(|entry| entry.as_ref().unwrap().path().is_file());
        files.count()
    };
    assert_eq!(committed("json"), schema_documents().len());
    assert_eq!(committed("json/pipeline"), pipeline_documents().len());
}

/// A schema for registries accepts and refuses the same records as the schema itself.
#[test]
fn what_is_registered_is_the_same_schema_without_references() {
    for (file, prefix) in [
        (LIFECYCLE, "lifecycle."),
        (STATE, "state."),
        (SESSION, "session."),
    ] {
        let registered = json(&file.replace("json/", "registry/"));
        assert!(!registered.to_string().contains("$ref"), "{file}");
        assert_eq!(registered["$id"], json(file)["$id"]);
        // Without formats: draft 7 does not know the format of a UUID.
        let registered = jsonschema::draft7::options()
            .should_validate_formats(false)
            .build(&registered)
            .unwrap();
        let own = jsonschema::draft202012::options()
            .build(&json(file))
            .unwrap();
        let mut refused = 0;
        for entry in std::fs::read_dir(crate::path("fixtures/records")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let record = json(&format!("fixtures/records/{name}"));
            assert_eq!(
                registered.is_valid(&record),
                name.starts_with(prefix),
                "{name} by {file}"
            );
            for member in record.as_object().unwrap().keys() {
                for other in [Value::Null, Value::from(-1), Value::from("?")] {
                    let mut changed = record.clone();
                    changed[member] = other;
                    assert_eq!(
                        registered.is_valid(&changed),
                        own.is_valid(&changed),
                        "{changed} by {file}"
                    );
                    refused += u32::from(!own.is_valid(&changed));
                }
            }
        }
        assert!(refused > 20, "{refused}");
    }
}

#[test]
fn a_schema_is_found_by_the_dataschema_header_of_its_records() {
    assert_eq!(json(LIFECYCLE)["$id"], LIFECYCLE_DATASCHEMA);
    assert_eq!(json(STATE)["$id"], STATE_DATASCHEMA);
    assert_eq!(json(SESSION)["$id"], LINK_SESSION_DATASCHEMA);
}

#[test]
fn open_enums_are_plain_strings_with_the_known_values_as_examples() {
    for file in [LIFECYCLE, STATE] {
        let schema = &json(file)["$defs"]["AccountStatus"];
        assert_eq!(schema["type"], "string");
        assert_eq!(schema["examples"], serde_json::json!(AccountStatus::KNOWN));
        assert!(schema.get("enum").is_none() && schema.get("oneOf").is_none());
    }
}

#[test]
fn formats_are_those_that_json_schema_defines() {
    for file in [LIFECYCLE, STATE] {
        let mut formats = Vec::new();
        collect_formats(&json(file), &mut formats);
        assert!(formats.contains(&"date-time".to_owned()), "{file}");
        assert!(formats.contains(&"uuid".to_owned()), "{file}");
        formats.retain(|format| format != "date-time" && format != "uuid");
        assert_eq!(formats, Vec::<String>::new(), "{file}");
    }
}

fn collect_formats(schema: &Value, formats: &mut Vec<String>) {
    if let Some(format) = schema.get("format").and_then(Value::as_str) {
        formats.push(format.to_owned());
    }
    let members = schema
        .as_object()
        .into_iter()
        .flat_map(|object| object.values());
    let items = schema.as_array().into_iter().flatten();
    for inner in members.chain(items) {
        collect_formats(inner, formats);
    }
}
