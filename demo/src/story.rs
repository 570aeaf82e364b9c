//! The story as data: what StackOne does in each scene, and what subscribers must read because of
//! it.
//!
//! To add a scene, add it here; only a new kind of act needs code elsewhere, in `performance`.

mod act;
mod scene;
#[cfg(test)]
mod tests;

use std::time::Duration;

use stackone_link_schemas::LifecycleType;

use crate::cast::Customer;

pub(crate) use act::{Act, Linking};
pub(crate) use scene::{Expected, Scene};
use scene::{active, expect, scene};

/// The whole story.
pub(crate) fn scenes() -> Vec<Scene> {
    let mut scenes = linking();
    scenes.extend(living());
    scenes.extend(trouble());
    scenes.extend(healing());
    scenes.extend(connecting());
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

fn connecting() -> Vec<Scene> {
    vec![
        scene(
            "Wonka presses Connect in your product: its page is told when HiBob is verified",
            vec![Act::LinkInPage(Customer::Wonka)],
            vec![active(Customer::Wonka, LifecycleType::Linked)],
        ),
        scene(
            "Wonka changes its password, and HiBob refuses the old one",
            vec![Act::Break(Customer::Wonka)],
            vec![expect(
                Customer::Wonka,
                LifecycleType::Degraded,
                Some("error"),
            )],
        ),
        scene(
            "Wonka signs in again in your product: the same account works again",
            vec![Act::RepairInPage(Customer::Wonka)],
            vec![active(Customer::Wonka, LifecycleType::Recovered)],
        ),
        scene(
            "Stark is mailed a link: a scanner opens it, then Stark, and it still links",
            vec![Act::LinkByMail(Customer::Stark)],
            vec![active(Customer::Stark, LifecycleType::Linked)],
        ),
    ]
}

fn healing() -> Vec<Scene> {
    let linked = active(Customer::Vandelay, LifecycleType::Linked);
    vec![
        scene(
            "Vandelay links Ashby, and the webhook about it never arrives: nobody knows",
            vec![Act::Link(Customer::Vandelay, Linking::Unheard)],
            vec![],
        ),
        scene(
            "A resync lists all accounts, as it does every hour: what is not known is looked up",
            vec![Act::Resync],
            vec![Expected {
                by_listing: true,
                ..linked
            }],
        ),
    ]
}
