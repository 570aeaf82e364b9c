//! The embedded broker, filled with the states of accounts as the processor writes them.

use std::num::NonZeroU32;
use std::time::Duration;

use anyhow::Context as _;
use jiff::{Timestamp, ToSpan as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer as _};
use stackone_link_schemas::{
    AccountId, AccountPhase, AccountSnapshot, AccountState, AccountStatus, AccountType, CloudEvent,
    STATE_DATASCHEMA, STATE_TYPE, TakenIn, event_id_of_body, source_of_project,
};
use stackone_link_transport::{KafkaConfig, Live, encode_headers};
use stackone_link_wire::{RecordHeaders, Topic, Topics};

/// The fewest partitions of a topic.
const PARTITIONS: u32 = 12;
/// The most accounts of a partition, of which the mock cluster keeps the newest 5 MB.
const OF_PARTITION: u32 = 20_000;
const WITHIN: Duration = Duration::from_secs(60);
const PROJECT: &str = "acmeinc-27270";
/// The topic with states.
pub(crate) const STATES: &str = "states";
/// A topic without records.
pub(crate) const EMPTY: &str = "empty";

/// librdkafka's mock cluster, in this process.
pub(crate) struct Broker {
    cluster: MockCluster<'static, DefaultProducerContext>,
}

impl Broker {
    /// Starts a broker that keeps the states of so many accounts.
    pub(crate) fn start(accounts: u32) -> anyhow::Result<Self> {
        let partitions = accounts.div_ceil(OF_PARTITION).max(PARTITIONS);
        let partitions = i32::try_from(partitions)?;
        let cluster = MockCluster::new(1)?;
        let topics = Topics::default();
        for topic in [STATES, EMPTY, topics.name(Topic::LinkSessions)] {
            cluster.create_topic(topic, partitions, 1)?;
        }
        Ok(Self { cluster })
    }

    pub(crate) fn address(&self) -> String {
        self.cluster.bootstrap_servers()
    }

    /// Writes the state of each account, so many of which are a tenant's, compressed as the
    /// processor compresses them.
    pub(crate) fn write_states(&self, accounts: u32, of_tenant: NonZeroU32) -> anyhow::Result<()> {
        let kafka = KafkaConfig::plaintext(self.address());
        let mut config = kafka.client_config("bench-states")?;
        config.set("linger.ms", "5");
        config.set("compression.type", "lz4");
        config.set("partitioner", "murmur2_random");
        let producer: Live<BaseProducer> = config.create()?;
        let first = Timestamp::now();
        for number in 0..accounts {
            write(&producer, &state_of(number, number / of_tenant, first)?)?;
        }
        producer.flush(WITHIN).context("states are not written")
    }
}

fn write(producer: &BaseProducer, state: &AccountState) -> anyhow::Result<()> {
    let id = state.account_id.as_str();
    let value = serde_json::to_vec(state)?;
    let headers = RecordHeaders::of(CloudEvent {
        id: event_id_of_body(&value),
        event_type: STATE_TYPE.to_owned(),
        source: source_of_project(Some(PROJECT)),
        subject: Some(id.to_owned()),
        time: state.confirmed_at,
        dataschema: Some(STATE_DATASCHEMA.to_owned()),
    });
    let mut record = BaseRecord::to(STATES)
        .key(id)
        .payload(&value)
        .headers(encode_headers(&headers));
    loop {
        record = match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again)) => {
                producer.poll(Duration::from_millis(10));
                again
            }
            Err((error, _)) => return Err(error.into()),
        };
    }
}

/// Returns the confirmed state of an active account with every member that such an account has.
fn state_of(number: u32, tenant: u32, first: Timestamp) -> anyhow::Result<AccountState> {
    // A multiplicative hash makes neighbours differ; the id is as long as one of StackOne's.
    let scattered = u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let id = format!("b{scattered:016x}{:04x}", number % 0xffff);
    let at = |millis: u32| first.checked_sub(i64::from(millis).milliseconds());
    Ok(AccountState {
        account_id: AccountId::try_from(id)?,
        project_id: Some(PROJECT.to_owned()),
        state: AccountPhase::Active,
        version: 1,
        status: Some(AccountStatus::Active),
        status_reasons: Vec::new(),
        account: Some(AccountSnapshot {
            provider: "bamboohr".to_owned(),
            provider_name: Some("BambooHR".to_owned()),
            origin_owner_id: format!("tenant_{tenant:06x}"),
            origin_owner_name: Some(format!("Acme Manufacturing {tenant} Ltd")),
            origin_username: Some(format!("dana.{number}@acme.example")),
            label: Some("HR, main plant".to_owned()),
            account_type: Some(AccountType::Production),
            created_at: Some(at(number + 1_000_000)?),
            updated_at: Some(at(number + 500)?),
            setup_information: None,
        }),
        confirmed_at: Some(at(number)?),
        last_event_date: Some(at(number + 500)?),
        taken_in: Some(TakenIn {
            partition: i32::try_from(number % 12)?,
            offset: i64::from(number),
            timestamp_ms: first.as_millisecond(),
        }),
        pending: None,
        recheck: None,
        vanished_at: None,
        unknown: serde_json::Map::new(),
    })
}
