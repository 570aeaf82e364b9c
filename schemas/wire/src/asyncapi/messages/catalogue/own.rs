//! The records by which parts of the pipeline tell each other something.

use serde_json::json;
use stackone_link_schemas::{
    ACCOUNT_LISTED_TYPE, ACCOUNT_LOOK_TYPE, DEAD_LETTERS_REDRIVEN_TYPE, LISTING_MARKER_TYPE,
    UNLINKS_RELEASED_TYPE,
};

use super::{JSON, OF_AN_ACCOUNT, REDRIVE, account_id, schema};
use crate::Topic;
use crate::asyncapi::channels::{CONNECT, PROCESSOR};
use crate::asyncapi::examples;
use crate::asyncapi::messages::Message;
use crate::headers::field;

const OWN: &str = "The pipeline's own, not for subscribers:";

pub(super) fn account_listed() -> Result<Message, serde_json::Error> {
    Ok(Message {
        key: account_id(),
        required: OF_AN_ACCOUNT.to_vec(),
        optional: REDRIVE.to_vec(),
        ..own(
            "accountListed",
            Topic::AccountEvents,
            ACCOUNT_LISTED_TYPE,
            "AccountListed",
            format!("{OWN} a resync found the account in the list of the accounts API."),
            examples::account_listed()?,
        )
    })
}

pub(super) fn account_look() -> Result<Message, serde_json::Error> {
    Ok(Message {
        key: account_id(),
        writer: CONNECT,
        required: OF_AN_ACCOUNT.to_vec(),
        ..own(
            "accountLook",
            Topic::AccountEvents,
            ACCOUNT_LOOK_TYPE,
            "AccountLook",
            format!(
                "{OWN} connect, or an operator, has reason to believe that the account changed."
            ),
            examples::account_look()?,
        )
    })
}

pub(super) fn listing_marker() -> Result<Message, serde_json::Error> {
    Ok(own(
        "listingMarker",
        Topic::AccountEvents,
        LISTING_MARKER_TYPE,
        "ListingMarker",
        format!("{OWN} a resync begins, or its list was complete."),
        examples::listing_marker()?,
    ))
}

pub(super) fn unlinks_released() -> Result<Message, serde_json::Error> {
    Ok(own(
        "unlinksReleased",
        Topic::AccountEvents,
        UNLINKS_RELEASED_TYPE,
        "UnlinksReleased",
        format!("{OWN} an operator says that accounts which vanished are gone."),
        examples::unlinks_released()?,
    ))
}

pub(super) fn dead_letters_redriven() -> Result<Message, serde_json::Error> {
    Ok(own(
        "deadLettersRedriven",
        Topic::DeadLetter,
        DEAD_LETTERS_REDRIVEN_TYPE,
        "DeadLettersRedriven",
        format!("{OWN} which letters of the partition were dealt with."),
        examples::dead_letters_redriven()?,
    ))
}

/// A record by which parts of the pipeline tell each other something, without a key.
fn own(
    name: &'static str,
    topic: Topic,
    event_type: &str,
    value: &str,
    summary: String,
    example: examples::Example,
) -> Message {
    Message {
        name,
        writer: PROCESSOR,
        topics: only(topic),
        summary,
        key: None,
        event_type: json!({ "const": event_type }),
        dataschema: None,
        content_type: Some(JSON),
        required: vec![field::CE_TIME],
        optional: Vec::new(),
        payload: schema(value),
        examples: vec![example],
    }
}

const fn only(topic: Topic) -> &'static [Topic] {
    match topic {
        Topic::AccountEvents => &[Topic::AccountEvents],
        Topic::RecordEvents => &[Topic::RecordEvents],
        Topic::Unrecognized => &[Topic::Unrecognized],
        Topic::Lifecycle => &[Topic::Lifecycle],
        Topic::Linked => &[Topic::Linked],
        Topic::State => &[Topic::State],
        Topic::LinkSessions => &[Topic::LinkSessions],
        Topic::DeadLetter => &[Topic::DeadLetter],
    }
}
