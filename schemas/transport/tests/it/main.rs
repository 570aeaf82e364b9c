//! Reading topics, on librdkafka's mock cluster.
#![expect(
    clippy::disallowed_methods,
    reason = "a test starts threads as it likes"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and says where and why"
)]

mod broker;
mod topic_reader;
