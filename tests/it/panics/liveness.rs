//! What `/livez` of a processor says of a reconciler that does not turn, and what a panic of its
//! thread leaves behind.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use harness::{Pipeline, WITHIN, eventually};
use rdkafka::error::KafkaResult;
use stackone_link_wire::Topic;
use stackone_processor::application::{Application, RunError};
use stackone_processor::config::Config;
use stackone_processor::consumer::{GroupConsumer, Membership, OwnershipChange};
use stackone_processor::transaction::{Around, Step, Undisturbed};
use stackone_processor_core::event::records::Batch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Instead of minutes.
const LONGEST: Duration = Duration::from_secs(2);

/// Holds every transaction before it is committed, for as long as it is told to.
#[derive(Default)]
struct Holds {
    holds: AtomicBool,
}

impl Around for Holds {
    fn around(
        &self,
        step: Step,
        _batch: &Batch,
        take: &mut dyn FnMut() -> KafkaResult<()>,
    ) -> KafkaResult<()> {
        while step == Step::Commit && self.holds.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_millis(5));
        }
        take()
    }
}

/// Panics once, before a transaction begins.
#[derive(Default)]
struct Panics {
    has_panicked: AtomicBool,
}

impl Around for Panics {
    fn around(
        &self,
        _step: Step,
        _batch: &Batch,
        take: &mut dyn FnMut() -> KafkaResult<()>,
    ) -> KafkaResult<()> {
        if !self.has_panicked.swap(true, Ordering::AcqRel) {
            std::panic::resume_unwind(Box::new("on purpose"));
        }
        take()
    }
}

struct Processor {
    admin: String,
    stop: CancellationToken,
    running: JoinHandle<Result<(), RunError>>,
}

impl Processor {
    fn start(pipeline: &Pipeline, around: Arc<dyn Around>) -> Self {
        let file = pipeline.processor_file("a").unwrap();
        let config = Config::load(Some(&file), &HashMap::new()).unwrap();
        let application = Application::build(&config).unwrap();
        let application = application.disturbed_by(around).stalled_after(LONGEST);
        let admin = format!("http://{}", application.admin_addr());
        let stop = CancellationToken::new();
        let running = tokio::spawn(application.run(stop.clone()));
        Self {
            admin,
            stop,
            running,
        }
    }

    async fn livez(&self) -> (u16, String) {
        let answer = reqwest::get(format!("{}/livez", self.admin)).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn livez_becomes(&self, status: u16) -> String {
        let is_so = eventually("livez says so", WITHIN, async || {
            let (told, body) = self.livez().await;
            (told == status).then_some(body.clone()).ok_or(body)
        });
        is_so.await.unwrap()
    }

    /// Looks for as long as it takes a stall to be told, and longer: it is alive then. That it is
    /// told to stall before may be true on a busy machine, for a moment.
    async fn stays_alive(&self) {
        let began = Instant::now();
        let is_alive = eventually("it is alive after a while", WITHIN, async || {
            let (told, after) = (self.livez().await, began.elapsed());
            let is_alive = told == (200, "ok\n".to_owned()) && after > LONGEST * 2;
            is_alive
                .then_some(())
                .ok_or(format!("{told:?} after {after:?}"))
        });
        is_alive.await.unwrap();
    }

    async fn stop(self) {
        self.stop.cancel();
        self.running.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn livez_tells_a_reconciler_that_does_not_turn_and_one_that_turns_again() {
    let pipeline = Pipeline::start("stalls").await;
    let holds = Arc::new(Holds::default());
    let processor = Processor::start(&pipeline, holds.clone());
    processor.stays_alive().await;
    holds.holds.store(true, Ordering::Release);
    pipeline.link("t");
    let told = processor.livez_becomes(503).await;
    assert!(told.contains("has not turned for"), "{told}");
    holds.holds.store(false, Ordering::Release);
    processor.livez_becomes(200).await;
    let mut linked = pipeline.reader(Topic::Linked);
    linked.events(1).await;
    processor.stop().await;
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_a_topic_is_no_stall() {
    let mut pipeline = Pipeline::start("no-stall").await;
    pipeline.settings.topics.dead_letter += "-not-there";
    let processor = Processor::start(&pipeline, Arc::new(Undisturbed));
    processor.stays_alive().await;
    processor.stop().await;
    pipeline.stop().await.unwrap();
}

/// In a process without the hook: whoever waits for the commit would do so for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_panics_ends_its_run_and_the_next_one_commits() {
    let pipeline = Pipeline::start("commit-dies").await;
    let panics = Arc::new(Panics::default());
    let processor = Processor::start(&pipeline, panics.clone());
    pipeline.link("t");
    let mut linked = pipeline.reader(Topic::Linked);
    linked.events(1).await;
    assert!(panics.has_panicked.load(Ordering::Acquire));
    processor.stop().await;
    pipeline.stop().await.unwrap();
}

/// The client of a consumer polls, when it is dropped, until each rebalance is answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_thread_that_unwinds_with_a_rebalance_unanswered_does_not_wait_for_itself() {
    let pipeline = Pipeline::start("unwinds").await;
    let (kafka, topics) = (pipeline.broker.kafka_config(), pipeline.topics.clone());
    let (group, has_ended) = (
        pipeline.group().to_owned(),
        Arc::new(AtomicBool::new(false)),
    );
    let ended = Arc::clone(&has_ended);
    let unwinds = std::thread::spawn(move || {
        let membership = Membership {
            group_id: group,
            session_timeout: Duration::from_secs(6),
        };
        let topic = topics.name(Topic::AccountEvents);
        let consumer = GroupConsumer::join(&kafka, &membership, topic, || ()).unwrap();
        let began = Instant::now();
        loop {
            drop(consumer.poll());
            if let Some(rebalance) = consumer.next_rebalance() {
                // Answered, so that closing brings another one.
                if let OwnershipChange::Assigned(partitions) = rebalance.change {
                    consumer.assign(&partitions).unwrap();
                    break;
                }
            }
            assert!(began.elapsed() < WITHIN, "nothing is assigned");
        }
        std::panic::resume_unwind(Box::new("on purpose"));
    });
    let waiting = std::thread::spawn(move || {
        let _panicked = unwinds.join();
        ended.store(true, Ordering::Release);
    });
    let ends = eventually("the thread ends", WITHIN, async || {
        has_ended
            .load(Ordering::Acquire)
            .then_some(())
            .ok_or("it unwinds")
    });
    ends.await.unwrap();
    drop(waiting);
    pipeline.stop().await.unwrap();
}
