//! What is deployed for who is on call: alerts, dashboards and the runbook, held against the code
//! and against a real Prometheus. And the documents: their links, the tests and paths that they
//! name, and their form.
//!
//! `promtool` and `prometheus` are Debian's package `prometheus`. Where they are missing, what
//! needs them is passed over, and said so on the terminal; with `CI` set that is a failure.
//!
//! Nothing here needs Kafka in a container, so the build for that leaves it out: it would only run
//! twice.
#![cfg(not(feature = "container"))]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it passes over"
)]

mod catalogue;
mod dashboards;
mod documents;
mod live;
mod promql;
mod promtool;
mod rules;
mod runbook;
mod tools;
