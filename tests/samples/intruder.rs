//! Writes to the topics what the pipeline does not: aborted transactions, types of tomorrow, and as
//! many states as a test wants.

use harness::{WITHIN, unique_group};
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::{Value, json};
use stackone_link_wire::{Topic, Topics};
use stackone_simulator::AccountId;

/// The version of an account that a transaction wrote which was aborted.
pub(crate) const ABORTED: u64 = 99;

/// A producer that no contract holds.
pub(crate) struct Intruder {
    producer: BaseProducer,
    topics: Topics,
}

impl Intruder {
    pub(crate) fn new(servers: &str, topics: &Topics) -> Self {
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", servers)
            .set("transactional.id", unique_group("intruder"))
            .set("partitioner", "murmur2_random")
            .create()
            .unwrap();
        producer.init_transactions(WITHIN).unwrap();
        Self {
            producer,
            topics: topics.clone(),
        }
    }

    /// Aborts what it says of a known account, as a state and as a transition.
    pub(crate) fn aborts(&self, account: &AccountId) {
        self.producer.begin_transaction().unwrap();
        self.send_state(account.as_str(), ABORTED);
        self.send_transition(account.as_str(), ABORTED);
        self.producer.flush(WITHIN).unwrap();
        self.producer.abort_transaction(WITHIN).unwrap();
    }

    /// Commits a transition of a type that nobody knows yet, whose value is no JSON.
    pub(crate) fn writes_what_is_of_tomorrow(&self, account: &AccountId) {
        self.committed(|| {
            self.send(
                Topic::Lifecycle,
                account.as_str(),
                "account.tomorrow",
                "not json",
            )
        });
    }

    /// Commits the states of so many accounts, each linked.
    pub(crate) fn writes_states(&self, count: usize) {
        self.committed(|| {
            for number in 0..count {
                self.send_state(&format!("account-{number}"), 1);
            }
        });
    }

    /// Commits a transition of an account.
    pub(crate) fn writes_transition(&self, account: &AccountId, version: u64) {
        self.committed(|| self.send_transition(account.as_str(), version));
    }

    fn committed(&self, write: impl FnOnce()) {
        self.producer.begin_transaction().unwrap();
        write();
        self.producer.flush(WITHIN).unwrap();
        self.producer.commit_transaction(WITHIN).unwrap();
    }

    fn send_state(&self, account: &str, version: u64) {
        let fixture = include_str!("../../schemas/fixtures/records/state.active.json");
        let value = changed(fixture, account, version);
        self.send(Topic::State, account, "account.state", &value);
    }

    fn send_transition(&self, account: &str, version: u64) {
        let fixture = include_str!("../../schemas/fixtures/records/lifecycle.refreshed.json");
        let value = changed(fixture, account, version);
        self.send(Topic::Lifecycle, account, "account.refreshed", &value);
    }

    fn send(&self, topic: Topic, key: &str, event_type: &str, value: &str) {
        let headers = OwnedHeaders::new().insert(Header {
            key: "ce_type",
            value: Some(event_type),
        });
        let record = BaseRecord::to(self.topics.name(topic)).key(key);
        let sent = self.producer.send(record.payload(value).headers(headers));
        sent.map_err(|(error, _)| error).unwrap();
    }
}

/// An example record, of another account and version.
fn changed(fixture: &str, account: &str, version: u64) -> String {
    let mut value: Value = serde_json::from_str(fixture).unwrap();
    value["account_id"] = json!(account);
    value["version"] = json!(version);
    value.to_string()
}
