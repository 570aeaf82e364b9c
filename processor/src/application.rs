//! The service as a whole: the admin listener and the reconciler, from start to stop.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use stackone_client::{Client, ClientOptions};
use stackone_link_transport::{Topic, TopicAdmin, TopicAdminError};
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admin::{self, Check, Health};
use crate::config::{Config, Settings};
use crate::consumer::Membership;
use crate::metrics::Metrics;
use crate::projects::{Project, Projects};
use crate::reconciler::{self, Reconciler, ReconcilerError, Surroundings};
use crate::restore::RestoreError;

/// How long to wait before the reconciler is started anew after a failure.
const RESTART: Duration = Duration::from_secs(1);
/// How long tasks may take to end once the process stops.
const STOP: Duration = Duration::from_secs(5);

/// A processor that is bound to its admin address and has yet to run.
pub struct Application {
    settings: Settings,
    surroundings: Surroundings,
    state: Arc<Startup>,
    listener: TcpListener,
    admin_addr: SocketAddr,
}

/// What `/readyz` tells of the start.
#[derive(Default)]
struct Startup {
    findings: std::sync::Mutex<Option<Vec<String>>>,
}

/// Why a processor cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The admin address cannot be listened on.
    #[error("admin.listen: cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A client for StackOne's API cannot be made.
    #[error("projects: {0}")]
    Client(#[from] stackone_client::StartError),
    /// A metric cannot be registered.
    #[error("metrics cannot be registered: {0}")]
    Metrics(#[from] prometheus::Error),
}

/// Why a processor ended otherwise than by being stopped.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The admin listener ended.
    #[error("admin listener ended: {0}")]
    Admin(#[from] std::io::Error),
    /// The state topic is set up in a way that would damage data.
    #[error(transparent)]
    Reconciler(#[from] ReconcilerError),
    /// A thread panicked.
    #[error("the reconciler died: {0}")]
    Died(#[from] JoinError),
}

impl Application {
    /// Makes the clients and binds the admin listener. Nothing is consumed before [`Self::run`].
    ///
    /// # Errors
    ///
    /// Where the address is taken or a client cannot be made. That no broker answers is no error.
    pub fn build(config: &Config) -> Result<Self, BuildError> {
        let settings = config.settings.clone();
        let address = settings.admin.listen;
        let listen = |source| BuildError::Listen { address, source };
        let listener = admin::bind(address).map_err(listen)?;
        let admin_addr = listener.local_addr().map_err(listen)?;
        let surroundings = Surroundings {
            projects: Arc::new(projects(config)?),
            metrics: Arc::new(Metrics::new()?),
            runtime: Handle::current(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            is_restored: Arc::new(AtomicBool::new(false)),
            all_refused: Arc::new(AtomicBool::new(false)),
        };
        Ok(Self {
            settings,
            surroundings,
            state: Arc::default(),
            listener,
            admin_addr,
        })
    }

    /// Where the admin listener is bound.
    #[must_use]
    pub const fn admin_addr(&self) -> SocketAddr {
        self.admin_addr
    }

    /// Works until `stop`: then commits what is finished, writes what is pending, leaves the group.
    ///
    /// # Errors
    ///
    /// Where the admin listener or the reconciler ends by itself.
    pub async fn run(mut self, stop: CancellationToken) -> Result<(), RunError> {
        self.surroundings.stop = stop.child_token();
        let server = admin::serve(self.listener, health(&self.surroundings, &self.state))?;
        let admin = server.handle();
        let (settings, surroundings) = (self.settings, self.surroundings.clone());
        let reconciling = reconcile(settings, surroundings, self.state);
        tracing::info!(admin = %self.admin_addr, "processing");
        let served = tokio::select! {
            result = reconciling => result,
            result = server => match result {
                Ok(()) => Err(RunError::Admin(std::io::ErrorKind::UnexpectedEof.into())),
                Err(error) => Err(error.into()),
            },
        };
        self.surroundings.stop.cancel();
        self.surroundings.tasks.close();
        if tokio::time::timeout(STOP, self.surroundings.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("lookups under way are dropped");
        }
        admin.stop(false).await;
        tracing::info!("stopped");
        served
    }
}

/// Checks the topics, then runs reconcilers one after the other until the process stops.
async fn reconcile(
    settings: Settings,
    surroundings: Surroundings,
    state: Arc<Startup>,
) -> Result<(), RunError> {
    let stop = surroundings.stop.clone();
    tokio::select! {
        () = stop.cancelled() => return Ok(()),
        () = topics_in_order(&settings, &state) => {}
    }
    while !stop.is_cancelled() {
        let ended = one_run(&settings, &surroundings).await?;
        surroundings.is_restored.store(false, Ordering::Release);
        match ended {
            Ok(()) => return Ok(()),
            Err(error @ ReconcilerError::Restore(RestoreError::WrongPartition { .. })) => {
                return Err(error.into());
            }
            Err(error) => {
                tracing::error!(error = %chain(&error), "reconciler failed; starting anew")
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(RESTART) => {}
        }
    }
    Ok(())
}

/// One reconciler, on a thread of its own: it blocks in Kafka calls.
async fn one_run(
    settings: &Settings,
    surroundings: &Surroundings,
) -> Result<Result<(), ReconcilerError>, JoinError> {
    let (settings, surroundings) = (reconciler_settings(settings), surroundings.clone());
    let stop = surroundings.stop.clone();
    let tasks = surroundings.tasks.clone();
    let (post_out, post_in) = tokio::sync::oneshot::channel();
    let thread: JoinHandle<Result<(), ReconcilerError>> = tasks.spawn_blocking(move || {
        let reconciler = Reconciler::start(settings, surroundings)?;
        drop(post_out.send(reconciler.post()));
        reconciler.run()
    });
    // The thread may be asleep when the process stops.
    let wake = async {
        if let Ok(post) = post_in.await {
            stop.cancelled().await;
            drop(post.send(reconciler::Message::Stop));
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        result = thread => result,
        () = wake => unreachable_after_pending(),
    }
}

/// `wake` never ends; the type system does not know.
fn unreachable_after_pending() -> Result<Result<(), ReconcilerError>, JoinError> {
    Ok(Ok(()))
}

/// Waits until every topic is there and set up as it must be, telling `/readyz` what is not.
async fn topics_in_order(settings: &Settings, state: &Startup) {
    let mut told = Vec::new();
    loop {
        let findings = match topic_findings(settings).await {
            Ok(findings) => findings,
            Err(error) => vec![format!("broker cannot be asked for its topics: {error}")],
        };
        let is_in_order = findings.is_empty();
        if findings != told {
            findings
                .iter()
                .for_each(|finding| tracing::error!("{finding}"));
            told.clone_from(&findings);
        }
        *state
            .findings
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(findings);
        if is_in_order {
            return;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

async fn topic_findings(settings: &Settings) -> Result<Vec<String>, TopicAdminError> {
    let admin = TopicAdmin::new(&settings.kafka)?;
    let check_settings = settings.topic_layout.check_settings;
    let findings = admin
        .findings(&settings.topics, &Topic::OF_PROCESSOR, check_settings)
        .await?;
    Ok(findings.iter().map(ToString::to_string).collect())
}

fn reconciler_settings(settings: &Settings) -> reconciler::Settings {
    reconciler::Settings {
        kafka: settings.kafka.clone(),
        topics: settings.topics.clone(),
        membership: Membership {
            group_id: settings.group.id.clone(),
            session_timeout: settings.group.session_timeout,
        },
        transactional_id: settings.transactional_id(),
        transaction_timeout: settings.transactions.timeout,
        marker_interval: settings.transactions.marker_interval,
        max_lookups: settings.lookups.max_in_flight,
        periods: settings.reconcile,
    }
}

fn projects(config: &Config) -> Result<Projects, stackone_client::StartError> {
    let settings = &config.settings;
    let project =
        |(project, api_key): (&crate::config::ProjectSettings, &secrecy::SecretString)| {
            let client = Client::new(ClientOptions {
                base_url: project.base_url.clone(),
                api_key: api_key.clone(),
                api_version: project.api_version,
                timeout: settings.lookups.timeout,
                include_setup_information: settings.lookups.include_setup_information,
            })?;
            Ok(Project {
                id: project.id.clone(),
                client,
            })
        };
    let projects: Result<_, stackone_client::StartError> = settings
        .projects
        .iter()
        .zip(&config.api_keys)
        .map(project)
        .collect();
    Ok(Projects::new(projects?))
}

fn health(surroundings: &Surroundings, state: &Arc<Startup>) -> Health {
    let (state, restored) = (Arc::clone(state), Arc::clone(&surroundings.is_restored));
    let (refused, stop) = (
        Arc::clone(&surroundings.all_refused),
        surroundings.stop.clone(),
    );
    Health::new(Arc::clone(&surroundings.metrics), move || {
        let findings = state
            .findings
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone();
        let topics = match findings {
            None => Some("the broker was not asked yet".to_owned()),
            Some(findings) if findings.is_empty() => None,
            Some(findings) => Some(findings.join("; ")),
        };
        let check = |name, reason: Option<String>| Check {
            name,
            ok: reason.is_none(),
            reason,
        };
        let unless = |is_fine: bool, reason: &str| (!is_fine).then(|| reason.to_owned());
        vec![
            check("topics", topics),
            check(
                "partitions",
                unless(
                    restored.load(Ordering::Acquire),
                    "no partition is assigned and restored yet",
                ),
            ),
            check(
                "api_key",
                unless(
                    !refused.load(Ordering::Acquire),
                    "every project's API key is refused",
                ),
            ),
            check(
                "stopping",
                unless(!stop.is_cancelled(), "the process is stopping"),
            ),
        ]
    })
}

/// An error with its causes, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}
