//! The records by which parts of the pipeline tell each other something, and an example of each.

use serde_json::json;
use stackone_link_schemas::{
    ACCOUNT_LISTED_TYPE, ACCOUNT_LOOK_TYPE, AccountListed, AccountLook, AccountStatus,
    DEAD_LETTERS_REDRIVEN_TYPE, DeadLettersRedriven, LISTING_MARKER_TYPE, ListingMarker,
    LookReason, UNLINKS_RELEASED_TYPE, UnlinksReleased,
};
use uuid::{Uuid, uuid};

use crate::Topic;
use crate::asyncapi::channels::{CONNECT, PROCESSOR};
use crate::asyncapi::examples::{self, Example, PROJECT};
use crate::asyncapi::json::schema;
use crate::asyncapi::messages::{JSON, Message, OF_AN_ACCOUNT, REDRIVE, account_id};
use crate::headers::field;

const OWN: &str = "The pipeline's own, not for subscribers:";
const RUN: Uuid = uuid!("0192e1c4-5a7e-7b1c-8f5e-2f6d3c1b0a99");

/// Those on the account events topic.
pub(super) fn triggers() -> Result<Vec<Message>, serde_json::Error> {
    Ok(vec![
        account_listed()?,
        account_look()?,
        listing_marker()?,
        unlinks_released()?,
    ])
}

fn account_listed() -> Result<Message, serde_json::Error> {
    let account = examples::account()?;
    let listed = AccountListed {
        run: RUN,
        project_id: Some(PROJECT.to_owned()),
        account_id: account.clone(),
        status: AccountStatus::Active,
        updated_at: Some(examples::example_time()),
    };
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
            examples::own_of_account(ACCOUNT_LISTED_TYPE, &account, &listed)?,
        )
    })
}

fn account_look() -> Result<Message, serde_json::Error> {
    let account = examples::account()?;
    let look = AccountLook {
        account_id: account.clone(),
        project_id: Some(PROJECT.to_owned()),
        because: LookReason::Linked,
        event_date: examples::example_time(),
    };
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
            examples::own_of_account(ACCOUNT_LOOK_TYPE, &account, &look)?,
        )
    })
}

fn listing_marker() -> Result<Message, serde_json::Error> {
    let marker = ListingMarker {
        run: RUN,
        project_id: Some(PROJECT.to_owned()),
        started_at: examples::example_time(),
        is_complete: true,
    };
    Ok(own(
        "listingMarker",
        Topic::AccountEvents,
        LISTING_MARKER_TYPE,
        "ListingMarker",
        format!("{OWN} a resync begins, or its list was complete."),
        examples::own(LISTING_MARKER_TYPE, &marker)?,
    ))
}

fn unlinks_released() -> Result<Message, serde_json::Error> {
    let released = UnlinksReleased {
        project_id: Some(PROJECT.to_owned()),
        released_at: examples::example_time(),
    };
    Ok(own(
        "unlinksReleased",
        Topic::AccountEvents,
        UNLINKS_RELEASED_TYPE,
        "UnlinksReleased",
        format!("{OWN} an operator says that accounts which vanished are gone."),
        examples::own(UNLINKS_RELEASED_TYPE, &released)?,
    ))
}

pub(super) fn dead_letters_redriven() -> Result<Message, serde_json::Error> {
    let redriven = DeadLettersRedriven {
        partition: 7,
        offsets: vec![(3, 5), (9, 9)],
    };
    Ok(own(
        "deadLettersRedriven",
        Topic::DeadLetter,
        DEAD_LETTERS_REDRIVEN_TYPE,
        "DeadLettersRedriven",
        format!("{OWN} which letters of the partition were dealt with."),
        examples::own_of_no_project(DEAD_LETTERS_REDRIVEN_TYPE, &redriven)?,
    ))
}

/// A record by which parts of the pipeline tell each other something, without a key.
fn own(
    name: &str,
    topic: Topic,
    event_type: &str,
    value: &str,
    summary: String,
    example: Example,
) -> Message {
    Message {
        name: name.to_owned(),
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
