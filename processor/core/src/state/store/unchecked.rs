//! Keeps states unparsed while a partition is restored.

use crate::HashSet;

use stackone_client_types::PersonalFields;
use stackone_link_schemas::{AccountId, AccountState};

use super::packed::Packed;
use super::{StateStore, is_there};

/// States that are not parsed yet. On a topic that is not compacted most of them are replaced by
/// later ones, and parsing is most of the work.
#[derive(Debug, Default)]
pub struct UncheckedStates {
    states: HashSet<Packed>,
    /// Room for the next one to be packed in.
    packing: Vec<u8>,
}

/// A state that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the state of account {account} cannot be read: {error}")]
pub struct UnreadableState {
    /// The id of the account.
    pub account: String,
    /// The error of the parser.
    pub error: serde_json::Error,
}

impl UncheckedStates {
    /// Takes the next record of the topic: a value, or a tombstone.
    pub fn put(&mut self, id: &AccountId, value: Option<&[u8]>) {
        match value {
            Some(value) => {
                let packed = Packed::new(id, value, &mut self.packing);
                drop(self.states.replace(packed));
            }
            None => drop(self.states.take(id.as_str().as_bytes())),
        }
    }

    /// Parses each state, and drops the personal data that is not in `kept`.
    ///
    /// # Errors
    ///
    /// Fails with the first state that cannot be read.
    pub fn check(self, kept: PersonalFields) -> Result<StateStore, UnreadableState> {
        let mut store = StateStore {
            states: self.states,
            ..StateStore::default()
        };
        let mut renewed = Vec::new();
        for packed in &store.states {
            let value = packed.unpack();
            let read = serde_json::from_slice::<AccountState>(&value);
            let is_odd = read.is_err();
            let read = read.or_else(|_| AccountState::parse(&value));
            let unreadable = |error| UnreadableState {
                account: String::from_utf8_lossy(packed.id()).into_owned(),
                error,
            };
            let mut state = read.map_err(unreadable)?;
            let account = state.account.as_mut();
            let is_outdated = account.is_some_and(|account| kept.redact(account));
            if is_outdated || is_odd {
                // In memory a state can be unpacked without a parser, so parsing is needed only
                // here.
                let value = serde_json::to_vec(&state).map_err(unreadable)?;
                renewed.push(packed.with_value(&value));
            }
            if is_outdated {
                store.outdated.extend(packed.account());
            }
            if is_there(state.state) {
                *store.confirmed.entry(state.project_id).or_default() += 1;
            }
        }
        for packed in renewed {
            drop(store.states.replace(packed));
        }
        Ok(store)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: PersonalFields = PersonalFields {
        origin_username: true,
        setup_information: true,
    };

    fn account(id: &str) -> AccountId {
        AccountId::try_from(id).unwrap()
    }

    #[test]
    fn only_the_newest_state_of_each_account_has_to_be_readable() {
        let readable = br#"{"account_id":"a","state":"active","version":1}"#;
        let mut states = UncheckedStates::default();
        states.put(&account("a"), Some(b"not a state"));
        states.put(&account("b"), Some(b"not a state"));
        states.put(&account("a"), Some(readable));
        states.put(&account("b"), None);
        let checked = states.check(ALL).unwrap();
        assert_eq!(checked.len(), 1);
        assert_eq!(checked.get(&account("a")).unwrap().version, 1);
        assert_eq!(checked.confirmed(|project| project.is_none()), 1);
    }

    #[test]
    fn personal_data_that_is_not_kept_is_left_out_until_the_state_is_written_anew() {
        let with = br#"{"account_id":"a","state":"active","version":1,"account":{"provider":"p","origin_owner_id":"o","origin_username":"Dana","setup_information":{"domain":"acme"}}}"#;
        let without = br#"{"account_id":"b","state":"active","version":1,"account":{"provider":"p","origin_owner_id":"o"}}"#;
        let kept = |origin_username, setup_information| PersonalFields {
            origin_username,
            setup_information,
        };
        for (kept, left) in [
            (kept(true, true), ["Dana", "acme"].as_slice()),
            (kept(false, true), &["acme"]),
            (kept(true, false), &["Dana"]),
            (kept(false, false), &[]),
        ] {
            let mut states = UncheckedStates::default();
            states.put(&account("a"), Some(with));
            states.put(&account("b"), Some(without));
            let mut checked = states.check(kept).unwrap();
            let known = format!("{:?}", checked.get(&account("a")));
            let found = ["Dana", "acme"]
                .into_iter()
                .filter(|text| known.contains(text));
            assert_eq!(found.collect::<Vec<_>>(), left);
            let outdated: Vec<_> = checked.outdated().cloned().collect();
            let expected = (left.len() < 2).then(|| account("a"));
            assert_eq!(outdated, Vec::from_iter(expected));
            checked.put(&account("a"), Some(without));
            assert_eq!(checked.outdated().count(), 0);
        }
    }

    #[test]
    fn odd_members_of_a_state_that_decide_nothing_are_left_out_in_memory() {
        let deep = format!("{}{}", "[".repeat(127), "]".repeat(127));
        for odd in ["1e400", &deep] {
            let value = format!(
                r#"{{"account_id":"a","state":"active","version":7,"later":{odd},"account":{{"provider":"p","origin_owner_id":"o","setup_information":{odd}}}}}"#
            );
            let mut states = UncheckedStates::default();
            states.put(&account("a"), Some(value.as_bytes()));
            let checked = states.check(ALL).unwrap();
            let state = checked.get(&account("a")).unwrap();
            assert_eq!((state.version, state.account.is_some()), (7, true));
            assert_eq!(
                checked.outdated().count(),
                0,
                "the topic keeps it for who can read it"
            );
        }
    }

    #[test]
    fn a_state_that_cannot_be_read_is_named() {
        let mut states = UncheckedStates::default();
        let newer = br#"{"account_id":"a","state":"paused","version":1}"#;
        states.put(&account("a"), Some(newer));
        let refused = states.check(ALL).map(|_| ()).unwrap_err();
        assert_eq!(refused.account, "a");
    }
}
