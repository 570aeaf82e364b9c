//! Who plays: six customers, each with the HR system it links.

use std::collections::BTreeMap;

use stackone_simulator::{AccountId, NewAccount};

/// A customer that links one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Customer {
    /// Links BambooHR.
    Acme,
    /// Links HiBob.
    Globex,
    /// Links Workday.
    Initech,
    /// Links Greenhouse.
    Hooli,
    /// Links Personio.
    Umbrella,
    /// Links Ashby.
    Vandelay,
}

impl Customer {
    const fn name(self) -> &'static str {
        match self {
            Self::Acme => "Acme",
            Self::Globex => "Globex",
            Self::Initech => "Initech",
            Self::Hooli => "Hooli",
            Self::Umbrella => "Umbrella",
            Self::Vandelay => "Vandelay",
        }
    }

    const fn provider(self) -> (&'static str, &'static str) {
        match self {
            Self::Acme => ("bamboohr", "BambooHR"),
            Self::Globex => ("hibob", "HiBob"),
            Self::Initech => ("workday", "Workday"),
            Self::Hooli => ("greenhouse", "Greenhouse"),
            Self::Umbrella => ("personio", "Personio"),
            Self::Vandelay => ("ashby", "Ashby"),
        }
    }

    /// The customer and what it links, as the screen shows them.
    pub(crate) fn label(self) -> String {
        format!("{}, {}", self.name(), self.provider().1)
    }

    /// The account that it links: active at once, unless it is changed.
    pub(crate) fn account(self) -> NewAccount {
        account_of(self.name(), self.provider())
    }
}

/// An account of `provider` (key and name) for a customer.
pub(crate) fn account_of(name: &str, (key, provider): (&str, &str)) -> NewAccount {
    let tenant = format!("tenant-{}", name.to_ascii_lowercase());
    NewAccount {
        provider_name: Some(provider.to_owned()),
        ..NewAccount::new(key, &tenant, name)
    }
}

/// The accounts that were linked so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cast(BTreeMap<Customer, AccountId>);

impl Cast {
    /// The customer has this account from now on.
    pub(crate) fn enters(&mut self, customer: Customer, account: AccountId) {
        self.0.insert(customer, account);
    }

    /// The customer's account.
    pub(crate) fn account(&self, customer: Customer) -> Option<&AccountId> {
        self.0.get(&customer)
    }
}
