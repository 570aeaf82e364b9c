//! Pieces of JSON that many parts of the document have.

use serde_json::{Map, Value, json};

/// An object of these members.
pub(super) fn by_name<'n>(members: impl Iterator<Item = (&'n str, Value)>) -> Map<String, Value> {
    members
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// A reference to another part of the document.
pub(super) fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/{kind}/{name}") })
}

/// The JSON Schema of one of the contract's types.
pub(super) fn schema(name: &str) -> Value {
    reference("components/schemas", name)
}
