//! What the committed `AsyncAPI` document lists for a topic: a record has to be one of its
//! messages, by headers and key, and by value where the value is ours.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};
use stackone_link_wire::{Topic, Topics};

const DOCUMENT: &str = include_str!("../../../schemas/asyncapi.json");

static CHANNELS: LazyLock<BTreeMap<String, Vec<Message>>> = LazyLock::new(channels);

struct Message {
    name: String,
    headers: Validator,
    known_headers: Value,
    key: Validator,
    /// None where the bytes are StackOne's, whatever they are.
    payload: Option<Validator>,
}

/// What is wrong with a record that is none of the messages of its topic.
pub(super) fn check(
    topic: Topic,
    headers: &BTreeMap<String, String>,
    key: Option<&str>,
    value: Option<&[u8]>,
) -> Result<(), String> {
    let messages = &CHANNELS[Topics::default().name(topic)];
    let problems = messages.iter().map(|message| {
        let problem = message.problem(headers, key, value)?;
        Some(format!("\n  no {}: {problem}", message.name))
    });
    match problems.collect::<Option<Vec<_>>>() {
        None => Ok(()),
        Some(problems) => Err(format!(
            "none of the messages of its channel in asyncapi.json:{}",
            problems.concat()
        )),
    }
}

impl Message {
    fn problem(
        &self,
        headers: &BTreeMap<String, String>,
        key: Option<&str>,
        value: Option<&[u8]>,
    ) -> Option<String> {
        let unknown = headers
            .keys()
            .find(|name| self.known_headers.get(name).is_none());
        if let Some(name) = unknown {
            return Some(format!("header {name} is not listed"));
        }
        let invalid = |validator: &Validator, part: &str, value: &Value| {
            let error = validator.validate(value).err()?;
            Some(format!("{part}: {error} at {}", error.instance_path()))
        };
        invalid(&self.headers, "headers", &json!(headers))
            .or_else(|| invalid(&self.key, "key", &json!(key)))
            .or_else(|| {
                let validator = self.payload.as_ref()?;
                match serde_json::from_slice(value.unwrap_or(b"null")) {
                    Ok(value) => invalid(validator, "value", &value),
                    Err(error) => Some(format!("value: {error}")),
                }
            })
    }
}

/// The messages of each channel, by its address.
fn channels() -> BTreeMap<String, Vec<Message>> {
    let document: Value = serde_json::from_str(DOCUMENT).expect("the committed document is JSON");
    let members = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let channels = members(&document["channels"]).into_values().map(|channel| {
        let address = channel["address"].as_str().unwrap_or_default().to_owned();
        let names = members(&channel["messages"]).into_iter();
        let messages = names.map(|(name, _)| message(&document, name));
        (address, messages.collect())
    });
    channels.collect()
}

fn message(document: &Value, name: String) -> Message {
    let message = &document["components"]["messages"][&name];
    let of_stackone = ["Webhook", "deadLetter"]
        .iter()
        .any(|end| name.ends_with(end));
    Message {
        headers: validator(document, &message["headers"]),
        known_headers: message["headers"]["properties"].clone(),
        key: validator(document, &message["bindings"]["kafka"]["key"]),
        payload: (!of_stackone).then(|| validator(document, &message["payload"])),
        name,
    }
}

/// A validator of a schema within a document, whose references lead to its components.
fn validator(document: &Value, schema: &Value) -> Validator {
    let rooted = json!({ "allOf": [schema], "components": document["components"] });
    let options = jsonschema::draft7::options().should_validate_formats(true);
    options.build(&rooted).expect("a committed schema is one")
}
