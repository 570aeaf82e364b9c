//! What runs beside the listeners for as long as the service does.

use std::io;

use actix_web::web::Data;
use tokio_util::sync::CancellationToken;

use crate::application::Tasks;
use crate::config::Config;
use crate::ingest::Ingest;
use crate::kafka_check;
use crate::secret_reload::{self, SecretReload};

/// Everything that has yet to be started.
pub(crate) struct Background {
    ingest: Data<Ingest>,
    secret_reload: SecretReload,
}

impl Background {
    pub(crate) fn new(ingest: &Data<Ingest>, config: &Config) -> Self {
        Self {
            ingest: ingest.clone(),
            secret_reload: SecretReload::new(config),
        }
    }

    /// Starts it all; each ends at `stop`.
    pub(crate) fn spawn(self, tasks: &mut Tasks, stop: &CancellationToken) {
        let check = kafka_check::run(self.ingest.clone(), stop.clone());
        tasks.spawn(async {
            check.await;
            ("kafka check", Ok(()))
        });
        let reload = secret_reload::run(self.secret_reload, self.ingest, stop.clone());
        tasks.spawn(async { ("secret reload", reload.await.map_err(io::Error::other)) });
    }
}
