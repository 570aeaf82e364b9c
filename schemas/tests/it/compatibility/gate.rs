//! Finds out what a change of a schema breaks, for readers of the released one and for today's
//! readers of older records. Pure.
//!
//! The rule: every record that the new schema allows, the old one must allow, too, except for
//! members that it does not know. And a record that was written under the old schema must stay
//! readable, since topics keep records for weeks.

use std::collections::BTreeSet;

use serde_json::Value;

use super::keywords;
use super::node::{Node, resolve};

/// Returns everything that the change from `old` to `new` breaks, each with its member. Empty where
/// nothing breaks.
pub(super) fn breaks(old: &Value, new: &Value) -> Vec<String> {
    let mut breaks = Vec::new();
    if old["$id"] != new["$id"] {
        breaks.push(format!(
            "$id was {} and is {}: readers find the schema by it",
            old["$id"], new["$id"]
        ));
    }
    keywords::check("", Node::root(new), &mut breaks);
    compare("", Node::root(old), Node::root(new), &mut breaks);
    // A difference to several choices would be reported for each.
    let mut told = BTreeSet::new();
    breaks.retain(|found| told.insert(found.clone()));
    breaks
}

fn compare(at: &str, old: Node<'_>, new: Node<'_>, breaks: &mut Vec<String>) {
    let (old, new) = (resolve(old), resolve(new));
    let (old_choices, new_choices) = (old.choices(), new.choices());
    if old_choices.len() > 1 || new_choices.len() > 1 {
        return compare_choices(at, &old_choices, &new_choices, breaks);
    }
    compare_types(at, old, new, breaks);
    compare_values(at, old, new, breaks);
    compare_bounds(at, old, new, breaks);
    compare_members(at, old, new, breaks);
    compare_elements(&format!("{at}[]"), old, new, breaks);
}

fn compare_elements(at: &str, old: Node<'_>, new: Node<'_>, breaks: &mut Vec<String>) {
    match (old.child("items"), new.child("items")) {
        (Some(old), Some(new)) => compare(at, old, new, breaks),
        (Some(_), None) => breaks.push(format!("{at}: may now be anything")),
        (None, Some(_)) => breaks.push(format!("{at}: was anything in records that are kept")),
        (None, None) => {}
    }
}

/// Each form that the value may have now must be one that it could have before. Each form that it
/// could have stays, and a value of a closed enum keeps its meaning.
fn compare_choices(at: &str, old: &[Node<'_>], new: &[Node<'_>], breaks: &mut Vec<String>) {
    for choice in new {
        let found = closest(*choice, old, |former| compared(at, former, *choice));
        match (found, choice.constant()) {
            (None, _) => breaks.push(format!("{at}: may now be {:?}", choice.types())),
            (Some(found), Some(value)) if !found.is_empty() => {
                breaks.push(format!("{at}: the closed enum has the new value {value:?}"));
            }
            (Some(found), _) => breaks.extend(found),
        }
    }
    for former in old {
        if let Some(value) = former.constant() {
            compare_meaning(at, value, *former, new, breaks);
        } else if !former.is_null() {
            match closest(*former, new, |choice| compared(at, *former, choice)) {
                Some(found) => breaks.extend(found),
                None => breaks.push(was_otherwise(at, &former.types())),
            }
        }
    }
}

/// Returns the breaks by the most similar of `others`; `None` where none has its type.
fn closest(
    node: Node<'_>,
    others: &[Node<'_>],
    compared: impl Fn(Node<'_>) -> Vec<String>,
) -> Option<Vec<String>> {
    let same_type = |other: &&Node<'_>| !other.types().is_disjoint(&node.types());
    let found = others.iter().filter(same_type);
    found.map(|other| compared(*other)).min_by_key(Vec::len)
}

fn compared(at: &str, old: Node<'_>, new: Node<'_>) -> Vec<String> {
    let mut breaks = Vec::new();
    compare(at, old, new, &mut breaks);
    breaks
}

fn compare_meaning(
    at: &str,
    value: &str,
    former: Node<'_>,
    new: &[Node<'_>],
    breaks: &mut Vec<String>,
) {
    let kept = new.iter().find(|choice| choice.constant() == Some(value));
    match kept.map(|kept| kept.description()) {
        None => breaks.push(format!("{at}: the value {value:?} was removed")),
        Some(now) if now != former.description() => {
            breaks.push(means_otherwise(at, value, former.description(), now));
        }
        Some(_) => {}
    }
}

fn compare_types(at: &str, old: Node<'_>, new: Node<'_>, breaks: &mut Vec<String>) {
    let (old, new) = (old.types(), new.types());
    let added: Vec<_> = new.difference(&old).collect();
    let removed: BTreeSet<_> = old.difference(&new).copied().collect();
    if !added.is_empty() {
        breaks.push(format!("{at}: may now be {added:?}"));
    }
    // Only null may go: readers that expect it lose nothing, and today's readers accept it for
    // ever.
    if removed.iter().any(|kind| *kind != "null") {
        breaks.push(was_otherwise(at, &removed));
    }
}

fn was_otherwise(at: &str, types: &BTreeSet<&str>) -> String {
    format!("{at}: was {types:?} in records that are kept")
}

/// The values with a name stay, each with its meaning.
fn compare_values(at: &str, old: Node<'_>, new: Node<'_>, breaks: &mut Vec<String>) {
    let kept = new.known_values();
    for (value, meaning) in old.known_values() {
        match kept.get(value) {
            None => breaks.push(format!("{at}: the value {value:?} was removed")),
            Some(now) if meaning.is_some() && *now != meaning => {
                breaks.push(means_otherwise(at, value, meaning, *now));
            }
            Some(_) => {}
        }
    }
    if old.get("const") != new.get("const") {
        breaks.push(format!("{at}: the constant value was changed"));
    }
    if new.get("enum").is_some() && old.get("enum") != new.get("enum") {
        breaks.push(format!("{at}: the closed enum was changed"));
    }
}

fn means_otherwise(at: &str, value: &str, old: Option<&str>, new: Option<&str>) -> String {
    let [old, new] = [old, new].map(|meaning| meaning.unwrap_or("nothing that is documented"));
    format!("{at}: the value {value:?} means something else now: it was {old:?}, and is {new:?}")
}

fn compare_bounds(at: &str, old: Node<'_>, new: Node<'_>, breaks: &mut Vec<String>) {
    for keyword in ["pattern", "format", "minimum"] {
        let (before, now) = (old.get(keyword), new.get(keyword));
        if before != now {
            let told = |value: Option<&Value>| value.map_or("none".to_owned(), Value::to_string);
            breaks.push(format!(
                "{at}: {keyword} was {} and is {}",
                told(before),
                told(now)
            ));
        }
    }
}

fn compare_members(at: &str, old: Node<'_>, new: Node<'_>, breaks: &mut Vec<String>) {
    for (name, former) in old.members() {
        let at = format!("{at}/{name}");
        match new.member(name) {
            None => breaks.push(format!("{at}: was removed")),
            Some(now) => compare(&at, former, now, breaks),
        }
    }
    let required = |node: Node<'_>| -> BTreeSet<String> {
        let names = node.get("required").and_then(Value::as_array);
        let names = names.into_iter().flatten().filter_map(Value::as_str);
        names.map(ToOwned::to_owned).collect()
    };
    let (before, now) = (required(old), required(new));
    let kept = |name: &&String| new.member(name).is_some();
    breaks.extend(
        before
            .difference(&now)
            .filter(kept)
            .map(|name| format!("{at}/{name}: was made optional, and readers rely on it")),
    );
    breaks.extend(now.difference(&before).map(|name| {
        format!("{at}/{name}: is required now, and records that are kept do not have it")
    }));
}
