//! JSON Schemas (2020-12) of the records we own, generated from the types.

use schemars::generate::SchemaSettings;
use schemars::transform::transform_subschemas;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use crate::{AccountLifecycleEvent, AccountState, LIFECYCLE_DATASCHEMA, STATE_DATASCHEMA};

/// A schema and the file it is kept in, under `schemas/json/`.
#[derive(Debug)]
pub struct SchemaDocument {
    /// Name of the file.
    pub file: &'static str,
    /// The schema.
    pub schema: Schema,
}

impl SchemaDocument {
    /// The file's content.
    ///
    /// # Errors
    ///
    /// Never for a schema made by [`schema_documents`]; the signature is serde's.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(&self.schema)? + "\n")
    }
}

/// Every schema of the contract.
#[must_use]
pub fn schema_documents() -> Vec<SchemaDocument> {
    vec![
        SchemaDocument {
            file: "account-lifecycle-event.schema.json",
            schema: schema_of::<AccountLifecycleEvent>(LIFECYCLE_DATASCHEMA),
        },
        SchemaDocument {
            file: "account-state.schema.json",
            schema: schema_of::<AccountState>(STATE_DATASCHEMA),
        },
    ]
}

/// The schema of what readers of `T` have to accept. Its `$id` is the `ce_dataschema` of the records.
fn schema_of<T: JsonSchema>(id: &str) -> Schema {
    let settings = SchemaSettings::draft2020_12().with_transform(tidy);
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("$id".to_owned(), id.into());
    schema
}

/// Removes what only Rust's readers have a use for: formats of integers, which strict validators refuse because JSON
/// Schema does not define them, and the line breaks of doc comments.
fn tidy(schema: &mut Schema) {
    let is_standard = |format: &Value| format == "date-time" || format == "uuid";
    if schema
        .get("format")
        .is_some_and(|format| !is_standard(format))
    {
        schema.remove("format");
    }
    if let Some(Value::String(text)) = schema.get_mut("description") {
        let paragraphs = text
            .split("\n\n")
            .map(|paragraph| paragraph.replace('\n', " "));
        *text = paragraphs.collect::<Vec<_>>().join("\n\n");
    }
    transform_subschemas(&mut tidy, schema);
}
