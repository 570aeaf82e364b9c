//! Every kind of record that the pipeline writes.

mod own;

use serde_json::json;
use stackone_link_schemas::{
    AccountEvent, LIFECYCLE_DATASCHEMA, LINK_SESSION_DATASCHEMA, LifecycleType, LinkSessionChange,
    STATE_DATASCHEMA, STATE_TYPE, UNRECOGNIZED_TYPE,
};

use super::{JSON, Message, OF_AN_ACCOUNT, REDRIVE, account_id};
use crate::Topic;
use crate::asyncapi::channels::{CONNECT, INGEST, PROCESSOR};
use crate::asyncapi::examples;
use crate::asyncapi::json::schema;
use crate::headers::field::{self, HeaderField};

const FROM_INGEST: [HeaderField; 3] = [field::TRACEPARENT, field::SOURCE, field::RECEIVED_AT];
const DEAD_LETTER: [HeaderField; 9] = [
    field::DEAD_LETTER_REASON,
    field::DEAD_LETTER_DETAIL,
    field::DEAD_LETTER_ATTEMPTS,
    field::DEAD_LETTER_TOPIC,
    field::DEAD_LETTER_PARTITION,
    field::DEAD_LETTER_OFFSET,
    field::DEAD_LETTER_FIRST_SEEN,
    field::DEAD_LETTER_LAST_SEEN,
    field::DEAD_LETTER_VALUE_EXPIRED,
];

/// Every kind of record.
pub(in crate::asyncapi) fn all() -> Result<Vec<Message>, serde_json::Error> {
    let mut messages = vec![
        account_webhook()?,
        record_webhook()?,
        unrecognized_webhook(),
    ];
    messages.extend(own::triggers()?);
    for (event_type, meaning) in LifecycleType::KNOWN.iter().zip(LifecycleType::MEANINGS) {
        messages.push(transition(event_type, meaning)?);
    }
    messages.extend([
        account_state()?,
        account_forgotten()?,
        link_session_fact()?,
        dead_letter()?,
        own::dead_letters_redriven()?,
    ]);
    Ok(messages)
}

fn account_webhook() -> Result<Message, serde_json::Error> {
    let events = ["account.created", "account.updated", AccountEvent::DELETED];
    Ok(Message {
        name: "accountWebhook".to_owned(),
        writer: INGEST,
        topics: &[Topic::AccountEvents],
        summary: "A StackOne account webhook, byte for byte. The processor puts one aside that is not by this schema.".to_owned(),
        key: account_id(),
        event_type: json!({ "pattern": "^account\\.", "examples": events }),
        dataschema: None,
        content_type: Some(JSON),
        required: [&[field::CE_SUBJECT], &FROM_INGEST[..]].concat(),
        optional: [&[field::CE_TIME], &REDRIVE[..]].concat(),
        payload: schema("AccountEvent"),
        examples: examples::account_webhooks()?,
    })
}

fn record_webhook() -> Result<Message, serde_json::Error> {
    Ok(Message {
        name: "recordWebhook".to_owned(),
        writer: INGEST,
        topics: &[Topic::RecordEvents],
        summary: "Any other webhook of an account, byte for byte.".to_owned(),
        key: account_id(),
        event_type: json!({ "examples": ["hris_employees.created"] }),
        dataschema: None,
        content_type: Some(JSON),
        required: [&[field::CE_SUBJECT], &FROM_INGEST[..]].concat(),
        optional: vec![field::CE_TIME],
        payload: json!({ "type": "object", "required": ["event", "account_id"] }),
        examples: vec![examples::record_webhook()?],
    })
}

fn unrecognized_webhook() -> Message {
    Message {
        name: "unrecognizedWebhook".to_owned(),
        writer: INGEST,
        topics: &[Topic::Unrecognized],
        summary:
            "A signed body of no use: any bytes. `application/json` where it is a JSON object."
                .to_owned(),
        key: None,
        event_type: json!({ "examples": [UNRECOGNIZED_TYPE] }),
        dataschema: None,
        content_type: None,
        required: FROM_INGEST.to_vec(),
        optional: [&OF_AN_ACCOUNT[..], &[field::REASON]].concat(),
        payload: json!({ "description": "Any bytes." }),
        examples: vec![examples::unrecognized_webhook()],
    }
}

fn transition(event_type: &str, meaning: &str) -> Result<Message, serde_json::Error> {
    let known = LifecycleType::from(event_type);
    Ok(Message {
        name: camel_case(event_type),
        writer: PROCESSOR,
        topics: if known == LifecycleType::Linked {
            &[Topic::Lifecycle, Topic::Linked]
        } else {
            &[Topic::Lifecycle]
        },
        summary: meaning.to_owned(),
        key: account_id(),
        event_type: json!({ "const": event_type }),
        dataschema: Some(LIFECYCLE_DATASCHEMA),
        content_type: Some(JSON),
        required: of_our_schema(),
        optional: Vec::new(),
        payload: schema("AccountLifecycleEvent"),
        examples: vec![examples::transition(&known)?],
    })
}

/// `accountLinkFailed` for `account.link_failed`.
fn camel_case(event_type: &str) -> String {
    let mut name = String::with_capacity(event_type.len());
    let mut begins = false;
    for letter in event_type.chars() {
        if matches!(letter, '.' | '_') {
            begins = true;
        } else {
            name.push(if begins {
                letter.to_ascii_uppercase()
            } else {
                letter
            });
            begins = false;
        }
    }
    name
}

fn account_state() -> Result<Message, serde_json::Error> {
    Ok(Message {
        name: "accountState".to_owned(),
        writer: PROCESSOR,
        topics: &[Topic::State],
        summary: "The confirmed state of an account, and what is still being confirmed.".to_owned(),
        key: account_id(),
        event_type: json!({ "const": STATE_TYPE }),
        dataschema: Some(STATE_DATASCHEMA),
        content_type: Some(JSON),
        required: of_our_schema(),
        optional: Vec::new(),
        payload: schema("AccountState"),
        examples: examples::account_states()?,
    })
}

fn account_forgotten() -> Result<Message, serde_json::Error> {
    Ok(Message {
        name: "accountForgotten".to_owned(),
        writer: PROCESSOR,
        topics: &[Topic::State],
        summary: "A record without a value: nothing is known of the account any more.".to_owned(),
        key: account_id(),
        event_type: json!({ "const": STATE_TYPE }),
        dataschema: None,
        content_type: Some(JSON),
        required: [&OF_AN_ACCOUNT[..], &[field::TRACEPARENT]].concat(),
        optional: Vec::new(),
        payload: json!({ "type": "null" }),
        examples: vec![examples::account_forgotten()?],
    })
}

fn link_session_fact() -> Result<Message, serde_json::Error> {
    Ok(Message {
        name: "linkSessionFact".to_owned(),
        writer: CONNECT,
        topics: &[Topic::LinkSessions],
        summary: "Something happened to a link session.".to_owned(),
        key: Some(json!({ "type": "string", "description": "`{project}/{tenant}`" })),
        event_type: json!({
            "enum": LinkSessionChange::TYPES,
            "examples": LinkSessionChange::TYPES,
        }),
        dataschema: Some(LINK_SESSION_DATASCHEMA),
        content_type: Some(JSON),
        required: [&OF_AN_ACCOUNT[..], &[field::CE_DATASCHEMA]].concat(),
        optional: vec![field::TRACEPARENT],
        payload: schema("LinkSessionFact"),
        examples: examples::link_session_facts()?,
    })
}

fn dead_letter() -> Result<Message, serde_json::Error> {
    Ok(Message {
        name: "deadLetter".to_owned(),
        writer: PROCESSOR,
        topics: &[Topic::DeadLetter],
        summary: "A record of the account events topic, as it was, and why it was put aside."
            .to_owned(),
        key: Some(json!({ "description": "The key that the record had." })),
        event_type: json!({ "examples": ["account.updated"] }),
        dataschema: None,
        content_type: None,
        required: DEAD_LETTER.to_vec(),
        optional: [&OF_AN_ACCOUNT[..], &FROM_INGEST, &REDRIVE].concat(),
        payload: json!({ "description": "The bytes that the record had; none where they had expired." }),
        examples: vec![examples::dead_letter()?],
    })
}

fn of_our_schema() -> Vec<HeaderField> {
    let ours = [field::CE_DATASCHEMA, field::TRACEPARENT];
    [OF_AN_ACCOUNT, ours].concat()
}
