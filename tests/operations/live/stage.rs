//! Broker, StackOne, the services, and Prometheus.

use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use harness::{
    API_KEY, Broker, PROJECT, SECRET, ServiceProcess, WITHIN, eventually, program, unique_topics,
};
use stackone_simulator::{
    AccountId, NewAccount, Notify, ProjectConfig, Simulator, SimulatorConfig, WebhookTarget,
};
use tempfile::TempDir;
use tokio::process::Command;
use url::Url;

use super::prometheus::{Prometheus, Rules};
use super::settings::Files;

/// Everything, running.
pub(crate) struct Stage {
    pub(crate) broker: Broker,
    pub(crate) simulator: Simulator,
    pub(crate) ingest: ServiceProcess,
    pub(crate) processor: ServiceProcess,
    pub(crate) connect: ServiceProcess,
    pub(crate) prometheus: Prometheus,
    folder: TempDir,
}

impl Stage {
    /// Starts everything, with an empty history, and returns once an account was linked through it.
    pub(crate) async fn set(test: &str, rules: Rules) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = Files(folder.path());
        files.put_secrets_in_place();
        let (broker, topics) = (Broker::embedded(), unique_topics(test));
        broker.create_topics(&topics, 3).await.unwrap();
        let config = files.ingest(&broker, &topics);
        let ingest = start("ingest", &config).await;
        let simulator = stackone(ingest.webhook_url()).await;
        let config = files.processor(&broker, &topics, &simulator);
        let processor = start("processor", &config).await;
        let config = files.connect(&broker, &topics, &simulator);
        let connect = start("connect", &config).await;
        let targets = [
            ("stackone-ingest", ingest.admin.as_str()),
            ("stackone-processor", processor.admin.as_str()),
            ("stackone-connect", connect.admin.as_str()),
        ];
        let prometheus = Prometheus::start(folder.path(), rules, &targets).await;
        let stage = Self {
            broker,
            simulator,
            ingest,
            processor,
            connect,
            prometheus,
            folder,
        };
        stage.link();
        let linked = "sum(stackone_processor_events_emitted_total{type=\"account.linked\"}) >= 1";
        stage.sees(linked).await;
        stage.sees("stackone_connect_accounts >= 1").await;
        stage
    }

    /// The files of secrets.
    pub(crate) fn files(&self) -> Files<'_> {
        Files(self.folder.path())
    }

    /// Links an account, whose webhook is sent.
    pub(crate) fn link(&self) -> AccountId {
        self.link_and(Notify::Send)
    }

    /// Links an account.
    pub(crate) fn link_and(&self, notify: Notify) -> AccountId {
        let new = NewAccount {
            notify,
            ..NewAccount::new("hibob", "tenant-1", "Acme")
        };
        self.simulator.link(&new).unwrap()
    }

    /// Carries `what` out while an account is linked now and then, and by a page as often as
    /// connect allows.
    pub(crate) async fn while_webhooks_come(&self, what: impl Future<Output = ()>) {
        let webhooks = async {
            let mut ticks = tokio::time::interval(Duration::from_millis(200));
            loop {
                ticks.tick().await;
                self.link();
            }
        };
        let pages = async {
            let mut ticks = tokio::time::interval(Duration::from_millis(200));
            for nth in 0.. {
                ticks.tick().await;
                // Where Kafka is gone, so are new sessions.
                let _refused = self.link_in_a_page(&format!("page-{nth}")).await.is_err();
            }
        };
        tokio::select! {
            () = webhooks => {}
            () = pages => {}
            () = what => {}
        }
    }

    /// Waits until Prometheus finds that `query` has a result.
    pub(crate) async fn sees(&self, query: &str) {
        let seen = eventually(query, WITHIN, async || {
            match self.prometheus.query(query).await {
                Ok(found) if found.is_empty() => Err("no result".to_owned()),
                Ok(_) => Ok(()),
                Err(error) => Err(error),
            }
        });
        seen.await.unwrap();
    }
}

async fn start(service: &str, config: &Path) -> ServiceProcess {
    let mut command = Command::new(program(service));
    command.arg("--config").arg(config).env_clear();
    ServiceProcess::start(command).await
}

async fn stackone(url: Url) -> Simulator {
    let mut config = SimulatorConfig::in_process(ProjectConfig {
        id: PROJECT.to_owned(),
        api_key: API_KEY.into(),
        webhook: Some(WebhookTarget {
            url,
            secret: SECRET.into(),
        }),
    });
    config.rate_limit = NonZeroU32::new(100_000).unwrap();
    Simulator::start(config).await.unwrap()
}
