//! Sends a record once more that was refused as too large, in a batch of its own.
//!
//! A broker refuses a batch as a whole where it is larger than one record may be, and the client
//! gives up every record in it. Where a topic takes less than the client's `batch.size`, a batch of
//! small records is such a one. Only of a record on its own is it known that it does not fit.

use std::time::Duration;

use stackone_link_transport::{KafkaConfig, PublishError, Publisher, StartError, Stored};
use stackone_link_wire::OutgoingRecord;
use tokio::sync::OnceCell;

/// The property that says how many records may be in a batch.
const BATCH_RECORDS: &str = "batch.num.messages";

/// A publisher whose batches have one record each; made when the first record needs it.
#[derive(Default)]
pub(super) struct Alone(OnceCell<Publisher>);

impl Alone {
    /// Publishes a record; nothing where the publisher cannot be made.
    pub(super) async fn publish(
        &self,
        kafka: &KafkaConfig,
        client_id: &str,
        ack_deadline: Duration,
        record: &OutgoingRecord<'_>,
    ) -> Option<Result<Stored, PublishError>> {
        let make = || async { publisher(kafka, client_id, ack_deadline) };
        match self.0.get_or_try_init(make).await {
            Ok(publisher) => Some(publisher.publish(record).await),
            Err(error) => {
                tracing::error!(%error, "no producer for records refused with their batch");
                None
            }
        }
    }

    /// Records that Kafka has not answered for.
    pub(super) fn in_flight(&self) -> usize {
        self.0.get().map_or(0, Publisher::in_flight)
    }
}

/// Takes some milliseconds, once.
fn publisher(
    kafka: &KafkaConfig,
    client_id: &str,
    ack_deadline: Duration,
) -> Result<Publisher, StartError> {
    let mut kafka = kafka.clone();
    let one = (BATCH_RECORDS.to_owned(), "1".to_owned());
    kafka.properties.extend([one]);
    Publisher::new(&kafka, client_id, ack_deadline)
}
