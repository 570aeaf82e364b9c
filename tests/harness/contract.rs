//! What every record of a topic has to be, by rules that are not ours: the committed JSON Schemas
//! and `AsyncAPI` document, by a schema library, and `CloudEvents`, by its SDK.

mod asyncapi;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use cloudevents::message::{
    BinaryDeserializer, BinarySerializer, MessageAttributeValue, Result as SdkResult,
};
use cloudevents::{AttributesReader, Event};
use jsonschema::Validator;
use rdkafka::Message;
use rdkafka::message::{BorrowedMessage, Headers};
use serde_json::Value;
use stackone_link_wire::Topic;

const LIFECYCLE: &str = include_str!("../../schemas/json/account-lifecycle-event.schema.json");
const SESSION: &str = include_str!("../../schemas/json/link-session-fact.schema.json");
const STATE: &str = include_str!("../../schemas/json/account-state.schema.json");

static LIFECYCLE_SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::of(LIFECYCLE));
static SESSION_SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::of(SESSION));
static STATE_SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::of(STATE));

struct Schema {
    id: String,
    validator: Validator,
}

impl Schema {
    fn of(text: &str) -> Self {
        let document: Value = serde_json::from_str(text).expect("a committed schema is JSON");
        let options = jsonschema::draft202012::options().should_validate_formats(true);
        Self {
            id: document["$id"].as_str().unwrap_or_default().to_owned(),
            validator: options.build(&document).expect("a committed schema is one"),
        }
    }
}

/// What is wrong with a record of `topic`, in words; none where it keeps the contract.
pub(crate) fn violation(topic: Topic, record: &BorrowedMessage<'_>) -> Option<String> {
    check(topic, record).err()
}

fn check(topic: Topic, record: &BorrowedMessage<'_>) -> Result<(), String> {
    let read = Record::of(record)?;
    let key = record
        .key()
        .map(|key| String::from_utf8_lossy(key).into_owned());
    asyncapi::check(topic, &read.headers, key.as_deref(), record.payload())?;
    let event = BinaryDeserializer::into_event(read)
        .map_err(|error| format!("no CloudEvent in binary mode: {error}"))?;
    if !matches!(topic, Topic::DeadLetter | Topic::LinkSessions) {
        // Facts of a session have their tenant for a key. A dead letter has the headers of whoever
        // wrote the record, as they were.
        equal("key", key.as_deref(), "ce_subject", event.subject())?;
    }
    match topic {
        Topic::Lifecycle | Topic::Linked => {
            let value = valid(&LIFECYCLE_SCHEMA, &event, record)?;
            equal("type", value["type"].as_str(), "ce_type", Some(event.ty()))?;
            equal("id", value["id"].as_str(), "ce_id", Some(event.id()))?;
            equal(
                "account_id",
                value["account_id"].as_str(),
                "key",
                key.as_deref(),
            )?;
            let is_linked = event.ty() == "account.linked";
            let belongs = topic == Topic::Lifecycle || is_linked;
            belongs
                .then_some(())
                .ok_or(format!("{} is not account.linked", event.ty()))
        }
        Topic::LinkSessions => valid(&SESSION_SCHEMA, &event, record).map(|_value| ()),
        Topic::State if record.payload().is_none() => Ok(()),
        Topic::State => {
            let value = valid(&STATE_SCHEMA, &event, record)?;
            equal(
                "account_id",
                value["account_id"].as_str(),
                "key",
                key.as_deref(),
            )
        }
        // The bytes are StackOne's, whatever they are.
        Topic::AccountEvents | Topic::RecordEvents | Topic::Unrecognized | Topic::DeadLetter => {
            Ok(())
        }
    }
}

fn valid(schema: &Schema, event: &Event, record: &BorrowedMessage<'_>) -> Result<Value, String> {
    let named = event.dataschema().map(ToString::to_string);
    equal("ce_dataschema", named.as_deref(), "$id", Some(&schema.id))?;
    let value: Value = serde_json::from_slice(record.payload().unwrap_or_default())
        .map_err(|error| format!("no JSON: {error}"))?;
    let outcome = schema.validator.validate(&value);
    outcome.map_err(|error| format!("not by its schema: {error} at {}", error.instance_path()))?;
    Ok(value)
}

fn equal(one: &str, first: Option<&str>, other: &str, second: Option<&str>) -> Result<(), String> {
    let is_equal = first == second;
    is_equal
        .then_some(())
        .ok_or_else(|| format!("{one} is {first:?} and {other} is {second:?}"))
}

/// A record as the SDK takes one in. Its own reader of Kafka messages is bound to another version
/// of the Kafka client.
struct Record {
    headers: BTreeMap<String, String>,
    value: Option<Vec<u8>>,
}

impl Record {
    fn of(record: &BorrowedMessage<'_>) -> Result<Self, String> {
        let mut headers = BTreeMap::new();
        for header in record.headers().iter().flat_map(|headers| headers.iter()) {
            let value = String::from_utf8(header.value.unwrap_or_default().to_vec())
                .map_err(|error| format!("header {}: {error}", header.key))?;
            if headers.insert(header.key.to_owned(), value).is_some() {
                return Err(format!("header {} is there twice", header.key));
            }
        }
        let value = record.payload().map(<[u8]>::to_vec);
        Ok(Self { headers, value })
    }
}

impl BinaryDeserializer for Record {
    fn deserialize_binary<R: Sized, V: BinarySerializer<R>>(mut self, visitor: V) -> SdkResult<R> {
        let version = self.headers.remove("ce_specversion").unwrap_or_default();
        let version = cloudevents::event::SpecVersion::try_from(version.as_str())?;
        let names = version.attribute_names();
        let mut visitor = visitor.set_spec_version(version)?;
        if let Some(content_type) = self.headers.remove("content-type") {
            let value = MessageAttributeValue::String(content_type);
            visitor = visitor.set_attribute("datacontenttype", value)?;
        }
        for (name, value) in self.headers {
            let Some(name) = name.strip_prefix("ce_") else {
                continue;
            };
            let value = MessageAttributeValue::String(value);
            visitor = if names.contains(&name) {
                visitor.set_attribute(name, value)?
            } else {
                visitor.set_extension(name, value)?
            };
        }
        match self.value {
            Some(value) => visitor.end_with_data(value),
            None => visitor.end(),
        }
    }
}
