//! Asks for the settings of topics, and checks them.

use std::collections::HashMap;

use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, OwnedResourceSpecifier, ResourceSpecifier,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use stackone_link_process::spawn::spawn_blocking;
use stackone_link_wire::{DEAD_LETTER_BYTES, Topic};

use super::error::TIMEOUT;
use super::{TopicAdminError, TopicFinding, TopicLimit};
use crate::{KafkaConfig, Live, tasks};

/// The topic setting that limits the size of a record.
const MAX_MESSAGE_BYTES: &str = "max.message.bytes";
/// How many bytes a dead letter may have beyond its original record: nine short headers, of which
/// the longest names a topic.
const DEAD_LETTER_OVERHEAD: u64 = 16 * 1024;

/// The settings of one topic, by name.
pub(super) struct TopicSettings(HashMap<String, String>);

impl TopicSettings {
    /// Returns the broker's value of a setting.
    pub(super) fn get(&self, setting: &str) -> Option<&str> {
        self.0.get(setting).map(String::as_str)
    }

    /// Finds a `min.insync.replicas` that is as large as the number of replicas, so that none may
    /// be down. A single replica is allowed.
    pub(super) fn in_sync(&self, replicas: usize) -> Option<TopicLimit> {
        let found: usize = self.get("min.insync.replicas")?.parse().ok()?;
        let too_many = found >= replicas && (found, replicas) != (1, 1) && replicas > 0;
        too_many.then_some(TopicLimit::InSyncReplicas { found, replicas })
    }

    /// Returns the settings that differ from those `topic` has to have.
    pub(super) fn findings(&self, name: &str, topic: Topic) -> Vec<TopicFinding> {
        let mut findings = Vec::new();
        for (setting, expected) in topic.settings() {
            let found = self.0.get(setting).cloned().unwrap_or_default();
            if topic.requires(setting) && found != expected {
                findings.push(TopicFinding::Setting {
                    name: name.to_owned(),
                    setting,
                    expected,
                    found,
                });
            }
        }
        findings
    }

    /// Returns the largest record that the topic takes, in bytes, where the broker says so.
    pub(super) fn max_message_bytes(&self) -> Option<u64> {
        self.0.get(MAX_MESSAGE_BYTES)?.parse().ok()
    }
}

/// The settings of several topics, by the topic's name.
pub(super) struct Described(HashMap<String, TopicSettings>);

impl Described {
    pub(super) fn take(&mut self, name: &str) -> Result<TopicSettings, TopicAdminError> {
        // Every topic has settings; rdkafka hides the error that a broker sends instead of them.
        let settings = self.0.remove(name).filter(|found| !found.0.is_empty());
        settings.ok_or_else(|| TopicAdminError::SettingsForbidden {
            name: name.to_owned(),
        })
    }
}

/// Asks for the settings of all topics `names` in one request.
pub(super) async fn ask(
    client: &AdminClient<DefaultClientContext>,
    names: &[&str],
) -> Result<Described, TopicAdminError> {
    let options = AdminOptions::new().request_timeout(Some(TIMEOUT));
    let asked = names.iter().copied().map(ResourceSpecifier::Topic);
    let asked: Vec<_> = asked.collect();
    let mut found = HashMap::new();
    for resource in client.describe_configs(&asked, &options).await? {
        let ConfigResource { specifier, entries } = resource.map_err(KafkaError::AdminOp)?;
        if let OwnedResourceSpecifier::Topic(name) = specifier {
            let entries = entries.into_iter();
            let set = entries.filter_map(|entry| Some((entry.name, entry.value?)));
            found.insert(name, TopicSettings(set.collect()));
        }
    }
    Ok(Described(found))
}

/// Returns the largest record that each of the topics `names` takes, in bytes
/// (`max.message.bytes`), in their order; `None` where the broker does not know the request or the
/// setting. Drops its client on a thread that may block.
///
/// # Errors
///
/// Fails where the cluster does not answer or refuses the request.
pub async fn max_message_bytes(
    kafka: &KafkaConfig,
    client_id: &str,
    names: &[&str],
) -> Result<Vec<Result<Option<u64>, TopicAdminError>>, TopicAdminError> {
    let client: Live<AdminClient<_>> = kafka.client_config(client_id)?.create()?;
    let told = ask(&client, names).await;
    // Dropping blocks until librdkafka's threads have ended, and nobody waits for that.
    drop(spawn_blocking(tasks::FAREWELL, move || drop(client)));
    let names = names.iter();
    match told {
        Ok(mut told) => Ok(names
            .map(|name| Ok(told.take(name)?.max_message_bytes()))
            .collect()),
        Err(error) if is_unsupported(&error) => Ok(names.map(|_| Ok(None)).collect()),
        Err(error) => Err(error),
    }
}

fn is_unsupported(error: &TopicAdminError) -> bool {
    use RDKafkaErrorCode::{UnsupportedFeature, UnsupportedVersion};
    matches!(
        error,
        TopicAdminError::Kafka(KafkaError::AdminOp(UnsupportedFeature | UnsupportedVersion))
    )
}

/// A topic's name, and its largest record in bytes.
pub(super) type Takes = (String, Option<u64>);

/// Finds what is too small for a dead letter of the largest event: the dead-letter topic, or the
/// processor's producer.
pub(super) fn dead_letters(letters: Takes, events: Takes, producer: u64) -> Vec<TopicFinding> {
    let (events, Some(largest)) = events else {
        return Vec::new();
    };
    let needed = largest.saturating_add(DEAD_LETTER_OVERHEAD);
    let (name, takes) = letters;
    let topic = takes.filter(|takes| *takes < needed);
    let topic = topic.map(|takes| TopicFinding::DeadLetterTopic {
        name,
        takes,
        events: events.clone(),
        needed,
    });
    let producer = (producer < needed).then_some(TopicFinding::DeadLetterProducer {
        takes: producer,
        events,
        needed,
    });
    topic.into_iter().chain(producer).collect()
}

/// Returns the largest record that the processor's producer takes, in bytes.
pub(super) fn producer_takes(kafka: &KafkaConfig) -> u64 {
    let configured = kafka.properties.get("message.max.bytes");
    let configured = configured.and_then(|text| text.parse().ok());
    configured.unwrap_or(DEAD_LETTER_BYTES)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::topic_admin) fn settings(of: &[(&str, &str)]) -> TopicSettings {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        TopicSettings(of.iter().map(owned).collect())
    }

    fn found(letters: Option<u64>, events: Option<u64>, producer: u64) -> Vec<TopicFinding> {
        let takes = |name: &str, takes| (name.to_owned(), takes);
        dead_letters(takes("letters", letters), takes("events", events), producer)
    }

    #[test]
    fn a_dead_letter_has_room_for_more_headers_than_the_largest_event() {
        let (events, needed) = (1_048_588, 1_048_588 + DEAD_LETTER_OVERHEAD);
        let fits = found(Some(needed), Some(events), needed);
        assert_eq!(fits, []);
        let topic = found(Some(needed - 1), Some(events), needed);
        let told = topic[0].to_string();
        assert_eq!(topic.len(), 1, "{topic:?}");
        for words in ["topic letters", "1064971", "at least 1064972", "events"] {
            assert!(told.contains(words), "{told} does not say {words}");
        }
        let producer = found(Some(needed), Some(events), needed - 1);
        let told = producer[0].to_string();
        assert_eq!(producer.len(), 1, "{producer:?}");
        for words in ["message.max.bytes", "1064971", "at least 1064972", "events"] {
            assert!(told.contains(words), "{told} does not say {words}");
        }
        let told = [topic, producer].concat();
        assert!(told.iter().all(|finding| !finding.forbids_start()));
        assert_eq!(found(Some(events), Some(events), events).len(), 2);
    }

    #[test]
    fn a_setting_that_a_broker_does_not_tell_is_no_finding() {
        assert_eq!(found(None, Some(1), u64::MAX), []);
        assert_eq!(found(Some(1), None, 1), []);
        assert_eq!(settings(&[]).max_message_bytes(), None);
        let set = settings(&[(MAX_MESSAGE_BYTES, "7")]);
        assert_eq!(set.max_message_bytes(), Some(7));
    }

    #[test]
    fn topics_as_they_are_made_leave_room_for_dead_letters() {
        let made = Topic::DeadLetter.settings();
        let made: Vec<_> = made
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let letters = settings(&made).max_message_bytes();
        let producer = producer_takes(&KafkaConfig::plaintext("broker:9092"));
        // Kafka's default where a topic sets nothing.
        assert_eq!(found(letters, Some(1_048_588), producer), []);
    }

    #[test]
    fn writing_must_not_need_every_replica() {
        for (found, replicas, is_wrong, word) in [
            ("2", 3, false, ""),
            ("1", 1, false, ""),
            ("3", 3, true, "is down"),
            ("2", 1, true, "nothing can be written; "),
            ("1", 0, false, ""),
        ] {
            let settings = settings(&[("min.insync.replicas", found)]);
            let finding = settings.in_sync(replicas);
            assert_eq!(finding.is_some(), is_wrong, "{found} of {replicas}");
            let told = finding
                .map(|finding| finding.to_string())
                .unwrap_or_default();
            assert!(told.contains(word), "{told}");
        }
    }

    #[test]
    fn only_settings_that_damage_data_are_findings() {
        let longer = settings(&[("cleanup.policy", "delete"), ("retention.ms", "1")]);
        assert_eq!(longer.findings("events", Topic::AccountEvents), []);
        let made_by_itself = settings(&[("cleanup.policy", "delete")]);
        let findings = made_by_itself.findings("state", Topic::State);
        assert_eq!(findings.len(), Topic::State.settings().len());
        assert!(findings.iter().all(TopicFinding::forbids_start));
    }

    #[test]
    fn a_broker_that_does_not_know_the_question_is_another_matter_than_one_that_is_silent() {
        let is_it = |code| is_unsupported(&KafkaError::AdminOp(code).into());
        assert!(is_it(RDKafkaErrorCode::UnsupportedFeature));
        assert!(is_it(RDKafkaErrorCode::UnsupportedVersion));
        assert!(!is_it(RDKafkaErrorCode::OperationTimedOut));
    }

    #[test]
    fn the_producer_takes_what_its_properties_say() {
        let mut kafka = KafkaConfig::plaintext("broker:9092");
        assert_eq!(producer_takes(&kafka), DEAD_LETTER_BYTES);
        let property = ("message.max.bytes".to_owned(), "7".to_owned());
        kafka.properties.extend([property]);
        assert_eq!(producer_takes(&kafka), 7);
    }
}
