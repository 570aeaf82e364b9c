//! The confirmed states of one partition's accounts, in memory.

mod packed;
mod unchecked;

use std::collections::BTreeMap;

use crate::HashSet;

use serde::Deserialize;
use stackone_link_schemas::{AccountId, AccountPhase, AccountState};

use packed::Packed;

pub use unchecked::{UncheckedStates, UnreadableState};

/// Keeps each state as its bytes on the topic, packed. That takes a tenth of the memory of parsed
/// values, and a lookup parses only one.
#[derive(Debug, Default)]
pub struct StateStore {
    states: HashSet<Packed>,
    /// How many accounts are confirmed to exist, by project.
    confirmed: BTreeMap<Option<String>, usize>,
    /// Accounts whose record on the topic still has personal data that is no longer kept.
    outdated: HashSet<AccountId>,
}

/// Two members of a state: whether the account exists, and which project owns it.
#[derive(Deserialize)]
struct Standing {
    state: AccountPhase,
    #[serde(default)]
    project_id: Option<String>,
}

impl StateStore {
    /// Returns the state of an account.
    #[must_use]
    pub fn get(&self, id: &AccountId) -> Option<AccountState> {
        let packed = self.states.get(id.as_str().as_bytes())?;
        serde_json::from_slice(&packed.unpack()).ok()
    }

    /// Whether the account has a state.
    #[must_use]
    pub fn contains(&self, id: &AccountId) -> bool {
        self.states.contains(id.as_str().as_bytes())
    }

    /// Takes over what was written to the topic: a value, or a tombstone.
    pub fn put(&mut self, id: &AccountId, value: Option<&[u8]>) {
        self.outdated.remove(id);
        if let Some(project) = value.and_then(confirmed_project) {
            *self.confirmed.entry(project).or_default() += 1;
        }
        let former = match value {
            Some(value) => {
                let packed = Packed::new(id, value, &mut Vec::with_capacity(value.len()));
                self.states.replace(packed)
            }
            None => self.states.take(id.as_str().as_bytes()),
        };
        let left = former.and_then(|former| confirmed_project(&former.unpack()));
        if let Some(count) = left.and_then(|project| self.confirmed.get_mut(&project)) {
            *count -= 1;
        }
    }

    /// Returns the accounts whose record on the topic has personal data that is no longer kept.
    /// Memory has none of it.
    pub fn outdated(&self) -> impl Iterator<Item = &AccountId> {
        self.outdated.iter()
    }

    /// Returns how many accounts are confirmed to exist in the projects that `matches` selects.
    pub fn confirmed(&self, matches: impl Fn(Option<&str>) -> bool) -> usize {
        let of_projects = self
            .confirmed
            .iter()
            .filter(|(project, _)| matches(project.as_deref()));
        of_projects.map(|(_, count)| count).sum()
    }

    /// Returns every state with undecided work, with a scheduled recheck, or of an account that was
    /// unlinked because it vanished.
    pub fn unsettled(&self) -> impl Iterator<Item = AccountState> {
        // Looks at the bytes before it parses: of a million accounts few are unsettled.
        let states = self.states.iter();
        let sieved = states.filter(|packed| packed.may_be_unsettled());
        sieved.filter_map(|packed| serde_json::from_slice(&packed.unpack()).ok())
    }

    /// Returns every state.
    pub fn iter(&self) -> impl Iterator<Item = AccountState> {
        let states = self.states.iter();
        states.filter_map(|packed| serde_json::from_slice(&packed.unpack()).ok())
    }

    /// Returns the number of accounts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// Whether there are no accounts.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }
}

/// Returns the project of an account that is confirmed to exist.
fn confirmed_project(value: &[u8]) -> Option<Option<String>> {
    let standing: Standing = serde_json::from_slice(value).ok()?;
    is_there(standing.state).then_some(standing.project_id)
}

/// Whether an account in this phase is confirmed to exist.
const fn is_there(phase: AccountPhase) -> bool {
    match phase {
        AccountPhase::Active | AccountPhase::Degraded | AccountPhase::Failed => true,
        AccountPhase::None | AccountPhase::Unlinked => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reconcile::unknown_account;

    fn account(number: u8) -> AccountId {
        AccountId::try_from(format!("a{number}")).unwrap()
    }

    proptest! {
        /// However often states are overwritten and removed, the count equals that of a walk.
        #[test]
        fn the_store_knows_how_many_accounts_each_project_has(
            puts in proptest::collection::vec((0u8..5, 0usize..6, proptest::option::of(0u8..2)), 0..60),
        ) {
            use AccountPhase::{Active, Degraded, Failed, None as Unseen, Unlinked};
            let mut store = StateStore::default();
            for (number, phase, project) in puts {
                let id = account(number);
                let phase = [Active, Degraded, Failed, Unseen, Unlinked].get(phase);
                let state = phase.map(|phase| AccountState {
                    state: *phase,
                    project_id: project.map(|project| project.to_string()),
                    ..unknown_account(&id)
                });
                let value = state.map(|state| serde_json::to_vec(&state).unwrap());
                store.put(&id, value.as_deref());
                for project in [None, Some("0"), Some("1")] {
                    let is_there = |state: &AccountState| matches!(state.state, Active | Degraded | Failed);
                    let walked = store.iter().filter(|state| is_there(state) && state.project_id.as_deref() == project);
                    prop_assert_eq!(store.confirmed(|named| named == project), walked.count());
                }
            }
        }
    }
}
