//! Writes the `AsyncAPI` document of the contract, `schemas/asyncapi.json`: `cargo run -p
//! stackone-link-wire --example write_asyncapi`.

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../asyncapi.json");
    let document = stackone_link_wire::asyncapi::document()?;
    std::fs::write(file, serde_json::to_string_pretty(&document)? + "\n")?;
    Ok(())
}
