//! What is deployed for who is on call: alerts, dashboards and the runbook, held against the code and against a real Prometheus.
//!
//! `promtool` and `prometheus` are Debian's package `prometheus`. Where they are missing, what needs them is passed over, and
//! said so on the terminal; with `CI` set that is a failure.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it passes over"
)]

mod catalogue;
mod promql;
mod promtool;
mod rules;
mod runbook;
mod tools;
