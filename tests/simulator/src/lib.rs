//! A stand-in StackOne over real HTTP: its accounts API, its signed webhooks, and every fault of
//! both at a switch.
//!
//! It knows nothing of the pipeline that it serves. It signs, authenticates and answers from
//! StackOne's documentation alone, so that a mistake in the pipeline meets an independent opinion
//! instead of its own reflection. What the documentation leaves open is a setting; the README lists
//! it.
//!
//! ```no_run
//! use stackone_simulator::{
//!     AccountStatus, Fault, FaultRule, NewAccount, Notify, ProjectConfig, Simulator,
//!     SimulatorConfig, StatusReason, WebhookTarget,
//! };
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let project = ProjectConfig {
//!     id: "acme".to_owned(),
//!     api_key: "v1.eu1.example".into(),
//!     webhook: Some(WebhookTarget {
//!         url: "http://127.0.0.1:8080/webhooks/stackone/default".parse()?,
//!         secret: "webhook-secret".into(),
//!     }),
//! };
//! let simulator = Simulator::start(SimulatorConfig::in_process(project)).await?;
//! let mut deliveries = simulator.deliveries();
//!
//! let id = simulator.link(&NewAccount::new("bamboohr", "tenant-1", "Acme"))?;
//! assert!(deliveries.recv().await?.is_delivered());
//!
//! simulator.faults().set(FaultRule::next(1, Fault::too_many_requests(1)).for_account(&id))?;
//! let reasons = vec![StatusReason::new("401", "refused")];
//! simulator.set_status(&id, AccountStatus::Error, reasons, Notify::Send)?;
//! simulator.settled().await;
//! simulator.unlink(&id, Notify::Lose)?;
//! simulator.shutdown().await;
//! # Ok(())
//! # }
//! ```
#![expect(
    clippy::disallowed_methods,
    reason = "no service: a thread that dies is seen"
)]

mod account;
mod account_json;
mod account_status;
mod account_store;
mod api;
mod config;
mod connector;
mod control;
mod delivery;
mod fault;
mod fault_switches;
mod host;
mod hub;
mod listing;
mod milliseconds;
mod notify;
mod pages;
mod project;
mod rate_limit;
mod servers;
mod session;
mod session_store;
mod signature;
mod simulator;
mod state_file;
mod timestamp;
mod traffic;
mod webhook;

pub use account::{Account, AccountId, NewAccount};
pub use account_status::{AccountStatus, StatusReason};
pub use account_store::AccountError;
pub use api::ApiRequestCount;
pub use config::{SimulatorConfig, StartError};
pub use delivery::attempt::{describe, webhook_client, webhook_request};
pub use delivery::{
    Delivery, DeliveryCounts, DeliveryOutcome, DeliverySettings, Disturbance, InvalidDisturbance,
    RetrySchedule,
};
pub use fault::{Fault, FaultId, FaultRule, InvalidFault, Operation, RetryAfter};
pub use fault_switches::FaultSwitches;
pub use host::{HostConfig, HostProduct};
pub use listing::{ListSettings, ListShape};
pub use notify::Notify;
pub use project::{InvalidProjects, ProjectConfig, WebhookTarget};
pub use session::{AttemptStatus, OrganizationId};
pub use signature::{SIGNATURE_HEADER, SignedBody, Tamper, sign, sign_hex};
pub use simulator::{CustomWebhook, Simulator};
pub use state_file::StateFileError;
pub use webhook::{AccountEvent, RecordEvent};
