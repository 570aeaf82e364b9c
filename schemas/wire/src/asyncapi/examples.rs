//! An example of each kind of record: its value as in `schemas/fixtures`, and the headers as they
//! are written.

mod own;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use stackone_link_schemas::{
    AccountId, AccountLifecycleEvent, AccountState, CloudEvent, LIFECYCLE_DATASCHEMA,
    LINK_SESSION_DATASCHEMA, LifecycleType, LinkSessionFact, STATE_DATASCHEMA, STATE_TYPE,
    UNRECOGNIZED_TYPE, event_id_of_body, source_of_project,
};

use crate::headers::field;
use crate::{IngestHeaders, RecordHeaders};
pub(super) use own::{dead_letter, own, own_of_account, own_of_no_project};

/// The project of every example.
pub(super) const PROJECT: &str = "acmeinc-27270";
const OPAQUE: &str = "application/octet-stream";

/// A file of `schemas/fixtures`.
macro_rules! fixture {
    ($file:literal) => {
        include_str!(concat!("../../../fixtures/", $file))
    };
}

/// A record.
pub(super) struct Example {
    name: String,
    headers: RecordHeaders,
    payload: Value,
}

impl Example {
    pub(super) fn to_json(&self) -> Value {
        let headers = self.headers.to_pairs().into_iter();
        let headers = headers.map(|(name, text)| (name.to_owned(), json!(text)));
        json!({
            "name": self.name,
            "headers": headers.collect::<Map<_, _>>(),
            "payload": self.payload,
        })
    }
}

pub(super) fn account_webhooks() -> Result<Vec<Example>, serde_json::Error> {
    let bodies = [
        fixture!("account.created.json"),
        fixture!("account.updated.json"),
        fixture!("account.deleted.json"),
    ];
    bodies.into_iter().map(webhook).collect()
}

pub(super) fn record_webhook() -> Result<Example, serde_json::Error> {
    webhook(fixture!("hris_employees.created.synthetic.json"))
}

/// A webhook, with the headers that ingest gives it.
fn webhook(body: &str) -> Result<Example, serde_json::Error> {
    let payload: Value = serde_json::from_str(body)?;
    let text = |member: &str| payload[member].as_str().map(str::to_owned);
    let headers = of_ingest(CloudEvent {
        id: event_id_of_body(body.as_bytes()),
        event_type: text("event").unwrap_or_default(),
        source: source_of_project(text("project_id").as_deref()),
        subject: text("account_id"),
        time: text("event_date").and_then(|date| date.parse().ok()),
        dataschema: None,
    });
    Ok(Example {
        name: headers.event.event_type.clone(),
        headers,
        payload,
    })
}

pub(super) fn unrecognized_webhook() -> Example {
    let body = "event=account.created";
    Example {
        name: "no JSON".to_owned(),
        headers: RecordHeaders {
            content_type: OPAQUE.to_owned(),
            unrecognized_reason: Some(field::REASON.example.to_owned()),
            ..of_ingest(CloudEvent {
                id: event_id_of_body(body.as_bytes()),
                event_type: UNRECOGNIZED_TYPE.to_owned(),
                source: source_of_project(None),
                subject: None,
                time: None,
                dataschema: None,
            })
        },
        payload: json!(body),
    }
}

fn of_ingest(event: CloudEvent) -> RecordHeaders {
    let received_at = event.time.unwrap_or_else(example_time);
    RecordHeaders {
        traceparent: Some(field::TRACEPARENT.example.to_owned()),
        ingest: Some(IngestHeaders {
            source: field::SOURCE.example.to_owned(),
            received_at,
        }),
        ..RecordHeaders::of(event)
    }
}

pub(super) fn transition(event_type: &LifecycleType) -> Result<Example, serde_json::Error> {
    let text = match event_type {
        LifecycleType::Linked | LifecycleType::Other(_) => {
            fixture!("records/lifecycle.linked.json")
        }
        LifecycleType::Refreshed => fixture!("records/lifecycle.refreshed.json"),
        LifecycleType::Degraded => fixture!("records/lifecycle.degraded.json"),
        LifecycleType::Recovered => fixture!("records/lifecycle.recovered.json"),
        LifecycleType::LinkFailed => fixture!("records/lifecycle.link_failed.json"),
        LifecycleType::Unlinked => fixture!("records/lifecycle.unlinked.json"),
    };
    let event: AccountLifecycleEvent = serde_json::from_str(text)?;
    Ok(Example {
        name: event.event_type.to_string(),
        payload: serde_json::to_value(&event)?,
        headers: traced(CloudEvent {
            id: event.id,
            event_type: event.event_type.to_string(),
            source: source_of_project(event.project_id.as_deref()),
            subject: Some(event.account_id.to_string()),
            time: Some(event.confirmed_at),
            dataschema: Some(LIFECYCLE_DATASCHEMA.to_owned()),
        }),
    })
}

pub(super) fn account_states() -> Result<Vec<Example>, serde_json::Error> {
    let records = [
        ("confirmed", fixture!("records/state.active.json")),
        ("degraded", fixture!("records/state.degraded.json")),
        (
            "nothing confirmed yet",
            fixture!("records/state.pending.json"),
        ),
        ("unlinked", fixture!("records/state.unlinked.json")),
        ("vanished", fixture!("records/state.vanished.json")),
    ];
    let examples = records.into_iter().map(|(name, text)| {
        let state: AccountState = serde_json::from_str(text)?;
        let event = state_event(&state.account_id, state.project_id.as_deref());
        Ok(Example {
            name: name.to_owned(),
            payload: serde_json::to_value(&state)?,
            headers: traced(CloudEvent {
                id: event_id_of_body(&serde_json::to_vec(&state)?),
                time: state.confirmed_at.or(event.time),
                dataschema: Some(STATE_DATASCHEMA.to_owned()),
                ..event
            }),
        })
    });
    examples.collect()
}

pub(super) fn link_session_facts() -> Result<Vec<Example>, serde_json::Error> {
    let records = [
        fixture!("records/session.created.json"),
        fixture!("records/session.opened.json"),
        fixture!("records/session.token_minted.json"),
        fixture!("records/session.linked_reported.json"),
        fixture!("records/session.cancelled.json"),
        fixture!("records/session.settled.json"),
    ];
    let examples = records.into_iter().map(|text| {
        let fact: LinkSessionFact = serde_json::from_str(text)?;
        let event_type = fact.change.event_type();
        Ok(Example {
            name: event_type.to_owned(),
            payload: serde_json::to_value(&fact)?,
            headers: RecordHeaders::of(CloudEvent {
                source: source_of_project(fact.project_id.as_deref()),
                subject: Some(fact.session_id.to_string()),
                dataschema: Some(LINK_SESSION_DATASCHEMA.to_owned()),
                ..event(event_type, text.as_bytes())
            }),
        })
    });
    examples.collect()
}

pub(super) fn account_forgotten() -> Result<Example, serde_json::Error> {
    let forgotten = Example {
        name: "forgotten".to_owned(),
        payload: Value::Null,
        headers: traced(state_event(&account()?, None)),
    };
    Ok(forgotten)
}

/// The event of a record that is ours.
fn event(event_type: &str, value: &[u8]) -> CloudEvent {
    CloudEvent {
        id: event_id_of_body(value),
        event_type: event_type.to_owned(),
        source: source_of_project(Some(PROJECT)),
        subject: None,
        time: Some(example_time()),
        dataschema: None,
    }
}

fn state_event(account: &AccountId, project: Option<&str>) -> CloudEvent {
    CloudEvent {
        source: source_of_project(project),
        subject: Some(account.to_string()),
        ..event(STATE_TYPE, account.as_str().as_bytes())
    }
}

/// The account of most examples.
pub(super) fn account() -> Result<AccountId, serde_json::Error> {
    let state: AccountState = serde_json::from_str(fixture!("records/state.active.json"))?;
    Ok(state.account_id)
}

pub(super) fn example_time() -> Timestamp {
    let time = field::CE_TIME.example.parse();
    time.unwrap_or(Timestamp::UNIX_EPOCH)
}

fn traced(event: CloudEvent) -> RecordHeaders {
    RecordHeaders {
        traceparent: Some(field::TRACEPARENT.example.to_owned()),
        ..RecordHeaders::of(event)
    }
}
