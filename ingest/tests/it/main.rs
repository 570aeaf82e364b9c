//! `ingest` through its production wiring, against librdkafka's in-process mock cluster.
#![expect(
    clippy::disallowed_methods,
    reason = "a test starts threads as it likes"
)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should say so and stop"
)]

mod answers;
mod batching;
mod broker;
mod certificates;
mod command;
mod connections;
mod eventually;
mod http;
mod kafka_errors;
mod logs;
mod memory;
mod operators;
mod outage;
mod overload;
mod process;
mod program;
mod proxy_protocol;
mod recovery;
mod rotation;
mod service;
mod sign;
mod sources;
mod stopping;
mod stored;
mod tls;
mod tls_reload;
mod tracing;
mod wire;
