//! How accounts are called on the screen.

use stackone_simulator::{AccountId, AccountStatus, Simulator};

/// So much of an account's id is shown: enough to tell a handful of accounts apart.
const SHOWN: usize = 5;

/// Knows the customer and the provider of each account.
#[derive(Debug, Clone)]
pub(crate) struct Names(Simulator);

impl Names {
    /// Names of the simulator's accounts.
    pub(crate) const fn new(simulator: Simulator) -> Self {
        Self(simulator)
    }

    /// The account in a column: the beginning of its id, its customer and provider.
    pub(crate) fn label(&self, id: &str) -> String {
        let short: String = id.chars().take(SHOWN).collect();
        match self.0.account(&AccountId::from(id)) {
            Some(account) => {
                let provider = account.provider_name.unwrap_or(account.provider);
                format!("{short}… {}, {provider}", account.origin_owner_name)
            }
            None => format!("{short}… (unknown)"),
        }
    }

    /// What the accounts API says about it now.
    pub(crate) fn status(&self, id: &AccountId) -> Option<AccountStatus> {
        self.0.account(id).map(|account| account.status)
    }
}
