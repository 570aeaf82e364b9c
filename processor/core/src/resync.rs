//! When accounts are listed, and what the topic says of earlier lists. Pure.

pub mod runs;
pub mod schedule;

use jiff::Timestamp;

use schedule::History;

/// The partition whose owner lists what is due, and reads markers back: each partition has every marker.
pub const MARKERS_PARTITION: i32 = 0;

/// What was read.
#[derive(Debug)]
pub struct Found {
    /// Of each project, by lane.
    pub of_projects: Vec<OfProject>,
    /// Whether all of it was read.
    pub is_known: bool,
}

/// What was read of a project's lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OfProject {
    /// When they last began and were complete, whether that was taken in or waits to be.
    pub history: History,
    /// When the last complete one was that was taken in.
    pub taken_in: Option<Timestamp>,
}

impl OfProject {
    /// Takes a marker in, dated `at`.
    pub fn note(&mut self, at: Option<Timestamp>, is_complete: bool, is_taken_in: bool) {
        if !is_complete {
            self.history.began = self.history.began.max(at);
            return;
        }
        self.history.completed = self.history.completed.max(at);
        if is_taken_in {
            self.taken_in = self.taken_in.max(at);
        }
    }
}
