//! What has to hold of the topics, whatever happened.

use std::collections::HashMap;

use harness::{Isolation, PROJECT, ReadRecord, TopicReader};
use stackone_link_schemas::UNRECOGNIZED_TYPE;
use stackone_link_wire::{Topic, Topics, partition_of_key};
use uuid::Uuid;

use super::client::Remembered;
use super::webhook::Webhook;

/// Everything on ingest's topics.
pub(crate) async fn records(servers: &str, topics: &Topics) -> Vec<(Topic, ReadRecord)> {
    let mut all = Vec::new();
    for topic in Topic::OF_INGEST {
        let name = topics.name(topic);
        let reader =
            TopicReader::new(servers, name, Isolation::default()).holding_to_the_contract_of(topic);
        let records = reader.read_to_end().await;
        all.extend(records.into_iter().map(|record| (topic, record)));
    }
    all
}

/// Every remembered webhook is there, none was invented, and each record is what it has to be.
/// Gives the number of records beyond one for each webhook.
pub(crate) fn judge(
    seed: u64,
    remembered: &Remembered,
    records: &[(Topic, ReadRecord)],
    partitions: i32,
) -> usize {
    let mut by_body = HashMap::new();
    for number in 0..remembered.offered {
        let webhook = Webhook::of(seed, number);
        by_body.insert(webhook.body.clone(), (number, webhook));
    }
    let mut stored: HashMap<u64, Uuid> = HashMap::new();
    for (topic, record) in records {
        let offered = by_body.get(&record.value);
        assert!(offered.is_some(), "invented: {topic:?} {record:?}");
        let (number, webhook) = offered.unwrap();
        check(webhook, *topic, record, partitions);
        let id = record.headers.event.id;
        let first = *stored.entry(*number).or_insert(id);
        assert_eq!(id, first, "a redelivery has another id: {record:?}");
    }
    for (number, id) in &remembered.accepted {
        let found = stored.get(number);
        assert!(found.is_some(), "webhook {number} of seed {seed} is lost");
        assert!(
            id.is_nil() || Some(id) == found,
            "it was answered with another id"
        );
    }
    let ids: std::collections::HashSet<_> = stored.values().collect();
    assert_eq!(ids.len(), stored.len(), "two webhooks have one id");
    records.len() - stored.len()
}

/// The record is where it belongs, under its key, and its headers say what the body says.
fn check(webhook: &Webhook, topic: Topic, record: &ReadRecord, partitions: i32) {
    assert_eq!(topic, webhook.topic, "{record:?}");
    assert_eq!(record.key, webhook.key, "{record:?}");
    if let Some(key) = &record.key {
        assert_eq!(
            record.partition,
            partition_of_key(key.as_bytes(), partitions)
        );
    }
    let headers = &record.headers;
    let event = &headers.event;
    assert_eq!(event.event_type, webhook.event.unwrap_or(UNRECOGNIZED_TYPE));
    assert_eq!(event.subject, webhook.key);
    assert_eq!(event.time.is_some(), webhook.event.is_some());
    let (source, content_type) = match webhook.event {
        Some(_) => (format!("/stackone/{PROJECT}"), "application/json"),
        None => ("/stackone".to_owned(), "application/octet-stream"),
    };
    assert_eq!(event.source, source);
    assert_eq!(headers.content_type, content_type);
    assert_eq!(headers.ingest.as_ref().unwrap().source, "default");
    assert_eq!(headers.dead_letter, None);
}
