//! The one parser of a webhook's body: it reads just enough for route, key and id, and borrows it.
//!
//! Nothing in [`Envelope::parse`] fails: a useless body is an envelope without event and account.
//! [`AccountEvent`](crate::AccountEvent) is read by the same rules.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::json::JsonObject;
use crate::{AccountId, EventIdentity, event_id_of_body};

/// The longest event name and project id that are used. Both become record headers, whose size is
/// bounded by this.
const MAX_NAME_LEN: usize = 128;
/// The first moment of the year 0.
const FIRST_DATE: Timestamp = Timestamp::constant(-62_167_219_200, 0);

/// The parts of a body that ingest uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// Whether the body is one JSON object.
    pub is_object: bool,
    /// `event`, where it is a usable name.
    pub event: Option<Cow<'a, str>>,
    /// `account_id`, where it is valid.
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

/// The project of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Project<'a> {
    /// The member is missing or `null`.
    Unnamed,
    /// The member names this project.
    Named(Cow<'a, str>),
    /// The member is no project id.
    Unusable,
}

/// Returns whether a text is a valid project id: 1–128 characters of `[A-Za-z0-9._-]`.
#[must_use]
pub fn is_project_id(text: &str) -> bool {
    is_event_name(text)
}

/// Returns whether a text is a valid event name: 1–128 characters of `[A-Za-z0-9._-]`.
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

    /// Returns whether the event is about an account itself, not about one of its records.
    #[must_use]
    pub fn is_account_event(&self) -> bool {
        self.event.as_deref().is_some_and(is_account_event)
    }
}

pub(crate) fn is_account_event(event: &str) -> bool {
    event.starts_with("account.")
}

/// Returns `event`, where it is a usable name.
pub(crate) fn event<'a>(members: &JsonObject<'a>) -> Option<Cow<'a, str>> {
    members.text("event").filter(|name| is_event_name(name))
}

/// Returns `account_id`, where it is valid.
pub(crate) fn account_id<'a>(members: &JsonObject<'a>) -> Option<Cow<'a, str>> {
    members
        .text("account_id")
        .filter(|id| AccountId::is_valid(id))
}

/// Returns the project of a body.
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

/// Returns a member that is a date, of a year that RFC 3339 can write: `ce_time` has to.
pub(crate) fn date(members: &JsonObject<'_>, name: &str) -> Option<Timestamp> {
    let date: Timestamp = members.text(name)?.parse().ok()?;
    (date >= FIRST_DATE).then_some(date)
}

/// Returns the id of the event by the members of its identity; `None` where one is missing.
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
