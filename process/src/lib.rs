//! What makes a service a process, the same for each of them: [`settings`] from several layers, logs ([`telemetry`]),
//! which go to a [`stderr`] that nothing waits for and say nothing again and again ([`log_limit`]), [`stdout`],
//! [`signals`], exit codes ([`program`]), the commands of a [`service`], threads and tasks ([`mod@spawn`]) and what their [`panics`] end, reading a
//! [`secret`] and having files looked at again ([`watch`]), a registry of [`metrics`], and the probe of its container
//! ([`healthcheck`]), and numbers of things in what it says ([`mod@counted`]).
//!
//! It knows neither StackOne nor Kafka. What a service can be set to, and which settings contradict each other, is the
//! service's own.

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
