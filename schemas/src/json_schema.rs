//! Generates the JSON Schemas (2020-12) of the pipeline's records from the types.

use schemars::generate::SchemaSettings;
use schemars::transform::transform_subschemas;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use crate::{
    AccountEvent, AccountLifecycleEvent, AccountState, DeadLetterReason, LIFECYCLE_DATASCHEMA,
    LINK_SESSION_DATASCHEMA, LinkSessionFact, STATE_DATASCHEMA, own,
};

/// A schema and its file, under `schemas/json/`, or under `schemas/registry/` in the form for
/// registries.
#[derive(Debug)]
pub struct SchemaDocument {
    /// The name of the file within that folder.
    pub file: &'static str,
    /// The schema, with `$id` and examples.
    pub schema: Schema,
}

impl SchemaDocument {
    /// Returns the content of the file.
    ///
    /// # Errors
    ///
    /// Never fails for a schema of [`schema_documents`]; the signature is serde's.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(&self.schema)? + "\n")
    }
}

/// Returns the schemas for subscribers: each written record is valid by one of them.
#[must_use]
pub fn schema_documents() -> Vec<SchemaDocument> {
    of_subscribers(&SchemaSettings::draft2020_12())
}

/// Returns the schemas of records that only the pipeline reads, which promise nothing to
/// subscribers: its own records, and the members of StackOne's account webhook that it uses.
#[must_use]
pub fn pipeline_documents() -> Vec<SchemaDocument> {
    let settings = SchemaSettings::draft2020_12();
    let webhook = document::<AccountEvent>("pipeline/account-event.schema.json", None, &settings);
    let own = own::RECORDS.iter().map(|record| SchemaDocument {
        file: record.file,
        schema: (record.document)(as_written(settings.clone()).into_generator()),
    });
    std::iter::once(webhook).chain(own).collect()
}

/// Returns the schemas for subscribers in the form for a schema registry: draft 7 without
/// references, so that registries can compare two versions.
#[must_use]
pub fn registry_documents() -> Vec<SchemaDocument> {
    of_subscribers(&SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true))
}

fn of_subscribers(settings: &SchemaSettings) -> Vec<SchemaDocument> {
    let (lifecycle, state) = (Some(LIFECYCLE_DATASCHEMA), Some(STATE_DATASCHEMA));
    let facts = Some(LINK_SESSION_DATASCHEMA);
    vec![
        document::<AccountLifecycleEvent>(
            "account-lifecycle-event.schema.json",
            lifecycle,
            settings,
        ),
        document::<AccountState>("account-state.schema.json", state, settings),
        document::<LinkSessionFact>("link-session-fact.schema.json", facts, settings),
    ]
}

/// Returns the schema of written values of `T`. Its `$id` is the `ce_dataschema` of the records,
/// where they have one.
fn document<T: JsonSchema>(
    file: &'static str,
    id: Option<&str>,
    settings: &SchemaSettings,
) -> SchemaDocument {
    let generator = as_written(settings.clone()).into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    if let Some(id) = id {
        schema.insert("$id".to_owned(), id.into());
    }
    SchemaDocument { file, schema }
}

/// Describes written values, not what the Rust types accept: a member that is always written is
/// required. The types also read records from before it existed.
fn as_written(settings: SchemaSettings) -> SchemaSettings {
    settings.for_serialize().with_transform(tidy)
}

/// Returns the schema of every type in a record's value, in draft 7, by name. They refer to each
/// other as `#/components/schemas/…`, where AsyncAPI keeps them.
#[must_use]
pub fn component_schemas() -> serde_json::Map<String, Value> {
    let settings = SchemaSettings::draft07()
        .with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut generator = as_written(settings).into_generator();
    let _references = [
        generator.subschema_for::<AccountLifecycleEvent>(),
        generator.subschema_for::<AccountState>(),
        generator.subschema_for::<LinkSessionFact>(),
        generator.subschema_for::<AccountEvent>(),
        generator.subschema_for::<DeadLetterReason>(),
    ];
    for record in &own::RECORDS {
        let _reference = (record.component)(&mut generator);
    }
    generator.take_definitions(true)
}

/// Removes what only Rust needs: formats of integers, which strict validators refuse because JSON
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
        let example = example_of(text);
        *text = unwrapped(text);
        if let Some(example) = example {
            schema.insert("examples".to_owned(), Value::Array(vec![example]));
        }
    }
    transform_subschemas(&mut tidy, schema);
}

/// Takes the last line off a text, where it is an example in JSON: Rust's documentation and the
/// schema have the same example.
fn example_of(text: &mut String) -> Option<Value> {
    let (about, example) = text.rsplit_once("\n\nExample: `")?;
    let example = serde_json::from_str(example.strip_suffix('`')?).ok()?;
    *text = about.to_owned();
    Some(example)
}

/// Returns a text whose lines end only at the end of a paragraph or of a list's entry.
fn unwrapped(text: &str) -> String {
    let mut unwrapped = String::with_capacity(text.len());
    for line in text.lines() {
        let begins = line.is_empty() || line.starts_with("- ") || unwrapped.ends_with('\n');
        if !unwrapped.is_empty() {
            unwrapped.push(if begins { '\n' } else { ' ' });
        }
        unwrapped.push_str(line);
    }
    unwrapped
}
