//! Refuses keywords that the gate does not compare: otherwise a change of them would pass.

use super::node::Node;

/// Keywords that do not restrict values.
const ANNOTATIONS: [&str; 6] = ["$id", "$schema", "$defs", "title", "description", "default"];
/// Keywords that the gate compares.
const COMPARED: [&str; 13] = [
    "$ref",
    "type",
    "properties",
    "required",
    "items",
    "anyOf",
    "oneOf",
    "const",
    "enum",
    "examples",
    "pattern",
    "format",
    "minimum",
];

/// Reports each keyword of a schema, definitions included, that the gate does not compare.
pub(super) fn check(at: &str, schema: Node<'_>, breaks: &mut Vec<String>) {
    let is_reference = schema.get("$ref").is_some();
    for keyword in schema.keywords() {
        let is_known = ANNOTATIONS.contains(&keyword) || COMPARED.contains(&keyword);
        if !is_known {
            breaks.push(format!(
                "{at}: the gate does not know the keyword {keyword:?}; teach it in tests/it/compatibility"
            ));
        } else if is_reference
            && !["$ref", "examples"].contains(&keyword)
            && COMPARED.contains(&keyword)
        {
            breaks.push(format!(
                "{at}: the gate follows the reference and passes over {keyword:?} beside it; teach it in tests/it/compatibility"
            ));
        }
    }
    for (at, inner) in schema.inner(at) {
        check(&at, inner, breaks);
    }
}
