//! Decides which runs begin: those that are due, and those that lost records ask for. Pure.

use std::time::Duration;

use jiff::Timestamp;

use super::Found;
use super::schedule::{History, Schedule};
use crate::work::queue::Lane;

/// The pause from the beginning of a run to another one that lost records ask for. A run fills the
/// topic, and where that is why records are lost, runs without a pause would lose more.
const APART: Duration = Duration::from_secs(5 * 60);

/// When each project is listed. Runs of different projects do not wait for each other.
#[derive(Debug)]
pub struct Resyncs {
    schedule: Option<Schedule>,
    /// The epoch of partition 0 for which markers were read back. Until then no run is due.
    read_for: Option<u64>,
    projects: Vec<ProjectRuns>,
}

/// The runs of one project.
#[derive(Debug, Clone)]
struct ProjectRuns {
    /// Whether this process is running one.
    is_running: bool,
    /// Whether records were lost since the last run began.
    is_asked_for: bool,
    history: History,
    /// When the first run is due, where no earlier one is known.
    turn: Timestamp,
}

/// Why a run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Its time has come.
    Due,
    /// Records were lost.
    AskedFor,
}

impl Resyncs {
    /// Starts for this many projects. `interval` is the time between lists; `None` switches lists
    /// off.
    #[must_use]
    pub fn new(lanes: usize, interval: Option<Duration>) -> Self {
        let project = ProjectRuns {
            is_running: false,
            is_asked_for: false,
            history: History::default(),
            turn: Timestamp::MAX,
        };
        Self {
            schedule: interval.map(Schedule::every),
            read_for: None,
            projects: vec![project; lanes],
        }
    }

    /// Asks for a run of each project, as soon as the pause allows, because records were lost.
    /// Returns whether lists are switched on.
    pub fn ask_for(&mut self) -> bool {
        for project in &mut self.projects {
            project.is_asked_for = self.schedule.is_some();
        }
        self.schedule.is_some()
    }

    /// Notes that a run began, of whichever process.
    pub fn began(&mut self, lane: Lane, at: Timestamp) {
        let began = Some(at);
        self.knows(
            lane,
            History {
                began,
                ..History::default()
            },
        );
    }

    /// Notes that a list was complete, of whichever process.
    pub fn completed(&mut self, lane: Lane, at: Timestamp) {
        let completed = Some(at);
        self.knows(
            lane,
            History {
                completed,
                ..History::default()
            },
        );
    }

    /// Notes that a run of this process has ended. Its end marker may wait behind a backlog, which
    /// is no reason to list again.
    pub fn ended(&mut self, lane: Lane, completed: Option<Timestamp>) {
        self.knows(
            lane,
            History {
                completed,
                ..History::default()
            },
        );
        if let Some(project) = self.projects.get_mut(lane) {
            project.is_running = false;
        }
    }

    fn knows(&mut self, lane: Lane, more: History) {
        if let Some(project) = self.projects.get_mut(lane) {
            project.history = project.history.merged(more);
        }
    }

    /// Takes the markers that were read back for this epoch of partition 0.
    pub fn read(&mut self, epoch: u64, found: &Found, now: Timestamp) {
        self.read_for = Some(epoch);
        for (lane, one) in found.of_projects.iter().enumerate() {
            self.knows(lane, one.history);
        }
        let Some(schedule) = self.schedule else {
            return;
        };
        let histories: Vec<_> = self
            .projects
            .iter()
            .map(|project| project.history)
            .collect();
        let turns = schedule.turns(&histories, found.is_known, now);
        for (project, turn) in self.projects.iter_mut().zip(turns) {
            project.turn = turn;
        }
    }

    /// Returns the projects whose runs begin now, and why. `assignment` is the epoch of partition 0
    /// if it is assigned to this process, which then begins the runs that are due.
    pub fn begin(&mut self, assignment: Option<u64>, now: Timestamp) -> Vec<(Lane, Why)> {
        let Some(schedule) = self.schedule else {
            return Vec::new();
        };
        let is_turn = assignment.is_some() && assignment == self.read_for;
        let projects = self.projects.iter_mut().enumerate();
        projects
            .filter_map(|(lane, project)| Some((lane, project.begin(schedule, is_turn, now)?)))
            .collect()
    }

    /// Returns the schedule of lists; `None` where they are switched off.
    #[must_use]
    pub const fn schedule(&self) -> Option<Schedule> {
        self.schedule
    }

    /// Returns when the next run begins if no input comes before.
    #[must_use]
    pub fn next_begin(&self, assignment: Option<u64>) -> Option<Timestamp> {
        let schedule = self.schedule?;
        let is_turn = assignment.is_some() && assignment == self.read_for;
        let idle = self.projects.iter().filter(|project| !project.is_running);
        idle.filter_map(|project| project.next(schedule, is_turn))
            .min()
    }
}

impl ProjectRuns {
    fn begin(&mut self, schedule: Schedule, is_turn: bool, now: Timestamp) -> Option<Why> {
        self.history = self.history.not_after(now);
        let why = self.why(schedule, is_turn, now)?;
        self.is_running = true;
        self.is_asked_for = false;
        self.history.began = Some(now);
        Some(why)
    }

    fn why(&self, schedule: Schedule, is_turn: bool, now: Timestamp) -> Option<Why> {
        if self.is_running {
            return None;
        }
        if is_turn && now >= schedule.due_at(self.history, self.turn) {
            return Some(Why::Due);
        }
        let may_again = |began| now.duration_since(began).unsigned_abs() >= APART;
        let may_again = self.history.began.is_none_or(may_again);
        (self.is_asked_for && may_again).then_some(Why::AskedFor)
    }

    fn next(&self, schedule: Schedule, is_turn: bool) -> Option<Timestamp> {
        let due = is_turn.then(|| schedule.due_at(self.history, self.turn));
        let began = self.history.began.unwrap_or(Timestamp::MIN);
        let again = began.checked_add(APART).unwrap_or(Timestamp::MAX);
        let asked_for = self.is_asked_for.then_some(again);
        due.into_iter().chain(asked_for).min()
    }
}

#[cfg(test)]
mod tests;
