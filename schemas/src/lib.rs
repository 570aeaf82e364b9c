//! Contract types of the StackOne account-link pipeline: what travels on its Kafka topics.
//!
//! Subscribers depend on this crate alone. It does no I/O and knows no Kafka client; how the records
//! travel (topics, headers, security) is the business of `stackone-link-transport`.
//!
//! | record | type | topic (default name) |
//! | --- | --- | --- |
//! | a transition of an account | [`AccountLifecycleEvent`] | `stackone.account.lifecycle.v1`, `stackone.account.linked.v1` |
//! | the confirmed state of an account | [`AccountState`] | `stackone.account.state.v1` |
//! | a webhook, as StackOne sent it | [`AccountEvent`] reads it | `stackone.account.events.v1` |
//! | a record that could not be used | the original bytes, a [`DeadLetterReason`] in the headers | `stackone.account.dead-letter.v1` |
//!
//! Enums of what StackOne says, of lifecycle types and of dead letter reasons are open: a value this version does not
//! know is kept as it came, never an error. Closed are only those by which the processor decides ([`AccountPhase`],
//! [`Trigger`], [`GraceKind`]): a state that it does not know is one it must not act on.

mod account;
mod dead_letter;
mod envelope;
mod event;
mod json_schema;
mod lifecycle;
mod listing;
mod open_enum;
mod state;
mod unlinks;

pub use account::{
    AccountId, AccountSnapshot, AccountStatus, AccountType, InvalidAccountId, StatusReason,
};
pub use dead_letter::{DEAD_LETTERS_REDRIVEN_TYPE, DeadLetterReason, DeadLettersRedriven};
pub use envelope::{
    CloudEvent, EventIdentity, LIFECYCLE_DATASCHEMA, STATE_DATASCHEMA, STATE_TYPE,
    UNRECOGNIZED_TYPE, event_id_of_body, source_of_project,
};
pub use event::{AccountEvent, MalformedEvent};
pub use json_schema::{SchemaDocument, component_schemas, registry_documents, schema_documents};
pub use lifecycle::{AccountLifecycleEvent, Cause, LifecycleType, MAX_CAUSES};
pub use listing::{ACCOUNT_LISTED_TYPE, AccountListed, LISTING_MARKER_TYPE, ListingMarker};
pub use state::{AccountPhase, AccountState, Grace, GraceKind, Pending, Recheck, TakenIn, Trigger};
pub use unlinks::{UNLINKS_RELEASED_TYPE, UnlinksReleased};

/// The README's example has to compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
