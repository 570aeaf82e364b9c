//! Reading topics, on librdkafka's mock cluster.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and says where and why"
)]

mod broker;
mod topic_reader;
