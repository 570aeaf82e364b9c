//! The service as a whole: two listeners and what runs beside them, from start to stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::web::Data;
use stackone_link_listeners::tls::Tls;
use stackone_link_listeners::{ListenError, run_server};
use stackone_link_process::spawn::{Name, spawn_blocking, spawn_in};
use stackone_link_transport::StartError;
use tokio::task::JoinError;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::background::Background;
use crate::config::{Config, Settings, ShutdownSettings};
use crate::ingest::Ingest;
use crate::listeners::{admin_server, public_server};
use crate::metrics::Metrics;
use crate::readiness::Readiness;
use crate::tasks::{ADMIN_LISTENER, FLUSH, PUBLIC_LISTENER, Tasks};

/// A service that is bound to its addresses and has yet to run.
pub struct Application {
    ingest: Data<Ingest>,
    background: Background,
    public: Server,
    admin: Server,
    public_addr: SocketAddr,
    admin_addr: SocketAddr,
    shutdown: ShutdownSettings,
}

/// Why a service cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// An address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The producer cannot be made.
    #[error("producer cannot be made: {0}")]
    Producer(#[from] StartError),
    /// A metric cannot be registered.
    #[error("metrics cannot be registered: {0}")]
    Metrics(#[from] prometheus::Error),
}

/// Why a service ended otherwise than by being stopped.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Something that runs for as long as the service does ended.
    #[error("{task} ended by itself")]
    Ended {
        /// The task, as the log names it.
        task: Name,
    },
    /// A listener failed.
    #[error("{task} failed: {source}")]
    Failed {
        /// The listener's task, as the log names it.
        task: Name,
        /// The error of its socket.
        source: io::Error,
    },
    /// A task panicked.
    #[error("a task died: {0}")]
    Died(#[from] JoinError),
}

impl Application {
    /// Makes the producer and binds both listeners. Nothing is served before [`Self::run`].
    ///
    /// # Errors
    ///
    /// Where an address is taken or the producer cannot be made. That no broker answers is no
    /// error.
    pub fn build(config: &Config) -> Result<Self, BuildError> {
        let ingest = Data::new(Ingest::new(config, Metrics::new()?)?);
        let Settings {
            server,
            admin,
            shutdown,
            ..
        } = &config.settings;
        let tls = config.certificate.clone();
        let tls = tls.map(|certificate| Tls::new(certificate, server.tls_handshake_deadline));
        let tls = tls.map(Arc::new);
        let (public, public_addr) = public_server(&ingest, &config.settings, tls.clone())?;
        let (admin, admin_addr) = admin_server(&ingest, admin.listen)?;
        Ok(Self {
            background: Background::new(&ingest, config, tls),
            ingest,
            public,
            admin,
            public_addr,
            admin_addr,
            shutdown: shutdown.clone(),
        })
    }

    /// Where the public listener is bound.
    #[must_use]
    pub fn public_addr(&self) -> SocketAddr {
        self.public_addr
    }

    /// Where the operators' listener is bound.
    #[must_use]
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin_addr
    }

    /// Serves until `stop`, then stops in order: not ready, go on accepting for
    /// `shutdown.drain_delay`, accept no more, answer what is in flight, flush.
    ///
    /// # Errors
    ///
    /// Where a listener or a task ends by itself.
    pub async fn run(self, stop: CancellationToken) -> Result<(), RunError> {
        let (public, admin) = (self.public.handle(), self.admin.handle());
        let checks = CancellationToken::new();
        let mut tasks = Tasks::new();
        let (webhooks, observed) = (self.public, self.admin);
        spawn_in(&mut tasks, PUBLIC_LISTENER, async {
            (PUBLIC_LISTENER, run_server(PUBLIC_LISTENER, webhooks).await)
        });
        spawn_in(&mut tasks, ADMIN_LISTENER, async {
            (ADMIN_LISTENER, observed.await)
        });
        self.background.spawn(&mut tasks, &checks);
        tracing::info!(public = %self.public_addr, admin = %self.admin_addr, "serving");

        let served = serve(
            &mut tasks,
            &self.ingest.readiness,
            &stop,
            self.shutdown.drain_delay,
        )
        .await;
        public.stop(true).await;
        let spans = self.ingest.spans.clone();
        let flushed = flush(self.ingest).await;
        checks.cancel();
        spans.close().await;
        admin.stop(false).await;
        while let Some(ended) = tasks.join_next().await {
            let (task, result) = ended?;
            result.map_err(|source| RunError::Failed { task, source })?;
        }
        flushed?;
        tracing::info!("stopped");
        served
    }
}

/// Returns when it is time to accept no more, or when something has ended that must not.
async fn serve(
    tasks: &mut Tasks,
    readiness: &Readiness,
    stop: &CancellationToken,
    drain_delay: Duration,
) -> Result<(), RunError> {
    let stopping = async {
        stop.cancelled().await;
        readiness.drain();
        tracing::info!(?drain_delay, "stopping; still accepting");
        sleep(drain_delay).await;
    };
    tokio::select! {
        () = stopping => Ok(()),
        ended = tasks.join_next() => Err(match ended {
            Some(Ok((task, Ok(())))) => RunError::Ended { task },
            Some(Ok((task, Err(source)))) => RunError::Failed { task, source },
            Some(Err(error)) => RunError::Died(error),
            // There are none without them.
            None => RunError::Ended {
                task: PUBLIC_LISTENER,
            },
        }),
    }
}

/// Waits for what the producer still holds. What is left has not been answered 200, so nothing that
/// was promised is lost.
async fn flush(ingest: Data<Ingest>) -> Result<(), JoinError> {
    let flushed = spawn_blocking(FLUSH, move || ingest.producer.flush()).await?;
    if let Err(error) = flushed {
        tracing::warn!(%error, "records that nobody waits for any more were not acknowledged");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_task_that_ends_by_itself_ends_the_service() {
        async fn served(mut tasks: Tasks) -> Result<(), RunError> {
            let (readiness, stop) = (Readiness::default(), CancellationToken::new());
            let served = serve(&mut tasks, &readiness, &stop, Duration::ZERO);
            timeout(Duration::from_secs(60), served).await.unwrap()
        }
        for (result, expected) in [
            (Ok(()), "public listener ended by itself"),
            (
                Err(io::Error::other("broken")),
                "public listener failed: broken",
            ),
        ] {
            let mut tasks = Tasks::new();
            tasks.spawn(async { (PUBLIC_LISTENER, result) });
            assert_eq!(served(tasks).await.unwrap_err().to_string(), expected);
        }
        let mut tasks = Tasks::new();
        tasks.spawn(async { panic!("on purpose") });
        assert!(matches!(served(tasks).await, Err(RunError::Died(_))));
    }
}
