//! Writes facts. Each writer waits until this replica has read its fact back: only then is it known
//! whether the fact counts.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use stackone_link_process::watch::Watched;
use stackone_link_schemas::{
    CloudEvent, LINK_SESSION_DATASCHEMA, LinkSessionChange, LinkSessionFact, source_of_project,
};
use stackone_link_transport::{KafkaConfig, PublishError, Publisher, Renewal, StartError, Stored};
use stackone_link_wire::{OutgoingRecord, RecordHeaders};
use uuid::Uuid;

use crate::index::Index;
use crate::problem::{Problem, Reason};
use crate::session::Folded;
use crate::tenant::TenantKey;

/// Publishes records, and waits for facts.
pub(crate) struct Facts {
    kafka: KafkaConfig,
    ack_deadline: Duration,
    publisher: ArcSwap<Publisher>,
    topic: String,
    index: Arc<Index>,
    read_back_deadline: Duration,
}

/// How often a replaced publisher is checked for requests that still use it.
const RETIRE_PAUSE: Duration = Duration::from_millis(50);

/// The `client.id` in Kafka.
const CLIENT_ID: &str = "stackone-connect";

impl Facts {
    pub(crate) fn new(
        (kafka, ack_deadline): (KafkaConfig, Duration),
        topic: &str,
        index: Arc<Index>,
        read_back_deadline: Duration,
    ) -> Result<Self, StartError> {
        let publisher = Publisher::new(&kafka, CLIENT_ID, ack_deadline)?;
        Ok(Self {
            kafka,
            ack_deadline,
            publisher: ArcSwap::from_pointee(publisher),
            topic: topic.to_owned(),
            index,
            read_back_deadline,
        })
    }

    /// Writes a fact, waits until it was read back, and returns whether it counts.
    pub(crate) async fn write(
        &self,
        tenant: &TenantKey,
        session_id: Uuid,
        change: LinkSessionChange,
    ) -> Result<Folded, Problem> {
        let fact = LinkSessionFact {
            session_id,
            project_id: tenant.project.clone(),
            tenant_id: tenant.id.clone(),
            change,
        };
        let Ok(value) = serde_json::to_vec(&fact) else {
            return Err(Reason::Internal.into());
        };
        let event = CloudEvent {
            id: Uuid::new_v4(),
            event_type: fact.change.event_type().to_owned(),
            source: source_of_project(tenant.project.as_deref()),
            subject: Some(session_id.to_string()),
            time: Some(Timestamp::now()),
            dataschema: Some(LINK_SESSION_DATASCHEMA.to_owned()),
        };
        let key = fact.key();
        let record = OutgoingRecord {
            topic: &self.topic,
            key: Some(&key),
            value: &value,
            headers: RecordHeaders::of(event),
        };
        let Stored { partition, offset } = self.publish(&record).await?;
        let within = self.read_back_deadline;
        let folded = self.index.has_read((partition, offset), within).await;
        folded.ok_or_else(|| Reason::LogUnavailable.into())
    }

    /// Publishes a record of any kind.
    pub(crate) async fn publish(&self, record: &OutgoingRecord<'_>) -> Result<Stored, Problem> {
        let publisher = self.publisher.load_full();
        let published = publisher.publish(record).await;
        published.map_err(|error| {
            tracing::error!(error = %error_line(&error), topic = record.topic, "a record may not be stored");
            if matches!(error, PublishError::Fatal(_)) {
                self.rebuild(&publisher);
            }
            Reason::LogUnavailable.into()
        })
    }

    /// Replaces a producer that has failed for good, once for all requests that hear of it.
    fn rebuild(&self, failed: &Arc<Publisher>) {
        if !Arc::ptr_eq(failed, &self.publisher.load()) {
            return;
        }
        match Publisher::new(&self.kafka, CLIENT_ID, self.ack_deadline) {
            Ok(publisher) => self.publisher.store(Arc::new(publisher)),
            Err(error) => tracing::error!(%error, "the producer cannot be made again"),
        }
    }

    /// Returns the task that replaces the publisher when certificates change.
    pub(crate) fn renewal(self: &Arc<Self>) -> FactsRenewal {
        FactsRenewal {
            renewal: Renewal::of(&self.kafka),
            facts: Arc::clone(self),
        }
    }

    /// Puts a new publisher in the place of the current one. Blocks until the old one has finished
    /// its records.
    fn replace(&self) -> Result<(), StartError> {
        let new = Publisher::new(&self.kafka, CLIENT_ID, self.ack_deadline)?;
        let mut old = self.publisher.swap(Arc::new(new));
        if let Err(error) = old.flush(self.ack_deadline) {
            tracing::warn!(%error, "records of the replaced producer were not acknowledged");
        }
        // The destructor waits for librdkafka's threads, which must not happen where requests are
        // served.
        while let Err(in_use) = Arc::try_unwrap(old) {
            old = in_use;
            thread::sleep(RETIRE_PAUSE);
        }
        Ok(())
    }

    /// Waits until every record has a result. Blocks.
    pub(crate) fn flush(&self) {
        if let Err(error) = self.publisher.load().flush(self.ack_deadline) {
            tracing::warn!(%error, "records that nobody waits for any more were not acknowledged");
        }
    }
}

/// Replaces the publisher when certificate, key or CA of Kafka have changed.
pub(crate) struct FactsRenewal {
    renewal: Renewal,
    facts: Arc<Facts>,
}

impl Watched for FactsRenewal {
    fn look(&mut self) {
        match self.renewal.renew(|| self.facts.replace()) {
            Ok(Some(())) => tracing::info!("a producer with Kafka's new certificates is in use"),
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "no producer with Kafka's new certificates"),
        }
    }
}

fn error_line(error: &PublishError) -> String {
    use std::error::Error as _;
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_producer_that_failed_is_replaced_once_for_all_who_used_it() {
        let second = Duration::from_secs(1);
        let kafka = (KafkaConfig::plaintext("127.0.0.1:1"), second);
        let index = Arc::new(Index::new(true));
        let facts = Facts::new(kafka, "facts", index, second).unwrap();
        let failed = facts.publisher.load_full();
        facts.rebuild(&failed);
        let new = facts.publisher.load_full();
        assert!(!Arc::ptr_eq(&new, &failed));
        facts.rebuild(&failed);
        assert!(Arc::ptr_eq(&new, &facts.publisher.load_full()));
    }
}
