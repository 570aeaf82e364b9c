use std::collections::BTreeSet;

use super::*;

#[test]
fn the_story_has_every_kind_of_event_and_eight_linked_accounts() {
    let expected: Vec<_> = scenes()
        .into_iter()
        .flat_map(|scene| scene.expected)
        .collect();
    let types: BTreeSet<_> = expected
        .iter()
        .map(|expected| expected.event.as_str())
        .collect();
    assert_eq!(types, LifecycleType::KNOWN.iter().copied().collect());
    let linked = expected
        .iter()
        .filter(|expected| expected.event == LifecycleType::Linked);
    let customers: BTreeSet<_> = linked.map(|expected| expected.customer).collect();
    assert_eq!(customers.len(), 8);
}

#[test]
fn no_customer_acts_before_it_has_linked() {
    let mut linked = BTreeSet::new();
    for act in scenes().into_iter().flat_map(|scene| scene.acts) {
        if let Act::Link(customer, _) | Act::LinkInPage(customer) | Act::LinkByMail(customer) = act
        {
            assert!(linked.insert(customer), "{customer:?} links twice");
        }
        assert!(
            act.customer()
                .is_none_or(|customer| linked.contains(&customer)),
            "{act:?}"
        );
    }
}

#[test]
fn what_no_webhook_tells_is_found_by_listing() {
    let (mut unheard, mut found) = (BTreeSet::new(), BTreeSet::new());
    for scene in scenes() {
        for act in scene.acts {
            if let Act::Link(customer, Linking::Unheard) = act {
                unheard.insert(customer);
            }
        }
        let by_listing = scene.expected.iter().filter(|event| event.by_listing);
        found.extend(by_listing.map(|event| event.customer));
    }
    assert!(!unheard.is_empty());
    assert_eq!(unheard, found);
}
