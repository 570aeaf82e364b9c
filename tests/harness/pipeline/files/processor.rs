//! The files of a processor: its configuration and the API keys.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use stackone_link_transport::KafkaConfig;
use stackone_link_wire::Topics;
use tempfile::TempDir;

use super::super::Pipeline;
use super::super::settings::{API_KEY, OTHER_API_KEY, OTHER_PROJECT};
use super::{FREE_PORT, KEYS, Listen, Telemetry, write};

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

pub(in crate::pipeline) fn processor_file(
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
        let api_key_file = write(folder, KEYS[1], OTHER_API_KEY)?;
        projects.push(project(Some(OTHER_PROJECT), api_key_file));
    }
    Ok(projects)
}

pub(in crate::pipeline) fn api_key_file(folder: &TempDir, key: &str) -> anyhow::Result<PathBuf> {
    write(folder, KEYS[0], key)
}
