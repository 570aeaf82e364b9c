//! How the services are configured for the demo: everything else is as in their
//! `config.default.toml`.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use harness::{Broker, unique_group};
use stackone_connect::Config as ConnectConfig;
use stackone_ingest::config::Config as IngestConfig;
use stackone_link_wire::Topics;
use stackone_processor::config::Config as ProcessorConfig;
use stackone_simulator::{ProjectConfig, Simulator, SimulatorConfig, WebhookTarget};

/// The StackOne project of the story.
pub(crate) const PROJECT: &str = "demo-project";
/// What its webhooks are signed with. Nothing that matters is protected by it.
pub(crate) const WEBHOOK_SECRET: &str = "demo-webhook-secret";
/// What the host product's backend shows to connect.
pub(crate) const SERVICE_TOKEN: &str = "demo-service-token-of-the-host-product";
const TOKEN_KEY: &str = "demo-key-of-client-tokens-0123456789";
/// Where `just hub` puts StackOne's Hub; without it people go by the Auth Link's page.
const HUB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/hub");
const API_KEY: &str = "v1.eu1.demo-api-key";

/// Any free port, on this machine only.
const FREE_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The processor's patience in the story; in production it is 30 s, see `config.default.toml`.
const ACTIVATION_GRACE: Duration = Duration::from_secs(3);

pub(crate) fn ingest(broker: &Broker, topics: &Topics) -> anyhow::Result<IngestConfig> {
    let environment = variable("STACKONE_WEBHOOK_SECRET", WEBHOOK_SECRET);
    let mut config = IngestConfig::load(None, &environment).context("ingest")?;
    let settings = &mut config.settings;
    settings.server.listen = FREE_PORT;
    settings.server.workers = 1;
    settings.admin.listen = FREE_PORT;
    settings.kafka = broker.kafka_config();
    settings.topics = topics.clone();
    // No balancer has to notice that it stops.
    settings.shutdown.drain_delay = Duration::ZERO;
    settings.shutdown.deadline = settings.server.body_deadline + settings.publish.ack_deadline;
    ensure_usable("ingest", &config.settings.problems())?;
    Ok(config)
}

pub(crate) fn simulator(webhook_url: &str) -> anyhow::Result<SimulatorConfig> {
    let webhook = WebhookTarget {
        url: webhook_url.parse().context("webhook URL")?,
        secret: WEBHOOK_SECRET.into(),
    };
    Ok(SimulatorConfig::in_process(ProjectConfig {
        id: PROJECT.to_owned(),
        api_key: API_KEY.into(),
        webhook: Some(webhook),
    }))
}

pub(crate) fn processor(
    broker: &Broker,
    topics: &Topics,
    simulator: &Simulator,
) -> anyhow::Result<ProcessorConfig> {
    let mut config =
        ProcessorConfig::load(None, &variable("STACKONE_API_KEY", API_KEY)).context("processor")?;
    let settings = &mut config.settings;
    settings.admin.listen = FREE_PORT;
    settings.group.id = unique_group("demo");
    settings.group.instance_id = "demo".to_owned();
    settings.group.session_timeout = Duration::from_secs(6);
    settings.kafka = broker.kafka_config();
    settings.topics = topics.clone();
    if !broker.is_real() {
        // The embedded broker does not wake a fetch that waits: what comes is seen when it has
        // waited this long.
        let wait = ("fetch.wait.max.ms".to_owned(), "20".to_owned());
        settings.kafka.properties.extend([wait]);
    }
    // The embedded broker cannot be asked how its topics are set up.
    settings.topic_layout.check_settings = broker.is_real();
    // The story has its resync when it is told; a processor that is started lists at once.
    settings.resync.interval = Duration::ZERO;
    settings.reconcile.activation_grace = ACTIVATION_GRACE;
    settings.reconcile.delete_grace = Duration::from_secs(3);
    settings.reconcile.delete_confirm = Duration::from_secs(1);
    settings.reconcile.vanish_grace = Duration::from_secs(3);
    settings.reconcile.lag_recheck = Duration::from_secs(1);
    for project in &mut settings.projects {
        project.id = Some(PROJECT.to_owned());
        project.base_url = simulator.api_url().parse().context("accounts API URL")?;
    }
    ensure_usable("processor", &config.settings.problems())?;
    Ok(config)
}

/// Connect, whose address browsers have to be told before it listens. `folder` keeps its file.
pub(crate) fn connect(
    broker: &Broker,
    topics: &Topics,
    simulator: &Simulator,
    (folder, host): (&Path, SocketAddr),
) -> anyhow::Result<ConnectConfig> {
    let file = folder.join("connect.toml");
    let text = "[[service_tokens]]\nname = \"demo\"\nenv = \"DEMO_SERVICE_TOKEN\"\n";
    std::fs::write(&file, text).context("settings of connect")?;
    let mut environment = variable("STACKONE_CONNECT_API_KEY", API_KEY);
    environment.extend(variable("STACKONE_CONNECT_TOKEN_KEY", TOKEN_KEY));
    environment.extend(variable("DEMO_SERVICE_TOKEN", SERVICE_TOKEN));
    let mut config = ConnectConfig::load(Some(file.as_path()), &environment).context("connect")?;
    let settings = &mut config.settings;
    settings.server.listen = free_port()?;
    settings.server.public_url = format!("http://{}", settings.server.listen);
    settings.server.workers = 1;
    settings.admin.listen = FREE_PORT;
    settings.cors.origins = vec![format!("http://{host}")];
    settings.kafka.bootstrap_servers = broker.bootstrap_servers().to_owned();
    if !broker.is_real() {
        let wait = ("fetch.wait.max.ms".to_owned(), "20".to_owned());
        settings.kafka.properties.extend([wait]);
    }
    settings.topics = topics.clone();
    settings.shutdown.drain_delay = Duration::ZERO;
    let hub = Path::new(HUB);
    settings.hub.folder = hub.join("hub.json").is_file().then(|| hub.to_owned());
    for project in &mut settings.projects {
        project.id = Some(PROJECT.to_owned());
        project.base_url = simulator.api_url().parse().context("accounts API URL")?;
    }
    ensure_usable("connect", &config.settings.problems())?;
    Ok(config)
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(FREE_PORT).context("there is no free port")?;
    Ok(listener.local_addr()?)
}

fn ensure_usable(service: &str, problems: &[String]) -> anyhow::Result<()> {
    anyhow::ensure!(problems.is_empty(), "{service}: {}", problems.join("; "));
    Ok(())
}

fn variable(name: &str, value: &str) -> HashMap<String, String> {
    HashMap::from([(name.to_owned(), value.to_owned())])
}
