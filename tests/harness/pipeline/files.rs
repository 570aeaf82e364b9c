//! Configuration files of the services under test: production's, with what a test has to change.

mod ingest;
mod processor;

use std::path::PathBuf;

use serde::Serialize;
use tempfile::TempDir;

pub(super) use ingest::{INGEST_FILE, ingest_file};
pub(super) use processor::{api_key_file, processor_file};

#[derive(Serialize)]
struct Listen {
    listen: &'static str,
}

const FREE_PORT: Listen = Listen {
    listen: "127.0.0.1:0",
};

#[derive(Serialize)]
struct Telemetry<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    otlp_endpoint: Option<&'a str>,
    /// Of ingest alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    trust_traceparent: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<&'a str>,
}

fn write(folder: &TempDir, name: &str, content: &str) -> anyhow::Result<PathBuf> {
    let path = folder.path().join(name);
    std::fs::write(&path, content)?;
    Ok(path)
}
