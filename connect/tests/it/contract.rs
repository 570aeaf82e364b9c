//! What is committed is what the code says.

use serde_json::Value;

#[test]
fn the_committed_api_document_is_what_the_types_generate() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert!(
        committed == stackone_connect::openapi::document(),
        "connect/openapi.json is not what the types generate. If the change is meant, run\n\
         cargo run -p stackone-connect --example write_openapi"
    );
}

#[test]
fn every_reference_of_the_document_is_there_and_operations_have_names_of_their_own() {
    let document = stackone_connect::openapi::document();
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
    let paths = document["paths"].as_object().unwrap();
    let operations = paths
        .values()
        .flat_map(|path| path.as_object().unwrap().values());
    let mut names: Vec<_> = operations
        .filter_map(|one| one["operationId"].as_str())
        .collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!((all, names.len()), (11, 11));
}

#[test]
fn metrics_are_named_after_the_service() {
    let catalogue = stackone_connect::metrics::catalogue().unwrap();
    for metric in catalogue {
        let is_named =
            metric.name.starts_with("stackone_connect_") || metric.name.starts_with("process_");
        assert!(is_named, "{}", metric.name);
    }
}
