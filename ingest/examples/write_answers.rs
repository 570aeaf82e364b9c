//! Writes `docs/answers.md`: `cargo run -p stackone-ingest --example write_answers`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/answers.md");
    std::fs::write(file, stackone_ingest::outcome::table_of_answers())
}
