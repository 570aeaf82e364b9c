//! A scene: what happens, and what must come of it.

use stackone_link_schemas::LifecycleType;

use super::Act;
use crate::cast::Customer;

/// An event that subscribers must read. The first of an account has version 1, the next 2, and so
/// on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected {
    /// Whose account.
    pub customer: Customer,
    /// What happened to it.
    pub event: LifecycleType,
    /// What the accounts API says; none where the account is gone.
    pub status: Option<&'static str>,
    /// Whether it is found by listing the accounts, and not by a webhook.
    pub by_listing: bool,
}

/// What happens, and what must come of it before the next scene begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scene {
    /// What a newcomer is told.
    pub heading: &'static str,
    /// What is done, one after the other.
    pub acts: Vec<Act>,
    /// All events that must come of it, in order for each account.
    pub expected: Vec<Expected>,
}

impl Scene {
    /// The customer that the scene is about, where it is one: by what is done, and by what must
    /// come of it.
    pub(crate) fn only_customer(&self) -> Option<Customer> {
        let acting = self.acts.iter().filter_map(|act| act.customer());
        let mut customers = acting.chain(self.expected.iter().map(|expected| expected.customer));
        let first = customers.next()?;
        customers.all(|customer| customer == first).then_some(first)
    }
}

pub(super) fn scene(heading: &'static str, acts: Vec<Act>, expected: Vec<Expected>) -> Scene {
    Scene {
        heading,
        acts,
        expected,
    }
}

pub(super) fn active(customer: Customer, event: LifecycleType) -> Expected {
    expect(customer, event, Some("active"))
}

pub(super) fn expect(
    customer: Customer,
    event: LifecycleType,
    status: Option<&'static str>,
) -> Expected {
    Expected {
        customer,
        event,
        status,
        by_listing: false,
    }
}
