//! What a change of the `AsyncAPI` document breaks for who subscribes: where records are, and what
//! their keys and headers are. What their values are is compared by the gate of
//! `schemas/tests/it/compatibility`. Pure.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The channels that subscribers read. The others are the pipeline's and its operators'.
pub(super) const CHANNELS: [&str; 3] = ["lifecycle", "linked", "state"];

/// Keywords that say nothing of what is allowed.
const ANNOTATIONS: [&str; 4] = ["title", "description", "examples", "default"];

/// Everything that going from `old` to `new` breaks. Empty where nothing breaks.
pub(super) fn breaks(old: &Value, new: &Value) -> Vec<String> {
    let mut breaks = Vec::new();
    for name in CHANNELS {
        let [before, now] = [old, new].map(|document| &document["channels"][name]);
        assert!(
            before.is_object(),
            "the released document has no channel {name}"
        );
        if now.is_null() {
            breaks.push(format!("{name}: the topic is gone"));
            continue;
        }
        same(
            &format!("{name}: the topic's name"),
            &before["address"],
            &now["address"],
            &mut breaks,
        );
        compare_settings(name, before, now, &mut breaks);
        for message in members(&before["messages"]).keys() {
            let at = format!("{name}/{message}");
            if now["messages"][message].is_null() {
                breaks.push(format!("{at}: there is no such record any more"));
            } else {
                let [before, now] = [old, new]
                    .map(|document| (document, &document["components"]["messages"][message]));
                compare_messages(&at, before, now, &mut breaks);
            }
        }
    }
    breaks
}

/// Records are there as long as they were, and as many of them.
fn compare_settings(at: &str, old: &Value, new: &Value, breaks: &mut Vec<String>) {
    let [old, new] = [old, new].map(|channel| &channel["bindings"]["kafka"]["topicConfiguration"]);
    let policy = "cleanup.policy";
    same(
        &format!("{at}: {policy}"),
        &old[policy],
        &new[policy],
        breaks,
    );
    let retention = |settings: &Value| match settings["retention.ms"].as_i64() {
        Some(-1) => Some(i64::MAX),
        milliseconds => milliseconds,
    };
    let is_shorter =
        retention(old).is_some_and(|before| retention(new).is_none_or(|now| now < before));
    if is_shorter {
        breaks.push(format!(
            "{at}: retention.ms was {} and is {}: who was away for that long misses records",
            old["retention.ms"], new["retention.ms"]
        ));
    }
}

/// A message within its document.
type Message<'d> = (&'d Value, &'d Value);

fn compare_messages(at: &str, old: Message<'_>, new: Message<'_>, breaks: &mut Vec<String>) {
    let [before, now] = [old, new]
        .map(|(document, message)| allowed(document, &message["bindings"]["kafka"]["key"]));
    same(&format!("{at}: the key"), &before, &now, breaks);
    // What is only referred to is the same as long as its name is: its content has a gate of its
    // own.
    let [before, now] = [old, new].map(|(_, message)| constraints(&message["payload"]));
    same(&format!("{at}: the value's schema"), &before, &now, breaks);
    let [before, now] = [old, new].map(|(_, message)| required(message));
    let optional = before.difference(&now);
    breaks.extend(
        optional.map(|name| format!("{at}: the header {name} is not in every record any more")),
    );
    for (header, schema) in members(&old.1["headers"]["properties"]) {
        let at = format!("{at}: the header {header}");
        let now = &new.1["headers"]["properties"][&header];
        if now.is_null() {
            breaks.push(format!("{at} is gone"));
        } else {
            same(&at, &allowed(old.0, &schema), &allowed(new.0, now), breaks);
        }
    }
}

fn same(what: &str, old: &Value, new: &Value, breaks: &mut Vec<String>) {
    if old != new {
        breaks.push(format!("{what} was {old} and is {new}"));
    }
}

fn members(object: &Value) -> Map<String, Value> {
    object.as_object().cloned().unwrap_or_default()
}

fn required(message: &Value) -> BTreeSet<&str> {
    let names = message["headers"]["required"].as_array();
    names
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// What a schema allows. A reference is followed.
fn allowed(document: &Value, schema: &Value) -> Value {
    let reference = schema["$ref"].as_str();
    let target = reference.and_then(|to| document.pointer(to.trim_start_matches('#')));
    constraints(target.unwrap_or(schema))
}

/// A schema without what it says about itself.
fn constraints(schema: &Value) -> Value {
    let mut schema = members(schema);
    schema.retain(|keyword, _| !ANNOTATIONS.contains(&keyword.as_str()));
    schema.into()
}
