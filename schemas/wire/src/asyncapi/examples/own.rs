//! Examples of what the parts of the pipeline write for each other, and of a dead letter.

use serde::Serialize;
use stackone_link_schemas::{
    ACCOUNT_LISTED_TYPE, ACCOUNT_LOOK_TYPE, AccountListed, AccountLook, AccountStatus, CloudEvent,
    DEAD_LETTERS_REDRIVEN_TYPE, DeadLetterReason, DeadLettersRedriven, LISTING_MARKER_TYPE,
    ListingMarker, LookReason, UNLINKS_RELEASED_TYPE, UnlinksReleased, event_id_of_body,
    source_of_project,
};
use uuid::{Uuid, uuid};

use super::{Example, account, example_time, webhook};
use crate::headers::field;
use crate::{DeadLetterHeaders, RecordHeaders, Topic, Topics};

const PROJECT: &str = "acmeinc-27270";
const RUN: Uuid = uuid!("0192e1c4-5a7e-7b1c-8f5e-2f6d3c1b0a99");

pub(in crate::asyncapi) fn account_listed() -> Result<Example, serde_json::Error> {
    let account_id = account()?;
    let subject = Some(account_id.to_string());
    let mut example = own(
        ACCOUNT_LISTED_TYPE,
        &AccountListed {
            run: RUN,
            project_id: Some(PROJECT.to_owned()),
            account_id,
            status: AccountStatus::Active,
            updated_at: Some(example_time()),
        },
    )?;
    example.headers.event.subject = subject;
    Ok(example)
}

pub(in crate::asyncapi) fn account_look() -> Result<Example, serde_json::Error> {
    let account_id = account()?;
    let subject = Some(account_id.to_string());
    let mut example = own(
        ACCOUNT_LOOK_TYPE,
        &AccountLook {
            account_id,
            project_id: Some(PROJECT.to_owned()),
            because: LookReason::Linked,
            event_date: example_time(),
        },
    )?;
    example.headers.event.subject = subject;
    Ok(example)
}

pub(in crate::asyncapi) fn listing_marker() -> Result<Example, serde_json::Error> {
    own(
        LISTING_MARKER_TYPE,
        &ListingMarker {
            run: RUN,
            project_id: Some(PROJECT.to_owned()),
            started_at: example_time(),
            is_complete: true,
        },
    )
}

pub(in crate::asyncapi) fn unlinks_released() -> Result<Example, serde_json::Error> {
    own(
        UNLINKS_RELEASED_TYPE,
        &UnlinksReleased {
            project_id: Some(PROJECT.to_owned()),
            released_at: example_time(),
        },
    )
}

pub(in crate::asyncapi) fn dead_letters_redriven() -> Result<Example, serde_json::Error> {
    let redriven = DeadLettersRedriven {
        partition: 7,
        offsets: vec![(3, 5), (9, 9)],
    };
    let mut example = own(DEAD_LETTERS_REDRIVEN_TYPE, &redriven)?;
    example.headers.event.source = source_of_project(None);
    Ok(example)
}

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

fn own(event_type: &str, value: &impl Serialize) -> Result<Example, serde_json::Error> {
    let event = event(event_type, &serde_json::to_vec(value)?);
    Ok(Example {
        name: event_type.to_owned(),
        payload: serde_json::to_value(value)?,
        headers: RecordHeaders::of(event),
    })
}

/// The event of a record that is ours.
pub(super) fn event(event_type: &str, value: &[u8]) -> CloudEvent {
    CloudEvent {
        id: event_id_of_body(value),
        event_type: event_type.to_owned(),
        source: source_of_project(Some(PROJECT)),
        subject: None,
        time: Some(example_time()),
        dataschema: None,
    }
}
