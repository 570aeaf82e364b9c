//! What a webhook's body says about itself, borrowed from the body: enough for route, key and id, and no more.
//!
//! Nothing here fails. A body that says nothing of use is an envelope without event and account.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use stackone_link_schemas::{AccountId, EventIdentity, event_id_of_body};
use uuid::Uuid;

/// Longest event name and project id that is used. Both become record headers, whose size is bounded so.
const MAX_NAME_LEN: usize = 128;

/// What a body says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// Whether the body is one JSON object.
    pub is_object: bool,
    /// `event`, where it is a usable name.
    pub event: Option<Cow<'a, str>>,
    /// `account_id`, where it is an acceptable one.
    pub account_id: Option<Cow<'a, str>>,
    /// `project_id`.
    pub project: Project<'a>,
    /// The `ce_id`: the same for every delivery of the same event.
    pub id: Uuid,
    /// `event_date`, where it is a date.
    pub event_date: Option<Timestamp>,
    /// `sent_at`, where it is a date.
    pub sent_at: Option<Timestamp>,
}

/// What a body says about its project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Project<'a> {
    /// Nothing, or `null`.
    Unnamed,
    /// This project.
    Named(Cow<'a, str>),
    /// Something that is no project id.
    Unusable,
}

/// Whether a text can be a project id: 1–128 characters of `[A-Za-z0-9._-]`.
#[must_use]
pub fn is_project_id(text: &str) -> bool {
    is_event_name(text)
}

/// Whether a text can be an event name: 1–128 characters of `[A-Za-z0-9._-]`.
#[must_use]
pub fn is_event_name(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    (1..=MAX_NAME_LEN).contains(&text.len()) && text.bytes().all(legal)
}

impl<'a> Envelope<'a> {
    /// Reads the envelope of a body.
    #[must_use]
    pub fn parse(body: &'a [u8]) -> Self {
        match serde_json::from_slice::<Members<'a>>(body) {
            Ok(members) => Self::of(&members, body),
            Err(_not_an_object) => Self {
                is_object: false,
                event: None,
                account_id: None,
                project: Project::Unnamed,
                id: event_id_of_body(body),
                event_date: None,
                sent_at: None,
            },
        }
    }

    fn of(members: &Members<'a>, body: &[u8]) -> Self {
        let date = |name| members.text(name)?.parse().ok();
        Self {
            is_object: true,
            event: members.text("event").filter(|name| is_event_name(name)),
            account_id: members
                .text("account_id")
                .filter(|id| AccountId::is_valid(id)),
            project: members.project(),
            id: members.event_id().unwrap_or_else(|| event_id_of_body(body)),
            event_date: date("event_date"),
            sent_at: date("sent_at"),
        }
    }

    /// Whether the event is about an account itself, not about one of its records.
    #[must_use]
    pub fn is_account_event(&self) -> bool {
        self.event.as_deref().is_some_and(is_account_event)
    }
}

fn is_account_event(event: &str) -> bool {
    event.starts_with("account.")
}

/// The members of a JSON object, by name; those of one name in the order of the body.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Members<'a> {
    /// The only member of this name. Of two, readers may take either, so it is taken to say nothing.
    fn get(&self, name: &str) -> Option<&'a RawValue> {
        let start = self.0.partition_point(|(member, _)| member.as_ref() < name);
        match &self.0[start..] {
            [(first, _), (second, _), ..] if first == name && second == name => None,
            [(first, value), ..] if first == name => Some(value),
            [] | [_, ..] => None,
        }
    }

    fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        let Text(text) = serde_json::from_str(self.get(name)?.get()).ok()?;
        Some(text)
    }

    fn project(&self) -> Project<'a> {
        let name = "project_id";
        if !self.0.iter().any(|(member, _)| member == name) {
            return Project::Unnamed;
        }
        match self.text(name) {
            Some(project) if is_project_id(&project) => Project::Named(project),
            None if self.get(name).is_some_and(|value| value.get() == "null") => Project::Unnamed,
            Some(_) | None => Project::Unusable,
        }
    }

    /// The id by what makes it the same event; nothing where a field of that is missing.
    fn event_id(&self) -> Option<Uuid> {
        let event = self.text("event")?;
        let identity = EventIdentity {
            project_id: &self.text("project_id")?,
            event: &event,
            account_id: &self.text("account_id")?,
            record_type: &self.text("record_type")?,
            record_id: self.get("record_id").filter(|id| is_text_or_number(id))?,
            event_date: &self.text("event_date")?,
        };
        if is_account_event(&event) {
            return Some(identity.event_id([]));
        }
        let others = self.0.iter().filter(|(name, _)| name != "sent_at");
        Some(identity.event_id(others.map(|(name, value)| (name.as_ref(), value.get()))))
    }
}

fn is_text_or_number(value: &RawValue) -> bool {
    matches!(
        value.get().as_bytes().first(),
        Some(b'"' | b'-' | b'0'..=b'9')
    )
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(16);
        while let Some((Text(name), value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
            members.push((name, value));
        }
        members.sort_by(|(left, _), (right, _)| left.cmp(right));
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests;
