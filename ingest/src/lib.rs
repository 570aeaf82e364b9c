//! Authenticates StackOne webhooks and puts them on Kafka unchanged.
//!
//! # Path of a webhook
//!
//! 1. [`Application`] binds the public listener; `routes` is its whole route table, and observes that every request has
//!    exactly one [`Outcome`].
//! 2. The extractor `verified_webhook` refuses what it can before the body is read (unknown source, no signature,
//!    declared length, too much in flight), reads the body once, and tries its signature against each live secret of the
//!    [`source`]. It is the only maker of a `VerifiedWebhook`, and the handler takes nothing else.
//! 3. [`stackone_link_schemas::webhook`] reads from the body what it says about itself, borrowed; [`routing`] decides on topic and key.
//! 4. The publisher of `stackone-link-transport` puts the same bytes on Kafka.
//! 5. The answer follows from the [`Outcome`].
//!
//! Three answers have no outcome, since there is no request yet: 400 for what is not HTTP, which is actix's own; 408 where
//! the headers do not come within `server.header_deadline`, and 431 where they are too large, which are those of
//! `listeners::timed`, the stream under HTTP. It also ends connections that had their last answer and do not go.
//!
//! Beside the requests, for as long as the service runs: `secret_reload` reads sources and secrets again, `tls::reload` the certificate, `kafka_check` asks
//! for topics, `topic_sizes` what they take, and `watchdog` has `producer` put a new publisher in the place of one that makes no progress.
//!
//! # What a 200 promises
//!
//! All in-sync replicas have the bytes that were signed. (Or, for `record_dropped`, the operator chose that nobody
//! has.) A 503 means *not known to be stored*: the retry has the same `ce_id`. A 401 or 413 means that a retry would not
//! help.

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test starts threads as it likes"
    )
)]

mod application;
mod background;
mod body;
pub mod cli;
pub mod config;
mod connections;
mod error;
mod ingest;
mod kafka_check;
mod limits;
mod listeners;
mod log_limit;
pub mod metrics;
mod open_files;
pub mod outcome;
mod producer;
pub mod program;
mod readiness;
mod routes;
pub mod routing;
mod secret_reload;
pub mod signature;
pub mod source;
pub mod tasks;
mod tls;
mod topic_sizes;
mod verified_webhook;
mod watchdog;

pub use application::{Application, BuildError, RunError};
pub use config::Config;
pub use outcome::Outcome;
