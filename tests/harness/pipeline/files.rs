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

/// Names of the files of API keys.
const KEYS: [&str; 2] = ["api-key", "other-api-key"];

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

/// Files that a service wrote into the folder of its configuration, where it may write nothing.
pub(super) fn left_behind(folder: &TempDir) -> std::io::Result<Vec<PathBuf>> {
    let mut left = Vec::new();
    for file in std::fs::read_dir(folder.path())? {
        let file = file?.path();
        let end = file.extension().and_then(|end| end.to_str());
        let is_key = file
            .file_name()
            .is_some_and(|name| KEYS.iter().any(|key| name == *key));
        // One that was killed while it was held leaves the file that held it.
        if !is_key && !matches!(end, Some("toml" | "held")) {
            left.push(file);
        }
    }
    Ok(left)
}

fn write(folder: &TempDir, name: &str, content: &str) -> anyhow::Result<PathBuf> {
    let path = folder.path().join(name);
    std::fs::write(&path, content)?;
    Ok(path)
}
