//! JSON Schemas (2020-12) of the records we own, generated from the types.

use schemars::generate::SchemaSettings;
use schemars::transform::transform_subschemas;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use crate::{
    AccountEvent, AccountLifecycleEvent, AccountState, DeadLetterReason, LIFECYCLE_DATASCHEMA,
    LINK_SESSION_DATASCHEMA, LinkSessionFact, STATE_DATASCHEMA, own,
};

/// A schema and the file it is kept in, under `schemas/json/`, or under `schemas/registry/` in the form for registries.
#[derive(Debug)]
pub struct SchemaDocument {
    /// The file's name within that folder.
    pub file: &'static str,
    /// The schema, `$id` and examples included.
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

/// The schemas that subscribers build on: what each record that is written is valid by.
#[must_use]
pub fn schema_documents() -> Vec<SchemaDocument> {
    of_subscribers(&SchemaSettings::draft2020_12())
}

/// The schemas of what only the pipeline reads, which is no promise to subscribers: its own records, and of StackOne's
/// account webhook what the pipeline uses.
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

/// The schemas of subscribers for a schema registry: of draft 7 and without references, the form in which registries can
/// compare two versions.
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

/// The schema of what is written of `T`. Its `$id` is the `ce_dataschema` of the records, where they have one.
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

/// What is written, not what the Rust types accept: a member that is always there is required. The types read records of
/// before it was there, too.
fn as_written(settings: SchemaSettings) -> SchemaSettings {
    settings.for_serialize().with_transform(tidy)
}

/// Every type that a record's value is made of, as a JSON Schema of draft 7 under its name. They refer to each other as
/// `#/components/schemas/…`, where AsyncAPI keeps them.
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
        let example = example_of(text);
        *text = unwrapped(text);
        if let Some(example) = example {
            schema.insert("examples".to_owned(), Value::Array(vec![example]));
        }
    }
    transform_subschemas(&mut tidy, schema);
}

/// Takes the last line of a text, where it is an example in JSON: Rust's documentation and the schema have one and the same.
fn example_of(text: &mut String) -> Option<Value> {
    let (about, example) = text.rsplit_once("\n\nExample: `")?;
    let example = serde_json::from_str(example.strip_suffix('`')?).ok()?;
    *text = about.to_owned();
    Some(example)
}

/// A text whose lines end only where a paragraph, or an entry of a list, does.
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
