//! A StackOne account webhook, as the processor reads it.

use std::borrow::Cow;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use crate::AccountId;

/// The parts of an account webhook that the pipeline uses (StackOne webhook docs, account events).
///
/// A webhook is only a trigger: it never says what is true now, so nothing of what it says about the account
/// (`provider`, `origin_*`) is taken from it. Unknown members are ignored.
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

/// Why a record is no account event that can be used.
#[derive(Debug, thiserror::Error)]
pub enum MalformedEvent {
    /// The value is not a JSON object with the members an account event needs.
    #[error("value is not an account event: {0}")]
    Json(#[from] serde_json::Error),
    /// `event` is not of the form `account.…`.
    #[error("event name is not one of account.*")]
    NotAnAccountEvent,
}

/// A StackOne account webhook: what the pipeline uses of it. What else StackOne puts into it is there, too: its bytes are stored
/// as they came.
// Schemas are of what is written, and this is StackOne's to write: `skip_serializing_if` says what may be missing.
#[derive(Deserialize, JsonSchema)]
struct Wire {
    /// StackOne's event name: `account.created`, `account.updated`, `account.deleted`; others are accepted.
    /// From the webhook's `event`.
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
    #[serde(default)]
    #[schemars(skip_serializing_if = "Option::is_none")]
    project_id: Option<String>,
    /// When it happened: a date where it is readable.
    /// From the webhook's `event_date`.
    ///
    /// Example: `"2026-03-04T09:12:44.102Z"`
    #[serde(default)]
    #[schemars(skip_serializing_if = "Option::is_none")]
    event_date: Option<serde_json::Value>,
}

/// Of the value that [`AccountEvent::parse`] reads.
impl JsonSchema for AccountEvent {
    fn schema_name() -> Cow<'static, str> {
        "AccountEvent".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Wire::json_schema(generator)
    }
}

impl AccountEvent {
    /// Name of the event that says an account was deleted.
    pub const DELETED: &'static str = "account.deleted";

    /// Reads the value of a record of the account events topic.
    ///
    /// # Errors
    ///
    /// Where it is not JSON, has no `event` or `account_id`, or is no `account.*` event.
    pub fn parse(value: &[u8]) -> Result<Self, MalformedEvent> {
        // By way of a value, which takes the last of members that stand there twice: ingest lets an odd date pass.
        let wire: Wire = serde_json::from_value(serde_json::from_slice(value)?)?;
        if !wire.event.starts_with("account.") {
            return Err(MalformedEvent::NotAnAccountEvent);
        }
        Ok(Self {
            event: wire.event,
            account_id: wire.account_id,
            project_id: wire.project_id,
            event_date: wire.event_date.and_then(|_| date(value)),
        })
    }

    /// Whether it says that the account was deleted.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.event == Self::DELETED
    }
}

/// The date, where there is one. Of two, readers may take either, so they say nothing, to ingest as well.
fn date(value: &[u8]) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Dated<'a> {
        #[serde(borrow)]
        event_date: Cow<'a, str>,
    }
    let dated: Dated<'_> = serde_json::from_slice(value).ok()?;
    dated.event_date.parse().ok()
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
        for body in [
            &b"{"[..],
            b"[]",
            b"{}",
            br#"{"event":"account.created"}"#,
            br#"{"event":"account.created","account_id":"a/b"}"#,
            br#"{"event":"account.created","account_id":1}"#,
        ] {
            assert!(matches!(
                AccountEvent::parse(body),
                Err(MalformedEvent::Json(_))
            ));
        }
        let other = AccountEvent::parse(br#"{"event":"hris_employees.created","account_id":"a"}"#);
        assert!(matches!(other, Err(MalformedEvent::NotAnAccountEvent)));
    }
}
