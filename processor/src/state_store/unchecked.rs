//! States as they come while a partition is restored.

use std::collections::HashMap;

use stackone_link_schemas::{AccountId, AccountState};

use super::packed::Packed;
use super::{StateStore, is_there};

/// States that nobody has read yet: on a topic that is not compacted most of them are replaced by later ones, and reading
/// is most of the work.
#[derive(Debug, Default)]
pub struct UncheckedStates(HashMap<AccountId, Packed>);

/// A state that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the state of account {account} cannot be read: {error}")]
pub struct UnreadableState {
    /// The account.
    pub account: AccountId,
    /// What is wrong with it.
    pub error: serde_json::Error,
}

impl UncheckedStates {
    /// Takes in what comes next on the topic: a value, or its removal.
    pub fn put(&mut self, id: AccountId, value: Option<&[u8]>) {
        match value {
            Some(value) => drop(self.0.insert(id, Packed::new(value))),
            None => drop(self.0.remove(&id)),
        }
    }

    /// The states, once each of them has been read.
    ///
    /// # Errors
    ///
    /// The first that cannot be.
    pub fn check(self) -> Result<StateStore, UnreadableState> {
        let mut confirmed: HashMap<Option<String>, usize> = HashMap::new();
        for (id, packed) in &self.0 {
            let read = serde_json::from_slice::<AccountState>(&packed.unpack());
            let state = read.map_err(|error| UnreadableState {
                account: id.clone(),
                error,
            })?;
            if is_there(state.state) {
                *confirmed.entry(state.project_id).or_default() += 1;
            }
        }
        Ok(StateStore {
            states: self.0,
            confirmed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: &str) -> AccountId {
        AccountId::try_from(id).unwrap()
    }

    #[test]
    fn only_the_newest_state_of_each_account_has_to_be_readable() {
        let readable = br#"{"account_id":"a","state":"active","version":1}"#;
        let mut states = UncheckedStates::default();
        states.put(account("a"), Some(b"not a state"));
        states.put(account("b"), Some(b"not a state"));
        states.put(account("a"), Some(readable));
        states.put(account("b"), None);
        let checked = states.check().unwrap();
        assert_eq!(checked.len(), 1);
        assert_eq!(checked.get(&account("a")).unwrap().version, 1);
        assert_eq!(checked.confirmed(|project| project.is_none()), 1);
    }

    #[test]
    fn a_state_that_cannot_be_read_is_named() {
        let mut states = UncheckedStates::default();
        let newer = br#"{"account_id":"a","state":"paused","version":1}"#;
        states.put(account("a"), Some(newer));
        let refused = states.check().map(|_| ()).unwrap_err();
        assert_eq!(refused.account, account("a"));
    }
}
