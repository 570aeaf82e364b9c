//! The configured projects with their API clients.

use std::ops::Deref;
use std::sync::Arc;

use stackone_client::Client;
use stackone_processor_core::api_gate;
use stackone_processor_core::work::queue::Lane;

/// The configured projects with their API clients.
#[derive(Debug)]
pub struct ProjectClients {
    projects: Arc<api_gate::Projects>,
    clients: Vec<Client>,
}

/// A project with its API client.
#[derive(Debug, Clone, Copy)]
pub struct ProjectClient<'a> {
    /// The id of the project; `None` for the single project that serves every webhook.
    pub id: &'a Option<String>,
    /// The client with the project's key.
    pub client: &'a Client,
}

impl ProjectClients {
    /// Takes the projects in the order of their lanes.
    #[must_use]
    pub fn new(projects: Vec<(api_gate::Project, Client)>) -> Self {
        let (projects, clients) = projects.into_iter().unzip();
        Self {
            projects: Arc::new(api_gate::Projects::new(projects)),
            clients,
        }
    }

    /// Returns the projects without their clients.
    #[must_use]
    pub const fn core(&self) -> &Arc<api_gate::Projects> {
        &self.projects
    }

    /// Returns the project of a lane.
    #[must_use]
    pub fn get(&self, lane: Lane) -> Option<ProjectClient<'_>> {
        let (project, client) = self.projects.get(lane).zip(self.clients.get(lane))?;
        let id = &project.id;
        Some(ProjectClient { id, client })
    }
}

impl Deref for ProjectClients {
    type Target = api_gate::Projects;

    fn deref(&self) -> &Self::Target {
        &self.projects
    }
}
