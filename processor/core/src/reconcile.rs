//! The decision table: what an answer of the accounts API means for an account. Pure.
//!
//! [`row`] is the table without time. [`decide`] lets a grace period pass before a row is believed.
//! [`apply`] turns a decision into the next state and the event to emit.

mod decision;
mod grace;
pub mod recheck;
mod table;
mod transition;

#[cfg(test)]
pub(crate) mod tests;

pub use decision::{Case, Decision, decide};
pub use grace::{GracePeriods, next_look};
pub use table::{AfterGrace, Differences, Freshness, LifecycleKind, Row, Seen, SkipReason, row};
pub use transition::{Transition, apply, unknown_account};
