//! However long Kafka takes no writes, or refuses dead letters, and however much comes meanwhile, a
//! processor keeps no more than it may, and goes on where it was when that is mended.

use std::num::NonZeroUsize;
use std::time::Duration;

use harness::{Metrics, Pipeline, ProcessorInProcess, Setup, WITHIN, assert_story, eventually};
use stackone_link_wire::Topic;

use crate::exactly_once::link_all;
use crate::operator::configure;
use crate::pipeline_dead_letters::{assert_conserved, publish};

/// Records that may be neither decided nor written down, and so many that come.
const MOST: u32 = 10;
const MANY: usize = 40;
/// The longest wait between two attempts to write dead letters is a minute.
const MENDED_WITHIN: Duration = Duration::from_secs(180);

async fn pipeline(test: &str) -> Pipeline {
    let mut pipeline = Pipeline::with(test, Setup::partitions(2)).await;
    pipeline.settings.limits.max_open_records =
        NonZeroUsize::new(MOST.try_into().unwrap()).unwrap();
    pipeline.settings.transactions.timeout = Duration::from_secs(2);
    pipeline
}

async fn metric(processor: &ProcessorInProcess, name: &str) -> Result<f64, String> {
    let metrics = Metrics::of(&processor.admin).await;
    let metrics = metrics.map_err(|error| error.to_string())?;
    Ok(metrics.get(&format!("stackone_processor_{name}")))
}

/// Waits until a metric has this value; at no look may there be more dead letters than there may.
async fn is(processor: &ProcessorInProcess, name: &str, wanted: u32, within: Duration) {
    let awaited = format!("{name} is {wanted}");
    let reached = eventually(&awaited, within, async || {
        let held = metric(processor, "dead_letters_held").await?;
        assert!(held <= f64::from(MOST), "{held} are held");
        let found = metric(processor, name).await?;
        let is_so = (found - f64::from(wanted)).abs() < 0.5;
        is_so.then_some(()).ok_or(format!("it is {found}"))
    });
    reached.await.unwrap();
}

async fn goes_on(processor: &ProcessorInProcess) {
    is(processor, "intake_paused", 0, WITHIN).await;
    is(processor, "offsets_out_of_range_total", 0, WITHIN).await;
    assert_conserved(&processor.admin).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_that_are_refused_take_no_more_memory_than_they_may_and_none_is_lost() {
    let pipeline = pipeline("letters-limit").await;
    let (broker, topics) = (&pipeline.broker, &pipeline.topics);
    configure(broker, &topics.dead_letter, "max.message.bytes", "100").await;
    for n in 0..MANY {
        publish(&pipeline, &format!("key-{n}"), b"not json").await;
    }
    let processor = pipeline.processor("a").unwrap();
    is(&processor, "dead_letters_held", MOST, WITHIN).await;
    is(&processor, "intake_paused", 1, WITHIN).await;
    is(&processor, "records_consumed_total", MOST, WITHIN).await;

    // Rebalances are answered while nothing is read, and what is assigned then is not read either.
    let ready = "partitions{state=\"ready\"}";
    let second = pipeline.processor("b").unwrap();
    is(&second, ready, 1, WITHIN).await;
    second.stop().await.unwrap();
    is(&processor, ready, 2, WITHIN).await;
    is(&processor, "dead_letters_held", MOST, WITHIN).await;
    is(&processor, "intake_paused", 1, WITHIN).await;

    configure(broker, &topics.dead_letter, "max.message.bytes", "2097152").await;
    let mut letters = pipeline.reader(Topic::DeadLetter);
    letters
        .read_until(MENDED_WITHIN, |records| records.len() == MANY)
        .await;
    is(&processor, "dead_letters_held", 0, MENDED_WITHIN).await;
    goes_on(&processor).await;
    processor.stop().await.unwrap();
    assert_eq!(letters.read_to_end().await.len(), MANY);
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn where_states_cannot_be_written_no_more_is_read_than_fits_and_nothing_is_lost() {
    let pipeline = pipeline("writes-limit").await;
    let (broker, topics) = (&pipeline.broker, &pipeline.topics);
    let processor = pipeline.processor("a").unwrap();
    is(&processor, "partitions{state=\"ready\"}", 2, WITHIN).await;
    configure(broker, &topics.state, "max.message.bytes", "100").await;
    let ids = link_all(&pipeline.simulator, MANY).await;
    is(&processor, "intake_paused", 1, WITHIN).await;
    let aborted = "transactions_total{outcome=\"aborted\"}";
    let told = eventually("a transaction is aborted", WITHIN, async || {
        let aborted = metric(&processor, aborted).await?;
        (aborted > 0.5).then_some(()).ok_or("none".to_owned())
    });
    told.await.unwrap();
    is(&processor, "records_consumed_total", MOST, WITHIN).await;

    configure(broker, &topics.state, "max.message.bytes", "2097152").await;
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let records = lifecycle.events(MANY).await;
    for id in &ids {
        assert_story(records, id.as_str(), ["linked"]);
    }
    goes_on(&processor).await;
    processor.stop().await.unwrap();
    assert_eq!(lifecycle.read_to_end().await.len(), MANY);
    pipeline.stop().await.unwrap();
}
