//! Which topics are missing or set up so that data would be damaged or dead letters held up, and making the missing ones.

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

/// Time between two looks for it.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Looks at topics and makes them.
pub struct TopicAdmin {
    client: Live<AdminClient<DefaultClientContext>>,
    /// Asks for metadata: an admin client never tells why nobody answers.
    inquirer: Arc<Inquirer>,
    /// How large a record the processor's producer takes.
    producer_takes: u64,
    /// How often accounts are listed, which heals what expired.
    resync_interval: Duration,
}

impl TopicAdmin {
    /// An admin client; connects when first used.
    ///
    /// # Errors
    ///
    /// Where settings cannot be used.
    pub fn new(kafka: &KafkaConfig) -> Result<Self, TopicAdminError> {
        Ok(Self {
            client: kafka.client_config("stackone-topics")?.create()?,
            inquirer: Arc::new(Inquirer::new(kafka, "stackone-topics")?),
            producer_takes: settings::producer_takes(kafka),
            resync_interval: Duration::ZERO,
        })
    }

    /// For accounts that are listed so often: events have to be kept for at least twice as long, and for a day.
    #[must_use]
    pub fn resyncing_every(self, resync_interval: Duration) -> Self {
        Self {
            resync_interval,
            ..self
        }
    }

    /// What is not as it has to be, of the topics in `of`, the worst first; settings are looked at where `settings` is
    /// true.
    ///
    /// # Errors
    ///
    /// Where the cluster cannot be asked.
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
        // What is only a note comes last.
        findings.sort_by_key(|finding| !finding.is_wrong());
        Ok(findings)
    }

    /// How many partitions a topic has; 0 where it does not exist.
    ///
    /// # Errors
    ///
    /// Where the cluster cannot be asked.
    pub async fn partition_count(&self, name: &str) -> Result<i32, TopicAdminError> {
        let shapes = self.shapes().await?;
        Ok(i32::try_from(partitions(&shapes, name)).unwrap_or(i32::MAX))
    }

    /// Makes the topics in `of` that do not exist, waits until the cluster shows them, and returns their names. Of events
    /// and states, which must have the same number of partitions, the one that is missing gets as many as the other has.
    ///
    /// # Errors
    ///
    /// Where the cluster cannot be asked or does not make one.
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

    /// Kafka says that a topic is made before the brokers show it. One that is not shown in time is left to who looks next.
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

    /// Asks on a thread that may block, as librdkafka's metadata request does.
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

    /// Which settings of the topic `name` are not what those of `topic` have to be.
    ///
    /// # Errors
    ///
    /// Where the cluster cannot be asked, or does not allow it.
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

    /// What is too small for a dead letter that is as large as the events topic allows.
    ///
    /// # Errors
    ///
    /// Where the cluster cannot be asked, or does not allow it.
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
