//! The messages: what may be on each topic.

mod catalogue;

use serde_json::{Value, json};

use super::examples::Example;
use super::json::{by_name, schema};
use crate::Topic;
use crate::headers::field::{self, HeaderField};
pub(super) use catalogue::all;

/// A kind of record.
pub(super) struct Message {
    pub(super) name: String,
    /// Who writes it.
    pub(super) writer: &'static str,
    topics: &'static [Topic],
    summary: String,
    /// The JSON Schema of its key; none where it has no key.
    key: Option<Value>,
    event_type: Value,
    dataschema: Option<&'static str>,
    content_type: Option<&'static str>,
    /// Headers that each of them has, beside those that every record has.
    required: Vec<HeaderField>,
    /// Headers that some of them have.
    optional: Vec<HeaderField>,
    payload: Value,
    examples: Vec<Example>,
}

/// Headers that every record has.
const ALWAYS: [HeaderField; 5] = [
    field::CE_SPECVERSION,
    field::CE_ID,
    field::CE_TYPE,
    field::CE_SOURCE,
    field::CONTENT_TYPE,
];
const OF_AN_ACCOUNT: [HeaderField; 2] = [field::CE_SUBJECT, field::CE_TIME];
const REDRIVE: [HeaderField; 2] = [field::REDRIVES, field::REDRIVE_FIRST_SEEN];
/// Content type of most values.
const JSON: &str = "application/json";

impl Message {
    pub(super) fn is_on(&self, topic: Topic) -> bool {
        self.topics.contains(&topic)
    }

    pub(super) fn to_json(&self) -> (&str, Value) {
        let examples: Vec<_> = self.examples.iter().map(Example::to_json).collect();
        let message = json!({
            "name": self.name,
            "summary": self.summary,
            "headers": self.headers(),
            "payload": self.payload,
            "bindings": { "kafka": {
                "key": self.key.clone().unwrap_or_else(|| json!({ "type": "null" })),
                "bindingVersion": "0.5.0",
            } },
            "examples": examples,
        });
        (&self.name, message)
    }

    fn headers(&self) -> Value {
        let required: Vec<_> = ALWAYS.iter().chain(&self.required).collect();
        let every = required.iter().copied().chain(&self.optional);
        json!({
            "type": "object",
            "required": required.iter().map(|field| field.name).collect::<Vec<_>>(),
            "properties": by_name(every.map(|field| (field.name, self.header(*field)))),
        })
    }

    /// What a header says in this kind of record.
    fn header(&self, field: HeaderField) -> Value {
        let mut schema = field.schema();
        let fixed = match field {
            field::CE_TYPE => Some(self.event_type.clone()),
            field::CE_DATASCHEMA => self.dataschema.map(|id| json!({ "const": id })),
            field::CONTENT_TYPE => self.content_type.map(|text| json!({ "const": text })),
            _ => None,
        };
        for (keyword, value) in fixed.iter().filter_map(Value::as_object).flatten() {
            schema[keyword] = value.clone();
            if keyword == "const" {
                schema["examples"] = json!([value]);
            }
        }
        schema
    }
}

/// The key of records that belong to an account.
fn account_id() -> Option<Value> {
    Some(schema("AccountId"))
}
