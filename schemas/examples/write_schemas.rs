//! Writes the JSON Schemas of the contract to `schemas/json/`: `cargo run -p stackone-link-schemas --example write_schemas`.

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("json");
    for document in stackone_link_schemas::schema_documents() {
        std::fs::write(folder.join(document.file), document.to_json()?)?;
    }
    Ok(())
}
