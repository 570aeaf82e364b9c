//! The service around the core: it asks StackOne what is true of an account and emits every
//! transition once.
//!
//! # Path of a trigger
//!
//! [`shell`] is the thread that drives [`stackone_processor_core`], which decides everything. It
//! polls records by [`consumer`], has [`lookups`] ask the accounts API, and has [`transaction`]
//! commit events, states and offsets together. [`restore`] and [`refetch`] read on threads of their
//! own.

pub mod admin;
pub mod application;
pub mod clock;
pub mod config;
pub mod consumer;
pub mod heartbeat;
mod key_reload;
pub mod lookups;
pub mod metrics;
pub mod projects;
pub mod reader;
pub mod refetch;
pub mod repeated;
pub mod restore;
pub mod resync;
pub mod shell;
pub mod tasks;
pub mod transaction;
