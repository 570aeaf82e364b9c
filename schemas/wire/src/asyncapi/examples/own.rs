//! The form of what the parts of the pipeline write for each other, and an example of a dead
//! letter.

use serde::Serialize;
use stackone_link_schemas::{AccountId, DeadLetterReason, source_of_project};

use super::{Example, event, example_time, webhook};
use crate::headers::field;
use crate::{DeadLetterHeaders, RecordHeaders, Topic, Topics};

pub(in crate::asyncapi) fn dead_letter() -> Result<Example, serde_json::Error> {
    let mut example = webhook(include_str!("../../../../fixtures/account.updated.json"))?;
    let seen = example_time();
    example.headers.dead_letter = Some(DeadLetterHeaders {
        reason: DeadLetterReason::LookupRejected,
        detail: field::DEAD_LETTER_DETAIL.example.to_owned(),
        attempts: 3,
        topic: Topics::default().name(Topic::AccountEvents).to_owned(),
        partition: 7,
        offset: 1502,
        first_seen: seen,
        last_seen: seen,
        value_expired: false,
    });
    Ok(example)
}

/// A record without a key.
pub(in crate::asyncapi) fn own(
    event_type: &str,
    value: &impl Serialize,
) -> Result<Example, serde_json::Error> {
    let event = event(event_type, &serde_json::to_vec(value)?);
    Ok(Example {
        name: event_type.to_owned(),
        payload: serde_json::to_value(value)?,
        headers: RecordHeaders::of(event),
    })
}

/// A record whose key is an account.
pub(in crate::asyncapi) fn own_of_account(
    event_type: &str,
    account: &AccountId,
    value: &impl Serialize,
) -> Result<Example, serde_json::Error> {
    let mut example = own(event_type, value)?;
    example.headers.event.subject = Some(account.to_string());
    Ok(example)
}

/// A record of no project.
pub(in crate::asyncapi) fn own_of_no_project(
    event_type: &str,
    value: &impl Serialize,
) -> Result<Example, serde_json::Error> {
    let mut example = own(event_type, value)?;
    example.headers.event.source = source_of_project(None);
    Ok(example)
}
