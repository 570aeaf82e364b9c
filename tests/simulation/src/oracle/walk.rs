//! The events of an account, one after the other: versions rise by one, each goes on from the one
//! before, and its type fits both.

use stackone_link_schemas::{AccountLifecycleEvent, AccountPhase, AccountStatus, LifecycleType};

use crate::reference::{Told, phase_after};

/// Where an account stands by what was told of it.
#[derive(Debug)]
pub struct Walk {
    version: u64,
    phase: AccountPhase,
    status: Option<AccountStatus>,
    links: usize,
    told: Vec<Told>,
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            version: 0,
            phase: AccountPhase::None,
            status: None,
            links: 0,
            told: Vec::new(),
        }
    }
}

impl Walk {
    /// How much was told.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// What was told, in order.
    #[must_use]
    pub fn told(&self) -> &[Told] {
        &self.told
    }

    /// How often it was linked.
    #[must_use]
    pub const fn links(&self) -> usize {
        self.links
    }

    /// Takes the next event.
    ///
    /// # Errors
    ///
    /// Where it does not go on from the one before.
    pub fn goes_on(&mut self, event: &AccountLifecycleEvent) -> Result<(), String> {
        let is_next = (event.version, &event.previous_status) == (self.version + 1, &self.status);
        if !is_next || !self.is_legal(event) {
            return Err(format!("from {self:?}: {event:?}"));
        }
        self.version = event.version;
        self.phase = phase_after(&event.event_type);
        self.status.clone_from(&event.status);
        self.told.push(Told {
            kind: event.event_type.clone(),
            causes: event.caused_by.iter().map(|cause| cause.offset).collect(),
        });
        self.links += usize::from(event.event_type == LifecycleType::Linked);
        Ok(())
    }

    fn is_legal(&self, event: &AccountLifecycleEvent) -> bool {
        use AccountPhase::{Active, Degraded, Failed, None as Nothing, Unlinked};
        let is_active = event
            .status
            .as_ref()
            .map(|status| status.as_str() == "active");
        let is_another = event.status != self.status;
        match (&event.event_type, self.phase) {
            (LifecycleType::Linked, Nothing | Failed | Unlinked)
            | (LifecycleType::Refreshed, Active)
            | (LifecycleType::Recovered, Degraded) => is_active == Some(true),
            (LifecycleType::Degraded, Active) | (LifecycleType::LinkFailed, Nothing | Unlinked) => {
                is_active == Some(false)
            }
            (LifecycleType::Degraded, Degraded) | (LifecycleType::LinkFailed, Failed) => {
                is_active == Some(false) && is_another
            }
            (LifecycleType::Unlinked, phase) => phase != Unlinked && is_active != Some(true),
            (
                LifecycleType::Linked
                | LifecycleType::Refreshed
                | LifecycleType::Recovered
                | LifecycleType::Degraded
                | LifecycleType::LinkFailed
                | LifecycleType::Other(_),
                _,
            ) => false,
        }
    }
}
