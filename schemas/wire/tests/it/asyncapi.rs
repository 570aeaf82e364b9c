//! The committed `AsyncAPI` document is what the code generates, is complete, and its examples are
//! valid by it.

use std::path::Path;

use jsonschema::Validator;
use serde_json::{Value, json};
use stackone_link_wire::{Topic, Topics, asyncapi};

fn committed() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../asyncapi.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// The messages of a document, with their names.
fn messages(document: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let messages = document["components"]["messages"].as_object().unwrap();
    messages
        .iter()
        .map(|(name, message)| (name.as_str(), message))
}

/// A validator of a schema within a document, whose references lead to its components.
fn validator(document: &Value, schema: &Value) -> Validator {
    let rooted = json!({ "allOf": [schema], "components": document["components"] });
    let options = jsonschema::draft7::options().should_validate_formats(true);
    options.build(&rooted).unwrap()
}

#[test]
fn the_committed_document_is_what_the_code_generates() {
    // Compared as values: the order of members depends on which features other crates ask
    // serde_json for.
    assert!(
        committed() == asyncapi::document().unwrap(),
        "schemas/asyncapi.json is not what the code generates. If the change is meant and additive, run\n\
         cargo run -p stackone-link-wire --example write_asyncapi"
    );
}

#[test]
fn every_topic_is_a_channel_and_every_message_is_on_one() {
    let document = committed();
    let channels = document["channels"].as_object().unwrap();
    let mut addresses: Vec<_> = channels
        .values()
        .map(|channel| &channel["address"])
        .collect();
    addresses.sort_by_key(|address| address.to_string());
    let topics = Topics::default();
    let mut names = Topic::ALL.map(|topic| topics.name(topic));
    names.sort_unstable();
    assert_eq!(addresses, names);
    for (name, _) in messages(&document) {
        let reference = json!({ "$ref": format!("#/components/messages/{name}") });
        let mut channels = channels.values();
        assert!(
            channels.any(|channel| channel["messages"][name] == reference),
            "{name} is on no channel"
        );
    }
    for (name, channel) in channels {
        assert!(
            !channel["messages"].as_object().unwrap().is_empty(),
            "{name} has no message"
        );
    }
}

#[test]
fn every_message_has_examples_which_are_valid_by_it() {
    let document = committed();
    for (name, message) in messages(&document) {
        let examples = message["examples"].as_array().unwrap();
        assert!(!examples.is_empty(), "{name} has no example");
        for part in ["headers", "payload"] {
            let validator = validator(&document, &message[part]);
            for example in examples {
                if let Err(error) = validator.validate(&example[part]) {
                    panic!(
                        "{part} of {name}, {}: {error} at {}",
                        example["name"],
                        error.instance_path()
                    );
                }
            }
        }
        // What stands there is written down: no example has a header that its message does not
        // list.
        let headers = &message["headers"]["properties"];
        for header in examples
            .iter()
            .flat_map(|example| example["headers"].as_object().unwrap().keys())
        {
            assert!(
                headers.get(header).is_some(),
                "{name} has no header {header}"
            );
        }
    }
}

#[test]
fn the_key_of_a_message_is_the_subject_of_its_examples() {
    let document = committed();
    for (name, message) in messages(&document).filter(|(name, _)| *name != "deadLetter") {
        let key = validator(&document, &message["bindings"]["kafka"]["key"]);
        for example in message["examples"].as_array().unwrap() {
            let subject = example["headers"].get("ce_subject").unwrap_or(&Value::Null);
            assert!(key.is_valid(subject), "{name}: {subject}");
        }
    }
}

#[test]
fn examples_of_headers_are_valid_by_their_own_schemas() {
    let document = committed();
    let mut checked = 0;
    for (name, message) in messages(&document) {
        for (header, schema) in message["headers"]["properties"].as_object().unwrap() {
            let validator = validator(&document, schema);
            for example in schema["examples"].as_array().unwrap() {
                assert!(validator.is_valid(example), "{header} of {name}: {example}");
                checked += 1;
            }
        }
    }
    assert!(checked > 100, "{checked}");
}
