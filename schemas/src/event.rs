//! A StackOne account webhook, as the processor reads it.

use std::borrow::Cow;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::AccountId;
use crate::json::JsonObject;
use crate::webhook::{self, Project};

/// The parts of an account webhook that the pipeline uses (StackOne webhook docs, account events).
///
/// A webhook is only a trigger: it never says what is true now, so nothing of what it says about
/// the account (`provider`, `origin_*`) is taken from it. Unknown members are ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountEvent {
    /// StackOne's event name, for instance `account.created`.
    /// From the webhook's `event`.
    ///
    /// Example: `"account.created"`
    pub event: String,
    /// The account it is about.
    /// From the webhook's `account_id`.
    ///
    /// Example: `"GnQoASvosYhE5wJcmmAQs"`
    pub account_id: AccountId,
    /// The StackOne project the account belongs to.
    /// From the webhook's `project_id`.
    ///
    /// Example: `"acmeinc-27270"`
    pub project_id: Option<String>,
    /// When it happened, where the body says so in a readable way, and once.
    /// From the webhook's `event_date`.
    ///
    /// Example: `"2026-03-04T09:12:44.102Z"`
    pub event_date: Option<Timestamp>,
}

/// Why a record is no usable account event. No message quotes the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedEvent {
    /// The value is not one JSON object.
    #[error("not a JSON object")]
    NotAnObject,
    /// `event` is absent, repeated or not a name.
    #[error("event is not a name")]
    NoEvent,
    /// `event` is not of the form `account.…`.
    #[error("event name is not one of account.*")]
    NotAnAccountEvent,
    /// `account_id` is absent, repeated or not an account id.
    #[error("account_id is not an account id")]
    NoAccountId,
    /// `project_id` is repeated or not a project id. It may be absent or `null`.
    #[error("project_id is not a project id")]
    NoProjectId,
}

/// A StackOne account webhook: the members that the pipeline uses. The record has all other members
/// as well, because its bytes are stored as they came.
// Schemas describe written records, and StackOne writes this one: `skip_serializing_if` says what
// may be missing.
#[derive(JsonSchema)]
#[expect(
    dead_code,
    reason = "the schema is made of it; values are read member by member"
)]
struct Wire {
    /// StackOne's event name: `account.created`, `account.updated`, `account.deleted`; others are
    /// accepted. From the webhook's `event`.
    ///
    /// Example: `"account.created"`
    #[schemars(regex(pattern = "^account\\."))]
    event: String,
    /// The account it is about.
    /// From the webhook's `account_id`.
    ///
    /// Example: `"GnQoASvosYhE5wJcmmAQs"`
    account_id: AccountId,
    /// The StackOne project the account belongs to.
    /// From the webhook's `project_id`.
    ///
    /// Example: `"acmeinc-27270"`
    #[schemars(skip_serializing_if = "Option::is_none")]
    project_id: Option<String>,
    /// When it happened: a date where it is readable.
    /// From the webhook's `event_date`.
    ///
    /// Example: `"2026-03-04T09:12:44.102Z"`
    #[schemars(skip_serializing_if = "Option::is_none")]
    event_date: Option<serde_json::Value>,
}

/// The schema describes the value that [`AccountEvent::parse`] reads.
impl JsonSchema for AccountEvent {
    fn schema_name() -> Cow<'static, str> {
        "AccountEvent".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Wire::json_schema(generator)
    }
}

impl AccountEvent {
    /// The name of the event that reports a deleted account.
    pub const DELETED: &'static str = "account.deleted";

    /// Reads the value of a record of the account events topic.
    ///
    /// # Errors
    ///
    /// Fails where it is no JSON object, lacks a usable `event` or `account_id`, has an unusable
    /// `project_id`, or is no `account.*` event. All other members are ignored.
    pub fn parse(value: &[u8]) -> Result<Self, MalformedEvent> {
        let members = JsonObject::parse(value).ok_or(MalformedEvent::NotAnObject)?;
        let event = webhook::event(&members).ok_or(MalformedEvent::NoEvent)?;
        if !webhook::is_account_event(&event) {
            return Err(MalformedEvent::NotAnAccountEvent);
        }
        let account_id = webhook::account_id(&members)
            .and_then(|id| AccountId::try_from(id.into_owned()).ok())
            .ok_or(MalformedEvent::NoAccountId)?;
        let project_id = match webhook::project(&members) {
            Project::Named(project) => Some(project.into_owned()),
            Project::Unnamed => None,
            Project::Unusable => return Err(MalformedEvent::NoProjectId),
        };
        Ok(Self {
            event: event.into_owned(),
            account_id,
            project_id,
            event_date: webhook::date(&members, "event_date"),
        })
    }

    /// Returns whether the event reports a deletion.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.event == Self::DELETED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_date_does_not_make_an_event_unusable() {
        let event =
            AccountEvent::parse(br#"{"event":"account.created","account_id":"a","event_date":7}"#);
        assert_eq!(event.unwrap().event_date, None);
    }

    #[test]
    fn a_date_that_stands_there_twice_says_nothing_and_does_not_make_an_event_unusable() {
        let body = br#"{"event":"account.deleted","account_id":"a","event_date":"x","event_date":"2026-03-09T11:05:31Z"}"#;
        assert_eq!(AccountEvent::parse(body).unwrap().event_date, None);
        let once = br#"{"event":"account.deleted","account_id":"a","event_date":"2026-03-09T11:05:31\u005a"}"#;
        assert!(AccountEvent::parse(once).unwrap().event_date.is_some());
    }

    #[test]
    fn what_is_no_account_event_is_refused() {
        use MalformedEvent::{NoAccountId, NoEvent, NoProjectId, NotAnAccountEvent, NotAnObject};
        for (body, why) in [
            ("{", NotAnObject),
            ("[]", NotAnObject),
            ("{}", NoEvent),
            (r#"{"event":"account.x","event":"account.x"}"#, NoEvent),
            (r#"{"event":"account.\ud83d","account_id":"a"}"#, NoEvent),
            (
                r#"{"event":"hris_employees.created","account_id":"a"}"#,
                NotAnAccountEvent,
            ),
            (r#"{"event":"account.created"}"#, NoAccountId),
            (
                r#"{"event":"account.created","account_id":"a/b"}"#,
                NoAccountId,
            ),
            (r#"{"event":"account.created","account_id":1}"#, NoAccountId),
            (
                r#"{"event":"account.x","account_id":"a","project_id":7}"#,
                NoProjectId,
            ),
            (
                r#"{"event":"account.x","account_id":"a","project_id":"\ud83d"}"#,
                NoProjectId,
            ),
        ] {
            assert_eq!(AccountEvent::parse(body.as_bytes()), Err(why), "{body}");
        }
    }

    #[test]
    fn members_that_are_not_read_make_no_event_unusable() {
        let deep = format!("{}{}", "[".repeat(130), "]".repeat(130));
        for odd in [
            r#""Acme \ud83d""#,
            "1e400",
            &deep,
            r#"{"a":1,"a":2}"#,
            r#"1,"odd":2"#,
        ] {
            let body = format!(r#"{{"event":"account.created","account_id":"a","odd":{odd}}}"#);
            assert!(AccountEvent::parse(body.as_bytes()).is_ok(), "{odd}");
        }
    }
}
