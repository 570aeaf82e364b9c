//! Decides when projects are listed, by what the topic says of earlier lists. Pure.

pub mod runs;
pub mod schedule;

use jiff::Timestamp;

use schedule::History;

/// The partition whose owner begins runs and reads markers back. Every partition has every marker.
pub const MARKERS_PARTITION: i32 = 0;

/// The markers that were read back.
#[derive(Debug)]
pub struct Found {
    /// The markers of each project, by lane.
    pub of_projects: Vec<OfProject>,
    /// Whether all markers were read.
    pub is_known: bool,
}

/// The markers of one project.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OfProject {
    /// When lists began and were complete, from all markers on the topic, also those not consumed
    /// yet.
    pub history: History,
    /// When the last complete list was whose end marker was consumed.
    pub taken_in: Option<Timestamp>,
}

impl OfProject {
    /// Takes a marker with the date `at`.
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
