//! Decides what may be asked of a project's API: by which project's key, how many accounts at once,
//! and when. Apart from the scheduler, because each rule here depends on one project alone.

pub mod batch;
pub mod breaker;
pub mod budget;
pub mod gate;
pub mod projects;

pub use gate::{Gate, PROBE_INTERVAL};
pub use projects::{Project, Projects};
