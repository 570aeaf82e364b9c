//! JSON Schemas (2020-12) of the records we own, generated from the types.

use schemars::{Schema, schema_for};

use crate::{AccountLifecycleEvent, AccountState};

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
            schema: schema_for!(AccountLifecycleEvent),
        },
        SchemaDocument {
            file: "account-state.schema.json",
            schema: schema_for!(AccountState),
        },
    ]
}
