//! The pipeline's own records: they differ by `ce_type`, and promise nothing to subscribers.
//!
//! A new one is a file beside these, its names here, and its line in `RECORDS`.

mod listing;
mod look;
mod unlinks;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::dead_letter::DeadLettersRedriven;

pub use listing::{ACCOUNT_LISTED_TYPE, AccountListed, LISTING_MARKER_TYPE, ListingMarker};
pub use look::{ACCOUNT_LOOK_TYPE, AccountLook, LookReason};
pub use unlinks::{UNLINKS_RELEASED_TYPE, UnlinksReleased};

/// A type of record, for the generator of schemas.
pub(crate) struct RecordType {
    /// The name of its schema's file.
    pub(crate) file: &'static str,
    /// Returns its schema as a document.
    pub(crate) document: fn(SchemaGenerator) -> Schema,
    /// Returns its schema among those of a generator.
    pub(crate) component: fn(&mut SchemaGenerator) -> Schema,
}

impl RecordType {
    const fn of<T: JsonSchema>(file: &'static str) -> Self {
        Self {
            file,
            document: SchemaGenerator::into_root_schema_for::<T>,
            component: SchemaGenerator::subschema_for::<T>,
        }
    }
}

/// All types of the pipeline's own records.
pub(crate) const RECORDS: [RecordType; 5] = [
    RecordType::of::<AccountListed>("pipeline/account-listed.schema.json"),
    RecordType::of::<AccountLook>("pipeline/account-look.schema.json"),
    RecordType::of::<ListingMarker>("pipeline/listing-marker.schema.json"),
    RecordType::of::<UnlinksReleased>("pipeline/unlinks-released.schema.json"),
    RecordType::of::<DeadLettersRedriven>("pipeline/dead-letters-redriven.schema.json"),
];
