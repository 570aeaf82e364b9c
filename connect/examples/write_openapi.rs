//! Writes `connect/openapi.json`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let document = serde_json::to_string_pretty(&stackone_connect::openapi::document())?;
    std::fs::write(file, document + "\n")
}
