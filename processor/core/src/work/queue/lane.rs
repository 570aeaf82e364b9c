//! The index of a lane.

/// The index of a project's part of the queue. Work of one lane never waits for work of another.
pub type Lane = usize;
