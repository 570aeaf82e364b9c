//! What the simulated Kafka is taken to do, shown on the broker itself: each line of
//! `tests/simulation/ASSUMPTIONS.md` names its test here.
//!
//! `reading` runs on every broker, so the embedded one is held to it as well. The others need a
//! real broker: the embedded one names no state of a group, keeps no offsets of transactions, hides
//! no aborted record, and neither compacts nor expires.

pub(crate) mod clients;
#[cfg(feature = "container")]
mod cluster;
#[cfg(feature = "container")]
mod consumer_protocol;
#[cfg(feature = "container")]
mod groups;
#[cfg(feature = "container")]
mod log;
#[cfg(feature = "container")]
mod offsets;
#[cfg(feature = "container")]
mod protocol;
mod reading;
#[cfg(feature = "container")]
mod timed_out;
#[cfg(feature = "container")]
mod transactions;
#[cfg(feature = "container")]
mod upkeep;
mod writer;
