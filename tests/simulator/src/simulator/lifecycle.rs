//! Starting and stopping.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use actix_web::dev::Server;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::account_store::AccountStore;
use crate::config::{SimulatorConfig, StartError};
use crate::delivery::attempt::webhook_client;
use crate::delivery::courier::Courier;
use crate::fault_switches::FaultSwitches;
use crate::project::Projects;
use crate::servers::BoundServer;
use crate::session_store::SessionStore;
use crate::simulator::{Inner, Simulator, lock};
use crate::{api, control, state_file, traffic};

impl Simulator {
    /// Listens, and answers when this returns. Port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// When the configuration contradicts itself, or an address cannot be listened on.
    pub async fn start(config: SimulatorConfig) -> Result<Self, StartError> {
        config.disturbance.validate()?;
        let projects = Projects::new(config.projects.clone())?;
        let api = BoundServer::bind(config.api_listen)?;
        let control = BoundServer::bind(config.control_listen)?;
        let simulator = Self::assemble(&config, projects, (&api, &control))?;
        simulator.spawn(api.serve(simulator.clone(), api::routes)?);
        simulator.spawn(control.serve(simulator.clone(), control::routes)?);
        simulator.set_disturbance(config.disturbance)?;
        if let Some(path) = config.state_file {
            let work = state_file::keep(simulator.clone(), path);
            simulator.inner.tracker.spawn(work);
        }
        if let Some(rate) = config.traffic_rate {
            let work = traffic::run(simulator.clone(), rate, config.seed);
            simulator.inner.tracker.spawn(work);
        }
        Ok(simulator)
    }

    fn assemble(
        config: &SimulatorConfig,
        projects: Projects,
        (api, control): (&BoundServer, &BoundServer),
    ) -> Result<Self, StartError> {
        let accounts = match &config.state_file {
            Some(path) => state_file::read(path)?,
            None => Vec::new(),
        };
        let tracker = TaskTracker::new();
        let stop = CancellationToken::new();
        let client = webhook_client(config.delivery.timeout)?;
        let courier = Courier::start(
            config.delivery.clone(),
            config.seed,
            client,
            &tracker,
            stop.clone(),
        );
        let inner = Inner {
            api_address: api.address,
            control_address: control.address,
            projects,
            accounts: Mutex::new(AccountStore::holding(accounts, config.seed)),
            sessions: Mutex::new(SessionStore::new(config.seed)),
            public_url: config.public_url.clone(),
            organization_id: config.organization_id,
            faults: FaultSwitches::default(),
            rates: Mutex::new(HashMap::new()),
            rate_limit: config.rate_limit,
            lists: config.lists,
            requests: api::RequestCounts::default(),
            courier,
            servers: Mutex::default(),
            tracker,
            stop,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// A server that ends by itself stops everything, so that nobody waits for answers that will
    /// not come.
    fn spawn(&self, (server, handle): (Server, actix_web::dev::ServerHandle)) {
        lock(&self.inner.servers).push(handle);
        let stop = self.inner.stop.clone();
        self.inner.tracker.spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "a server of the simulator failed");
            }
            stop.cancel();
        });
    }

    /// Waits until it stops: by [`Simulator::shutdown`], or because a server failed.
    pub async fn stopped(&self) {
        self.inner.stop.cancelled().await;
    }

    /// Stops: no more webhooks are sent, and both addresses are free again when this returns.
    pub async fn shutdown(&self) {
        self.inner.stop.cancel();
        self.inner.faults.clear_all();
        let servers = std::mem::take(&mut *lock(&self.inner.servers));
        for server in servers {
            server.stop(false).await;
        }
        self.inner.tracker.close();
        self.inner.tracker.wait().await;
    }

    /// Waits until a fault is switched off, or the simulator stops.
    pub(crate) async fn hang(&self, released: &CancellationToken) {
        self.inner
            .stop
            .run_until_cancelled(released.cancelled())
            .await;
    }

    pub(crate) fn stop_token(&self) -> &CancellationToken {
        &self.inner.stop
    }
}
