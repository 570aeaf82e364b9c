//! The confirmed states of accounts in memory, and the unlink guard.

pub mod store;
pub mod unlink_guard;
