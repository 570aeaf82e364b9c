//! The `AsyncAPI` 3 document of the pipeline's topics, generated from what the code has of them:
//! topics, headers, and the JSON Schemas of the types.

mod channels;
mod examples;
mod json;
mod messages;

use serde_json::{Value, json};
use stackone_link_schemas::component_schemas;

use crate::Topics;
use json::by_name;
use messages::Message;

const DESCRIPTION: &str = "What travels on the Kafka topics of the account-link pipeline: every topic, key and header, with an example \
     of each record. To subscribe, read `account.linked`, `account.lifecycle` or `account.state`, with \
     `isolation.level=read_committed`; the guarantees are in `schemas/README.md`. Every record is a CloudEvent in Kafka's binary \
     mode. Readers ignore members and headers that they do not know.\n\nTopic names, partitions and replicas are the defaults; \
     they can be configured.";

/// The document, with the default names of the topics.
///
/// # Errors
///
/// Never fails for the records that are written into it; the signature is serde's.
pub fn document() -> Result<Value, serde_json::Error> {
    let messages = messages::all()?;
    Ok(json!({
        "asyncapi": "3.0.0",
        "id": "urn:stackone-link:asyncapi:v1",
        "info": {
            "title": "StackOne account-link pipeline",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": { "name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0" },
        },
        "defaultContentType": "application/json",
        "channels": channels::all(&Topics::default(), &messages),
        "operations": channels::operations(&messages),
        "components": {
            "messages": by_name(messages.iter().map(Message::to_json)),
            "schemas": component_schemas(),
        },
    }))
}
