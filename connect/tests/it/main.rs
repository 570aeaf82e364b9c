//! `connect` through its production wiring, against librdkafka's in-process mock cluster and a
//! StackOne that fails a test on a request that it did not expect.
#![expect(
    clippy::disallowed_methods,
    reason = "a test starts threads as it likes"
)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should say so and stop"
)]

mod accounts;
mod answer;
mod attempts;
mod authentication;
mod broker;
mod clocks;
mod conformance;
mod connections;
mod contract;
mod doctor;
mod embed;
mod eventually;
mod host;
mod isolation;
mod kafka_outage;
mod linking;
mod looks;
mod mailed;
mod names;
mod operators;
mod pages;
mod relinking;
mod replicas;
mod resent;
mod secrecy;
mod service;
mod slow_reader;
mod stackone;
mod stopping;
mod streams;
mod tls;
