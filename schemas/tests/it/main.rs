//! The contract held against its fixtures, its committed JSON Schemas and its example records.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and says where and why"
)]

mod compatibility;
mod fixtures;
mod golden_records;
mod json_schemas;
mod pipeline_records;
mod reference;
mod released_schemas;
mod round_trips;
mod state_strategies;
mod strategies;

use std::path::PathBuf;

use serde_json::Value;

/// A file of this crate, by its path from the crate's folder.
fn path(relative: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// The text of a file of this crate.
fn text(relative: &str) -> String {
    std::fs::read_to_string(path(relative))
        .unwrap_or_else(|error| panic!("{relative} cannot be read: {error}"))
}

/// A JSON file of this crate.
fn json(relative: &str) -> Value {
    serde_json::from_str(&text(relative))
        .unwrap_or_else(|error| panic!("{relative} is not JSON: {error}"))
}
