//! Writes the JSON Schemas of the contract to `schemas/json/` and `schemas/registry/`: `cargo run
//! -p stackone-link-schemas --example write_schemas`.

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folders = [
        ("json", stackone_link_schemas::schema_documents()),
        ("json", stackone_link_schemas::pipeline_documents()),
        ("registry", stackone_link_schemas::registry_documents()),
    ];
    for (folder, documents) in folders {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for document in documents {
            std::fs::write(folder.join(document.file), document.to_json()?)?;
        }
    }
    Ok(())
}
