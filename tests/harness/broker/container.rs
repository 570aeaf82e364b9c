//! Apache Kafka in a container: one node, broker and controller in one.

use std::time::Duration;

use anyhow::Context;
use testcontainers::core::{ExecCommand, IntoContainerPort, WaitFor};
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, ContainerRequest, GenericImage, ImageExt};
use tokio::sync::OnceCell;

use super::reaper::Reaper;
use crate::free_port;
use crate::unique::unique;

/// The official image. `KAFKA_IMAGE` names another with the same contract.
const DEFAULT_IMAGE: &str = "apache/kafka:4.3.1";
/// How long a broker may take to start. It takes seconds; a machine that also compiles is slower.
const STARTUP: Duration = Duration::from_secs(120);
/// How often another port is tried where one is taken between our look and the engine's.
const ATTEMPTS: u32 = 3;

/// A running container.
pub(crate) struct KafkaContainer {
    pub(crate) container: ContainerAsync<GenericImage>,
    pub(crate) bootstrap_servers: String,
    // After the container, whose own destructor is the orderly way.
    _reaper: Reaper,
}

/// The container that all tests of this process share. It is started once: where that fails, each
/// of them says why.
pub(crate) async fn shared() -> Result<String, String> {
    static SHARED: OnceCell<Result<KafkaContainer, String>> = OnceCell::const_new();
    let start = async || {
        let started = KafkaContainer::start().await;
        started.map_err(|error| format!("{error:#}"))
    };
    let shared = SHARED.get_or_init(start).await.as_ref();
    shared
        .map(|kafka| kafka.bootstrap_servers.clone())
        .map_err(Clone::clone)
}

impl KafkaContainer {
    /// Starts a container and waits until its broker says that it is there.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let image = image()?;
        let mut attempt = 1;
        loop {
            match Self::start_on(&image, free_port()?).await {
                Err(error) if attempt < ATTEMPTS && is_port_taken(&error) => attempt += 1,
                started => {
                    return started.with_context(|| format!("image {}:{}", image.0, image.1));
                }
            }
        }
    }

    async fn start_on(image: &(String, String), port: u16) -> anyhow::Result<Self> {
        Self::of(request(image, port), port).await
    }

    /// Starts what `request` asks for, whose clients come to `port`.
    pub(crate) async fn of(
        request: ContainerRequest<GenericImage>,
        port: u16,
    ) -> anyhow::Result<Self> {
        let name = request.container_name().clone();
        let name = name.unwrap_or_else(|| unique("stackone-tests-kafka"));
        let reaper = Reaper::watch(&name, request.network().as_deref())?;
        let container = request.with_container_name(name).start().await?;
        Ok(Self {
            container,
            bootstrap_servers: format!("127.0.0.1:{port}"),
            _reaper: reaper,
        })
    }

    /// Runs a script beside the broker, and gives what it prints.
    pub(crate) async fn run(&self, script: &str) -> anyhow::Result<String> {
        let command = ExecCommand::new(["/bin/sh", "-c", script]);
        let mut done = self.container.exec(command).await?;
        let out = String::from_utf8_lossy(&done.stdout_to_vec().await?).into_owned();
        let err = String::from_utf8_lossy(&done.stderr_to_vec().await?).into_owned();
        let is_well = done.exit_code().await? == Some(0);
        anyhow::ensure!(is_well, "{script} failed: {out} {err}");
        Ok(out)
    }
}

/// Name and tag of the image.
pub(super) fn image() -> anyhow::Result<(String, String)> {
    let image = match std::env::var("KAFKA_IMAGE") {
        Ok(image) => image,
        Err(std::env::VarError::NotPresent) => DEFAULT_IMAGE.to_owned(),
        Err(error) => return Err(error).context("KAFKA_IMAGE"),
    };
    let (name, tag) = image
        .rsplit_once(':')
        .filter(|(_, tag)| !tag.contains('/'))
        .with_context(|| format!("KAFKA_IMAGE is {image:?}, not name:tag"))?;
    Ok((name.to_owned(), tag.to_owned()))
}

/// The port is chosen before the container is made, so that the broker can advertise it and keeps
/// it over a restart.
pub(super) fn request(image: &(String, String), port: u16) -> ContainerRequest<GenericImage> {
    let settings = [
        ("NODE_ID", "1".to_owned()),
        ("PROCESS_ROLES", "broker,controller".to_owned()),
        (
            "LISTENERS",
            "CLIENT://0.0.0.0:9092,BROKER://localhost:9093,CONTROLLER://localhost:9094".to_owned(),
        ),
        (
            "ADVERTISED_LISTENERS",
            format!("CLIENT://127.0.0.1:{port},BROKER://localhost:9093"),
        ),
        (
            "LISTENER_SECURITY_PROTOCOL_MAP",
            "CLIENT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT".to_owned(),
        ),
        ("INTER_BROKER_LISTENER_NAME", "BROKER".to_owned()),
        ("CONTROLLER_LISTENER_NAMES", "CONTROLLER".to_owned()),
        ("CONTROLLER_QUORUM_VOTERS", "1@localhost:9094".to_owned()),
        ("OFFSETS_TOPIC_REPLICATION_FACTOR", "1".to_owned()),
        ("TRANSACTION_STATE_LOG_REPLICATION_FACTOR", "1".to_owned()),
        ("TRANSACTION_STATE_LOG_MIN_ISR", "1".to_owned()),
        // The first member of a group need not wait for others, and 50 partitions for a handful of
        // groups take seconds.
        ("GROUP_INITIAL_REBALANCE_DELAY_MS", "0".to_owned()),
        ("OFFSETS_TOPIC_NUM_PARTITIONS", "4".to_owned()),
        ("TRANSACTION_STATE_LOG_NUM_PARTITIONS", "4".to_owned()),
        // Else a test of compaction or retention waits for up to 5 minutes.
        ("LOG_CLEANER_BACKOFF_MS", "1000".to_owned()),
        ("LOG_RETENTION_CHECK_INTERVAL_MS", "1000".to_owned()),
        ("LOG_INITIAL_TASK_DELAY_MS", "1000".to_owned()),
        // As in production: a topic that is missing is missing.
        ("AUTO_CREATE_TOPICS_ENABLE", "false".to_owned()),
        ("HEAP_OPTS", "-Xms256m -Xmx384m".to_owned()),
    ];
    let request = GenericImage::new(&image.0, &image.1)
        .with_wait_for(WaitFor::message_on_stdout("Kafka Server started"))
        .with_mapped_port(port, 9092.tcp())
        .with_startup_timeout(STARTUP);
    settings
        .into_iter()
        .fold(request, |request, (name, value)| {
            request.with_env_var(format!("KAFKA_{name}"), value)
        })
}

fn is_port_taken(error: &anyhow::Error) -> bool {
    let text = format!("{error:#}");
    text.contains("port is already allocated") || text.contains("address already in use")
}
