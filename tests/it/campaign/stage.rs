//! What runs on the brokers: a pipeline whose accounts change, and an ingest of its own to which
//! signed webhooks of every kind are posted. Both come to the brokers by links that can be cut.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use fastrand::Rng;
use harness::{Cluster, Node, Pipeline, ServiceProcess, Setup, TopicReader, ingest_process};
use harness::{eventually, unique_topics};
use stackone_link_wire::{Topic, Topics};
use stackone_simulator::AccountId;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::fault::Fault;
use super::report::{Outcome, Recovery};
use super::{NAME, stall};
use crate::exactly_once::{Load, judge as judge_events};
use crate::ingest_conservation::{Clients, Tally, judge as judge_webhooks, records};
use crate::pipeline_dead_letters::assert_conserved;

const PARTITIONS: i32 = 3;
/// Between two webhooks of one connection: with all of them 48 a second.
const PACE: Duration = Duration::from_millis(250);
/// `publish.ack_deadline`, which is the default, and 1 s: of the time in which this process did not
/// stand still.
const LONGEST_ANSWER: Duration = Duration::from_secs(5 + 1);
/// How long the services may take to be at work again, where enough brokers are: a processor may
/// have to wait for the group, for a transaction to time out, and for half a minute until it takes
/// its contact for lost.
const RECOVERS_WITHIN: Duration = Duration::from_secs(120);
/// Webhooks that each connection has to deliver before ingest counts as being at work: the first
/// may have been accepted long ago, and two of three partitions may not be concerned.
const DELIVERED: u64 = 4;
/// Accounts that have to be linked before the processors count as being at work.
const LINKED: usize = 6;
/// Webhooks that have to be refused before a fault ends that nobody survives.
const REFUSED: u64 = 5;

pub(super) struct Stage<'a> {
    pub(super) cluster: &'a Cluster,
    pipeline: Pipeline,
    processors: [ServiceProcess; 2],
    load: Load,
    linked: TopicReader,
    probes: Vec<AccountId>,
    ingest: ServiceProcess,
    topics: Topics,
    clients: Clients,
    seed: u64,
    _stall: JoinSet<()>,
}

impl<'a> Stage<'a> {
    pub(super) async fn set(cluster: &'a Cluster, random: &mut Rng) -> Self {
        let pipeline = Pipeline::on(cluster.broker(), NAME, Setup::partitions(PARTITIONS)).await;
        let processors = [
            pipeline.processor_process("a").await,
            pipeline.processor_process("b").await,
        ];
        let topics = unique_topics(NAME);
        let made = cluster.broker().create_topics(&topics, PARTITIONS).await;
        made.unwrap();
        let ingest = ingest_process(&cluster.links(), &topics, &[]).await;
        let (_, url) = watch::channel(ingest.webhook_url());
        let seed = random.u64(..);
        let clients = Clients::start(seed, &url, PACE);
        let mut stage = Self {
            cluster,
            processors,
            load: Load::start(&pipeline.simulator, random.fork()),
            linked: pipeline.reader(Topic::Linked),
            pipeline,
            probes: Vec::new(),
            ingest,
            topics,
            _stall: stall::watch(&clients.tally),
            clients,
            seed,
        };
        cluster.is_whole().await.unwrap();
        stage.is_at_work(Instant::now()).await;
        stage
    }

    /// Who leads a partition to which ingest writes.
    pub(super) async fn leader(&self) -> &'a Node {
        let topic = self.topics.name(Topic::AccountEvents);
        self.cluster.leader(topic, 0).await.unwrap()
    }

    /// Lets a fault happen, and sees all brokers and services at work afterwards.
    pub(super) async fn survives(&mut self, fault: Fault) -> Outcome {
        let before = self.answers();
        let tally = Arc::clone(&self.clients.tally);
        tally.longest.store(0, Relaxed);
        tally.longest_awake.store(0, Relaxed);
        let recovery = fault.happens_to(self).await;
        self.cluster.is_whole().await.unwrap();
        self.is_at_work(Instant::now()).await;
        let longest = [&tally.longest, &tally.longest_awake];
        let [longest, awake] = longest.map(|micros| Duration::from_micros(micros.load(Relaxed)));
        assert!(awake <= LONGEST_ANSWER, "{fault}: an answer took {awake:?}");
        let [webhooks, accepted, refused, unanswered] = self.answers();
        assert_eq!(unanswered, 0, "{fault}: webhooks without an answer");
        Outcome {
            webhooks: webhooks - before[0],
            accepted: accepted - before[1],
            refused: refused - before[2],
            longest,
            awake,
            recovery,
        }
    }

    /// Of both ingests: webhooks, and how many were accepted, refused and left without an answer.
    fn answers(&self) -> [u64; 4] {
        let Tally {
            accepted,
            refused,
            unanswered,
            delivered,
            ..
        } = &*self.clients.tally;
        let of_simulator = self.pipeline.simulator.delivered();
        let webhooks: u64 = delivered.iter().map(|count| count.load(Relaxed)).sum();
        [
            webhooks + of_simulator.webhooks,
            accepted.load(Relaxed) + of_simulator.delivered,
            refused.load(Relaxed) + of_simulator.refused,
            unanswered.load(Relaxed) + of_simulator.unanswered,
        ]
    }

    /// Waits until ingest has refused some more.
    pub(super) async fn refuses(&self) {
        let refused = || self.clients.tally.refused.load(Relaxed);
        let enough = refused() + REFUSED;
        let grown = eventually("webhooks are refused", RECOVERS_WITHIN, async || {
            let now = refused();
            if now < enough { Err(now) } else { Ok(()) }
        });
        grown.await.unwrap();
    }

    /// Waits until webhooks of every connection are accepted, and accounts that are linked now are
    /// told; how long that is after `since`.
    pub(super) async fn is_at_work(&mut self, since: Instant) -> Recovery {
        let link = |number| self.pipeline.link(&format!("probe-{number}"));
        let linked: Vec<_> = (0..LINKED).map(link).collect();
        let tally = &self.clients.tally;
        let delivered = || tally.delivered.each_ref().map(|count| count.load(Relaxed));
        let before = delivered();
        let accepted = eventually("ingest accepts", RECOVERS_WITHIN, async || {
            let more = std::iter::zip(delivered(), before).map(|(now, before)| now - before);
            let least = more.min().unwrap_or_default();
            if least < DELIVERED {
                Err(least)
            } else {
                Ok(())
            }
        });
        let accepted = async {
            accepted.await.unwrap();
            since.elapsed()
        };
        let told = self.linked.read_until(RECOVERS_WITHIN, |records| {
            let told = records.iter().filter_map(|one| one.key.as_deref());
            let told: HashSet<_> = told.collect();
            linked.iter().all(|id| told.contains(id.as_str()))
        });
        let told = async {
            told.await;
            since.elapsed()
        };
        let (ingest, processors) = tokio::join!(accepted, told);
        self.probes.extend(linked);
        Recovery { ingest, processors }
    }

    /// Ends everything in good order, none of it having ended before, and judges what is on the
    /// topics.
    pub(super) async fn judged(self) {
        let remembered = self.clients.finish().await;
        let stored = records(&self.cluster.bootstrap_servers(), &self.topics).await;
        judge_webhooks(self.seed, &remembered, &stored, PARTITIONS);
        let mut ids = self.load.finish().await;
        ids.extend(self.probes);
        judge_events(&self.pipeline, &ids).await;
        for processor in self.processors {
            assert_conserved(&processor.admin).await;
            processor.stop().await;
        }
        self.ingest.stop_with(self.pipeline).await;
    }
}
