//! The whole pipeline on a broker: ingest, processors, and the simulator as StackOne.

mod disturbance;
mod files;
mod guests;
mod ingest;
mod phrases;
mod processor;
mod progress;
mod settings;
mod witness;

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use stackone_ingest::Application as Ingest;
use stackone_link_schemas::{AccountLifecycleEvent, AccountState};
use stackone_link_wire::{Topic, Topics};
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
pub use settings::{API_KEY, OTHER_PROJECT, PROJECT, PipelineSettings};

/// How long anything in a test may take. Generous: a busy machine is slow, and a test that passes
/// does not wait.
pub const WITHIN: Duration = Duration::from_secs(120);

/// The webhook secret of the tests' project.
pub const SECRET: &str = "test-webhook-secret-do-not-use";

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
    group: String,
    /// What a processor that is started next is given.
    pub settings: PipelineSettings,
    folder: TempDir,
    guests: Guests,
    stop: DropGuard,
    ingest: JoinHandle<anyhow::Result<()>>,
}

impl Pipeline {
    /// Starts ingest and simulator for the test `test`, and makes the topics. No processor runs
    /// yet.
    ///
    /// # Errors
    ///
    /// Where one of them does not start.
    pub async fn start(test: &str) -> anyhow::Result<Self> {
        Self::with(test, PipelineSettings::default()).await
    }

    /// The same with other settings.
    ///
    /// # Errors
    ///
    /// Where something does not start.
    pub async fn with(test: &str, settings: PipelineSettings) -> anyhow::Result<Self> {
        Self::on(Broker::start().await, test, settings).await
    }

    /// The same on a given broker.
    ///
    /// # Errors
    ///
    /// Where something does not start.
    pub async fn on(
        broker: Broker,
        test: &str,
        settings: PipelineSettings,
    ) -> anyhow::Result<Self> {
        let topics = unique_topics(test);
        broker.create_topics(&topics, settings.partitions).await?;
        let folder = TempDir::new()?;
        let config = files::ingest_file(&folder, &broker, &topics, &settings)?;
        let environment = HashMap::from([("WEBHOOK_SECRET".to_owned(), SECRET.to_owned())]);
        let config = stackone_ingest::config::Config::load(Some(&config), &environment)?;
        let ingest = Ingest::build(&config)?;
        let webhook_url: url::Url =
            format!("http://{}/webhooks/stackone/default", ingest.public_addr()).parse()?;
        let ingest_admin = format!("http://{}", ingest.admin_addr());
        let target = WebhookTarget {
            url: webhook_url.clone(),
            secret: SECRET.into(),
        };
        let simulator = start_simulator(Some(target), &settings).await?;
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        let ingest = tokio::spawn(async move { Ok(ingest.run(stopping).await?) });
        let group = unique_group(test);
        Ok(Self {
            broker,
            topics,
            simulator,
            webhook_url,
            ingest_admin,
            group,
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
        self.folder.path().join(files::INGEST_FILE)
    }

    /// Writes the configuration of a processor and gives its path.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub fn processor_file(&self, instance: &str) -> anyhow::Result<std::path::PathBuf> {
        files::processor_file(&self.folder, self, instance)
    }

    /// Writes another API key into the processors' file.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub fn set_api_key(&self, key: &str) -> anyhow::Result<()> {
        files::api_key_file(&self.folder, key).map(drop)
    }

    /// The consumer group of its processors.
    #[must_use]
    pub fn group(&self) -> &str {
        &self.group
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
        let files = files::left_behind(&self.folder)?;
        anyhow::ensure!(files.is_empty(), "left behind: {files:?}");
        Ok(())
    }
}

async fn start_simulator(
    webhook: Option<WebhookTarget>,
    settings: &PipelineSettings,
) -> anyhow::Result<Simulator> {
    let project = |id: &str, api_key: &str, webhook| ProjectConfig {
        id: id.to_owned(),
        api_key: api_key.into(),
        webhook,
    };
    let other_webhook = webhook.clone().map(|target| WebhookTarget {
        url: target.url.join("other").unwrap_or(target.url),
        ..target
    });
    let mut config = SimulatorConfig::in_process(project(PROJECT, settings::API_KEY, webhook));
    config.rate_limit = settings.rate_limit;
    if settings.has_other_project {
        let key = settings::OTHER_API_KEY;
        config
            .projects
            .push(project(OTHER_PROJECT, key, other_webhook));
    }
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
