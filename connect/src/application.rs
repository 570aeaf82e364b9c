//! The whole service: two listeners and the work beside them, from start to stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::web::Data;
use stackone_link_listeners::tls::{CertificateRenewal, Tls};
use stackone_link_listeners::{ListenError, run_server};
use stackone_link_process::spawn::{Name, spawn_blocking, spawn_in};
use stackone_link_transport::StartError;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::auth::Auth;
use crate::background;
use crate::config::{Config, Settings};
use crate::connect::Connect;
use crate::facts::Facts;
use crate::hub::{Hub, HubError};
use crate::index::Index;
use crate::limits::Limits;
use crate::listeners;
use crate::looks::Looks;
use crate::metrics::Metrics;
use crate::stackone::Projects;
use crate::streams::Streams;
use crate::tasks::{
    ADMIN_LISTENER, CERTIFICATE, CERTIFICATE_RELOAD, FLUSH, PUBLIC_LISTENER, Tasks,
};

/// A service that is bound to its addresses and does not serve yet.
pub struct Application {
    connect: Data<Connect>,
    config: Config,
    tls: Option<Arc<Tls>>,
    public: Server,
    admin: Server,
    public_addr: SocketAddr,
    admin_addr: SocketAddr,
}

/// Why a service cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The process cannot listen on an address.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The producer could not be made.
    #[error("kafka: {0}")]
    Producer(#[from] StartError),
    /// The HTTP client could not be made.
    #[error("http client: {0}")]
    Client(#[from] stackone_client::StartError),
    /// The Hub cannot be used.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// Two metrics have one name.
    #[error("metrics cannot be registered: {0}")]
    Metrics(#[from] prometheus::Error),
}

impl BuildError {
    /// Returns whether other settings would help.
    pub(crate) const fn is_configuration(&self) -> bool {
        match self {
            Self::Producer(_) | Self::Hub(_) => true,
            Self::Listen(_) | Self::Client(_) | Self::Metrics(_) => false,
        }
    }
}

/// Why a service ended although nobody stopped it.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A task ended that runs for as long as the service does.
    #[error("{task} ended by itself")]
    Ended {
        /// The name of the task.
        task: Name,
    },
    /// A listener or a task failed.
    #[error("{task} failed: {source}")]
    Failed {
        /// The name of the task.
        task: Name,
        /// The error that it ended with.
        source: io::Error,
    },
    /// A task panicked.
    #[error("a task died: {0}")]
    Died(#[from] tokio::task::JoinError),
}

impl Application {
    /// Makes the producer and binds both listeners. Nothing is served before [`Self::run`].
    ///
    /// # Errors
    ///
    /// Fails where an address is in use or a client cannot be made. An unreachable broker is no
    /// error.
    pub fn build(config: &Config) -> Result<Self, BuildError> {
        let connect = Data::new(connect(config)?);
        let Settings { server, admin, .. } = &config.settings;
        let tls = config.certificate.clone();
        let tls = tls.map(|certificate| Tls::new(certificate, server.tls_handshake_deadline));
        let tls = tls.map(Arc::new);
        let (public, public_addr) = listeners::public(&connect, &config.settings, tls.clone())?;
        let (admin, admin_addr) = listeners::admin(&connect, admin.listen)?;
        Ok(Self {
            connect,
            config: config.clone(),
            tls,
            public,
            admin,
            public_addr,
            admin_addr,
        })
    }

    /// Returns the address of the public listener.
    #[must_use]
    pub fn public_addr(&self) -> SocketAddr {
        self.public_addr
    }

    /// Returns the address of the operators' listener.
    #[must_use]
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin_addr
    }

    /// Serves until `stop`, then stops in order: becomes not ready, ends streams spread over
    /// `shutdown.drain_delay`, accepts no more connections, answers requests in flight, and waits
    /// for unacknowledged records.
    ///
    /// # Errors
    ///
    /// Fails where a listener or a task ends on its own.
    pub async fn run(self, stop: CancellationToken) -> Result<(), RunError> {
        let (public, admin) = (self.public.handle(), self.admin.handle());
        let until = CancellationToken::new();
        // The threads that follow topics end with this function, however it ends.
        let _ends_them = until.clone().drop_guard();
        let mut tasks = Tasks::new();
        let public_server = self.public;
        spawn_in(&mut tasks, PUBLIC_LISTENER, async {
            (
                PUBLIC_LISTENER,
                run_server(PUBLIC_LISTENER, public_server).await,
            )
        });
        let admin_server = self.admin;
        spawn_in(&mut tasks, ADMIN_LISTENER, async {
            (ADMIN_LISTENER, admin_server.await)
        });
        background::spawn(&self.connect, &self.config, &mut tasks, &until);
        let certificate = self.tls.zip(self.config.settings.server.tls);
        if let Some((tls, files)) = certificate {
            let metrics = self.connect.metrics.listeners().certificate.clone();
            let reload = CertificateRenewal::new(tls, files, metrics);
            let reload = reload.run(CERTIFICATE, until.clone());
            spawn_in(&mut tasks, CERTIFICATE_RELOAD, async {
                (CERTIFICATE_RELOAD, reload.await.map_err(io::Error::other))
            });
        }
        tracing::info!(public = %self.public_addr, admin = %self.admin_addr, "serving");

        let served = serve(&mut tasks, &self.connect, &stop).await;
        public.stop(true).await;
        until.cancel();
        let facts = Arc::clone(&self.connect.facts);
        let flushed = spawn_blocking(FLUSH, move || facts.flush()).await;
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

/// Returns when no more connections are to be accepted, or when a task has ended that must not.
async fn serve(
    tasks: &mut Tasks,
    connect: &Connect,
    stop: &CancellationToken,
) -> Result<(), RunError> {
    let drain_delay = connect.settings.shutdown.drain_delay;
    let stopping = async {
        stop.cancelled().await;
        connect.readiness.drain();
        connect.streams.end();
        tracing::info!(?drain_delay, "stopping; still accepting");
        sleep(drain_delay).await;
    };
    tokio::select! {
        () = stopping => Ok(()),
        ended = tasks.join_next() => Err(match ended {
            Some(Ok((task, Ok(())))) => RunError::Ended { task },
            Some(Ok((task, Err(source)))) => RunError::Failed { task, source },
            Some(Err(error)) => RunError::Died(error),
            None => RunError::Ended {
                task: PUBLIC_LISTENER,
            },
        }),
    }
}

fn connect(config: &Config) -> Result<Connect, BuildError> {
    let settings = &config.settings;
    let metrics = Arc::new(Metrics::new()?);
    for project in &settings.projects {
        metrics.serves_project(project.id.as_deref().unwrap_or("default"));
    }
    let fetched = settings.issuers.iter().filter(|one| one.jwks_url.is_some());
    fetched.for_each(|issuer| metrics.fetches_jwks(&issuer.issuer));
    let is_anonymous = matches!(settings.projects.as_slice(), [only] if only.id.is_none());
    let index = Arc::new(Index::new(is_anonymous));
    let facts = Arc::new(Facts::new(
        (settings.kafka.client(), settings.kafka.ack_deadline),
        &settings.topics.link_sessions,
        Arc::clone(&index),
        settings.sessions.read_back_deadline,
    )?);
    let events = &settings.topics.account_events;
    let looks = Looks::new(
        settings.look.clone(),
        Arc::clone(&facts),
        events,
        Arc::clone(&metrics),
    );
    let projects = Projects::new(config)?;
    let (limits, spread) = (settings.limits.clone(), settings.shutdown.drain_delay);
    Ok(Connect {
        auth: Auth::new(config)?,
        hub: Hub::new(settings, projects.base_urls())?,
        limits: Limits::new(&settings.limits),
        streams: Arc::new(Streams::new(limits, metrics.streams().clone(), spread)),
        readiness: Arc::default(),
        looks: Arc::new(looks),
        settings: settings.clone(),
        index,
        facts,
        projects,
        metrics,
    })
}
