//! The bodies of webhooks, field for field as documented.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::account::{Account, AccountId};
use crate::timestamp;

/// A change of an account: `account.created`, `account.updated`, `account.deleted`. It tells which
/// account changed, never what about it: there is no status in it.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountEvent {
    /// The project.
    pub project_id: String,
    /// The account; `record_id` is the same.
    pub account_id: AccountId,
    /// The event's name.
    pub event: String,
    /// When it happened.
    pub event_date: Timestamp,
    /// The connector's key.
    pub provider: String,
    /// The customer's tenant.
    pub origin_owner_id: Option<String>,
    /// The tenant's name.
    pub origin_owner_name: Option<String>,
    /// The person who linked it.
    pub origin_username: Option<String>,
    /// Free form.
    pub setup_information: Option<Map<String, Value>>,
}

impl AccountEvent {
    /// Whether `event` is one of the three documented account events; all others have the payload
    /// of [`RecordEvent`].
    #[must_use]
    pub fn is_name(event: &str) -> bool {
        ["account.created", "account.updated", "account.deleted"].contains(&event)
    }

    /// The event `name` of `account`, dated with its last change. An `account.deleted` has neither
    /// user nor set-up information, which is an assumption: no example of one is published.
    #[must_use]
    pub fn of(account: &Account, name: &str) -> Self {
        let deleted = name == "account.deleted";
        Self {
            project_id: account.project_id.clone(),
            account_id: account.id.clone(),
            event: name.to_owned(),
            event_date: account.updated_at,
            provider: account.provider.clone(),
            origin_owner_id: Some(account.origin_owner_id.clone()),
            origin_owner_name: Some(account.origin_owner_name.clone()),
            origin_username: account.origin_username.clone().filter(|_| !deleted),
            setup_information: account.setup_information.clone().filter(|_| !deleted),
        }
    }

    /// The same event, of now, of an account of which nothing else is known: only the required
    /// fields.
    #[must_use]
    pub fn of_unknown(project_id: &str, account_id: &AccountId, name: &str) -> Self {
        Self {
            project_id: project_id.to_owned(),
            account_id: account_id.clone(),
            event: name.to_owned(),
            event_date: timestamp::now(),
            provider: "bamboohr".to_owned(),
            origin_owner_id: None,
            origin_owner_name: None,
            origin_username: None,
            setup_information: None,
        }
    }

    /// The body as it is sent at `sent_at`.
    #[must_use]
    pub fn to_bytes(&self, sent_at: Timestamp) -> Vec<u8> {
        to_bytes(&AccountEventBody {
            project_id: &self.project_id,
            account_id: self.account_id.as_str(),
            event: &self.event,
            event_date: self.event_date,
            record_type: "account",
            record_id: self.account_id.as_str(),
            sent_at,
            provider: &self.provider,
            origin_owner_id: self.origin_owner_id.as_deref(),
            origin_owner_name: self.origin_owner_name.as_deref(),
            origin_username: self.origin_username.as_deref(),
            setup_information: self.setup_information.as_ref(),
        })
    }
}

/// A change of a record inside a linked account, as the synthetic `hris_employees.updated` example:
/// no `provider`, no `origin_*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordEvent {
    /// The project.
    pub project_id: String,
    /// The account the record is in.
    pub account_id: AccountId,
    /// The event's name.
    pub event: String,
    /// When it happened.
    pub event_date: Timestamp,
    /// The record.
    pub record_id: String,
}

impl RecordEvent {
    /// The body as it is sent at `sent_at`.
    #[must_use]
    pub fn to_bytes(&self, sent_at: Timestamp) -> Vec<u8> {
        to_bytes(&RecordEventBody {
            project_id: &self.project_id,
            account_id: self.account_id.as_str(),
            event: &self.event,
            event_date: self.event_date,
            record_type: record_type(&self.event),
            record_id: &self.record_id,
            sent_at,
        })
    }
}

/// What one webhook says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum WebhookContent {
    Account(AccountEvent),
    Record(RecordEvent),
    /// Exactly these bytes.
    Raw(Vec<u8>),
}

impl WebhookContent {
    /// The body as it is sent at `now`; `sent_at` is never before the event.
    pub(crate) fn to_bytes(&self, now: Timestamp) -> Vec<u8> {
        match self {
            Self::Account(event) => event.to_bytes(now.max(event.event_date)),
            Self::Record(event) => event.to_bytes(now.max(event.event_date)),
            Self::Raw(bytes) => bytes.clone(),
        }
    }
}

#[derive(Serialize)]
struct AccountEventBody<'a> {
    project_id: &'a str,
    account_id: &'a str,
    event: &'a str,
    #[serde(serialize_with = "timestamp::serialize")]
    event_date: Timestamp,
    record_type: &'a str,
    record_id: &'a str,
    #[serde(serialize_with = "timestamp::serialize")]
    sent_at: Timestamp,
    provider: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin_owner_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin_owner_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin_username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    setup_information: Option<&'a Map<String, Value>>,
}

#[derive(Serialize)]
struct RecordEventBody<'a> {
    project_id: &'a str,
    account_id: &'a str,
    event: &'a str,
    #[serde(serialize_with = "timestamp::serialize")]
    event_date: Timestamp,
    record_type: &'a str,
    record_id: &'a str,
    #[serde(serialize_with = "timestamp::serialize")]
    sent_at: Timestamp,
}

fn to_bytes(body: &impl Serialize) -> Vec<u8> {
    #[expect(
        clippy::expect_used,
        reason = "text, times and JSON objects always serialise"
    )]
    serde_json::to_vec(body).expect("text, times and JSON objects always serialise")
}

/// `hris_employees.updated` is about `employees`, as in the documented synthetic example. (A native
/// one says `ats_job_postings` for `ats_job_postings.updated`: the documentation does both.)
fn record_type(event: &str) -> &str {
    let resource = event
        .rsplit_once('.')
        .map_or(event, |(resource, _)| resource);
    let unified = ["hris_", "ats_", "crm_", "lms_", "documents_"];
    unified
        .iter()
        .find_map(|prefix| resource.strip_prefix(prefix))
        .unwrap_or(resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> Value {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/fixtures/");
        serde_json::from_slice(&std::fs::read(format!("{folder}{name}")).unwrap()).unwrap()
    }

    fn text(json: &Value, field: &str) -> String {
        json[field].as_str().unwrap().to_owned()
    }

    fn time(json: &Value, field: &str) -> Timestamp {
        json[field].as_str().unwrap().parse().unwrap()
    }

    fn rebuild_account_event(fixture: &Value) -> Vec<u8> {
        let optional = |field: &str| fixture[field].as_str().map(str::to_owned);
        let event = AccountEvent {
            project_id: text(fixture, "project_id"),
            account_id: text(fixture, "account_id").into(),
            event: text(fixture, "event"),
            event_date: time(fixture, "event_date"),
            provider: text(fixture, "provider"),
            origin_owner_id: optional("origin_owner_id"),
            origin_owner_name: optional("origin_owner_name"),
            origin_username: optional("origin_username"),
            setup_information: fixture["setup_information"].as_object().cloned(),
        };
        event.to_bytes(time(fixture, "sent_at"))
    }

    #[test]
    fn account_events_are_the_documented_ones_field_for_field() {
        for name in ["created", "updated", "deleted"] {
            let expected = fixture(&format!("account.{name}.json"));
            let built: Value = serde_json::from_slice(&rebuild_account_event(&expected)).unwrap();
            assert_eq!(built, expected, "{name}");
        }
    }

    #[test]
    fn record_events_are_the_documented_synthetic_ones_field_for_field() {
        let expected = fixture("hris_employees.created.synthetic.json");
        let event = RecordEvent {
            project_id: text(&expected, "project_id"),
            account_id: text(&expected, "account_id").into(),
            event: text(&expected, "event"),
            event_date: time(&expected, "event_date"),
            record_id: text(&expected, "record_id"),
        };
        let built: Value =
            serde_json::from_slice(&event.to_bytes(time(&expected, "sent_at"))).unwrap();
        assert_eq!(built, expected);
    }

    #[test]
    fn an_event_of_no_unified_category_keeps_its_whole_name_as_record_type() {
        assert_eq!(record_type("background_check.created"), "background_check");
        assert_eq!(record_type("nodot"), "nodot");
    }
}
