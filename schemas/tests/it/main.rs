//! Tests the contract against its fixtures, its committed JSON Schemas and its example records.
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

/// Returns the path of a file of this crate.
fn path(relative: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// Returns the text of a file of this crate.
fn text(relative: &str) -> String {
    std::fs::read_to_string(path(relative))
        .unwrap_or_else(|error| panic!("{relative} cannot be read: {error}"))
}

/// Returns a JSON file of this crate.
fn json(relative: &str) -> Value {
    serde_json::from_str(&text(relative))
        .unwrap_or_else(|error| panic!("{relative} is not JSON: {error}"))
}
