//! Measures one webhook after the other through an idle pipeline.

use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use rdkafka::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use serde_json::Value;
use stackone_link_transport::Live;
use stackone_link_wire::Topic;

use crate::api::{self, Api};
use crate::broker::Place;
use crate::load::{Webhooks, account_id};
use crate::processor::{Options, Processor};
use crate::report::{Bound, Goal, Sample};
use crate::run::{Bench, Tell};

const EVENTS: u32 = 200;
const PARTITIONS: i32 = 12;
const WITHIN: Duration = Duration::from_secs(30);
/// The time of the API's answer.
const ANSWER: Duration = Duration::from_millis(20);
const GOAL: Goal = Goal {
    figure: "without the API",
    bound: Bound::AtMost,
    limit: 30.0,
};

/// When each step was done, in microseconds since the epoch.
#[derive(Debug, Clone, Copy)]
struct Steps {
    begun: i64,
    stored: i64,
    asked: i64,
    answered: i64,
    committed: i64,
    seen: i64,
}

pub(crate) fn measure(bench: &Bench, tell: Tell<'_>) -> anyhow::Result<()> {
    // The embedded broker answers a fetch only when the fetch's time is over.
    let goal = bench.broker.is_real().then_some(GOAL);
    for _ in 0..bench.run.rounds {
        let steps = once(bench)?;
        tell(quantile(&steps, "median", 50, goal))?;
        tell(quantile(&steps, "99 of 100", 99, None))?;
    }
    Ok(())
}

fn once(bench: &Bench) -> anyhow::Result<Vec<Steps>> {
    let place = bench.broker.place(PARTITIONS)?;
    let api = api::Serve {
        tell: true,
        ..api::Serve::answering_in(ANSWER, ANSWER)
    };
    let api = api.start()?;
    let processor = Processor::start(&Options::new(64), &place, &api.address)?;
    let webhooks = Webhooks::new(&place)?;
    let subscriber = subscriber(&place)?;
    // The first webhooks are slower: clients have to find partitions and coordinators.
    let unmeasured = bench.sized(50);
    let mut all = Vec::new();
    for number in 0..unmeasured + bench.sized(EVENTS) {
        let account = account_id(number);
        let steps = through(&account, &webhooks, &processor, &api, &subscriber)?;
        if number >= unmeasured {
            all.push(steps);
        }
        // Waits until the pipeline is idle: the transaction's markers are written, and all fetches
        // wait.
        std::thread::sleep(Duration::from_millis(fastrand::u64(50..150)));
    }
    Ok(all)
}

fn through(
    account: &str,
    webhooks: &Webhooks,
    processor: &Processor,
    api: &Api,
    subscriber: &BaseConsumer,
) -> anyhow::Result<Steps> {
    let begun = now();
    webhooks.send(account, Timestamp::now())?;
    webhooks.flush()?;
    let stored = now();
    let seen = see(subscriber, account)?;
    let told = api.told.as_ref().context("the API tells")?;
    // An account before may be looked at again meanwhile.
    let line = loop {
        let line = told.recv_timeout(WITHIN)?;
        if line.split(' ').next() == Some(account) {
            break line;
        }
    };
    let mut words = line.split(' ').skip(1);
    let mut time = || -> anyhow::Result<i64> { Ok(words.next().context("no time")?.parse()?) };
    Ok(Steps {
        begun,
        stored,
        asked: time()?,
        answered: time()?,
        committed: logged(processor, account, "emitted")?,
        seen,
    })
}

/// Returns when the processor logged `message` about the account.
fn logged(processor: &Processor, account: &str, message: &str) -> anyhow::Result<i64> {
    loop {
        let line: Value = serde_json::from_str(&processor.log.recv_timeout(WITHIN)?)?;
        let text = |name| line.get(name).and_then(Value::as_str);
        if text("message") == Some(message) && text("account") == Some(account) {
            let at: Timestamp = text("timestamp").context("no timestamp")?.parse()?;
            return Ok(at.as_microsecond());
        }
    }
}

fn subscriber(place: &Place) -> anyhow::Result<Live<BaseConsumer>> {
    let mut config = place.kafka.client_config("bench-subscriber")?;
    config.set("group.id", format!("bench-{}", place.topics.linked));
    config.set("isolation.level", "read_committed");
    config.set("auto.offset.reset", "earliest");
    config.set("enable.auto.commit", "false");
    let consumer: Live<BaseConsumer> = config.create()?;
    let mut list = rdkafka::TopicPartitionList::new();
    for partition in 0..place.partitions {
        let topic = place.topics.name(Topic::Linked);
        list.add_partition_offset(topic, partition, rdkafka::Offset::Beginning)?;
    }
    consumer.assign(&list)?;
    Ok(consumer)
}

/// Returns when the subscriber has the account's event.
fn see(subscriber: &BaseConsumer, account: &str) -> anyhow::Result<i64> {
    let message = subscriber.poll(WITHIN).context("no event came")??;
    let at = now();
    anyhow::ensure!(
        message.key() == Some(account.as_bytes()),
        "an event of another account came"
    );
    Ok(at)
}

fn now() -> i64 {
    Timestamp::now().as_microsecond()
}

fn quantile(steps: &[Steps], case: &str, of_hundred: usize, goal: Option<Goal>) -> Sample {
    let figure = |from: fn(&Steps) -> i64, to: fn(&Steps) -> i64| {
        let mut times: Vec<i64> = steps.iter().map(|step| to(step) - from(step)).collect();
        times.sort_unstable();
        let at = times.len().saturating_sub(1) * of_hundred / 100;
        let micros = times.get(at).copied().unwrap_or_default();
        f64::from(i32::try_from(micros).unwrap_or(i32::MAX)) / 1000.0
    };
    Sample {
        scenario: "latency",
        case: format!("{case}, ms"),
        figures: vec![
            ("total", figure(|s| s.begun, |s| s.seen)),
            ("stored", figure(|s| s.begun, |s| s.stored)),
            ("asked", figure(|s| s.begun, |s| s.asked)),
            ("answered", figure(|s| s.asked, |s| s.answered)),
            ("committed", figure(|s| s.answered, |s| s.committed)),
            ("seen", figure(|s| s.committed, |s| s.seen)),
            (
                "without the API",
                figure(|s| s.begun + s.answered - s.asked, |s| s.seen),
            ),
        ],
        goal,
    }
}
