//! Processors that are stopped between two steps of a transaction.

use std::path::Path;

use anyhow::Context;

use super::WITHIN;
use crate::{ServiceProcess, eventually};

pub use stackone_processor::transaction::Step;

/// What is done to a processor that is a process of its own.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disturbance {
    /// It is held before this step of the first transaction that writes a record of this `ce_type`.
    pub is_held_before: Option<(Step, &'static str)>,
    /// It sends no offsets, so that the broker fences nothing.
    pub is_without_offsets: bool,
}

impl Disturbance {
    /// Arguments for the test's program; `held` is the file that holds it.
    pub(super) fn arguments(self, held: &Path) -> anyhow::Result<Vec<String>> {
        let mut arguments = Vec::new();
        if let Some((step, event_type)) = self.is_held_before {
            let step = format!("{step:?}");
            let held = held.to_str().context("the path is text")?;
            arguments.extend(["--hold-before", &step, event_type, held].map(str::to_owned));
        }
        if self.is_without_offsets {
            arguments.push("--without-offsets".to_owned());
        }
        if !arguments.is_empty() {
            arguments.push("--".to_owned());
        }
        Ok(arguments)
    }
}

impl ServiceProcess {
    /// Waits until it is held. What it does beside the transaction goes on.
    ///
    /// # Panics
    ///
    /// Where it does not come to that.
    pub async fn is_held(&self) {
        let held = eventually("the processor is held", WITHIN, async || {
            let is_held = self.held.exists();
            is_held.then_some(()).ok_or_else(|| self.log())
        });
        held.await.unwrap_or_else(|overdue| panic!("{overdue}"));
    }

    /// Waits until it is held, and puts it to sleep: SIGSTOP, so that the group does not hear of it
    /// either.
    ///
    /// # Panics
    ///
    /// Where it does not come to that.
    pub async fn falls_asleep(&self) {
        self.is_held().await;
        self.signal("STOP").await;
    }

    /// Holds it no longer.
    ///
    /// # Panics
    ///
    /// Where it is not held.
    pub fn goes_on(&self) {
        std::fs::remove_file(&self.held).expect("it is held");
    }

    /// Wakes it, and it goes on where it was held.
    ///
    /// # Panics
    ///
    /// Where it is not there any more.
    pub async fn wake(&self) {
        self.goes_on();
        self.signal("CONT").await;
    }
}
