//! What a simulator is started with, and why it may not start.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;

use crate::delivery::{DeliverySettings, Disturbance, InvalidDisturbance};
use crate::listing::ListSettings;
use crate::project::{InvalidProjects, ProjectConfig};
use crate::session::OrganizationId;
use crate::state_file::StateFileError;

/// What a simulator is started with.
#[derive(Debug, Clone)]
pub struct SimulatorConfig {
    /// Where the accounts API listens.
    pub api_listen: SocketAddr,
    /// Where the switches listen. They have no password: keep this on a loopback or private
    /// address.
    pub control_listen: SocketAddr,
    /// The projects, at least one.
    pub projects: Vec<ProjectConfig>,
    /// Requests per API key and minute. Documented: 1,000.
    pub rate_limit: NonZeroU32,
    /// How lists are answered.
    pub lists: ListSettings,
    /// How webhooks are delivered.
    pub delivery: DeliverySettings,
    /// What goes wrong with webhooks from the start.
    pub disturbance: Disturbance,
    /// Linking, refreshing, degrading and unlinking accounts at random, so often a minute.
    pub traffic_rate: Option<NonZeroU32>,
    /// A file that keeps the accounts over restarts.
    pub state_file: Option<PathBuf>,
    /// Where browsers reach the API and the pages, where that is not its address: no slash at its
    /// end.
    pub public_url: Option<String>,
    /// How the id of an organization is written.
    pub organization_id: OrganizationId,
    /// The same seed gives the same account ids, losses, orders and traffic. By default another one
    /// each time, so that a simulator that is started again does not bring back the ids of accounts
    /// that it no longer knows.
    pub seed: u64,
}

impl SimulatorConfig {
    /// The documented limits, on ports 9090 and 9091 of the loopback address.
    #[must_use]
    pub fn new(projects: Vec<ProjectConfig>) -> Self {
        Self {
            api_listen: (Ipv4Addr::LOCALHOST, 9090).into(),
            control_listen: (Ipv4Addr::LOCALHOST, 9091).into(),
            projects,
            rate_limit: NonZeroU32::new(1_000).unwrap_or(NonZeroU32::MAX),
            lists: ListSettings::default(),
            delivery: DeliverySettings::default(),
            disturbance: Disturbance::default(),
            traffic_rate: None,
            state_file: None,
            public_url: None,
            organization_id: OrganizationId::default(),
            seed: fastrand::u64(..),
        }
    }

    /// For use inside another program: one project, on free ports.
    #[must_use]
    pub fn in_process(project: ProjectConfig) -> Self {
        let free = (Ipv4Addr::LOCALHOST, 0).into();
        Self {
            api_listen: free,
            control_listen: free,
            ..Self::new(vec![project])
        }
    }
}

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The projects could not be told apart.
    #[error(transparent)]
    Projects(#[from] InvalidProjects),
    /// The disturbance could not be carried out.
    #[error(transparent)]
    Disturbance(#[from] InvalidDisturbance),
    /// An address could not be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The accounts of an earlier run could not be read.
    #[error(transparent)]
    State(#[from] StateFileError),
    /// The client that sends webhooks could not be made.
    #[error("cannot make the client that sends webhooks")]
    Client(#[from] reqwest::Error),
}

impl StartError {
    /// The configuration is at fault, not the machine.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::Projects(_) | Self::Disturbance(_) => true,
            Self::Listen { .. } | Self::State(_) | Self::Client(_) => false,
        }
    }
}
