//! All that the processor decides, without I/O.
//!
//! Nothing in here reads a clock, a random source, a socket, a file or the order of a hash map: the
//! time comes in with each input ([`time::Now`]), and so does whatever is random. The service
//! around it and the simulation drive the same code.
//!
//! # Inputs and actions
//!
//! [`Processor::handle`] takes an [`Input`](processor::Input): a record, a rebalance, an answer of
//! the API, the end of a transaction. [`Processor::next_action`] hands out what is to be done, in
//! order: each [`Action`](processor::Action) names the input that answers it. What waits for a time
//! is asked for by [`Processor::next_wake`].
//!
//! ```
//! # use std::num::NonZeroU32;
//! # use std::sync::Arc;
//! # use std::time::Duration;
//! # use jiff::Timestamp;
//! # use stackone_processor_core::api_gate::{Projects, batch::BatchSettings, projects::Project};
//! # use stackone_processor_core::offsets::open_records::Open;
//! # use stackone_processor_core::processor::{Fact, Observer};
//! # use stackone_processor_core::settings::{DecisionSettings, Limits};
//! # use stackone_processor_core::time::{Monotonic, Now};
//! # struct Silent;
//! # impl Observer for Silent { fn note(&mut self, _: Fact<'_>) {} }
//! # let project = Project { id: None, requests_per_minute: NonZeroU32::MIN };
//! # let open = Open { records: 10, bytes: 10_000 };
//! # let settings = Arc::new(DecisionSettings {
//! #     projects: Arc::new(Projects::new(vec![project])),
//! #     topics: Default::default(),
//! #     marker_interval: Duration::from_secs(1),
//! #     merges_triggers: true,
//! #     limits: Limits { lookups: 1, pending: 10, open },
//! #     batch: BatchSettings { threshold: 10, max_ids: 50 },
//! #     resync_interval: None,
//! #     resync_requests_per_minute: 90,
//! #     unreadable_time: Duration::from_secs(60),
//! #     backoff: Default::default(),
//! #     periods: Default::default(),
//! # });
//! # let now = Now { monotonic: Monotonic::START, wall: Timestamp::UNIX_EPOCH };
//! use stackone_processor_core::Processor;
//! use stackone_processor_core::processor::{Action, Input, input::Generation};
//!
//! let mut processor = Processor::new(settings, 7, now);
//! let assigned = Input::Assigned {
//!     partitions: vec![0],
//!     generation: Some(Generation(1)),
//! };
//! processor.handle(now, assigned, &mut Silent);
//! // The partition is taken over, and its states are read before any of its records.
//! let actions: Vec<Action> = std::iter::from_fn(|| processor.next_action()).collect();
//! assert!(matches!(&actions[0], Action::Assign(partitions) if partitions == &[0]));
//! assert!(matches!(actions[1], Action::Restore { partition: 0, .. }));
//! ```
//!
//! # Path of a trigger
//!
//! [`event`] makes work of a record, [`work`] merges it with what waits for the same account,
//! [`api_gate`] says when its project's API may be asked, [`reconcile`] decides by the answer,
//! [`event::records`] are what is committed of it, [`offsets`] says which offsets that covers, and
//! [`state`] takes over what was committed.
//!
//! # Four owners
//!
//! [`partitions`] has what is assigned, with its states and offsets; [`scheduler`] what waits to be
//! looked up, and when it may be; [`committer`] what is decided and not committed; [`intake`] what
//! a record means. They return values. The conductor, [`processor`], alone writes to more than one.
//!
//! # What Kafka's words mean here
//!
//! - **Offset**: a record's place in its partition. The group's *committed offset* is the first one
//!   that nobody has to read again. It is committed in the transaction that carries the decision,
//!   so both are there or neither is.
//! - **Generation**: the number of a group's membership. It rises with each rebalance. The broker
//!   refuses offsets of an older one, and with them the whole transaction: that is the fencing.
//! - **Epoch**: one assignment of a partition to this run. An answer to what was asked for under
//!   another epoch is dropped, since another processor may have decided meanwhile.
//! - **Marker**: undecided work, written into its account's state record as `pending`. The offset
//!   may pass a record whose work is written so, and who restores the state queues it again.
//! - **Last stable offset**: as far as every transaction has ended. [`steps::restore`] waits until
//!   that of the state topic has reached its end, so that it misses nothing that may still commit.

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

/// The hash map of this crate. Its hash has a fixed seed, so that the same inputs give the same
/// order.
pub(crate) type HashMap<K, V> = std::collections::HashMap<K, V, foldhash::fast::FixedState>;
/// The hash set of this crate, with the same hash.
pub(crate) type HashSet<K> = std::collections::HashSet<K, foldhash::fast::FixedState>;
