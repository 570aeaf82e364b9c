//! Checks topics and creates missing ones. A topic may be missing, may damage data by its settings,
//! or may hold up dead letters.

mod error;
mod finding;
mod kept;
mod limit;
mod settings;
mod shape;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use stackone_link_process::spawn::spawn_blocking;
use stackone_link_wire::{Topic, TopicLayout, Topics};

use crate::{Inquirer, KafkaConfig, Live, tasks};

use error::TIMEOUT;
use shape::{Shape, Shapes, missing, partitions, partitions_differ, partitions_of_new};

pub use error::TopicAdminError;
pub use finding::TopicFinding;
pub use limit::TopicLimit;
pub use settings::max_message_bytes;

/// The time between two looks for a new topic.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Checks topics and creates them.
pub struct TopicAdmin {
    client: Live<AdminClient<DefaultClientContext>>,
    /// Asks for metadata, because an admin client does not learn why nobody answers.
    inquirer: Arc<Inquirer>,
    /// The largest record of the processor's producer, in bytes.
    producer_takes: u64,
    /// The time between two resyncs, which heal what expired records lost.
    resync_interval: Duration,
}

impl TopicAdmin {
    /// Makes an admin client. It connects at its first request.
    ///
    /// # Errors
    ///
    /// Fails where the settings cannot be used.
    pub fn new(kafka: &KafkaConfig) -> Result<Self, TopicAdminError> {
        Ok(Self {
            client: kafka.client_config("stackone-topics")?.create()?,
            inquirer: Arc::new(Inquirer::new(kafka, "stackone-topics")?),
            producer_takes: settings::producer_takes(kafka),
            resync_interval: Duration::ZERO,
        })
    }

    /// Sets how often a resync lists all accounts: events have to be kept for twice as long, and at
    /// least for a day.
    #[must_use]
    pub fn resyncing_every(self, resync_interval: Duration) -> Self {
        Self {
            resync_interval,
            ..self
        }
    }

    /// Checks the topics in `of`, and their settings where `settings` is true. Returns what is
    /// wrong before what is only a note.
    ///
    /// # Errors
    ///
    /// Fails where the cluster does not answer or refuses the request.
    pub async fn findings(
        &self,
        topics: &Topics,
        of: &[Topic],
        settings: bool,
    ) -> Result<Vec<TopicFinding>, TopicAdminError> {
        let shapes = self.shapes().await?;
        let mut findings = Vec::new();
        if of.contains(&Topic::State) {
            findings.extend(partitions_differ(&shapes, topics));
        }
        findings.extend(missing(&shapes, topics, of));
        if settings {
            let is_there = |topic: &Topic| partitions(&shapes, topics.name(*topic)) > 0;
            for topic in of.iter().filter(|topic| is_there(topic)) {
                findings.extend(self.checked(topics.name(*topic), *topic, &shapes).await?);
            }
            let both = [Topic::AccountEvents, Topic::DeadLetter];
            if both
                .iter()
                .all(|topic| of.contains(topic) && is_there(topic))
            {
                findings.extend(self.dead_letter_findings(topics).await?);
            }
        }
        // Notes come last.
        findings.sort_by_key(|finding| !finding.is_wrong());
        Ok(findings)
    }

    /// Returns the number of partitions of a topic; 0 where it does not exist.
    ///
    /// # Errors
    ///
    /// Fails where the cluster does not answer.
    pub async fn partition_count(&self, name: &str) -> Result<i32, TopicAdminError> {
        let shapes = self.shapes().await?;
        Ok(i32::try_from(partitions(&shapes, name)).unwrap_or(i32::MAX))
    }

    /// Creates the topics in `of` that do not exist, waits until the cluster shows them, and
    /// returns their names. Events and states must have the same number of partitions, so of these
    /// two a missing one gets as many as the other has.
    ///
    /// # Errors
    ///
    /// Fails where the cluster does not answer, or refuses to create a topic.
    pub async fn make_missing(
        &self,
        topics: &Topics,
        of: &[Topic],
        layout: TopicLayout,
    ) -> Result<Vec<String>, TopicAdminError> {
        let shapes = self.shapes().await?;
        let absent: Vec<Topic> = of
            .iter()
            .copied()
            .filter(|topic| partitions(&shapes, topics.name(*topic)) == 0)
            .collect();
        let settings: Vec<_> = absent.iter().map(|topic| topic.settings()).collect();
        let new: Vec<_> = absent
            .iter()
            .zip(&settings)
            .map(|(topic, settings)| {
                let replication = TopicReplication::Fixed(layout.replication);
                let partitions = partitions_of_new(*topic, &shapes, topics, layout);
                let new = NewTopic::new(topics.name(*topic), partitions, replication);
                settings
                    .iter()
                    .fold(new, |new, (name, value)| new.set(name, value))
            })
            .collect();
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let options = AdminOptions::new().operation_timeout(Some(TIMEOUT));
        let mut made = Vec::new();
        for result in self.client.create_topics(&new, &options).await? {
            match result {
                Ok(name) => made.push(name),
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((name, code)) => return Err(not_made(name, layout, code)),
            }
        }
        self.wait_until_shown(&made).await?;
        Ok(made)
    }

    /// Waits for new topics: Kafka reports that a topic is made before brokers show it. One that
    /// does not appear in time is left to the next look.
    async fn wait_until_shown(&self, names: &[String]) -> Result<(), TopicAdminError> {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            let shapes = self.shapes().await?;
            let all = names.iter().all(|name| partitions(&shapes, name) > 0);
            if all || Instant::now() >= deadline {
                return Ok(());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Asks on a thread that may block, since librdkafka's metadata request does.
    async fn shapes(&self) -> Result<Shapes, TopicAdminError> {
        let inquirer = Arc::clone(&self.inquirer);
        let ask = move || {
            let metadata = inquirer.ask(TIMEOUT, |client, within| {
                client.fetch_metadata(None, within)
            })?;
            let existing = metadata
                .topics()
                .iter()
                .filter(|topic| topic.error().is_none());
            Ok(existing
                .map(|topic| (topic.name().to_owned(), Shape::of(topic)))
                .collect())
        };
        spawn_blocking(tasks::METADATA, ask)
            .await
            .unwrap_or(Err(TopicAdminError::Kafka(KafkaError::Canceled)))
    }

    /// Returns the settings of the topic `name` that differ from those `topic` has to have.
    ///
    /// # Errors
    ///
    /// Fails where the cluster does not answer, or refuses the request.
    pub async fn settings_findings(
        &self,
        name: &str,
        topic: Topic,
    ) -> Result<Vec<TopicFinding>, TopicAdminError> {
        self.checked(name, topic, &self.shapes().await?).await
    }

    async fn checked(
        &self,
        name: &str,
        topic: Topic,
        shapes: &Shapes,
    ) -> Result<Vec<TopicFinding>, TopicAdminError> {
        let mut found = settings::ask(&self.client, &[name]).await?;
        let settings = found.take(name)?;
        let mut findings = settings.findings(name, topic);
        let replicas = shapes.get(name).map_or(0, |shape| shape.replicas);
        let mut limits = kept::findings(topic, &settings, self.resync_interval);
        limits.extend(settings.in_sync(replicas));
        findings.extend(limits.into_iter().map(|limit| TopicFinding::Limit {
            name: name.to_owned(),
            limit,
        }));
        Ok(findings)
    }

    /// Finds what is too small for a dead letter that is as large as the events topic allows.
    ///
    /// # Errors
    ///
    /// Fails where the cluster does not answer, or refuses the request.
    pub async fn dead_letter_findings(
        &self,
        topics: &Topics,
    ) -> Result<Vec<TopicFinding>, TopicAdminError> {
        let [letters, events] =
            [Topic::DeadLetter, Topic::AccountEvents].map(|topic| topics.name(topic));
        let mut found = settings::ask(&self.client, &[letters, events]).await?;
        let mut takes = |name: &str| {
            let takes = found.take(name)?.max_message_bytes();
            Ok::<_, TopicAdminError>((name.to_owned(), takes))
        };
        let (letters, events) = (takes(letters)?, takes(events)?);
        Ok(settings::dead_letters(letters, events, self.producer_takes))
    }
}

fn not_made(name: String, layout: TopicLayout, code: RDKafkaErrorCode) -> TopicAdminError {
    let TopicLayout {
        partitions,
        replication,
    } = layout;
    TopicAdminError::NotMade {
        name,
        partitions,
        replication,
        code,
    }
}
