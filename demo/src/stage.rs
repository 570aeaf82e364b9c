//! Everything the story needs, in one process: broker, ingest, a stand-in StackOne, processor,
//! connect, a host product.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use harness::{Broker, eventually, unique_topics};
use stackone_connect::Application as Connect;
use stackone_ingest::Application as Ingest;
use stackone_link_transport::TopicAdmin;
use stackone_link_wire::{Topic, Topics};
use stackone_processor::application::Application as Processor;
use stackone_simulator::{HostConfig, HostProduct, Simulator};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::cli::Cli;
use crate::product::Product;
use crate::resync::Resync;
use crate::{scrape, settings};

/// Partitions of each topic: enough to see that accounts are spread, few enough to be read at a
/// glance.
pub(crate) const PARTITIONS: i32 = 3;
/// How long ingest and connect may take until they are ready.
const READY_WITHIN: Duration = Duration::from_secs(20);
/// How long the services may take to stop.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// The services, each with its name. None ends before it is told to.
type Services = JoinSet<(&'static str, anyhow::Result<()>)>;

/// The set stage.
pub(crate) struct Stage {
    /// The broker.
    pub broker: Broker,
    /// Names of the topics.
    pub topics: Topics,
    /// The stand-in StackOne.
    pub simulator: Simulator,
    /// Where webhooks go.
    pub webhook_url: String,
    /// The operators' listener of ingest.
    pub ingest_admin: SocketAddr,
    /// The operators' listener of processor.
    pub processor_admin: SocketAddr,
    /// The operators' listener of connect.
    pub connect_admin: SocketAddr,
    /// The host product's backend, as the story plays it.
    pub product: Product,
    /// The same, as a page for a browser.
    pub host: HostProduct,
    /// What lists the accounts on demand.
    pub resync: Arc<Resync>,
    services: Services,
    stop: CancellationToken,
}

impl Stage {
    /// Starts everything, and returns when webhooks are accepted.
    ///
    /// # Errors
    ///
    /// Where something cannot be started, or the broker that was asked for does not answer or has
    /// the topics already.
    pub(crate) async fn set(cli: &Cli) -> anyhow::Result<Self> {
        let broker = match &cli.kafka {
            Some(servers) => Broker::external(servers.clone()),
            None => Broker::embedded(),
        };
        let topics = match &cli.topic_prefix {
            Some(prefix) => new_topics(&broker, prefix).await?,
            None => unique_topics("demo"),
        };
        let made = broker.create_topics(&topics, PARTITIONS).await;
        made.with_context(|| format!("broker {}", broker.bootstrap_servers()))?;
        let mut stage = Self::start(broker, topics).await?;
        stage.until_ready().await?;
        Ok(stage)
    }

    /// Starts the services, each knowing the address of the one before it.
    async fn start(broker: Broker, topics: Topics) -> anyhow::Result<Self> {
        let ingest = Ingest::build(&settings::ingest(&broker, &topics)?)?;
        let webhook_url = format!("http://{}/webhooks/stackone/default", ingest.public_addr());
        let simulator = Simulator::start(settings::simulator(&webhook_url)?).await?;
        let config = settings::processor(&broker, &topics, &simulator)?;
        let processor = Processor::build(&config)?;
        let resync = Arc::new(Resync::of(&config)?);
        let (folder, host) = (tempfile::tempdir()?, settings::free_port()?);
        let config = settings::connect(&broker, &topics, &simulator, (folder.path(), host))?;
        let connect = Connect::build(&config)?;
        let connect_url = config.settings.server.public_url;

        let (ingest_admin, processor_admin) = (ingest.admin_addr(), processor.admin_addr());
        let connect_admin = connect.admin_addr();
        let (mut services, stop) = (Services::new(), CancellationToken::new());
        let (run_ingest, run_processor) = (ingest.run(stop.clone()), processor.run(stop.clone()));
        let run_connect = connect.run(stop.clone());
        // Connect's settings are there for as long as it runs.
        let run_connect = async move {
            let ended = run_connect.await;
            drop(folder);
            ended
        };
        services.spawn(async { ("connect", run_connect.await.map_err(Into::into)) });
        services.spawn(async { ("ingest", run_ingest.await.map_err(Into::into)) });
        services.spawn(async { ("processor", run_processor.await.map_err(Into::into)) });
        Ok(Self {
            broker,
            topics,
            simulator,
            webhook_url,
            ingest_admin,
            processor_admin,
            connect_admin,
            product: Product::new(&connect_url)?,
            host: HostProduct::start(HostConfig {
                listen: host,
                connect_url: connect_url.parse()?,
                service_token: settings::SERVICE_TOKEN.into(),
            })?,
            resync,
            services,
            stop,
        })
    }

    async fn until_ready(&mut self) -> anyhow::Result<()> {
        let admins = [
            ("ingest", self.ingest_admin),
            ("connect", self.connect_admin),
        ];
        let ready = eventually("ingest and connect are ready", READY_WITHIN, async || {
            for (service, admin) in admins {
                if !scrape::is_ready(admin).await {
                    return Err(format!("/readyz of {service} says no"));
                }
            }
            Ok(())
        });
        tokio::select! {
            ready = ready => Ok(ready?),
            error = ended(&mut self.services) => Err(error),
        }
    }

    /// Returns when a service has ended by itself, which none may, and why.
    pub(crate) async fn fell(&mut self) -> anyhow::Error {
        ended(&mut self.services).await
    }

    /// Stops everything in order: no more webhooks, then what is under way is finished.
    ///
    /// # Errors
    ///
    /// Where a service failed while stopping, or took too long.
    pub(crate) async fn clear(mut self) -> anyhow::Result<()> {
        self.host.shutdown().await;
        self.simulator.shutdown().await;
        self.stop.cancel();
        let stopping = async {
            while let Some(ended) = self.services.join_next().await {
                let (service, result) = ended.context("a service died")?;
                result.with_context(|| format!("{service} failed while stopping"))?;
            }
            Ok(())
        };
        let stopped = tokio::time::timeout(STOP_WITHIN, stopping).await;
        stopped.context("the services did not stop in time")?
    }
}

/// The topics that begin with `prefix`. What an earlier story left on them would be told as part of
/// this one.
async fn new_topics(broker: &Broker, prefix: &str) -> anyhow::Result<Topics> {
    let topics = Topics::with_prefix(prefix);
    let admin = TopicAdmin::new(&broker.kafka_config())?;
    let missing = admin.findings(&topics, &Topic::ALL, false).await;
    let missing = missing.with_context(|| format!("broker {}", broker.bootstrap_servers()))?;
    anyhow::ensure!(
        missing.len() == Topic::ALL.len(),
        "there are topics already that begin with {prefix}: delete them, or choose another --topic-prefix"
    );
    Ok(topics)
}

async fn ended(services: &mut Services) -> anyhow::Error {
    match services.join_next().await {
        Some(Ok((service, Ok(())))) => anyhow::anyhow!("{service} ended by itself"),
        Some(Ok((service, Err(error)))) => error.context(format!("{service} failed")),
        Some(Err(error)) => anyhow::Error::new(error).context("a service died"),
        None => anyhow::anyhow!("no service is left"),
    }
}
