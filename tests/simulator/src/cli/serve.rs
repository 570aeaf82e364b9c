//! `stackone-simulator serve`

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use stackone_simulator::{Delivery, Simulator, SimulatorConfig, StartError};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tracing_subscriber::EnvFilter;

use super::CommandError;
use super::project::ProjectArgs;
use super::serve_options::{ConnectArgs, DeliveryArgs, DisturbanceArgs, ListArgs};

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Where the accounts API listens.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9090")]
    api_listen: SocketAddr,
    /// Where the control endpoints listen. They have no password: keep this address private.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9091")]
    control_listen: SocketAddr,
    #[command(flatten)]
    projects: ProjectArgs,
    /// Requests per minute and API key; more are answered 429.
    #[arg(long, value_name = "N", default_value = "1000")]
    rate_limit: NonZeroU32,
    /// Link, refresh, degrade, recover and unlink accounts at random, so often a minute.
    #[arg(long, value_name = "PER_MINUTE")]
    traffic_rate: Option<NonZeroU32>,
    /// The same seed gives the same account ids, losses, orders and traffic; without it they are
    /// different each time.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Keep the accounts in this file, so that a simulator that is started again still knows them.
    /// Sessions are not kept.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    #[command(flatten)]
    connect: ConnectArgs,
    #[command(flatten)]
    lists: ListArgs,
    #[command(flatten)]
    delivery: DeliveryArgs,
    #[command(flatten)]
    disturbance: DisturbanceArgs,
}

impl ServeArgs {
    fn into_config(self) -> Result<SimulatorConfig, CommandError> {
        let defaults = SimulatorConfig::new(self.projects.read()?);
        Ok(SimulatorConfig {
            seed: self.seed.unwrap_or(defaults.seed),
            api_listen: self.api_listen,
            control_listen: self.control_listen,
            rate_limit: self.rate_limit,
            traffic_rate: self.traffic_rate,
            state_file: self.state,
            public_url: self.connect.public_url(),
            organization_id: self.connect.organization_id(),
            lists: self.lists.into(),
            delivery: self.delivery.into(),
            disturbance: self.disturbance.into(),
            ..defaults
        })
    }
}

/// Runs until it is told to stop.
pub(super) async fn serve(args: ServeArgs) -> Result<ExitCode, CommandError> {
    log_to_stderr();
    let config = args.into_config()?;
    let seed = config.seed;
    let simulator = Simulator::start(config).await.map_err(explain)?;
    let mut deliveries = simulator.deliveries();
    tracing::info!(
        accounts_api = simulator.api_url(),
        control = simulator.control_url(),
        seed,
        "the simulator is ready"
    );
    let stopped_by_itself = tokio::select! {
        asked = asked_to_stop() => { asked?; false }
        () = simulator.stopped() => true,
        () = report(&mut deliveries) => true,
    };
    simulator.shutdown().await;
    if stopped_by_itself {
        return Err(CommandError::Failure(
            "a server stopped by itself".to_owned(),
        ));
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Logs for a person or a container; `RUST_LOG` changes how much.
pub(super) fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_unset| EnvFilter::new("info,actix_server=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal())
        // Where nobody reads the log any more, it would say so there, and panic.
        .log_internal_errors(false)
        .init();
}

pub(super) fn explain(error: StartError) -> CommandError {
    use std::error::Error;
    let cause = error.source().map(|cause| format!(": {cause}"));
    let line = format!("{error}{}", cause.unwrap_or_default());
    if error.is_configuration() {
        CommandError::Usage(line)
    } else {
        CommandError::Failure(line)
    }
}

pub(super) async fn asked_to_stop() -> Result<(), CommandError> {
    let failure = |error| CommandError::Failure(format!("cannot wait for signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(failure)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failure)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// One line for each attempt; it ends when the simulator does.
async fn report(deliveries: &mut Receiver<Delivery>) {
    loop {
        match deliveries.recv().await {
            Ok(delivery) => tracing::info!(
                webhook = delivery.webhook,
                project_id = delivery.project_id,
                event = delivery.event,
                account_id = delivery.account_id.as_ref().map(ToString::to_string),
                copy = delivery.copy,
                attempt = delivery.attempt,
                outcome = ?delivery.outcome,
                elapsed_ms = delivery.elapsed.as_millis(),
                "webhook"
            ),
            Err(RecvError::Lagged(missed)) => tracing::warn!(missed, "too many webhooks to log"),
            Err(RecvError::Closed) => return,
        }
    }
}
