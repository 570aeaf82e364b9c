//! The processor: asks StackOne what is true of an account and emits every transition once.
//!
//! # Path of a trigger
//!
//! [`consumer`] polls a record, [`intake`] makes work of it, [`work_queue`] merges it with what waits for the same account,
//! [`lookups`] asks the accounts API, [`reconcile`] decides, [`transaction`] commits event, state and offset in one
//! transaction, [`state_store`] takes the state over. [`reconciler`] is the thread that drives all of it.
//!
//! `intake`, `work_queue`, `reconcile`, `offsets`, `open_records`, `gaps`, `letter_gate`, `backoff`, `batch`, `breaker`, `recheck`, `budget`, `overflow`,
//! `projects`, `records` and `unlink_guard` are pure.

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test starts threads as it likes"
    )
)]

pub mod acls;
pub mod admin;
pub mod application;
mod bar;
pub mod cli;
pub mod clock;
pub mod config;
pub mod consumer;
pub mod doctor;
pub mod heartbeat;
mod key_reload;
pub mod lookups;
pub mod metrics;
pub mod program;
pub mod projects;
pub mod reader;
pub mod redrive;
pub mod refetch;
pub mod repeated;
pub mod restore;
pub mod resync;
pub mod shell;
pub mod state_view;
pub mod tasks;
pub mod topics;
pub mod transaction;
pub mod unlinks;
