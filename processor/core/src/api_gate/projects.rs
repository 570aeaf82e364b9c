//! The configured StackOne projects, and which of them a record belongs to.

use std::num::NonZeroU32;

use crate::api_gate::gate::Gate;
use crate::time::Monotonic;
use crate::work::queue::Lane;

/// A configured project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The project's id at StackOne; `None` for the single project that serves every webhook.
    pub id: Option<String>,
    /// The budget in requests per minute, for all replicas together.
    pub requests_per_minute: NonZeroU32,
}

/// The configured projects; the index of each is its lane.
#[derive(Debug, Clone)]
pub struct Projects(Vec<Project>);

impl Projects {
    /// Takes the projects in the order of their lanes.
    #[must_use]
    pub const fn new(projects: Vec<Project>) -> Self {
        Self(projects)
    }

    /// Returns the number of lanes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no project is configured.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The project of a lane.
    #[must_use]
    pub fn get(&self, lane: Lane) -> Option<&Project> {
        self.0.get(lane)
    }

    /// Makes a gate for each project.
    #[must_use]
    pub fn gates(&self, now: Monotonic) -> Vec<Gate> {
        self.0
            .iter()
            .map(|project| Gate::new(project.requests_per_minute, now))
            .collect()
    }

    /// Returns the names of all projects in metrics and logs.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|lane| self.label(lane))
    }

    /// Returns the name of a project in metrics and logs.
    #[must_use]
    pub fn label(&self, lane: Lane) -> &str {
        self.get(lane)
            .and_then(|project| project.id.as_deref())
            .unwrap_or("default")
    }

    /// Returns the lane of the project with the id `named`; `None` where it is not configured. A
    /// single project also serves records that name no project, and a single project without an id
    /// serves all records.
    #[must_use]
    pub fn lane_of(&self, named: Option<&str>) -> Option<Lane> {
        match (self.0.as_slice(), named) {
            ([Project { id: None, .. }], _) | ([_], None) => Some(0),
            (projects, Some(named)) => projects
                .iter()
                .position(|project| project.id.as_deref() == Some(named)),
            (_, None) => None,
        }
    }

    /// Whether an account that the key of `owner` found with a 200 may be looked up for a record
    /// that names `named`.
    #[must_use]
    pub fn is_owner(&self, lane: Lane, owner: Option<&str>, named: Option<&str>) -> bool {
        let serves_everything = self.get(lane).is_some_and(|project| project.id.is_none());
        match (owner, named) {
            (Some(owner), Some(named)) => serves_everything || owner == named,
            (None, _) | (_, None) => true,
        }
    }
}
