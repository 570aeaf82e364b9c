//! The simulator over real HTTP: as a library, and as the program that people run.
#![expect(
    clippy::disallowed_methods,
    reason = "a test starts threads as it likes"
)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails at once"
)]

mod accounts;
mod connect;
mod control;
mod disturbances;
mod faults;
mod host;
mod hub;
mod pages;
mod program;
mod stage;
mod webhooks;
