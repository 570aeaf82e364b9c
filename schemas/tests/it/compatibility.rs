//! The gate: no change of a schema may break who reads by a released one. What a version may change: `README.md`,
//! "Compatibility".

mod changes;
mod gate;
mod node;

use std::fs::read_dir;

use stackone_link_schemas::schema_documents;

use gate::breaks;

const WHAT_TO_DO: &str = "Keep what readers of the released schema rely on: add members that are not required, and values to \
     open enums. Anything else is a new topic version (`.v2`) with a schema of its own: see \"Compatibility\" in schemas/README.md.";

/// The released versions, and the schemas of each.
fn released() -> Vec<(String, Vec<String>)> {
    let names = |folder: &str| -> Vec<String> {
        let entries = read_dir(crate::path(folder)).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    let versions = names("released").into_iter();
    versions
        .map(|version| {
            let files = names(&format!("released/{version}"));
            (version, files)
        })
        .collect()
}

#[test]
fn no_change_breaks_who_reads_by_a_released_schema() {
    let released = released();
    assert!(!released.is_empty(), "schemas/released is empty");
    for (version, files) in released {
        assert!(!files.is_empty(), "schemas/released/{version} is empty");
        for file in files {
            let old = crate::json(&format!("released/{version}/{file}"));
            let new = schema_documents()
                .into_iter()
                .find(|document| document.file == file)
                .map(|document| document.schema.to_value());
            let new = new.unwrap_or_else(|| {
                panic!("{file} of {version} is not generated any more. {WHAT_TO_DO}")
            });
            let breaks = breaks(&old, &new);
            assert!(
                breaks.is_empty(),
                "readers of {file} as released with {version} would break:\n  {}\n{WHAT_TO_DO}",
                breaks.join("\n  ")
            );
        }
    }
}

#[test]
fn todays_example_records_are_valid_by_every_released_schema() {
    for (version, files) in released() {
        for file in files {
            let schema = format!("released/{version}/{file}");
            let validator = crate::json_schemas::validator(&schema);
            let prefix = if file.contains("state") {
                "state."
            } else {
                "lifecycle."
            };
            let records = read_dir(crate::path("fixtures/records")).unwrap();
            let names = records.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let names: Vec<_> = names.filter(|name| name.starts_with(prefix)).collect();
            assert!(names.len() >= 4, "{names:?}");
            for name in names {
                let record = crate::json(&format!("fixtures/records/{name}"));
                assert!(validator.is_valid(&record), "{name} by {schema}");
            }
        }
    }
}
