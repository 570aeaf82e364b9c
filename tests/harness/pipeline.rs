//! The whole pipeline on a broker: ingest, processors, and the simulator as StackOne.

mod disturbance;
mod guests;
mod ingest;
mod phrases;
mod processor;
mod progress;
mod settings;
mod witness;

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use stackone_ingest::Application as Ingest;
use stackone_ingest::config::Config as IngestConfig;
use stackone_link_schemas::{AccountLifecycleEvent, AccountState};
use stackone_link_wire::{Topic, Topics};
use stackone_processor::config::Settings;
use stackone_simulator::{ProjectConfig, Simulator, SimulatorConfig, WebhookTarget};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{Broker, Isolation, ReadRecord, TopicReader, unique_group, unique_topics};

use guests::Guests;

pub use disturbance::{Disturbance, Step};
pub(crate) use guests::Guest;
pub use ingest::{PATIENT, ingest_command, ingest_process};
pub use phrases::assert_story;
pub use processor::{ProcessorInProcess, ended};
pub use settings::{API_KEY, OTHER_PROJECT, PROJECT, Setup};

/// How long anything in a test may take. Generous: a busy machine is slow, and a test that passes
/// does not wait.
pub const WITHIN: Duration = Duration::from_secs(120);

/// The webhook secret of the tests' project.
pub const SECRET: &str = "test-webhook-secret-do-not-use";
/// What the configuration of ingest is called.
const INGEST_FILE: &str = "ingest.toml";

/// A running ingest and simulator, and everything a processor needs to join them.
pub struct Pipeline {
    /// What it runs on.
    pub broker: Broker,
    /// Names of its topics.
    pub topics: Topics,
    /// StackOne.
    pub simulator: Simulator,
    /// Where webhooks are posted.
    pub webhook_url: url::Url,
    /// Where ingest's operators look.
    pub ingest_admin: String,
    /// What a processor that is started next is given.
    pub settings: Settings,
    folder: TempDir,
    guests: Guests,
    stop: DropGuard,
    ingest: JoinHandle<anyhow::Result<()>>,
}

impl Pipeline {
    /// Starts ingest and simulator for the test `test`, and makes the topics. No processor runs
    /// yet.
    ///
    /// # Panics
    ///
    /// Where one of them does not start.
    pub async fn start(test: &str) -> Self {
        Self::with(test, Setup::default()).await
    }

    /// The same with another setup.
    ///
    /// # Panics
    ///
    /// Where something does not start.
    pub async fn with(test: &str, setup: Setup) -> Self {
        Self::on(Broker::start().await, test, setup).await
    }

    /// The same on a given broker.
    ///
    /// # Panics
    ///
    /// Where something does not start.
    pub async fn on(broker: Broker, test: &str, setup: Setup) -> Self {
        let started = Box::pin(Self::started(broker, test, setup)).await;
        started.unwrap_or_else(|error| panic!("the pipeline does not start: {error:#}"))
    }

    async fn started(broker: Broker, test: &str, mut setup: Setup) -> anyhow::Result<Self> {
        let (topics, partitions) = (unique_topics(test), setup.partitions);
        broker.create_topics(&topics, partitions).await?;
        let folder = TempDir::new()?;
        [setup.ingest.kafka, _] = broker.kafka_configs_of_services();
        setup.ingest.topics = topics.clone();
        let config = settings::file(&folder, INGEST_FILE, &setup.ingest)?;
        let secret = ("STACKONE_WEBHOOK_SECRET".to_owned(), SECRET.to_owned());
        let ingest = Ingest::build(&IngestConfig::load(Some(&config), &[secret].into())?)?;
        let webhook_url: url::Url =
            format!("http://{}/webhooks/stackone/default", ingest.public_addr()).parse()?;
        let ingest_admin = format!("http://{}", ingest.admin_addr());
        let simulator = start_simulator(&webhook_url, setup.rate_limit).await?;
        let group = unique_group(test);
        let settings =
            settings::of_processors(&broker, &topics, partitions, &simulator, group, &folder)?;
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        let ingest = tokio::spawn(async move { Ok(ingest.run(stopping).await?) });
        Ok(Self {
            broker,
            topics,
            simulator,
            webhook_url,
            ingest_admin,
            settings,
            folder,
            guests: Guests::default(),
            stop: stop.drop_guard(),
            ingest,
        })
    }

    /// Starts a processor in this process.
    ///
    /// # Errors
    ///
    /// Where it does not start.
    pub fn processor(&self, instance: &str) -> anyhow::Result<ProcessorInProcess> {
        let guest = self.guests.join(&format!("processor {instance}"));
        ProcessorInProcess::start(&self.processor_file(instance)?, guest)
    }

    /// The configuration of its ingest, for another of them.
    #[must_use]
    pub fn ingest_file(&self) -> std::path::PathBuf {
        self.folder.path().join(INGEST_FILE)
    }

    /// The consumer group of its processors.
    #[must_use]
    pub fn group(&self) -> &str {
        &self.settings.group.id
    }

    /// A `read_committed` reader of one of the topics, which fails on a record that breaks the
    /// contract. On the embedded broker, which hides nothing that was aborted, it takes a
    /// transition that was written again to be one.
    #[must_use]
    pub fn reader(&self, topic: Topic) -> TopicReader {
        let name = self.topics.name(topic);
        let reader = TopicReader::new(
            self.broker.bootstrap_servers(),
            name,
            Isolation::ReadCommitted,
        )
        .holding_to_the_contract_of(topic);
        let is_of_transactions = matches!(topic, Topic::Lifecycle | Topic::Linked);
        if is_of_transactions && !self.broker.is_real() {
            return reader.forgetting_repeats();
        }
        reader
    }

    /// Stops ingest as SIGTERM does, and the simulator.
    ///
    /// # Errors
    ///
    /// Where ingest did not end well, or something was left behind: a service that joined and was
    /// not stopped, or a file beside the configurations.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let running = self.guests.left_behind();
        drop(self.stop);
        self.ingest.await.context("ingest died")??;
        self.simulator.shutdown().await;
        anyhow::ensure!(running.is_empty(), "left running: {running:?}");
        let files = settings::left_behind(&self.folder)?;
        anyhow::ensure!(files.is_empty(), "left behind: {files:?}");
        Ok(())
    }
}

async fn start_simulator(
    webhook_url: &url::Url,
    rate_limit: NonZeroU32,
) -> anyhow::Result<Simulator> {
    let project = |id: &str, api_key: &str, url| ProjectConfig {
        id: id.to_owned(),
        api_key: api_key.into(),
        webhook: Some(WebhookTarget {
            url,
            secret: SECRET.into(),
        }),
    };
    let first = project(PROJECT, API_KEY, webhook_url.clone());
    let other_url = webhook_url.join("other")?;
    let mut config = SimulatorConfig::in_process(first);
    let other = project(OTHER_PROJECT, settings::OTHER_API_KEY, other_url);
    config.projects.push(other);
    config.rate_limit = rate_limit;
    Ok(Simulator::start(config).await?)
}

/// The transitions among records of the lifecycle topic.
///
/// # Panics
///
/// Where one is not a transition.
#[must_use]
pub fn transitions(records: &[ReadRecord]) -> Vec<AccountLifecycleEvent> {
    records.iter().map(ReadRecord::json).collect()
}

/// The last state of each account among records of the state topic.
///
/// # Panics
///
/// Where a record is not a state.
#[must_use]
pub fn states(records: &[ReadRecord]) -> HashMap<String, AccountState> {
    let mut states = HashMap::new();
    for record in records {
        let key = record.key.clone().expect("a state record has a key");
        if record.value.is_empty() {
            states.remove(&key);
        } else {
            states.insert(key, record.json());
        }
    }
    states
}

/// The types of an account's transitions, in order; versions must rise by one from 1.
///
/// # Panics
///
/// Where they do not.
#[must_use]
pub fn story_of(account: &str, records: &[ReadRecord]) -> Vec<String> {
    let of_account = transitions(records)
        .into_iter()
        .filter(|event| event.account_id.as_str() == account);
    let mut story = Vec::new();
    for (version, event) in (1..).zip(of_account) {
        assert_eq!(
            event.version, version,
            "versions of {account} rise by one: {event:?}"
        );
        assert!(event.confirmed_at <= Timestamp::now());
        story.push(event.event_type.to_string());
    }
    story
}
