//! Tests the reference: each member has its meaning, its source and an example, equally in the
//! schemas and in the documentation of the types.

use serde_json::Value;

use crate::json;
use crate::json_schemas::{LIFECYCLE, SESSION, STATE};

const SCHEMAS: [&str; 9] = [
    LIFECYCLE,
    STATE,
    SESSION,
    "json/pipeline/account-event.schema.json",
    "json/pipeline/account-listed.schema.json",
    "json/pipeline/account-look.schema.json",
    "json/pipeline/listing-marker.schema.json",
    "json/pipeline/unlinks-released.schema.json",
    "json/pipeline/dead-letters-redriven.schema.json",
];

/// The sources of values: StackOne, `CloudEvents`, the broker, or a part of the pipeline.
const SOURCES: [&str; 17] = [
    "From `stackone-connect`",
    "From the request",
    "From the state topic",
    "From the Hub",
    "From `LinkedAccount",
    "From `AccountLook`",
    "From `StatusReason.",
    "From the webhook's `",
    "From the webhooks' `",
    "From `CloudEvents` 1.0, `",
    "From the header `ce_",
    "From the records of the account events topic",
    "From Kafka",
    "From the processor",
    "From ingest",
    "From the operator's",
    "From the clock of the operator's",
];

fn assert_says(name: &str, about: &str) {
    let first = about.lines().next().unwrap_or_default();
    assert!(
        first.len() > 9 && !first.starts_with("From "),
        "{name} does not say what it means: {about:?}"
    );
    let has_source = SOURCES.iter().any(|source| about.contains(source));
    assert!(
        has_source,
        "{name} does not say where it comes from: {about:?}"
    );
}

#[test]
fn every_member_says_what_it_means_and_has_an_example() {
    let mut members = 0;
    for file in SCHEMAS {
        let document = json(file);
        let types = document["$defs"].as_object().into_iter().flatten();
        let types = types.map(|(name, schema)| (name.as_str(), schema));
        for (name, schema) in types.chain([(file, &document)]) {
            for (member, schema) in schema["properties"].as_object().into_iter().flatten() {
                let name = format!("{name}.{member}");
                let about = schema["description"].as_str().unwrap_or_default();
                assert_says(&name, about);
                assert!(
                    !about.contains("Example:"),
                    "{name}: the example is no JSON"
                );
                assert_has_example(&name, schema, &document["$defs"]);
                members += 1;
            }
        }
    }
    assert!(members > 90, "{members}");
}

/// Asserts that the example is valid by the schema. An object is made of members that have
/// examples.
fn assert_has_example(name: &str, schema: &Value, definitions: &Value) {
    let mut rooted = schema.clone();
    if definitions.is_object() {
        rooted["$defs"] = definitions.clone();
    }
    let options = jsonschema::draft202012::options().should_validate_formats(true);
    let validator = options.build(&rooted).unwrap();
    let example = schema["examples"].get(0);
    let is_valid = example.is_some_and(|example| validator.is_valid(example));
    let object = |reference: &&str| {
        let defined = definitions[reference.rsplit('/').next().unwrap()].get("properties");
        defined.is_some()
    };
    let is_made_of_members = references(schema).iter().any(object);
    assert!(
        is_valid || (example.is_none() && is_made_of_members),
        "{name}: {example:?} is no example by its schema"
    );
}

fn references(schema: &Value) -> Vec<&str> {
    let own = schema.get("$ref").and_then(Value::as_str);
    let inner = schema.get("items").into_iter();
    let choices = schema.get("anyOf").and_then(Value::as_array);
    let inner = inner.chain(choices.into_iter().flatten());
    own.into_iter().chain(inner.flat_map(references)).collect()
}

/// A public field of a struct in `src/`, with its documentation.
struct Field {
    name: String,
    kind: String,
    about: String,
}

/// Returns the public fields of the records' types, also of types without a schema.
fn fields() -> Vec<Field> {
    let mut fields = Vec::new();
    for file in [
        "account",
        "dead_letter",
        "envelope",
        "event",
        "lifecycle",
        "link_session",
        "link_session/created",
        "link_session/settled",
        "own/listing",
        "own/look",
        "state",
        "own/unlinks",
    ] {
        let (mut of, mut about) = (String::new(), String::new());
        for line in crate::text(&format!("src/{file}.rs")).lines() {
            if let Some(name) = line.strip_prefix("pub struct ") {
                let end = name.find([' ', '<', '(', ';']).unwrap();
                name[..end].clone_into(&mut of);
            } else if let Some(text) = line.strip_prefix("    ///") {
                about.push_str(text.trim());
                about.push('\n');
            } else if let Some((name, kind)) = line
                .strip_prefix("    pub ")
                .filter(|line| line.ends_with(','))
                .and_then(|line| line.split_once(": "))
            {
                fields.push(Field {
                    name: format!("{of}.{name}"),
                    kind: kind.trim_end_matches(',').to_owned(),
                    about: std::mem::take(&mut about),
                });
            } else if !line.trim_start().starts_with('#') {
                about.clear();
            }
        }
    }
    fields
}

#[test]
fn every_public_field_says_what_it_means_where_it_comes_from_and_has_an_example() {
    let fields = fields();
    for of in [
        "AccountEvent",
        "CloudEvent",
        "EventIdentity",
        "AccountListed",
        "AccountLook",
        "ListingMarker",
        "UnlinksReleased",
        "DeadLettersRedriven",
        "LinkSessionFact",
        "LinkSessionCreated",
    ] {
        let is_of = |field: &&Field| field.name.starts_with(&format!("{of}."));
        assert!(
            fields.iter().any(|field| is_of(&field)),
            "{of} has no field"
        );
    }
    assert!(fields.len() > 80, "{}", fields.len());
    let structs = [
        "AccountSnapshot",
        "StatusReason",
        "Cause",
        "TakenIn",
        "Pending",
        "Recheck",
        "Grace",
        "LastLookup",
        "LinkSessionChange",
    ];
    for Field { name, kind, about } in &fields {
        assert_says(name, about);
        let example = about
            .trim_end()
            .rsplit_once("\n\nExample: `")
            .and_then(|(_, example)| example.strip_suffix('`'));
        let is_json = example.is_some_and(|text| serde_json::from_str::<Value>(text).is_ok());
        let is_made_of_fields = structs.iter().any(|of| {
            let bare = kind
                .trim_start_matches("Option<")
                .trim_start_matches("Vec<");
            bare.trim_end_matches('>') == *of
        });
        assert!(
            is_json || is_made_of_fields,
            "{name} has no example: {about:?}"
        );
    }
}
