//! The scenarios, one module each.

pub(crate) mod budget;
pub(crate) mod codec;
pub(crate) mod concurrency;
pub(crate) mod latency;
pub(crate) mod merging;
pub(crate) mod restore;
