//! A schema within its document, so that references can be followed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The types of JSON.
const TYPES: [&str; 7] = [
    "array", "boolean", "integer", "null", "number", "object", "string",
];

/// A schema within its document.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    document: &'a Value,
    schema: &'a Value,
}

/// Follows a reference. `keywords.rs` makes sure that only annotations are beside it.
pub(super) fn resolve(node: Node<'_>) -> Node<'_> {
    let Some(reference) = node.get("$ref").and_then(Value::as_str) else {
        return node;
    };
    let target = node.document.pointer(reference.trim_start_matches('#'));
    let schema = target.unwrap_or_else(|| panic!("{reference} leads nowhere"));
    resolve(Node { schema, ..node })
}

impl<'a> Node<'a> {
    /// Returns the root of a document.
    pub(super) const fn root(document: &'a Value) -> Self {
        Self {
            document,
            schema: document,
        }
    }

    /// Returns the value of a keyword.
    pub(super) fn get(self, keyword: &str) -> Option<&'a Value> {
        self.schema.get(keyword)
    }

    /// Returns the keywords of the schema.
    pub(super) fn keywords(self) -> impl Iterator<Item = &'a str> {
        let members = self.schema.as_object().into_iter();
        members.flat_map(|object| object.keys().map(String::as_str))
    }

    /// Returns the schema under a keyword.
    pub(super) fn child(self, keyword: &str) -> Option<Self> {
        self.get(keyword).map(|schema| Self { schema, ..self })
    }

    /// Returns the members of an object.
    pub(super) fn members(self) -> impl Iterator<Item = (&'a str, Self)> {
        let members = self.get("properties").and_then(Value::as_object);
        members
            .into_iter()
            .flatten()
            .map(move |(name, schema)| (name.as_str(), Self { schema, ..self }))
    }

    /// Returns a member of an object.
    pub(super) fn member(self, name: &str) -> Option<Self> {
        let schema = self.get("properties")?.get(name)?;
        Some(Self { schema, ..self })
    }

    /// Returns the schemas within it, definitions included, each with its place.
    pub(super) fn inner(self, at: &str) -> Vec<(String, Self)> {
        let named = ["properties", "$defs"].into_iter().flat_map(|keyword| {
            let schemas = self.get(keyword).and_then(Value::as_object);
            let schemas = schemas.into_iter().flatten();
            schemas.map(|(name, schema)| (format!("{at}/{name}"), schema))
        });
        let choices = ["anyOf", "oneOf"].into_iter().flat_map(|keyword| {
            let choices = self.get(keyword).and_then(Value::as_array);
            choices
                .into_iter()
                .flatten()
                .map(|schema| (at.to_owned(), schema))
        });
        let items = self.get("items").map(|schema| (format!("{at}[]"), schema));
        let all = named.chain(choices).chain(items);
        all.map(|(at, schema)| (at, Self { schema, ..self }))
            .collect()
    }

    /// Whether it allows only null.
    pub(super) fn is_null(self) -> bool {
        self.types() == BTreeSet::from(["null"])
    }

    /// Returns its meaning in words.
    pub(super) fn description(self) -> Option<&'a str> {
        self.get("description").and_then(Value::as_str)
    }

    /// Returns the only text that it allows.
    pub(super) fn constant(self) -> Option<&'a str> {
        self.get("const").and_then(Value::as_str)
    }

    /// Returns the values of an enum that have names, each with its meaning. For an open enum they
    /// are its examples, and their meanings are a list in its description.
    pub(super) fn known_values(self) -> BTreeMap<&'a str, Option<&'a str>> {
        let about = self.description().unwrap_or_default();
        let is_open = about.contains("Open enum:");
        let listed = self.get("examples").filter(|_| is_open);
        let listed = listed.or_else(|| self.get("enum"));
        let values = listed.and_then(Value::as_array).into_iter().flatten();
        let meaning = |value: &str| {
            let mut lines = about.lines();
            lines.find_map(|line| line.strip_prefix(format!("- `{value}`: ").as_str()))
        };
        values
            .filter_map(Value::as_str)
            .map(|value| (value, meaning(value)))
            .collect()
    }

    /// Returns the forms that it allows: its alternatives, or itself.
    pub(super) fn choices(self) -> Vec<Self> {
        let choices = self.get("anyOf").or_else(|| self.get("oneOf"));
        match choices.and_then(Value::as_array) {
            None => vec![self],
            Some(choices) => choices
                .iter()
                .map(|schema| resolve(Self { schema, ..self }))
                .flat_map(Self::choices)
                .collect(),
        }
    }

    /// Returns the types that it allows.
    pub(super) fn types(self) -> BTreeSet<&'a str> {
        match self.get("type") {
            Some(Value::String(one)) => BTreeSet::from([one.as_str()]),
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => TYPES.into_iter().collect(),
        }
    }
}
