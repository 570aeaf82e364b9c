//! The confirmed states of accounts in memory, and the guard against many of them vanishing at once.

pub mod store;
pub mod unlink_guard;
