//! The table of all accounts by their ids. An account is shared with its tenant and holds the only
//! copy of its id, because a table that has doubled is half empty: its entries count twice.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use stackone_link_schemas::AccountId;

use crate::account::Account;

/// All known accounts.
#[derive(Debug, Default)]
pub(super) struct Accounts(HashSet<ById>);

/// An account that is compared and hashed by its id alone.
#[derive(Debug)]
struct ById(Arc<Account>);

impl Accounts {
    pub(super) fn get(&self, id: &AccountId) -> Option<&Account> {
        self.0.get(id).map(|ById(account)| &**account)
    }

    /// Adds an account in place of the one with the same id.
    pub(super) fn put(&mut self, account: Arc<Account>) {
        self.0.replace(ById(account));
    }

    pub(super) fn remove(&mut self, id: &AccountId) -> Option<Arc<Account>> {
        self.0.take(id).map(|ById(account)| account)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Borrow<AccountId> for ById {
    fn borrow(&self) -> &AccountId {
        &self.0.id
    }
}

impl PartialEq for ById {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for ById {}

impl Hash for ById {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.id.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;
    use stackone_link_schemas::AccountPhase;

    use super::*;
    use crate::session::testing::{account, id};

    proptest! {
        #[test]
        fn the_index_of_accounts_holds_what_a_map_with_copied_ids_holds(
            steps in proptest::collection::vec(
                (0..40u8, proptest::option::weighted(0.7, 1..100u64)), 0..300
            )
        ) {
            let (mut accounts, mut model) = (Accounts::default(), HashMap::new());
            for (number, version) in steps {
                let name = format!("a{number}");
                match version {
                    Some(version) => {
                        let account = account(&name, version, AccountPhase::Active);
                        accounts.put(Arc::new(account.clone()));
                        model.insert(id(&name), account);
                    }
                    None => {
                        let expected = model.remove(&id(&name));
                        let removed = accounts.remove(&id(&name));
                        prop_assert_eq!(removed.as_deref(), expected.as_ref());
                    }
                }
                prop_assert_eq!(accounts.len(), model.len());
            }
            for name in (0..40).map(|number| id(&format!("a{number}"))) {
                prop_assert_eq!(accounts.get(&name), model.get(&name));
            }
        }
    }
}
