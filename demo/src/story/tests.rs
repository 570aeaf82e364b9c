use std::collections::BTreeSet;

use super::*;

#[test]
fn the_story_has_every_kind_of_event_and_five_linked_accounts() {
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
    assert_eq!(customers.len(), 5);
}

#[test]
fn nobody_acts_before_he_has_linked() {
    let mut linked = BTreeSet::new();
    for act in scenes().into_iter().flat_map(|scene| scene.acts) {
        if let Act::Link(customer, _) = act {
            assert!(linked.insert(customer), "{customer:?} links twice");
        }
        assert!(
            act.customer()
                .is_none_or(|customer| linked.contains(&customer)),
            "{act:?}"
        );
    }
}
