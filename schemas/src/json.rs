//! Reads JSON of other systems member by member, and ignores members that nobody reads.
//!
//! A value that is not read is only skipped, however deep it is, however large a number, and
//! however badly a text is cut. A parser of whole values would refuse the object for it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

mod surrogates;

use surrogates::replace_lone_halves;

/// The members of a JSON object by name; members of one name stay in their order.
#[derive(Debug, Clone)]
pub struct JsonObject<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> JsonObject<'a> {
    /// Reads `text`. Returns `None` where it is not one JSON object in UTF-8.
    #[must_use]
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        // One check of the whole text is faster than one for each name and value.
        serde_json::from_str(std::str::from_utf8(text).ok()?).ok()
    }

    /// Reads the members of `value`; `None` where it is no object.
    #[must_use]
    pub fn of(value: &'a RawValue) -> Option<Self> {
        serde_json::from_str(value.get()).ok()
    }

    /// Returns the only member of this name. Two of one name count as none, because readers may
    /// take either.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        let mut members = self.0.iter().skip_while(|(member, _)| member != name);
        let (_, value) = members.next()?;
        let is_only = members.next().is_none_or(|(member, _)| member != name);
        is_only.then_some(*value)
    }

    /// Returns whether there is a member of this name, or more than one.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|(member, _)| member == name)
    }

    /// Returns the only member of this name as a `T`; `None` where it is not one.
    #[must_use]
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    /// Returns the only member of this name as exact text; `None` where the text has half of a
    /// surrogate pair.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        text(self.get(name)?.get())
    }

    /// Returns the only member of this name as text for people; see [`text_lossy`].
    #[must_use]
    pub fn text_lossy(&self, name: &str) -> Option<String> {
        text_lossy(self.get(name)?)
    }

    /// Returns all members, sorted by name.
    pub fn members(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), *value))
    }
}

/// Returns the elements of a JSON array; `None` where `text` is none.
#[must_use]
pub fn json_array(text: &[u8]) -> Option<Vec<&RawValue>> {
    serde_json::from_slice(text).ok()
}

/// Returns a text for people, or a number as it is written. Half of a surrogate pair becomes
/// U+FFFD.
///
/// Not for ids and names by which something is decided: two of them could become one.
#[must_use]
pub fn text_lossy(value: &RawValue) -> Option<String> {
    let json = value.get();
    match json.as_bytes().first()? {
        b'"' => text(&replace_lone_halves(json)).map(Cow::into_owned),
        b'-' | b'0'..=b'9' => Some(json.to_owned()),
        _ => None,
    }
}

/// The deepest value that is copied into a record: readers of JSON commonly allow 128 levels, and a
/// record has some of its own.
const MAX_DEPTH: usize = 100;

/// Returns any value, with U+FFFD for halves of surrogate pairs; `None` where a number fits no
/// `f64`, or the value is nested deeper than readers of records may allow.
#[must_use]
pub fn value_lossy(value: &RawValue) -> Option<serde_json::Value> {
    let value = serde_json::from_str(&replace_lone_halves(value.get())).ok()?;
    is_at_most(&value, MAX_DEPTH).then_some(value)
}

fn is_at_most(value: &serde_json::Value, depth: usize) -> bool {
    let Some(below) = depth.checked_sub(1) else {
        return false;
    };
    match value {
        serde_json::Value::Array(items) => items.iter().all(|item| is_at_most(item, below)),
        serde_json::Value::Object(members) => members.values().all(|item| is_at_most(item, below)),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => true,
    }
}

/// A text, borrowed where the JSON has no escapes.
#[derive(serde::Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

fn text(json: &str) -> Option<Cow<'_, str>> {
    if let Some(plain) = plain(json) {
        return Some(Cow::Borrowed(plain));
    }
    let Text(text) = serde_json::from_str(json).ok()?;
    Some(text)
}

/// Returns what stands between the quotes of a text without escapes. `json` is one JSON value.
fn plain(json: &str) -> Option<&str> {
    let text = json.strip_prefix('"')?.strip_suffix('"')?;
    (!text.contains('\\')).then_some(text)
}

/// Returns the name of a member. A name with half of a surrogate pair matches no name that is read.
fn name(quoted: &RawValue) -> Cow<'_, str> {
    match plain(quoted.get()) {
        Some(plain) => Cow::Borrowed(plain),
        None => Cow::Owned(text_lossy(quoted).unwrap_or_default()),
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for JsonObject<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = JsonObject<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(16);
        while let Some((quoted, value)) = map.next_entry::<&'de RawValue, &'de RawValue>()? {
            members.push((name(quoted), value));
        }
        members.sort_by(|(left, _), (right, _)| left.cmp(right));
        Ok(JsonObject(members))
    }
}

#[cfg(test)]
pub(crate) mod strategies;
#[cfg(test)]
mod tests;
