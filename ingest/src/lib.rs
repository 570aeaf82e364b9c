//! Authenticates StackOne webhooks and puts them on Kafka unchanged.
//!
//! # Path of a webhook
//!
//! Each folder is a step, in this order:
//!
//! 1. `listeners`: [`Application`] binds the public listener; `listeners::routes` is its whole
//!    route table, and `listeners::observe` sees to it that every request has exactly one
//!    [`Outcome`].
//! 2. `auth`: the extractor `verified_webhook` refuses what it can before the body is read (unknown
//!    source, no signature, declared length, too much in flight), and tries the signature against
//!    each live secret of the [`source`]. It is the only maker of a `VerifiedWebhook`, and the
//!    handler takes nothing else.
//! 3. `body`: the body is read once, within limits.
//! 4. `accept`: [`stackone_link_schemas::webhook`] reads from the body what it says about itself,
//!    borrowed; [`routing`] decides on topic and key.
//! 5. `producer`: the publisher of `stackone-link-transport` puts the same bytes on Kafka.
//! 6. `answer`: the answer follows from the [`Outcome`].
//!
//! Three answers have no outcome, since there is no request yet: 400 for what is not HTTP, which is
//! actix's own; 408 where the headers do not come within `server.header_deadline`, and 431 where
//! they are too large, which are those of [`stackone_link_listeners`], of the stream under HTTP. It
//! also ends connections that had their last answer and do not go.
//!
//! Beside the requests, for as long as the service runs, `background`: `secret_reload` reads
//! sources and secrets again,
//! [`CertificateRenewal`](stackone_link_listeners::tls::CertificateRenewal) the certificate,
//! `kafka_check` asks for topics, `topic_sizes` what they take, and `watchdog` has `producer` put a
//! new publisher in the place of one that makes no progress.
//!
//! # What a 200 promises
//!
//! All in-sync replicas have the bytes that were signed. (Or, for `record_dropped`, the operator
//! chose that nobody has.) A 503 means *not known to be stored*: the retry has the same `ce_id`. A
//! 401 or 413 means that a retry would not help.

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test starts threads as it likes"
    )
)]

mod accept;
mod answer;
mod application;
mod auth;
mod background;
mod body;
pub mod cli;
pub mod config;
mod ingest;
mod listeners;
pub mod metrics;
mod producer;
pub mod program;
mod readiness;
pub mod tasks;

pub use accept::routing;
pub use answer::outcome::{self, Outcome};
pub use application::{Application, BuildError, RunError};
pub use auth::{signature, source};
pub use config::Config;
pub use stackone_link_listeners::ListenError;
