//! The names of projects, as metrics, alerts and commands have them.

use stackone_processor::config::{ProjectSettings, Settings};
use stackone_processor_core::api_gate::{Project, Projects};

/// The name of a single project without an id.
pub const UNNAMED: &str = "default";

/// Returns the configured projects.
pub(crate) fn projects(settings: &Settings) -> Projects {
    let project = |project: &ProjectSettings| Project {
        id: project.id.clone(),
        requests_per_minute: project.requests_per_minute,
    };
    Projects::new(settings.projects.iter().map(project).collect())
}

/// Returns the name of the project that serves accounts of the project `id`. A single project
/// without an id serves all, whatever id their webhooks name.
pub(crate) fn name_of<'a>(projects: &'a Projects, id: Option<&'a str>) -> &'a str {
    match projects.lane_of(id) {
        Some(lane) => projects.label(lane),
        None => id.unwrap_or(UNNAMED),
    }
}
