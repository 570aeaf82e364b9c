//! Who plays: eight customers, each with the HR system it links.

use std::collections::BTreeMap;

use serde::Serialize;
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
    /// Links HiBob in the page of the host product.
    Wonka,
    /// Links Greenhouse by a mailed link.
    Stark,
}

/// A customer, as the host product names it to connect.
#[derive(Debug, Serialize)]
pub(crate) struct Tenant {
    id: String,
    name: &'static str,
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
            Self::Wonka => "Wonka",
            Self::Stark => "Stark",
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
            Self::Wonka => ("hibob", "HiBob"),
            Self::Stark => ("greenhouse", "Greenhouse"),
        }
    }

    /// The customer and what it links, as the screen shows them.
    pub(crate) fn label(self) -> String {
        format!("{}, {}", self.name(), self.provider().1)
    }

    pub(crate) fn tenant(self) -> Tenant {
        Tenant {
            id: tenant_of(self.name()),
            name: self.name(),
        }
    }

    /// The account that it links: active at once, unless it is changed.
    pub(crate) fn account(self) -> NewAccount {
        account_of(self.name(), self.provider())
    }
}

/// An account of `provider` (key and name) for a customer.
pub(crate) fn account_of(name: &str, (key, provider): (&str, &str)) -> NewAccount {
    let tenant = tenant_of(name);
    NewAccount {
        provider_name: Some(provider.to_owned()),
        ..NewAccount::new(key, &tenant, name)
    }
}

fn tenant_of(name: &str) -> String {
    format!("tenant-{}", name.to_ascii_lowercase())
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
