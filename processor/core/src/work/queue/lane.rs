//! Which part of the queue.

/// Index of a lane: work of one lane never waits for another's.
pub type Lane = usize;
