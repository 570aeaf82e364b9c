//! The confirmed states of one partition's accounts, in memory.

use std::collections::HashMap;

use stackone_link_schemas::{AccountId, AccountState};

/// States as the JSON they have on the topic: a third of the memory of the parsed values, and a lookup parses one.
#[derive(Debug, Default)]
pub struct StateStore(HashMap<AccountId, Box<[u8]>>);

impl StateStore {
    /// The state of an account.
    #[must_use]
    pub fn get(&self, id: &AccountId) -> Option<AccountState> {
        serde_json::from_slice(self.0.get(id)?).ok()
    }

    /// Whether there is a record for the account.
    #[must_use]
    pub fn contains(&self, id: &AccountId) -> bool {
        self.0.contains_key(id)
    }

    /// Takes over what was written to the topic: a value, or its removal.
    pub fn put(&mut self, id: &AccountId, value: Option<&[u8]>) {
        match value {
            Some(value) => {
                self.0.insert(id.clone(), value.into());
            }
            None => {
                self.0.remove(id);
            }
        }
    }

    /// Every state that is undecided or due for a recheck.
    pub fn unfinished(&self) -> impl Iterator<Item = AccountState> {
        let values = self.0.values().map(AsRef::as_ref);
        let unfinished = values
            .filter(|value| contains(value, br#""pending""#) || contains(value, br#""recheck""#));
        unfinished.filter_map(|value| serde_json::from_slice(value).ok())
    }

    /// Every state.
    pub fn iter(&self) -> impl Iterator<Item = AccountState> {
        self.0
            .values()
            .filter_map(|value| serde_json::from_slice(value).ok())
    }

    /// How many accounts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A first sieve before parsing: of a million accounts few are unfinished.
fn contains(value: &[u8], member: &[u8]) -> bool {
    value.windows(member.len()).any(|window| window == member)
}
