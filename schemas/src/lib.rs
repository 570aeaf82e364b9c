//! Contract types of the StackOne account-link pipeline: what travels on its Kafka topics.
//!
//! Subscribers depend on this crate alone. It does no I/O and knows no Kafka client; topics and
//! headers are in `stackone-link-wire`, and how records travel is the business of
//! `stackone-link-transport`.
//!
//! | record | type | topic (default name) |
//! | --- | --- | --- |
//! | a transition of an account | [`AccountLifecycleEvent`] | `stackone.account.lifecycle.v1`, `stackone.account.linked.v1` |
//! | the confirmed state of an account | [`AccountState`] | `stackone.account.state.v1` |
//! | a webhook, as StackOne sent it | [`AccountEvent`] reads it | `stackone.account.events.v1` |
//! | a record of the pipeline's own | [`AccountListed`], [`ListingMarker`], [`UnlinksReleased`], [`AccountLook`] | `stackone.account.events.v1` |
//! | what happened to a link session | [`LinkSessionFact`] | `stackone.link.sessions.v1` |
//! | dead letters that were dealt with | [`DeadLettersRedriven`] | `stackone.account.dead-letter.v1` |
//! | a record that could not be used | the original bytes, a [`DeadLetterReason`] in the headers | `stackone.account.dead-letter.v1` |
//!
//! # What you can rely on
//!
//! - Every transition was confirmed by StackOne's accounts API, and a reader with
//!   `isolation.level=read_committed` sees it once.
//! - Those of one account come in order, under one key, with
//!   [`version`](AccountLifecycleEvent::version) 1, 2, 3, …; a version is never used twice. There
//!   is no order between accounts.
//! - Your own consumer may read a record again after its restart; `id` (the header `ce_id`) and
//!   `version` are then the same.
//! - Members are only added, and none that is always there goes. These types pass over what they do
//!   not know, and read records of before a member was added.
//!
//! # Kafka's words, as this contract uses them
//!
//! - **Key**: the account's id, on each topic that is about accounts. Records of one key are in one
//!   partition, so a reader meets them in the order in which they were written.
//! - **Offset**: a record's place in its partition. A reader commits the offset of the *next*
//!   record it wants, and does so after its own work: then a crash repeats records and loses none.
//!   `isolation.level=read_committed` hides the records of transactions that were aborted; their
//!   offsets stay, so offsets have gaps, and only `version` counts without one.
//! - **Compaction**: of the state topic Kafka keeps the last record of each key, some time after a
//!   newer one came. A record without a value, a *tombstone*, removes its key: nothing was ever
//!   confirmed of that account.
//! - **Version**: the number of an account's transition. It is what makes a repeat harmless, since
//!   partitions, offsets and timestamps change when a topic is made again.
//! - **Marker**: work of the pipeline that is written down but not decided yet: a state's
//!   [`pending`](AccountState::pending). A reader may ignore it; the rest of the state is
//!   confirmed.
//!
//! # The rule
//!
//! Keep what you know of an account together with its `version`, and **take a record only if its
//! `version` is greater than the one you have**. That makes repeats harmless, and a start from the
//! state topic right: read [`AccountState`]s to the end, then follow the transitions from the
//! earliest.
//!
//! ```
//! use std::collections::HashMap;
//!
//! use stackone_link_schemas::{
//!     AccountLifecycleEvent, AccountPhase, AccountState, AccountStatus, LifecycleType,
//! };
//! # let state_record = include_bytes!("../fixtures/records/state.active.json");
//! # let degraded_record = include_bytes!("../fixtures/records/lifecycle.degraded.json");
//! # let refreshed_record = include_bytes!("../fixtures/records/lifecycle.refreshed.json");
//!
//! // From the state topic: where each account stands, and with which version. (A record without a
//! // value: forget the account.)
//! let mut known = HashMap::new();
//! let state: AccountState = serde_json::from_slice(state_record)?;
//! assert_eq!((state.state, state.version), (AccountPhase::Active, 2));
//! known.insert(state.account_id, state.version);
//!
//! // From the lifecycle topic: what happened since. What the state told already has no greater
//! // version.
//! let mut take = |value: &[u8]| -> Result<Option<AccountLifecycleEvent>, serde_json::Error> {
//!     let event: AccountLifecycleEvent = serde_json::from_slice(value)?;
//!     let version = known.entry(event.account_id.clone()).or_default();
//!     let is_new = event.version > *version;
//!     *version = event.version.max(*version);
//!     Ok(is_new.then_some(event))
//! };
//! assert_eq!(take(refreshed_record)?, None);
//! let event = take(degraded_record)?.unwrap();
//! assert_eq!(event.event_type, LifecycleType::Degraded);
//! assert_eq!(event.status, Some(AccountStatus::Error));
//! assert_eq!(event.status_reasons[0].code.as_deref(), Some("401"));
//! assert_eq!(take(degraded_record)?, None);
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # Reading the reference
//!
//! Each field says what it means, what it comes from (a member of StackOne's `LinkedAccount`,
//! `StatusReason` or webhook, an attribute of `CloudEvents`, Kafka, or the pipeline itself), and
//! has an example. The JSON Schemas say the same.
//!
//! Enums of what StackOne says, of lifecycle types and of dead letter reasons are open: a value
//! this version does not know is kept as it came, never an error. Closed are only those by which
//! the processor decides ([`AccountPhase`], [`Trigger`], [`GraceKind`]): a state that it does not
//! know is one it must not act on.

mod account;
mod dead_letter;
mod envelope;
mod event;
pub mod json;
mod json_schema;
mod lifecycle;
mod link_session;
mod open_enum;
mod own;
mod state;
pub mod webhook;

pub use account::{
    AccountId, AccountSnapshot, AccountStatus, AccountType, InvalidAccountId, StatusReason,
};
pub use dead_letter::{DEAD_LETTERS_REDRIVEN_TYPE, DeadLetterReason, DeadLettersRedriven};
pub use envelope::{
    CloudEvent, EventIdentity, LIFECYCLE_DATASCHEMA, STATE_DATASCHEMA, STATE_TYPE,
    UNRECOGNIZED_TYPE, event_id_of_body, source_of_project,
};
pub use event::{AccountEvent, MalformedEvent};
pub use json_schema::{
    SchemaDocument, component_schemas, pipeline_documents, registry_documents, schema_documents,
};
pub use lifecycle::{AccountLifecycleEvent, Cause, LifecycleType, MAX_CAUSES};
pub use link_session::{
    LINK_SESSION_DATASCHEMA, LinkChannel, LinkOutcome, LinkReason, LinkSessionChange,
    LinkSessionCreated, LinkSessionFact, LinkSessionSettled, LinkedReported, TokenMinted,
    link_session_id, link_session_key,
};
pub use own::*;
pub use state::{
    AccountPhase, AccountState, AccountStateView, AccountView, Grace, GraceKind, LastLookup,
    LastOutcome, Pending, Recheck, TakenIn, Trigger,
};

/// The README's example has to compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
