//! The whole pipeline's tests. See the crate `harness` for the brokers they run on.
#![expect(
    clippy::disallowed_methods,
    reason = "a test starts threads as it likes"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and unwrap says where"
)]

mod assumptions;
mod broker;
#[cfg(feature = "container")]
mod campaign;
#[cfg(feature = "container")]
mod doctor;
mod documents;
#[cfg(feature = "container")]
mod exactly_once;
#[cfg(feature = "container")]
mod ingest_batches;
#[cfg(feature = "container")]
mod ingest_conservation;
#[cfg(feature = "container")]
mod ingest_stopping;
#[cfg(feature = "container")]
mod linking;
mod model;
#[cfg(feature = "container")]
mod operator;
mod panics;
#[cfg(feature = "container")]
mod pipeline_addresses;
mod pipeline_backlog;
mod pipeline_batches;
mod pipeline_breaker;
mod pipeline_commits;
mod pipeline_contract;
#[cfg(feature = "container")]
mod pipeline_crash;
mod pipeline_dead_letters;
#[cfg(feature = "container")]
mod pipeline_disk;
#[cfg(feature = "container")]
mod pipeline_expired;
mod pipeline_explain;
#[cfg(feature = "container")]
mod pipeline_handover;
mod pipeline_keys;
mod pipeline_logs;
mod pipeline_look;
mod pipeline_lookups;
#[cfg(feature = "container")]
mod pipeline_open_limit;
#[cfg(feature = "container")]
mod pipeline_open_transaction;
#[cfg(feature = "container")]
mod pipeline_outage;
mod pipeline_privacy;
mod pipeline_redrive;
#[cfg(feature = "container")]
mod pipeline_refused;
mod pipeline_reread;
mod pipeline_restart;
mod pipeline_resync_command;
#[cfg(feature = "container")]
mod pipeline_resync_restart;
mod pipeline_resync_trouble;
mod pipeline_start;
mod pipeline_state;
mod pipeline_state_list;
mod pipeline_stopping;
mod pipeline_story;
#[cfg(feature = "container")]
mod pipeline_topic_again;
#[cfg(feature = "otlp")]
mod pipeline_traces;
mod pipeline_unlinks;
#[cfg(feature = "container")]
mod pipeline_zombies;
#[cfg(all(feature = "container", feature = "kafka-tls"))]
mod secured;
#[cfg(feature = "container")]
mod topic_sizes;
#[cfg(feature = "container")]
mod topics_command;
mod unheard;
#[cfg(feature = "container")]
mod walkthrough;
