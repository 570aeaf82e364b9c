//! The story as data: what StackOne does in each scene, and what subscribers must read because of it.
//!
//! To add a scene, add it here; only a new kind of act needs code elsewhere, in `performance`.

mod act;
#[cfg(test)]
mod tests;

use std::time::Duration;

use stackone_link_schemas::LifecycleType;

use crate::cast::Customer;

pub(crate) use act::{Act, Linking};

/// An event that subscribers must read. The first of an account has version 1, the next 2, and so on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected {
    /// Whose account.
    pub customer: Customer,
    /// What happened to it.
    pub event: LifecycleType,
    /// What the accounts API says; none where the account is gone.
    pub status: Option<&'static str>,
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
    /// The customer that the scene is about, where it is one.
    pub(crate) fn only_customer(&self) -> Option<Customer> {
        let mut customers = self.acts.iter().filter_map(|act| act.customer());
        let first = customers.next()?;
        customers.all(|customer| customer == first).then_some(first)
    }
}

/// The whole story.
pub(crate) fn scenes() -> Vec<Scene> {
    let mut scenes = linking();
    scenes.extend(living());
    scenes.extend(trouble());
    scenes.push(scene(
        "Acme unlinks: the accounts API answers 404",
        vec![Act::Unlink(Customer::Acme)],
        vec![expect(Customer::Acme, LifecycleType::Unlinked, None)],
    ));
    scenes
}

fn linking() -> Vec<Scene> {
    let three = [Customer::Acme, Customer::Globex, Customer::Initech];
    vec![
        scene(
            "Three customers link their HR systems",
            three
                .map(|customer| Act::Link(customer, Linking::Active))
                .to_vec(),
            three
                .map(|customer| active(customer, LifecycleType::Linked))
                .to_vec(),
        ),
        scene(
            "Hooli links Greenhouse, but it becomes active only a second later",
            vec![Act::Link(
                Customer::Hooli,
                Linking::ActiveAfter(Duration::from_secs(1)),
            )],
            vec![active(Customer::Hooli, LifecycleType::Linked)],
        ),
        scene(
            "Umbrella links Personio with credentials that do not work",
            vec![Act::Link(Customer::Umbrella, Linking::Broken)],
            vec![expect(
                Customer::Umbrella,
                LifecycleType::LinkFailed,
                Some("error"),
            )],
        ),
        scene(
            "Umbrella enters the right credentials: only now is it linked",
            vec![Act::Repair(Customer::Umbrella)],
            vec![active(Customer::Umbrella, LifecycleType::Linked)],
        ),
    ]
}

fn living() -> Vec<Scene> {
    vec![
        scene(
            "Acme's credentials are refreshed",
            vec![Act::Refresh(Customer::Acme)],
            vec![active(Customer::Acme, LifecycleType::Refreshed)],
        ),
        scene(
            "StackOne delivers that webhook a second time: no second event",
            vec![Act::DeliverAgain(Customer::Acme)],
            vec![],
        ),
        scene(
            "Globex changes its password, and HiBob refuses the old one",
            vec![Act::Break(Customer::Globex)],
            vec![expect(
                Customer::Globex,
                LifecycleType::Degraded,
                Some("error"),
            )],
        ),
        scene(
            "Globex signs in again",
            vec![Act::Repair(Customer::Globex)],
            vec![active(Customer::Globex, LifecycleType::Recovered)],
        ),
    ]
}

fn trouble() -> Vec<Scene> {
    vec![
        scene(
            "The accounts API has too many requests: it is asked again when it says so",
            vec![
                Act::RefuseNextLookup(Customer::Hooli),
                Act::Refresh(Customer::Hooli),
            ],
            vec![active(Customer::Hooli, LifecycleType::Refreshed)],
        ),
        scene(
            "Event names that are in no document: the API knows what is true",
            vec![
                Act::Suspend(Customer::Initech),
                Act::ConnectorEvent(Customer::Initech),
            ],
            vec![expect(
                Customer::Initech,
                LifecycleType::Degraded,
                Some("suspended"),
            )],
        ),
        scene(
            "A stranger claims that Globex was deleted: the signature is forged",
            vec![Act::Forge(Customer::Globex)],
            vec![],
        ),
        scene(
            "StackOne signs something that is not JSON: kept, for a person to look at",
            vec![Act::SendText],
            vec![],
        ),
    ]
}

fn scene(heading: &'static str, acts: Vec<Act>, expected: Vec<Expected>) -> Scene {
    Scene {
        heading,
        acts,
        expected,
    }
}

fn active(customer: Customer, event: LifecycleType) -> Expected {
    expect(customer, event, Some("active"))
}

fn expect(customer: Customer, event: LifecycleType, status: Option<&'static str>) -> Expected {
    Expected {
        customer,
        event,
        status,
    }
}
