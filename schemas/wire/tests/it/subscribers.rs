//! The gate for topics, keys and headers: no change may break who subscribed to a released version.
//! For values there is one in `schemas/tests/it/compatibility`.

mod gate;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use stackone_link_wire::asyncapi;

use gate::{CHANNELS, breaks};

const WHAT_TO_DO: &str = "Keep topics, keys, headers and what they say as subscribers know them; add headers and kinds of record. \
     Anything else is a new topic (`.v2`), written beside the old one for a while: see \"Compatibility\" in schemas/README.md.";

/// The document of each released version.
fn released() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../released");
    let versions = std::fs::read_dir(folder).unwrap();
    let read = |version: PathBuf| {
        let document = std::fs::read_to_string(version.join("asyncapi.json"));
        let document = document.unwrap_or_else(|error| panic!("{}: {error}", version.display()));
        let version = version.file_name().unwrap().to_string_lossy().into_owned();
        (version, serde_json::from_str(&document).unwrap())
    };
    versions.map(|entry| read(entry.unwrap().path())).collect()
}

#[test]
fn no_change_of_a_topic_a_key_or_a_header_breaks_who_subscribed_to_a_released_version() {
    let released = released();
    assert!(!released.is_empty(), "nothing is released");
    let today = asyncapi::document().unwrap();
    for (version, document) in released {
        let breaks = breaks(&document, &today);
        assert!(
            breaks.is_empty(),
            "who subscribed to {version} would break:\n  {}\n{WHAT_TO_DO}",
            breaks.join("\n  ")
        );
    }
}

/// What the gate says after a change of today's document.
fn after(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let old = asyncapi::document().unwrap();
    let mut new = old.clone();
    change(&mut new);
    assert_ne!(old, new, "the change changes nothing");
    breaks(&old, &new)
}

fn settings<'d>(document: &'d mut Value, channel: &str) -> &'d mut Value {
    &mut document["channels"][channel]["bindings"]["kafka"]["topicConfiguration"]
}

fn header<'d>(document: &'d mut Value, message: &str, name: &str) -> &'d mut Value {
    &mut document["components"]["messages"][message]["headers"]["properties"][name]
}

fn remove(object: &mut Value, member: &str) {
    object.as_object_mut().unwrap().remove(member).unwrap();
}

#[test]
fn an_asyncapi_document_that_only_adds_passes() {
    let none = Vec::<String>::new();
    let header_added = |document: &mut Value| {
        *header(document, "accountLinked", "ce_region") = json!({ "type": "string" });
    };
    assert_eq!(after(header_added), none);
    let always_there = |document: &mut Value| {
        let headers = &mut document["components"]["messages"]["accountState"]["headers"];
        headers["properties"]["ce_region"] = json!({ "type": "string" });
        headers["required"]
            .as_array_mut()
            .unwrap()
            .push(json!("ce_region"));
    };
    assert_eq!(after(always_there), none);
    let kind_added = |document: &mut Value| {
        let reference = json!({ "$ref": "#/components/messages/accountMoved" });
        document["channels"]["lifecycle"]["messages"]["accountMoved"] = reference;
    };
    assert_eq!(after(kind_added), none);
    let kept_longer =
        |document: &mut Value| settings(document, "lifecycle")["retention.ms"] = json!(-1);
    assert_eq!(after(kept_longer), none);
    let words = |document: &mut Value| {
        header(document, "accountLinked", "ce_time")["description"] = json!("When.");
        document["components"]["schemas"]["AccountId"]["examples"] = json!(["a"]);
        document["channels"]["state"]["title"] = json!("States");
    };
    assert_eq!(after(words), none);
    let not_for_subscribers = |document: &mut Value| {
        remove(
            &mut document["channels"]["accountEvents"]["messages"],
            "listingMarker",
        );
        settings(document, "unrecognized")["retention.ms"] = json!(1);
    };
    assert_eq!(after(not_for_subscribers), none);
}

/// A change, and how what the gate says of it begins.
type Breaking = (fn(&mut Value), &'static str);

const BREAKING: [Breaking; 16] = [
    (
        |document| remove(&mut document["channels"], "linked"),
        "linked: the topic is gone",
    ),
    (
        |document| document["channels"]["state"]["address"] = json!("stackone.state.v1"),
        "state: the topic's name was \"stackone.account.state.v1\"",
    ),
    (
        |document| settings(document, "state")["cleanup.policy"] = json!(["delete"]),
        "state: cleanup.policy was [\"compact\"]",
    ),
    (
        |document| settings(document, "lifecycle")["retention.ms"] = json!(1),
        "lifecycle: retention.ms was ",
    ),
    (
        |document| remove(settings(document, "linked"), "retention.ms"),
        "linked: retention.ms was ",
    ),
    (
        |document| {
            remove(
                &mut document["channels"]["lifecycle"]["messages"],
                "accountLinkFailed",
            )
        },
        "lifecycle/accountLinkFailed: there is no such record any more",
    ),
    (
        |document| {
            let message = &mut document["components"]["messages"]["accountState"];
            message["bindings"]["kafka"]["key"] = json!({ "type": "string" });
        },
        "state/accountState: the key was {",
    ),
    (
        |document| document["components"]["schemas"]["AccountId"]["pattern"] = json!(".*"),
        "linked/accountLinked: the key was {",
    ),
    (
        |document| document["components"]["messages"]["accountForgotten"]["payload"] = json!({}),
        "state/accountForgotten: the value's schema was {",
    ),
    (
        |document| {
            let message = &mut document["components"]["messages"]["accountLinked"];
            message["payload"]["$ref"] = json!("#/components/schemas/AccountState");
        },
        "linked/accountLinked: the value's schema was {",
    ),
    (
        |document| {
            let message = &mut document["components"]["messages"]["accountLinked"];
            let required = message["headers"]["required"].as_array_mut();
            required.unwrap().retain(|name| name != "ce_dataschema");
        },
        "lifecycle/accountLinked: the header ce_dataschema is not in every record",
    ),
    (
        |document| {
            let message = &mut document["components"]["messages"]["accountState"];
            remove(&mut message["headers"]["properties"], "ce_subject");
        },
        "state/accountState: the header ce_subject is gone",
    ),
    (
        |document| {
            header(document, "accountDegraded", "ce_type")["const"] = json!("account.broken")
        },
        "lifecycle/accountDegraded: the header ce_type was {",
    ),
    (
        |document| remove(header(document, "accountState", "ce_dataschema"), "const"),
        "state/accountState: the header ce_dataschema was {",
    ),
    (
        |document| header(document, "accountLinked", "ce_id")["format"] = json!("uri"),
        "linked/accountLinked: the header ce_id was {",
    ),
    (
        |document| header(document, "accountLinked", "content-type")["const"] = json!("text/plain"),
        "lifecycle/accountLinked: the header content-type was {",
    ),
];

#[test]
fn each_change_that_breaks_who_subscribes_is_named() {
    for (change, told) in BREAKING {
        let breaks = after(change);
        assert!(
            breaks.iter().any(|found| found.starts_with(told)),
            "expected {told:?}, got {breaks:?}"
        );
    }
}

/// Or else the gate would compare nothing, and pass.
#[test]
fn each_released_document_says_what_the_gate_compares() {
    for (version, document) in released() {
        for name in CHANNELS {
            let channel = &document["channels"][name];
            assert!(channel["address"].is_string(), "{version} {name}");
            let policy = &channel["bindings"]["kafka"]["topicConfiguration"]["cleanup.policy"];
            assert!(policy.is_array(), "{version} {name}");
            for message in channel["messages"].as_object().unwrap().keys() {
                let message = &document["components"]["messages"][message];
                let required = message["headers"]["required"].as_array().unwrap();
                assert!(required.len() >= 8, "{version} {name}: {required:?}");
                assert!(
                    message["bindings"]["kafka"]["key"].is_object(),
                    "{version} {name}"
                );
                let event_type = &message["headers"]["properties"]["ce_type"]["const"];
                assert!(event_type.is_string(), "{version} {name}");
            }
        }
    }
}
