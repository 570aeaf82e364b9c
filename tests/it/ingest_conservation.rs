//! Conservation: what was answered 200 is on its topic, whatever happens to broker and service.
//!
//! Ten rounds, about two minutes. `CONSERVATION_ROUNDS` asks for more (a round takes some 10 s, and
//! ingest is killed once in each), `CONSERVATION_SEED` plays one run again: the same webhooks and
//! faults, though not to the microsecond.

mod client;
mod verdict;
mod webhook;

use std::fmt::Debug;
use std::io::Write as _;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use fastrand::Rng;
use harness::{DedicatedBroker, ServiceProcess, eventually, ingest_process, unique_topics};
use stackone_link_wire::Topics;
use tokio::sync::watch;
use url::Url;

pub(crate) use client::{Clients, Tally};
pub(crate) use verdict::{judge, records};

use client::Poster;
use webhook::Webhook;

const PARTITIONS: i32 = 6;
/// As fast as they are answered.
const PACE: Duration = Duration::from_millis(1);
/// How long anything awaited here may take: a killed broker is back after some 10 s.
const PATIENCE: Duration = Duration::from_secs(120);
/// Short, so that an outage is over sooner; the promise is the same for every deadline.
const SETTINGS: [(&str, &str); 2] = [
    ("INGEST__PUBLISH__ACK_DEADLINE", "1500ms"),
    ("INGEST__PUBLISH__STALL_AFTER", "4s"),
];

/// What happens to the broker in a round.
#[derive(Debug, Clone, Copy)]
enum Outage {
    Stopped,
    Killed,
    Paused,
    None,
}

/// When in a round ingest is killed.
#[derive(Debug, Clone, Copy)]
enum Kill {
    Before,
    During,
    After,
}

/// A number from the environment, or this one.
pub(crate) fn setting<T: FromStr<Err: Debug>>(name: &str, default: T) -> T {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Everything that faults are done to.
struct Stage {
    broker: DedicatedBroker,
    topics: Topics,
    ingest: Option<ServiceProcess>,
    url: watch::Sender<Url>,
    random: Rng,
}

impl Stage {
    async fn kill_ingest(&mut self) {
        self.ingest.take().unwrap().kill().await;
        let servers = self.broker.bootstrap_servers();
        let ingest = ingest_process(servers, &self.topics, &SETTINGS).await;
        self.url.send_replace(ingest.webhook_url());
        self.ingest = Some(ingest);
    }

    /// One outage and one kill, at a moment that only the seed knows.
    async fn round(&mut self, tally: &Tally) {
        let outages = [
            Outage::Stopped,
            Outage::Killed,
            Outage::Paused,
            Outage::None,
        ];
        let outage = outages[self.random.usize(..outages.len())];
        let kills = [Kill::Before, Kill::During, Kill::After];
        let kill = kills[self.random.usize(..kills.len())];
        say(&format!("broker {outage:?}, ingest killed {kill:?}"));
        more(&tally.accepted, self.random.u64(50..500)).await;
        if let Kill::Before = kill {
            self.kill_ingest().await;
        }
        match outage {
            Outage::Stopped => self.broker.stop().await.unwrap(),
            Outage::Killed => self.broker.kill().await.unwrap(),
            Outage::Paused => self.broker.pause().await.unwrap(),
            Outage::None => {}
        }
        let count = self.random.u64(5..30);
        match outage {
            Outage::None => more(&tally.accepted, count).await,
            Outage::Stopped | Outage::Killed | Outage::Paused => more(&tally.refused, count).await,
        }
        if let Kill::During = kill {
            self.kill_ingest().await;
        }
        match outage {
            Outage::Stopped | Outage::Killed => self.broker.start_again().await.unwrap(),
            Outage::Paused => self.broker.unpause().await.unwrap(),
            Outage::None => {}
        }
        if let Kill::After = kill {
            self.kill_ingest().await;
        }
    }
}

/// Waits until a count has grown by `by`.
async fn more(count: &AtomicU64, by: u64) {
    let enough = count.load(Relaxed) + by;
    let grown = eventually("more answers", PATIENCE, async || {
        let now = count.load(Relaxed);
        if now >= enough { Ok(()) } else { Err(now) }
    });
    grown.await.unwrap();
}

/// Shown whether or not the test passes: a run that failed has to be played again.
fn say(line: &str) {
    let mut stderr = std::io::stderr().lock();
    writeln!(stderr, "conservation: {line}").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_200_is_on_its_topic_whatever_happens_to_broker_and_service() {
    let seed = setting("CONSERVATION_SEED", fastrand::u64(..));
    say(&format!("CONSERVATION_SEED={seed}"));
    let broker = DedicatedBroker::start().await.unwrap();
    let topics = unique_topics("conservation");
    broker.create_topics(&topics, PARTITIONS).await.unwrap();
    let ingest = ingest_process(broker.bootstrap_servers(), &topics, &SETTINGS).await;
    let (url, current) = watch::channel(ingest.webhook_url());
    let mut stage = Stage {
        broker,
        topics,
        ingest: Some(ingest),
        url,
        random: Rng::with_seed(seed),
    };
    let clients = Clients::start(seed, &current, PACE);
    for _ in 0..setting("CONSERVATION_ROUNDS", 10) {
        stage.round(&clients.tally).await;
    }
    let tally = clients.tally.clone();
    let remembered = clients.finish().await;
    let found = records(stage.broker.bootstrap_servers(), &stage.topics).await;
    let again = judge(seed, &remembered, &found, PARTITIONS);
    say(&format!(
        "{} accepted, {} refused, {} unanswered; {} records, {again} of them again",
        remembered.accepted.len(),
        tally.refused.load(Relaxed),
        tally.unanswered.load(Relaxed),
        found.len(),
    ));
    assert!(remembered.accepted.len() > 100);

    let fresh = Webhook::of(seed, remembered.offered);
    let id = Poster::new(current, Arc::default()).deliver(&fresh).await;
    let found = records(stage.broker.bootstrap_servers(), &stage.topics).await;
    let is_fresh = |(_, record): &&(_, harness::ReadRecord)| record.value == fresh.body;
    let (_, record) = found.iter().find(is_fresh).unwrap();
    assert_eq!(record.headers.event.id, id);
}
