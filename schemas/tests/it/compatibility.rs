//! The gate: no change of a schema may break readers of a released one. `README.md`,
//! "Compatibility", says what a version may change.

mod changes;
mod gate;
mod keywords;
mod node;
mod reread;

use std::fs::read_dir;

use serde_json::Value;
use stackone_link_schemas::{AccountState, schema_documents};

use gate::breaks;
use reread::again;

const WHAT_TO_DO: &str = "Keep what readers of the released schema rely on: add members that are not required, and values to \
     open enums. A member that is added is not in the records that are kept, even where it is always written from now on: give it \
     `#[serde(default)]` for them, and `#[schemars(skip_serializing_if = \"Option::is_none\")]`, or serde's, for the schema. What means something else is a new value. Anything else is a new topic version (`.v2`) with a schema of its own: \
     see \"Compatibility\" in schemas/README.md. Where only the words of a meaning are new, and a reader may go on as before, write \
     them into the released schema too, in the same change: whoever reviews it sees both.";

/// Returns the released versions, each with its schemas.
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
            let mut files = names(&format!("released/{version}"));
            files.retain(|file| file.ends_with(".schema.json"));
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
            assert!(names.len() >= 5, "{names:?}");
            for name in names {
                let record = crate::json(&format!("fixtures/records/{name}"));
                assert!(validator.is_valid(&record), "{name} by {schema}");
            }
        }
    }
}

/// The way back: a member that a later version adds, at whichever depth, does not keep an older
/// version from reading a state. At the top level it is still there when the older version has
/// written the record.
#[test]
fn members_of_a_later_version_are_passed_over_and_kept_at_the_top() {
    for name in ["active", "degraded", "pending", "unlinked", "vanished"] {
        let mut record = crate::json(&format!("fixtures/records/state.{name}.json"));
        add_everywhere(&mut record);
        let written = again::<AccountState>(&record);
        assert_eq!(written["of_a_later_version"], true, "{name}");
        let known =
            again::<AccountState>(&crate::json(&format!("fixtures/records/state.{name}.json")));
        for (member, value) in known.as_object().unwrap() {
            if !value.is_object() && !value.is_array() {
                assert_eq!(&written[member], value, "{name}.{member}");
            }
        }
    }
}

fn add_everywhere(value: &mut Value) {
    if let Some(members) = value.as_object_mut() {
        members.values_mut().for_each(add_everywhere);
        members.insert("of_a_later_version".to_owned(), true.into());
    }
    if let Some(elements) = value.as_array_mut() {
        elements.iter_mut().for_each(add_everywhere);
    }
}
