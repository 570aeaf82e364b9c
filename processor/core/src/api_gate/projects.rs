//! The configured StackOne projects: whose API key is used for whom.

use std::num::NonZeroU32;

use crate::api_gate::gate::Gate;
use crate::time::Monotonic;
use crate::work::queue::Lane;

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its id; none where a single project serves every webhook.
    pub id: Option<String>,
    /// Requests that may be sent to it in a minute, by all replicas together.
    pub requests_per_minute: NonZeroU32,
}

/// The configured projects, in the order of their lanes.
#[derive(Debug, Clone)]
pub struct Projects(Vec<Project>);

impl Projects {
    /// The projects, each of which gets the lane of its place.
    #[must_use]
    pub const fn new(projects: Vec<Project>) -> Self {
        Self(projects)
    }

    /// How many lanes there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The project of a lane.
    #[must_use]
    pub fn get(&self, lane: Lane) -> Option<&Project> {
        self.0.get(lane)
    }

    /// A gate for each project.
    #[must_use]
    pub fn gates(&self, now: Monotonic) -> Vec<Gate> {
        self.0
            .iter()
            .map(|project| Gate::new(project.requests_per_minute, now))
            .collect()
    }

    /// The names of all projects in metrics and logs.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|lane| self.label(lane))
    }

    /// The project's name in metrics and logs.
    #[must_use]
    pub fn label(&self, lane: Lane) -> &str {
        self.get(lane)
            .and_then(|project| project.id.as_deref())
            .unwrap_or("default")
    }

    /// The lane for what names this project, or none. A single project serves what names no project; one without an id,
    /// everything.
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

    /// Whether an account whose key got its 200 from `owner` may be looked up for what names `named`.
    #[must_use]
    pub fn is_owner(&self, lane: Lane, owner: Option<&str>, named: Option<&str>) -> bool {
        let serves_everything = self.get(lane).is_some_and(|project| project.id.is_none());
        match (owner, named) {
            (Some(owner), Some(named)) => serves_everything || owner == named,
            (None, _) | (_, None) => true,
        }
    }
}
