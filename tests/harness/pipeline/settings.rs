//! Configuration files of the services under test: production's, with what a test has to change.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use stackone_link_transport::{KafkaConfig, Topics};
use tempfile::TempDir;

use super::Pipeline;
use crate::Broker;

/// The project of the tests.
pub const PROJECT: &str = "acmeinc-27270";
/// Its API key.
pub const API_KEY: &str = "v1.eu1.test";

/// A second project, where a test wants one.
pub const OTHER_PROJECT: &str = "acmeinc-27271";
pub(super) const OTHER_API_KEY: &str = "v1.eu1.other";

/// What a test may set.
#[derive(Debug, Clone)]
pub struct PipelineSettings {
    /// Partitions of each topic.
    pub partitions: i32,
    /// `reconcile.activation_grace`.
    pub activation_grace: Duration,
    /// `reconcile.delete_grace`.
    pub delete_grace: Duration,
    /// `reconcile.delete_confirm`.
    pub delete_confirm: Duration,
    /// `reconcile.vanish_grace`.
    pub vanish_grace: Duration,
    /// `reconcile.lag_recheck`.
    pub lag_recheck: Duration,
    /// `group.session_timeout`. Kafka refuses less than 6 s, the embedded broker does not.
    pub session_timeout: Duration,
    /// `lookups.max_in_flight`.
    pub max_in_flight: NonZeroUsize,
    /// `lookups.timeout`.
    pub lookup_timeout: Duration,
    /// `lookups.unreadable_time`.
    pub unreadable_time: Duration,
    /// `lookups.include_origin_username`.
    pub include_origin_username: bool,
    /// `lookups.include_setup_information`.
    pub include_setup_information: bool,
    /// `transactions.timeout`.
    pub transaction_timeout: Duration,
    /// `resync.interval`.
    pub resync_interval: Duration,
    /// The id of the configured project; none to serve every webhook.
    pub project: Option<String>,
    /// Whether there is [`OTHER_PROJECT`], too.
    pub has_other_project: bool,
    /// `limits.max_pending_accounts`.
    pub max_pending_accounts: NonZeroUsize,
    /// `limits.max_open_records`.
    pub max_open_records: NonZeroUsize,
    /// `batch.max_ids`.
    pub max_ids: u32,
    /// `projects.requests_per_minute`.
    pub requests_per_minute: NonZeroU32,
    /// Requests a minute that the simulator allows.
    pub rate_limit: NonZeroU32,
    /// `telemetry.otlp_endpoint` of both services; none in builds without the feature `otlp`.
    pub otlp_endpoint: Option<String>,
    /// `telemetry.trust_traceparent` of ingest.
    pub trust_traceparent: bool,
    /// `telemetry.filter` of processors.
    pub log_filter: Option<String>,
}

impl Default for PipelineSettings {
    fn default() -> Self {
        Self {
            partitions: 3,
            activation_grace: Duration::from_secs(2),
            delete_grace: Duration::from_secs(2),
            delete_confirm: Duration::from_secs(1),
            vanish_grace: Duration::from_secs(3),
            lag_recheck: Duration::from_millis(200),
            session_timeout: Duration::from_secs(6),
            max_in_flight: NonZeroUsize::new(64).unwrap_or(NonZeroUsize::MIN),
            lookup_timeout: Duration::from_secs(5),
            unreadable_time: Duration::from_secs(1),
            include_origin_username: true,
            include_setup_information: false,
            transaction_timeout: Duration::from_secs(10),
            resync_interval: Duration::from_secs(60 * 60),
            project: Some(PROJECT.to_owned()),
            has_other_project: false,
            max_pending_accounts: NonZeroUsize::new(100_000).unwrap_or(NonZeroUsize::MAX),
            max_open_records: NonZeroUsize::new(100_000).unwrap_or(NonZeroUsize::MAX),
            max_ids: 50,
            requests_per_minute: NonZeroU32::new(60_000).unwrap_or(NonZeroU32::MAX),
            rate_limit: NonZeroU32::new(100_000).unwrap_or(NonZeroU32::MAX),
            otlp_endpoint: None,
            trust_traceparent: false,
            log_filter: None,
        }
    }
}

/// What the configuration of ingest is called.
pub(super) const INGEST_FILE: &str = "ingest.toml";

#[derive(Serialize)]
struct IngestFile<'a> {
    server: Listen,
    admin: Listen,
    shutdown: Shutdown,
    kafka: KafkaConfig,
    topics: &'a Topics,
    telemetry: Telemetry<'a>,
    sources: Vec<Source>,
}

#[derive(Serialize)]
struct Listen {
    listen: &'static str,
}

const FREE_PORT: Listen = Listen {
    listen: "127.0.0.1:0",
};

#[derive(Serialize)]
struct Shutdown {
    drain_delay: &'static str,
}

#[derive(Serialize)]
struct Source {
    name: &'static str,
    project_id: &'static str,
    secrets: [Secret; 1],
}

#[derive(Serialize)]
struct Secret {
    name: &'static str,
    env: &'static str,
}

#[derive(Serialize)]
struct ProcessorFile<'a> {
    admin: Listen,
    group: Group<'a>,
    transactions: Transactions,
    lookups: Lookups,
    batch: Batch,
    limits: Limits,
    reconcile: Reconcile,
    resync: Resync,
    kafka: KafkaConfig,
    topics: &'a Topics,
    topic_layout: TopicLayout,
    telemetry: Telemetry<'a>,
    projects: Vec<Project<'a>>,
}

#[derive(Serialize)]
struct Telemetry<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    otlp_endpoint: Option<&'a str>,
    /// Of ingest alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    trust_traceparent: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<&'a str>,
}

#[derive(Serialize)]
struct Group<'a> {
    id: &'a str,
    instance_id: &'a str,
    session_timeout: String,
}

#[derive(Serialize)]
struct Transactions {
    timeout: String,
}

#[derive(Serialize)]
struct Lookups {
    max_in_flight: NonZeroUsize,
    timeout: String,
    unreadable_time: String,
    include_origin_username: bool,
    include_setup_information: bool,
}

#[derive(Serialize)]
struct Batch {
    max_ids: u32,
}

#[derive(Serialize)]
struct Limits {
    max_pending_accounts: usize,
    max_open_records: usize,
}

#[derive(Serialize)]
struct Reconcile {
    activation_grace: String,
    delete_grace: String,
    delete_confirm: String,
    vanish_grace: String,
    lag_recheck: String,
}

#[derive(Serialize)]
struct Resync {
    interval: String,
}

#[derive(Serialize)]
struct TopicLayout {
    check_settings: bool,
}

#[derive(Serialize)]
struct Project<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    api_key_file: PathBuf,
    base_url: String,
    requests_per_minute: NonZeroU32,
}

pub(super) fn ingest_file(
    folder: &TempDir,
    broker: &Broker,
    topics: &Topics,
    settings: &PipelineSettings,
) -> anyhow::Result<PathBuf> {
    let source = |(name, project_id)| Source {
        name,
        project_id,
        secrets: [Secret {
            name: "test",
            env: "WEBHOOK_SECRET",
        }],
    };
    let [kafka, _] = broker.kafka_configs_of_services();
    let file = IngestFile {
        server: FREE_PORT,
        admin: FREE_PORT,
        shutdown: Shutdown { drain_delay: "0s" },
        kafka,
        topics,
        telemetry: Telemetry {
            otlp_endpoint: settings.otlp_endpoint.as_deref(),
            trust_traceparent: Some(settings.trust_traceparent),
            filter: None,
        },
        sources: [("default", PROJECT), ("other", OTHER_PROJECT)]
            .map(source)
            .into(),
    };
    write(folder, INGEST_FILE, &toml::to_string(&file)?)
}

pub(super) fn processor_file(
    folder: &TempDir,
    pipeline: &Pipeline,
    instance: &str,
) -> anyhow::Result<PathBuf> {
    let settings = &pipeline.settings;
    let millis = |duration: Duration| format!("{}ms", duration.as_millis());
    let [_, kafka] = pipeline.broker.kafka_configs_of_services();
    let file = ProcessorFile {
        admin: FREE_PORT,
        group: Group {
            id: &pipeline.group,
            instance_id: instance,
            session_timeout: millis(settings.session_timeout),
        },
        transactions: Transactions {
            timeout: millis(settings.transaction_timeout),
        },
        lookups: Lookups {
            max_in_flight: settings.max_in_flight,
            timeout: millis(settings.lookup_timeout),
            unreadable_time: millis(settings.unreadable_time),
            include_origin_username: settings.include_origin_username,
            include_setup_information: settings.include_setup_information,
        },
        batch: Batch {
            max_ids: settings.max_ids,
        },
        limits: Limits {
            max_pending_accounts: settings.max_pending_accounts.get(),
            max_open_records: settings.max_open_records.get(),
        },
        reconcile: Reconcile {
            activation_grace: millis(settings.activation_grace),
            delete_grace: millis(settings.delete_grace),
            delete_confirm: millis(settings.delete_confirm),
            vanish_grace: millis(settings.vanish_grace),
            lag_recheck: millis(settings.lag_recheck),
        },
        resync: Resync {
            interval: millis(settings.resync_interval),
        },
        kafka,
        topics: &pipeline.topics,
        // The embedded broker cannot be asked for the settings of a topic.
        topic_layout: TopicLayout {
            check_settings: pipeline.broker.is_real(),
        },
        telemetry: Telemetry {
            otlp_endpoint: settings.otlp_endpoint.as_deref(),
            trust_traceparent: None,
            filter: settings.log_filter.as_deref(),
        },
        projects: projects(folder, pipeline)?,
    };
    write(
        folder,
        &format!("processor-{instance}.toml"),
        &toml::to_string(&file)?,
    )
}

fn projects<'a>(folder: &TempDir, pipeline: &'a Pipeline) -> anyhow::Result<Vec<Project<'a>>> {
    let settings = &pipeline.settings;
    let project = |id, api_key_file| Project {
        id,
        api_key_file,
        base_url: pipeline.simulator.api_url(),
        requests_per_minute: settings.requests_per_minute,
    };
    let mut projects = vec![project(
        settings.project.as_deref(),
        api_key_file(folder, API_KEY)?,
    )];
    if settings.has_other_project {
        let api_key_file = write(folder, "other-api-key", OTHER_API_KEY)?;
        projects.push(project(Some(OTHER_PROJECT), api_key_file));
    }
    Ok(projects)
}

pub(super) fn api_key_file(folder: &TempDir, key: &str) -> anyhow::Result<PathBuf> {
    write(folder, "api-key", key)
}

fn write(folder: &TempDir, name: &str, content: &str) -> anyhow::Result<PathBuf> {
    let path = folder.path().join(name);
    std::fs::write(&path, content)?;
    Ok(path)
}
