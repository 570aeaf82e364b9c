//! Which resyncs begin: when they are due, and when records are known to be lost. Pure.

use std::time::Duration;

use jiff::Timestamp;

use super::Found;
use super::schedule::{History, Schedule};
use crate::work::queue::Lane;

/// How long after a run has begun another one does because records were lost. What a run publishes takes room on the topic,
/// and where that is why records are lost, runs without a pause would lose more.
const APART: Duration = Duration::from_secs(5 * 60);

/// When each project is listed. They do not wait for each other.
#[derive(Debug)]
pub struct Resyncs {
    schedule: Option<Schedule>,
    /// The assignment of partition 0 for which markers were read back. Until they are, nothing is due.
    read_for: Option<u64>,
    projects: Vec<ProjectRuns>,
}

/// The runs of a project.
#[derive(Debug, Clone)]
struct ProjectRuns {
    /// Until its end is told.
    is_running: bool,
    /// Records were lost since the last run began.
    is_asked_for: bool,
    history: History,
    /// When the first run is due, where none is known.
    turn: Timestamp,
}

/// Why a run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It is time to.
    Due,
    /// Records were lost.
    AskedFor,
}

impl Resyncs {
    /// For so many projects, each listed so often; never where there is no interval.
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

    /// Records were lost: each project is listed as soon as may be. Says whether projects are listed at all.
    pub fn ask_for(&mut self) -> bool {
        for project in &mut self.projects {
            project.is_asked_for = self.schedule.is_some();
        }
        self.schedule.is_some()
    }

    /// A run began, whoever began it.
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

    /// A list was complete, whoever made it.
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

    /// A run of ours has ended. The marker of its end may wait behind a backlog, which is no reason to list again.
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

    /// Markers were read back for this assignment of partition 0.
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

    /// The projects whose runs begin now, and why. `assignment` is that of partition 0, where it is ours: what is due is then
    /// ours, too.
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

    /// How often projects are listed, if they are.
    #[must_use]
    pub const fn schedule(&self) -> Option<Schedule> {
        self.schedule
    }

    /// When the next run begins, if nothing else happens.
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
