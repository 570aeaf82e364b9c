//! All that the processor decides, without I/O.
//!
//! Nothing in here reads a clock, a random source, a socket, a file or the order of a hash map: the
//! time comes in with each input ([`time::Now`]), and so does whatever is random. The service around
//! it and the simulation drive the same code.
//!
//! # Path of a trigger
//!
//! [`event`] makes work of a record, [`work`] merges it with what waits for the same account,
//! [`api_gate`] says when its project's API may be asked, [`reconcile`] decides by the answer,
//! [`event::records`] are what is committed of it, [`offsets`] says which offsets that covers, and
//! [`state`] takes over what was committed.

pub mod api_gate;
pub mod committer;
pub mod dead_letter_backoff;
pub mod event;
pub mod intake;
pub mod offsets;
pub mod partitions;
pub mod planted;
pub mod processor;
pub mod random;
pub mod reconcile;
pub mod resync;
pub mod scheduler;
pub mod settings;
pub mod state;
pub mod steps;
pub mod time;
pub mod work;

pub use processor::Processor;

/// The hash maps of this crate: hashed with a fixed seed, so that the same inputs give the same order.
pub(crate) type HashMap<K, V> = std::collections::HashMap<K, V, foldhash::fast::FixedState>;
/// The same for sets.
pub(crate) type HashSet<K> = std::collections::HashSet<K, foldhash::fast::FixedState>;
