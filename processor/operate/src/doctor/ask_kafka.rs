//! Observes Kafka: the topics, the rights to read, and the lag of the group. Each observation has a
//! time limit, and none joins a group.

mod dead_letters;
mod lists;
mod reading;
mod unseen;
mod within;

use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer as _;
use stackone_link_transport::{Inquirer, TopicAdmin, TopicFinding};
use stackone_link_wire::{Topic, Topics};

use within::{Deadline, limited, look};

use super::seen::{ClusterSeen, GroupSeen, Place, StateSeen, TopicSeen, TopicsSeen, Unseen};
use stackone_processor::config::Settings;
use stackone_processor::reader::reader;

/// The cluster of the configuration.
pub(super) struct Cluster {
    settings: Settings,
}

impl Cluster {
    pub(super) fn new(settings: &Settings) -> Self {
        let settings = settings.clone();
        Self { settings }
    }

    /// Observes the brokers.
    pub(super) async fn brokers(&self, within: Duration) -> Result<ClusterSeen, Unseen> {
        let kafka = self.settings.kafka.clone();
        look(within, move |deadline| {
            let inquirer = Inquirer::new(&kafka, "stackone-doctor")
                .map_err(|error| Unseen::failed(error.to_string()))?;
            let metadata = inquirer.ask(deadline.left(), |client, left| {
                client.fetch_metadata(None, left)
            })?;
            let hosts = metadata.brokers().iter();
            // The same answer has it.
            let id = inquirer.ask(deadline.left(), |client, left| {
                Ok(client.fetch_cluster_id(left))
            })?;
            Ok(ClusterSeen {
                hosts: hosts.map(|broker| broker.host().to_owned()).collect(),
                id,
            })
        })
        .await
    }

    /// Observes the processor's topics.
    pub(super) async fn topics(&self, within: Duration) -> TopicsSeen {
        let mut each = Vec::new();
        for topic in Topic::OF_PROCESSOR {
            each.push(self.topic(topic, within).await);
        }
        let together = limited(within, self.together()).await.unwrap_or_default();
        let (kafka, group, name) = (
            self.settings.kafka.clone(),
            self.settings.group.id.clone(),
            self.settings.topics.account_events.clone(),
        );
        let events = look(within, move |deadline| {
            reading::is_readable(&kafka, &group, &name, deadline)
        })
        .await;
        let others = self.others(within).await;
        TopicsSeen {
            each,
            together,
            others,
            events,
        }
    }

    /// Returns the findings about topics of other services, as far as they are visible. Whether
    /// they exist does not concern the processor.
    async fn others(&self, within: Duration) -> Vec<TopicFinding> {
        let mut found = Vec::new();
        if self.settings.topic_layout.check_settings {
            let others = Topic::ALL.into_iter();
            for topic in others.filter(|topic| !Topic::OF_PROCESSOR.contains(topic)) {
                let name = self.settings.topics.name(topic);
                let settings = limited(within, self.topic_settings(name, topic)).await;
                found.extend(settings.unwrap_or_default());
            }
        }
        found
    }

    async fn topic(&self, topic: Topic, within: Duration) -> TopicSeen {
        let name = self.settings.topics.name(topic).to_owned();
        let (kafka, asked) = (self.settings.kafka.clone(), name.clone());
        let leaderless = look(within, move |deadline| {
            let inquirer = Inquirer::new(&kafka, "stackone-doctor")
                .map_err(|error| Unseen::failed(error.to_string()))?;
            reading::leaderless(&inquirer, &asked, deadline)
        })
        .await;
        let is_checked = self.settings.topic_layout.check_settings;
        let settings = match &leaderless {
            Ok(_) if is_checked => Some(limited(within, self.topic_settings(&name, topic)).await),
            Ok(_) | Err(_) => None,
        };
        TopicSeen {
            topic,
            name,
            leaderless,
            settings,
        }
    }

    async fn topic_settings(&self, name: &str, topic: Topic) -> Result<Vec<TopicFinding>, Unseen> {
        let interval = self.settings.resync.interval;
        let admin = TopicAdmin::new(&self.settings.kafka)?.resyncing_every(interval);
        Ok(admin.settings_findings(name, topic).await?)
    }

    /// Returns the findings about topics together. What cannot be observed is reported for each
    /// topic already.
    async fn together(&self) -> Result<Vec<TopicFinding>, Unseen> {
        let admin = TopicAdmin::new(&self.settings.kafka)?;
        let topics = &self.settings.topics;
        let both = [Topic::AccountEvents, Topic::State];
        let mut findings = admin.findings(topics, &both, false).await?;
        findings.retain(|finding| matches!(finding, TopicFinding::PartitionsDiffer { .. }));
        if self.settings.topic_layout.check_settings {
            let letters = admin.dead_letter_findings(topics).await;
            findings.extend(letters.unwrap_or_default());
        }
        Ok(findings)
    }

    /// Observes the records of the state topic.
    pub(super) async fn state(&self, within: Duration) -> Result<StateSeen, Unseen> {
        let (kafka, group, topic) = (
            self.settings.kafka.clone(),
            self.settings.group.id.clone(),
            self.settings.topics.state.clone(),
        );
        look(within, move |deadline| {
            reading::survey(&kafka, &group, &topic, deadline)
        })
        .await
    }

    /// Observes the consumer group.
    pub(super) async fn group(&self, within: Duration) -> Result<GroupSeen, Unseen> {
        let settings = self.settings.clone();
        look(within, move |deadline| group(&settings, deadline)).await
    }
}

fn group(settings: &Settings, deadline: Deadline) -> Result<GroupSeen, Unseen> {
    let (group, Topics { account_events, .. }) = (&settings.group.id, &settings.topics);
    // The reader never subscribes, so it is no member. It does not wait for offsets of an open
    // transaction.
    let reader = reader(&settings.kafka, group, "read_uncommitted")?;
    let mut list = TopicPartitionList::new();
    for partition in reading::partitions(&reader, account_events, deadline)? {
        list.add_partition(account_events, partition);
    }
    let committed = reader.committed_offsets(list, deadline.left())?;
    let mut places = Vec::new();
    for element in committed.elements() {
        element.error()?;
        let (low, high) =
            reader.fetch_watermarks(account_events, element.partition(), deadline.left())?;
        places.push(Place {
            partition: element.partition(),
            committed: element.offset().to_raw().filter(|offset| *offset >= 0),
            low,
            high,
        });
    }
    let members = reader.fetch_group_list(Some(group), deadline.left());
    let members = members.map(|list| {
        list.groups()
            .iter()
            .map(|group| group.members().len())
            .sum()
    });
    Ok(GroupSeen {
        members: members.map_err(Unseen::from),
        places,
    })
}
