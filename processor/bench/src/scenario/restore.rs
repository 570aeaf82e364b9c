//! Measures the restore of a million accounts.

use std::io::{self, Write as _};
use std::time::Duration;

use anyhow::Context as _;
use jiff::{Timestamp, ToSpan as _};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};
use stackone_link_schemas::{
    AccountId, AccountPhase, AccountSnapshot, AccountState, AccountStatus, AccountType, TakenIn,
};
use stackone_link_transport::{Live, encode_headers};
use stackone_link_wire::{Topic, TraceContext, partition_of_key};
use stackone_processor_core::event::records;

use crate::api;
use crate::broker::Place;
use crate::load::{PROJECT, account_id};
use crate::processor::{Options, Processor};
use crate::report::{Bound, Goal, Sample};
use crate::run::{Bench, Tell};

const ACCOUNTS: u32 = 1_000_000;
pub(super) const PARTITIONS: i32 = 12;
/// The states in one transaction.
pub(super) const TRANSACTION: u32 = 1_000;
pub(super) const WITHIN: Duration = Duration::from_secs(60);

pub(crate) fn measure(bench: &Bench, tell: Tell<'_>) -> anyhow::Result<()> {
    for (case, times, limit) in [
        ("three times, not compacted", 3, 20.0),
        ("compacted", 1, 10.0),
    ] {
        let place = bench.broker.place(PARTITIONS)?;
        let accounts = bench.sized(ACCOUNTS);
        write_states(&place, accounts, times)?;
        for _ in 0..bench.run.rounds {
            let goal = Goal {
                figure: "seconds",
                bound: Bound::AtMost,
                limit,
            };
            let (seconds, memory) = once(&place, accounts, case)?;
            tell(Sample {
                goal: Some(goal),
                ..seconds
            })?;
            tell(memory)?;
        }
    }
    Ok(())
}

/// Measures time and memory of one restore.
pub(super) fn once(place: &Place, accounts: u32, case: &str) -> anyhow::Result<(Sample, Sample)> {
    let api = api::Serve::answering_in(Duration::ZERO, Duration::ZERO).start()?;
    let options = Options::new(64);
    let processor = Processor::start(&options, place, &api.address)?;
    let took = processor.started.elapsed().as_secs_f64();
    let figures = processor.figures()?;
    let restored = f64::from(PARTITIONS);
    anyhow::ensure!(
        figures.sum("restore_duration_seconds_count") >= restored,
        "it is ready and has not restored all partitions"
    );
    let partition = figures.sum("restore_duration_seconds_sum") / restored;
    let time = Sample {
        scenario: "restore",
        case: format!("{accounts} accounts, {case}"),
        figures: vec![
            ("seconds", took),
            ("seconds a partition", partition),
            ("CPU seconds", processor.child.cpu_seconds()?),
        ],
        goal: None,
    };
    let memory = Sample {
        scenario: "restore: memory",
        case: format!("{accounts} accounts, {case}"),
        figures: vec![
            ("RSS MiB", processor.child.mebibytes("VmRSS")?),
            ("highest RSS MiB", processor.child.mebibytes("VmHWM")?),
        ],
        goal: Some(Goal {
            figure: "RSS MiB",
            bound: Bound::AtMost,
            limit: 400.0,
        }),
    };
    Ok((time, memory))
}

/// Writes the state of each account `times` times as the processor writes it: in transactions, with
/// headers.
fn write_states(place: &Place, accounts: u32, times: u32) -> anyhow::Result<()> {
    let producer = producer(place)?;
    producer.init_transactions(WITHIN)?;
    let first = Timestamp::now();
    for time in 0..times {
        for number in 0..accounts {
            if number % TRANSACTION == 0 {
                producer.begin_transaction()?;
            }
            let state = state_of(number, time, first)?;
            write(place, &producer, &state)?;
            if (number + 1) % TRANSACTION == 0 {
                producer.commit_transaction(WITHIN)?;
            }
        }
        writeln!(
            io::stderr(),
            "restore: {} of {times} times {accounts} states written",
            time + 1
        )?;
    }
    Ok(())
}

fn producer(place: &Place) -> anyhow::Result<Live<BaseProducer>> {
    let mut config = place.kafka.client_config("bench-states")?;
    config.set("transactional.id", format!("bench-{}", place.topics.state));
    config.set("linger.ms", "5");
    config.set("compression.type", "lz4");
    Ok(config.create()?)
}

pub(super) fn write<C: ProducerContext<DeliveryOpaque = ()>>(
    place: &Place,
    producer: &BaseProducer<C>,
    state: &AccountState,
) -> anyhow::Result<()> {
    let id = &state.account_id;
    let partition = partition_of_key(id.as_str().as_bytes(), place.partitions);
    let now = Timestamp::now();
    let trace = TraceContext::start();
    let record = records::state(&place.topics, partition, id, Some(state), now, trace)?;
    let value = record.value.context("a state has a value")?;
    let mut base = BaseRecord::to(place.topics.name(Topic::State))
        .key(id.as_str())
        .payload(&value)
        .partition(partition)
        .headers(encode_headers(&record.headers));
    loop {
        base = match producer.send(base) {
            Ok(()) => return Ok(()),
            Err((error, again))
                if error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull) =>
            {
                producer.poll(Duration::from_millis(10));
                again
            }
            Err((error, _)) => return Err(error.into()),
        };
    }
}

/// Returns the confirmed state of an active account with every member that such an account has.
pub(super) fn state_of(number: u32, time: u32, first: Timestamp) -> anyhow::Result<AccountState> {
    let id = account_id(number);
    let at = |millis: u32| first.checked_sub(i64::from(millis).milliseconds());
    let updated_at = at(number + 500 - time * 100)?;
    Ok(AccountState {
        account_id: AccountId::try_from(id.as_str())?,
        project_id: Some(PROJECT.to_owned()),
        state: AccountPhase::Active,
        version: u64::from(time) + 1,
        status: Some(AccountStatus::Active),
        status_reasons: Vec::new(),
        account: Some(AccountSnapshot {
            provider: "bamboohr".to_owned(),
            provider_name: Some("BambooHR".to_owned()),
            origin_owner_id: format!("tenant_{number:06x}"),
            origin_owner_name: Some(format!("Acme Manufacturing {number} Ltd")),
            origin_username: Some(format!("dana.{number}@acme.example")),
            label: Some("HR, main plant".to_owned()),
            account_type: Some(AccountType::Production),
            created_at: Some(at(number + 1_000_000)?),
            updated_at: Some(updated_at),
            setup_information: None,
        }),
        confirmed_at: Some(at(number)?),
        last_event_date: Some(updated_at),
        taken_in: Some(TakenIn {
            partition: partition_of_key(id.as_bytes(), PARTITIONS),
            offset: i64::from(number),
            timestamp_ms: updated_at.as_millisecond(),
        }),
        pending: None,
        recheck: None,
        vanished_at: None,
        unknown: serde_json::Map::new(),
    })
}
