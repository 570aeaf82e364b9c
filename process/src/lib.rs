//! What makes a service a process, the same for each service:
//!
//! - [`settings`] from several layers, and each [`secret`]; [`watch`] reads files again.
//! - Logs ([`telemetry`]), which go to a [`stderr`] that nothing waits for, without repetitions
//!   ([`log_limit`]). Commands write to [`stdout`], and count things as English does
//!   ([`mod@counted`]).
//! - [`signals`], exit codes ([`program`]) and the commands of a [`service`].
//! - Threads and tasks ([`mod@spawn`]), and what their [`panics`] end.
//! - A registry of [`metrics`], [`spans`] of traces, and the probe of a container
//!   ([`healthcheck`]).
//!
//! The crate knows neither StackOne nor Kafka. Which settings a service has, and which of them
//! contradict each other, is up to that service.

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test starts threads as it likes"
    )
)]

pub mod counted;
pub mod healthcheck;
pub mod log_limit;
pub mod metrics;
pub mod panics;
pub mod program;
pub mod secret;
pub mod service;
pub mod settings;
pub mod signals;
pub mod spans;
pub mod spawn;
pub mod stderr;
pub mod stdout;
pub mod telemetry;
pub mod watch;

pub use settings::{ConfigError, Layers, process_environment};
