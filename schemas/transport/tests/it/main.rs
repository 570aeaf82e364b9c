//! How records travel, held against the committed `AsyncAPI` document.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says where and why"
)]

mod asyncapi;
