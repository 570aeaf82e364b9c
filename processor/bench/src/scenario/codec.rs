//! Measures what compression costs and saves: bytes sent, CPU time, and the time of a restore.
//!
//! The codecs take turns, so that other work of the machine is spread over all of them.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rdkafka::producer::{BaseProducer, DeliveryResult, Producer as _, ProducerContext};
use rdkafka::{ClientContext, Statistics};
use stackone_link_transport::Live;

use super::restore::{PARTITIONS, TRANSACTION, WITHIN, once, state_of, write};
use crate::broker::Place;
use crate::process::cpu_seconds;
use crate::report::Sample;
use crate::run::{Bench, Tell};

const CODECS: [&str; 3] = ["lz4", "gzip", "none"];
/// The accounts on Kafka.
const ACCOUNTS: u32 = 1_000_000;
/// The accounts on the embedded broker, whose partitions forget what is beyond 5 MiB.
const EMBEDDED_ACCOUNTS: u32 = 50_000;
/// How often librdkafka reports its statistics.
const TELLS: Duration = Duration::from_millis(50);

pub(crate) fn measure(bench: &Bench, tell: Tell<'_>) -> anyhow::Result<()> {
    let accounts = match bench.broker.is_real() {
        true => bench.sized(ACCOUNTS),
        false => bench.sized(EMBEDDED_ACCOUNTS),
    };
    for _ in 0..bench.run.rounds {
        for codec in CODECS {
            let place = bench.broker.place(PARTITIONS)?;
            tell(written(&place, accounts, codec)?)?;
            let case = format!("{accounts} accounts, {codec}");
            let (mut restored, _memory) = once(&place, accounts, codec)?;
            restored.scenario = "codec: restoring states";
            restored.case = case;
            tell(restored)?;
        }
    }
    Ok(())
}

/// Writes a state of each account as the processor writes it, and measures what that took of this
/// process.
fn written(place: &Place, accounts: u32, codec: &str) -> anyhow::Result<Sample> {
    let producer = producer(place, codec)?;
    producer.init_transactions(WITHIN)?;
    let (first, before) = (Timestamp::now(), cpu_seconds("self")?);
    for number in 0..accounts {
        if number % TRANSACTION == 0 {
            producer.begin_transaction()?;
        }
        write(place, &producer, &state_of(number, 0, first)?)?;
        if (number + 1) % TRANSACTION == 0 {
            producer.commit_transaction(WITHIN)?;
        }
    }
    let cpu = cpu_seconds("self")? - before;
    let until = Instant::now() + TELLS * 4;
    while Instant::now() < until {
        producer.poll(TELLS);
    }
    let bytes = producer.context().0.load(Ordering::Relaxed);
    let each = f64::from(accounts);
    Ok(Sample {
        scenario: "codec: writing states",
        case: format!("{accounts} accounts, {codec}"),
        figures: vec![
            ("bytes a state", bytes as f64 / each),
            ("CPU µs a state", cpu * 1_000_000.0 / each),
        ],
        goal: None,
    })
}

fn producer(place: &Place, codec: &str) -> anyhow::Result<Live<BaseProducer<Sent>>> {
    let mut config = place.kafka.client_config("bench-codec")?;
    config.set("transactional.id", format!("bench-{}", place.topics.state));
    config.set("linger.ms", "5");
    config.set("compression.type", codec);
    config.set("statistics.interval.ms", TELLS.as_millis().to_string());
    Ok(config.create_with_context(Sent::default())?)
}

/// Counts the bytes that were sent to the brokers.
#[derive(Default)]
struct Sent(AtomicI64);

impl ClientContext for Sent {
    fn stats(&self, statistics: Statistics) {
        self.0.store(statistics.tx_bytes, Ordering::Relaxed);
    }
}

impl ProducerContext for Sent {
    type DeliveryOpaque = ();

    fn delivery(&self, _result: &DeliveryResult<'_>, (): Self::DeliveryOpaque) {}
}
