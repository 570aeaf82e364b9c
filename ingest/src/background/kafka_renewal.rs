//! Replaces the publisher when certificate, key or CA of Kafka have changed, while records of the
//! old one finish.

use actix_web::web::Data;
use stackone_link_process::watch::Watched;
use stackone_link_transport::Renewal;

use crate::ingest::Ingest;

/// Compares the files of Kafka's certificates with those that the publisher was made with.
pub(crate) struct KafkaRenewal {
    renewal: Renewal,
    ingest: Data<Ingest>,
}

impl KafkaRenewal {
    pub(crate) fn new(ingest: Data<Ingest>) -> Self {
        Self {
            renewal: ingest.producer.renewal(),
            ingest,
        }
    }
}

impl Watched for KafkaRenewal {
    fn look(&mut self) {
        let renewed = self.renewal.renew(|| self.ingest.producer.replace());
        match renewed {
            Ok(Some(())) => tracing::info!("a producer with Kafka's new certificates is in use"),
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "no producer with Kafka's new certificates"),
        }
    }
}
