//! The whole service: the admin listener and the reconciler, from start to stop.

mod readiness;
mod supervise;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use stackone_client::{Client, ClientOptions};
use stackone_link_process::spans::Spans;
use stackone_link_process::watch;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admin;
use crate::config::{Config, Settings};
use crate::heartbeat::Heartbeat;
use crate::key_reload::KeyReload;
use crate::metrics::Metrics;
use crate::projects::ProjectClients;
use crate::restore::OpenTransactions;
use crate::shell::{Context, longest_without_poll};
use crate::tasks;
use crate::transaction::{Around, Undisturbed};
use stackone_processor_core::api_gate::Project;

use readiness::{TopicFindings, health};
pub use supervise::RunError;
use supervise::supervise;

/// How long the reconciler may take to commit its decisions and leave the group once the process
/// stops. An orchestrator may kill the process after 10 s, and more has to end in that time: the
/// test at the end adds it up.
const RECONCILER_STOP: Duration = Duration::from_secs(6);
/// How long tasks may take to end after that, while the last spans are sent.
const STOP: Duration = Duration::from_secs(1);

/// A processor that is bound to its admin address and does not consume yet.
pub struct Application {
    settings: Settings,
    merges_triggers: bool,
    context: Context,
    topics: Arc<TopicFindings>,
    listener: TcpListener,
    admin_addr: SocketAddr,
}

/// Why a processor cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The process cannot listen on the admin address.
    #[error("admin.listen: cannot listen on {address}: {source}")]
    Listen {
        /// The address of the setting.
        address: SocketAddr,
        /// The error of the system.
        source: std::io::Error,
    },
    /// A client for StackOne's API could not be made.
    #[error("projects: {0}")]
    Client(#[from] stackone_client::StartError),
    /// A metric cannot be registered.
    #[error("metrics cannot be registered: {0}")]
    Metrics(#[from] prometheus::Error),
}

impl Application {
    /// Makes the clients and binds the admin listener. Nothing is consumed before [`Self::run`].
    ///
    /// # Errors
    ///
    /// Fails where the address is taken or a client cannot be made. A missing broker is no error.
    pub fn build(config: &Config) -> Result<Self, BuildError> {
        let settings = config.settings.clone();
        let address = settings.admin.listen;
        let listen = |source| BuildError::Listen { address, source };
        let listener = admin::bind(address).map_err(listen)?;
        let admin_addr = listener.local_addr().map_err(listen)?;
        let (projects, metrics) = (projects(config)?, Metrics::new()?);
        metrics.begin_at_zero(projects.labels());
        metrics.resync.is_due_every(settings.resync.interval);
        let waiting = metrics.partitions.restores_waiting.clone();
        let context = Context {
            projects: Arc::new(projects),
            metrics: Arc::new(metrics),
            spans: Spans::to(
                settings.telemetry.otlp_endpoint.as_deref(),
                env!("CARGO_PKG_NAME"),
            ),
            runtime: Handle::current(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            is_restored: Arc::new(AtomicBool::new(false)),
            open_transactions: Arc::new(OpenTransactions::new(waiting)),
            all_refused: Arc::new(AtomicBool::new(false)),
            heartbeat: Arc::new(Heartbeat::new(longest_turn(settings.transactions.timeout))),
            around: Arc::new(Undisturbed),
        };
        Ok(Self {
            settings,
            merges_triggers: true,
            context,
            topics: Arc::default(),
            listener,
            admin_addr,
        })
    }

    /// Gives each trigger a lookup of its own, in order for each account, so that a measurement can
    /// show what merging saves. No configuration does this.
    #[must_use]
    pub const fn without_merging(mut self) -> Self {
        self.merges_triggers = false;
        self
    }

    /// Returns the address of the admin listener.
    #[must_use]
    pub const fn admin_addr(&self) -> SocketAddr {
        self.admin_addr
    }

    /// Lets a test act between the steps of transactions.
    #[must_use]
    pub fn disturbed_by(mut self, around: Arc<dyn Around>) -> Self {
        self.context.around = around;
        self
    }

    /// Has `/livez` answer 503 after `longest`, so that a test need not wait for minutes. No
    /// configuration does this.
    #[must_use]
    pub fn stalled_after(mut self, longest: Duration) -> Self {
        self.context.heartbeat = Arc::new(Heartbeat::new(longest));
        self
    }

    /// Runs until `stop`. Then it commits its decisions, writes markers of pending work, and leaves
    /// the group.
    ///
    /// # Errors
    ///
    /// Fails where the admin listener or the reconciler ends by itself.
    pub async fn run(mut self, stop: CancellationToken) -> Result<(), RunError> {
        self.context.stop = stop.child_token();
        let server = admin::serve(
            self.listener,
            health(&self.context, &self.topics, self.settings.kafka.clone()),
        )?;
        let admin = server.handle();
        let (settings, context) = (self.settings, self.context.clone());
        let reloading = KeyReload::new(
            &settings.projects,
            Arc::clone(&context.projects),
            Arc::clone(&context.metrics),
        );
        let reconciling = supervise(settings, self.merges_triggers, context, self.topics);
        tracing::info!(admin = %self.admin_addr, "processing");
        let patience = async {
            stop.cancelled().await;
            tokio::time::sleep(RECONCILER_STOP).await;
        };
        let served = tokio::select! {
            result = reconciling => result,
            Err(panicked) = watch::run(tasks::KEY_RELOAD, reloading, CancellationToken::new()) => Err(panicked.into()),
            () = patience => {
                tracing::warn!("Kafka does not answer; what was not committed is read again by the next run");
                Ok(())
            }
            result = server => match result {
                Ok(()) => Err(RunError::Admin(std::io::ErrorKind::UnexpectedEof.into())),
                Err(error) => Err(error.into()),
            },
        };
        self.context.stop.cancel();
        self.context.tasks.close();
        let tasks = tokio::time::timeout(STOP, self.context.tasks.wait());
        let (tasks, ()) = tokio::join!(tasks, self.context.spans.close());
        if tasks.is_err() {
            tracing::warn!("lookups under way are dropped");
        }
        admin.stop(false).await;
        tracing::info!("stopped");
        served
    }
}

/// Returns how long the reconciler may take from one turn to the next, where transactions may take
/// `timeout`: the longest time without a poll and, at a start, the time to register its
/// transactional id.
const fn longest_turn(timeout: Duration) -> Duration {
    longest_without_poll(timeout).saturating_add(timeout)
}

/// Returns the configured projects with their clients.
///
/// # Errors
///
/// Fails where a client cannot be made.
pub fn projects(config: &Config) -> Result<ProjectClients, stackone_client::StartError> {
    let settings = &config.settings;
    let project =
        |(project, api_key): (&crate::config::ProjectSettings, &secrecy::SecretString)| {
            let client = Client::new(ClientOptions {
                base_url: project.base_url.clone(),
                api_key: api_key.clone(),
                api_version: project.api_version,
                timeout: settings.lookups.timeout,
                personal: settings.lookups.personal(),
            })?;
            let project = Project {
                id: project.id.clone(),
                requests_per_minute: project.requests_per_minute,
            };
            Ok((project, client))
        };
    let projects: Result<_, stackone_client::StartError> = settings
        .projects
        .iter()
        .zip(&config.api_keys)
        .map(project)
        .collect();
    Ok(ProjectClients::new(projects?))
}

#[cfg(test)]
mod tests {
    use stackone_link_process::{program, spans};

    use super::*;

    /// Docker kills after 10 s. One of them is for what this sum does not have.
    #[test]
    fn all_that_is_waited_for_at_the_end_takes_nine_seconds_at_most() {
        let last = STOP.max(spans::PATIENCE) + program::AFTERWARDS;
        assert!(RECONCILER_STOP + last <= Duration::from_secs(9));
    }
}
