//! How records travel, held against the committed `AsyncAPI` document and against the released
//! ones.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and says where and why"
)]

mod asyncapi;
mod subscribers;
