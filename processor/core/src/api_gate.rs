//! What may be asked of a project's API: which project, how many accounts at once, and when.

pub mod batch;
pub mod breaker;
pub mod budget;
pub mod gate;
pub mod projects;

pub use gate::{Gate, PROBE_INTERVAL};
pub use projects::{Project, Projects};
