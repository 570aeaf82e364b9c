//! The services' own settings, as tests begin with them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use stackone_ingest::config::{DEFAULTS as INGEST, Settings as IngestSettings};
use stackone_link_wire::Topics;
use stackone_processor::config::{DEFAULTS as PROCESSOR, Settings};
use stackone_simulator::Simulator;
use tempfile::TempDir;

use super::Pipeline;
use crate::Broker;

/// The project of the tests.
pub const PROJECT: &str = "acmeinc-27270";
/// Its API key.
pub const API_KEY: &str = "v1.eu1.test";
/// A second project, of which processors know after [`Pipeline::add_other_project`].
pub const OTHER_PROJECT: &str = "acmeinc-27271";
pub(super) const OTHER_API_KEY: &str = "v1.eu1.other";

/// Any free port, on this machine only.
const FREE_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What cannot be changed once a pipeline has started.
pub struct Setup {
    /// Partitions of each topic.
    pub partitions: i32,
    /// Requests a minute that the simulator allows.
    pub rate_limit: NonZeroU32,
    /// Settings of ingest; its broker and topics are the pipeline's.
    pub ingest: IngestSettings,
}

impl Setup {
    /// So many partitions, and else the default.
    #[must_use]
    pub fn partitions(partitions: i32) -> Self {
        let mut ingest: IngestSettings = defaults(INGEST);
        ingest.server.listen = FREE_PORT;
        // A client of a busy machine may be slow to say its first byte.
        ingest.server.header_deadline = Duration::from_secs(180);
        ingest.admin.listen = FREE_PORT;
        ingest.shutdown.drain_delay = Duration::ZERO;
        ingest.sources[0].project_id = Some(PROJECT.to_owned());
        let mut other = ingest.sources[0].clone();
        other.name = "other".to_owned();
        other.project_id = Some(OTHER_PROJECT.to_owned());
        ingest.sources.push(other);
        Self {
            partitions,
            rate_limit: NonZeroU32::new(100_000).expect("it is not 0"),
            ingest,
        }
    }
}

impl Default for Setup {
    fn default() -> Self {
        Self::partitions(3)
    }
}

/// Settings of the pipeline's processors.
pub(super) fn of_processors(
    broker: &Broker,
    topics: &Topics,
    partitions: i32,
    simulator: &Simulator,
    group: String,
    folder: &TempDir,
) -> anyhow::Result<Settings> {
    let mut settings: Settings = defaults(PROCESSOR);
    settings.admin.listen = FREE_PORT;
    settings.group.id = group;
    // The least that Kafka takes.
    settings.group.session_timeout = Duration::from_secs(6);
    settings.lookups.timeout = Duration::from_secs(5);
    settings.lookups.unreadable_time = Duration::from_secs(1);
    settings.reconcile.activation_grace = Duration::from_secs(2);
    settings.reconcile.delete_grace = Duration::from_secs(2);
    settings.reconcile.delete_confirm = Duration::from_secs(1);
    settings.reconcile.vanish_grace = Duration::from_secs(3);
    settings.reconcile.lag_recheck = Duration::from_millis(200);
    // The first list begins at once, so there is none unless a test wants lists.
    settings.resync.interval = Duration::ZERO;
    [_, settings.kafka] = broker.kafka_configs_of_services();
    settings.topics = topics.clone();
    settings.topic_layout.partitions = partitions;
    settings.topic_layout.replication = broker.replication;
    // The embedded broker cannot be asked for the settings of a topic.
    settings.topic_layout.check_settings = broker.is_real();
    let project = &mut settings.projects[0];
    project.id = Some(PROJECT.to_owned());
    project.api_key_env = None;
    project.api_key_file = Some(write(folder, "project.key", API_KEY)?);
    project.base_url = simulator.api_url().parse()?;
    project.requests_per_minute = NonZeroU32::new(60_000).expect("it is not 0");
    Ok(settings)
}

impl Pipeline {
    /// Has processors that are started from now on serve [`OTHER_PROJECT`], too.
    ///
    /// # Panics
    ///
    /// Where its API key cannot be written.
    pub fn add_other_project(&mut self) {
        let key = write(&self.folder, "other.key", OTHER_API_KEY);
        let mut other = self.settings.projects[0].clone();
        other.id = Some(OTHER_PROJECT.to_owned());
        other.api_key_file = Some(key.expect("an API key is written"));
        self.settings.projects.push(other);
    }

    /// Writes another API key into the file of [`PROJECT`].
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub fn set_api_key(&self, key: &str) -> std::io::Result<()> {
        write(&self.folder, "project.key", key).map(drop)
    }

    /// Writes the configuration of a processor and gives its path.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub fn processor_file(&self, instance: &str) -> anyhow::Result<PathBuf> {
        let mut settings = self.settings.clone();
        settings.group.instance_id = instance.to_owned();
        file(
            &self.folder,
            &format!("processor-{instance}.toml"),
            &settings,
        )
    }
}

fn defaults<T: DeserializeOwned>(text: &str) -> T {
    toml::from_str(text).expect("the defaults have every setting")
}

/// Writes a service's configuration.
pub(super) fn file(
    folder: &TempDir,
    name: &str,
    settings: &impl Serialize,
) -> anyhow::Result<PathBuf> {
    Ok(write(folder, name, &toml::to_string(settings)?)?)
}

fn write(folder: &TempDir, name: &str, content: &str) -> std::io::Result<PathBuf> {
    let path = folder.path().join(name);
    std::fs::write(&path, content)?;
    Ok(path)
}

/// Files that a service wrote into the folder of its configuration, where it may write nothing.
pub(super) fn left_behind(folder: &TempDir) -> std::io::Result<Vec<PathBuf>> {
    let mut left = Vec::new();
    for file in std::fs::read_dir(folder.path())? {
        let file = file?.path();
        // One that was killed while it was held leaves the file that held it.
        let end = file.extension().and_then(|end| end.to_str());
        if !matches!(end, Some("key" | "toml" | "held")) {
            left.push(file);
        }
    }
    Ok(left)
}
