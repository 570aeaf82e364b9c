//! Rounds that begin and end settled: what was told has to be what the reference allows, event for
//! event and cause for cause.

use stackone_link_schemas::{ACCOUNT_LOOK_TYPE, AccountPhase, AccountState};

use super::Trigger;
use crate::reference::{self, Known, NOTHING, Told, Truth, outcomes};

/// What is on record of an account up to a round.
#[derive(Debug)]
pub struct Book {
    /// What may be known of it.
    known: Vec<Known>,
    triggers: usize,
    told: usize,
}

impl Book {
    /// By its state, when so much was stored and told.
    #[must_use]
    pub fn of(state: Option<&AccountState>, triggers: usize, told: usize) -> Self {
        let known = state.map_or(NOTHING, |state| Known {
            phase: state.state,
            truth: truth(state),
            newest: state.last_event_date,
        });
        Self {
            known: vec![known],
            triggers,
            told,
        }
    }

    /// The book after a round.
    ///
    /// # Errors
    ///
    /// Where what was told is not allowed.
    pub fn after(
        &self,
        triggers: &[Trigger],
        told: &[Told],
        now: Option<&Truth>,
    ) -> Result<Self, String> {
        let all: Vec<reference::Trigger> = triggers.iter().map(as_reference).collect();
        let (new, events) = (&all[self.triggers..], &told[self.told..]);
        let mut allowed = Vec::new();
        for known in &self.known {
            allowed.extend(outcomes(known, now, new, true));
            // Where a partition was taken over records may come again, which nothing tells of an
            // unknown account.
            if known.phase == AccountPhase::None && all.len() < 12 {
                allowed.extend(outcomes(known, now, &all, true));
            }
        }
        let matching = allowed.iter().filter(|outcome| outcome.told == events);
        let mut known: Vec<Known> = matching.map(|outcome| outcome.known.clone()).collect();
        known.dedup();
        if known.is_empty() {
            let was = &self.known;
            return Err(format!(
                "was {was:?}, is {now:?}, by {new:?} allowed {allowed:?}, told {events:?}"
            ));
        }
        Ok(Self {
            known,
            triggers: triggers.len(),
            told: told.len(),
        })
    }
}

/// What a state shows of the account when it was last confirmed.
fn truth(state: &AccountState) -> Option<Truth> {
    let account = state.account.as_ref()?;
    Some(Truth {
        status: state.status.clone()?,
        updated_at: account.updated_at?,
        label: account.label.clone(),
    })
}

fn as_reference(trigger: &Trigger) -> reference::Trigger {
    reference::Trigger {
        sort: trigger.sort,
        date: trigger.date,
        offset: Some(trigger.offset),
        is_look: trigger.event_type == ACCOUNT_LOOK_TYPE,
    }
}
