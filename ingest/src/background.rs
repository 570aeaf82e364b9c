//! What runs beside the listeners for as long as the service does.

mod kafka_check;
mod kafka_renewal;
mod secret_reload;
mod topic_sizes;
mod watchdog;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use stackone_link_listeners::tls::{CertificateRenewal, Tls};
use stackone_link_process::spawn::spawn_in;
use stackone_link_process::watch;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::ingest::Ingest;
use crate::tasks::{
    CERTIFICATE, CERTIFICATE_RELOAD, KAFKA_CHECK, KAFKA_RENEWAL, RENEWAL, SECRET_RELOAD, SECRETS,
    TOPIC_SIZES, Tasks, WATCHDOG,
};
use kafka_renewal::KafkaRenewal;
use secret_reload::SecretReload;
use topic_sizes::TopicSizes;

/// The background tasks, before they are started.
pub(crate) struct Background {
    ingest: Data<Ingest>,
    secret_reload: SecretReload,
    topic_sizes: TopicSizes,
    kafka_renewal: KafkaRenewal,
    certificate_renewal: Option<CertificateRenewal>,
    stall_after: Duration,
}

impl Background {
    pub(crate) fn new(ingest: &Data<Ingest>, config: &Config, tls: Option<Arc<Tls>>) -> Self {
        let tls = tls.zip(config.settings.server.tls.clone());
        let metrics = &ingest.metrics.reloads.certificate;
        Self {
            ingest: ingest.clone(),
            secret_reload: SecretReload::new(config, ingest.clone()),
            topic_sizes: TopicSizes::new(&config.settings),
            kafka_renewal: KafkaRenewal::new(ingest.clone()),
            certificate_renewal: tls
                .map(|(tls, files)| CertificateRenewal::new(tls, files, metrics.clone())),
            stall_after: config.settings.publish.stall_after,
        }
    }

    /// Starts each task in `tasks`; each ends at `stop`.
    pub(crate) fn spawn(self, tasks: &mut Tasks, stop: &CancellationToken) {
        let check = kafka_check::run(self.ingest.clone(), stop.clone());
        spawn_in(tasks, KAFKA_CHECK, async {
            (KAFKA_CHECK, check.await.map_err(io::Error::other))
        });
        let sizes = self.topic_sizes.run(self.ingest.clone(), stop.clone());
        spawn_in(tasks, TOPIC_SIZES, async {
            sizes.await;
            (TOPIC_SIZES, Ok(()))
        });
        let watchdog = watchdog::run(self.ingest.clone(), self.stall_after, stop.clone());
        spawn_in(tasks, WATCHDOG, async {
            watchdog.await;
            (WATCHDOG, Ok(()))
        });
        if let Some(renewal) = self.certificate_renewal {
            let reload = renewal.run(CERTIFICATE, stop.clone());
            spawn_in(tasks, CERTIFICATE_RELOAD, async {
                (CERTIFICATE_RELOAD, reload.await.map_err(io::Error::other))
            });
        }
        let renewal = watch::run(RENEWAL, self.kafka_renewal, stop.clone());
        spawn_in(tasks, KAFKA_RENEWAL, async {
            (KAFKA_RENEWAL, renewal.await.map_err(io::Error::other))
        });
        let reload = watch::run(SECRETS, self.secret_reload, stop.clone());
        spawn_in(tasks, SECRET_RELOAD, async {
            (SECRET_RELOAD, reload.await.map_err(io::Error::other))
        });
    }
}
