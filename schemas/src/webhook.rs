//! The one parser of a webhook's body: enough for route, key and id, borrowed, and no more.
//!
//! Nothing in [`Envelope::parse`] fails: a body that says nothing of use is an envelope without event
//! and account. [`AccountEvent`](crate::AccountEvent) is read by the same rules.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::json::JsonObject;
use crate::{AccountId, EventIdentity, event_id_of_body};

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
        let Some(members) = JsonObject::parse(body) else {
            return Self {
                is_object: false,
                event: None,
                account_id: None,
                project: Project::Unnamed,
                id: event_id_of_body(body),
                event_date: None,
                sent_at: None,
            };
        };
        Self {
            is_object: true,
            event: event(&members),
            account_id: account_id(&members),
            project: project(&members),
            id: event_id(&members).unwrap_or_else(|| event_id_of_body(body)),
            event_date: date(&members, "event_date"),
            sent_at: date(&members, "sent_at"),
        }
    }

    /// Whether the event is about an account itself, not about one of its records.
    #[must_use]
    pub fn is_account_event(&self) -> bool {
        self.event.as_deref().is_some_and(is_account_event)
    }
}

pub(crate) fn is_account_event(event: &str) -> bool {
    event.starts_with("account.")
}

/// `event`, where it is a usable name.
pub(crate) fn event<'a>(members: &JsonObject<'a>) -> Option<Cow<'a, str>> {
    members.text("event").filter(|name| is_event_name(name))
}

/// `account_id`, where it is an acceptable one.
pub(crate) fn account_id<'a>(members: &JsonObject<'a>) -> Option<Cow<'a, str>> {
    members
        .text("account_id")
        .filter(|id| AccountId::is_valid(id))
}

/// What it says about its project.
pub(crate) fn project<'a>(members: &JsonObject<'a>) -> Project<'a> {
    let name = "project_id";
    if !members.contains(name) {
        return Project::Unnamed;
    }
    match members.text(name) {
        Some(project) if is_project_id(&project) => Project::Named(project),
        None if members.get(name).is_some_and(|value| value.get() == "null") => Project::Unnamed,
        Some(_) | None => Project::Unusable,
    }
}

/// A date, where it is one.
pub(crate) fn date(members: &JsonObject<'_>, name: &str) -> Option<Timestamp> {
    members.text(name)?.parse().ok()
}

/// The id by what makes it the same event; nothing where a field of that is missing.
fn event_id(members: &JsonObject<'_>) -> Option<Uuid> {
    let event = members.text("event")?;
    let identity = EventIdentity {
        project_id: &members.text("project_id")?,
        event: &event,
        account_id: &members.text("account_id")?,
        record_type: &members.text("record_type")?,
        record_id: members
            .get("record_id")
            .filter(|id| is_text_or_number(id))?,
        event_date: &members.text("event_date")?,
    };
    if is_account_event(&event) {
        return Some(identity.event_id([]));
    }
    let others = members.members().filter(|(name, _)| *name != "sent_at");
    Some(identity.event_id(others.map(|(name, value)| (name, value.get()))))
}

fn is_text_or_number(value: &RawValue) -> bool {
    matches!(
        value.get().as_bytes().first(),
        Some(b'"' | b'-' | b'0'..=b'9')
    )
}

#[cfg(test)]
mod tests;
