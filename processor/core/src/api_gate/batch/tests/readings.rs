//! Tests how a list is sorted into shown and missing accounts.

use std::collections::BTreeSet;

use super::*;

/// Returns the ids that are shown, the ids that are missing, and the anomaly.
fn told(reading: &Reading) -> (Vec<&str>, Vec<&str>, Option<BatchAnomaly>) {
    let shown = reading.shown.iter().map(|(asked, account)| {
        let id = asked.key.id.as_str();
        assert_eq!(account.status.as_str(), format!("status of {id}"));
        id
    });
    let missing = reading.missing.iter().map(|asked| asked.key.id.as_str());
    (shown.collect(), missing.collect(), reading.odd)
}

#[test]
fn a_list_tells_of_what_it_shows_and_nothing_of_what_it_does_not() {
    let rows: [(&str, &[&str], _); 7] = [
        ("as asked", &["a", "b", "c"], ("a b c", "", None)),
        ("another order", &["c", "a", "b"], ("a b c", "", None)),
        ("some missing", &["c"], ("c", "a b", None)),
        ("nothing", &[], ("", "a b c", None)),
        (
            "extra",
            &["x", "b", "a", "c"],
            ("a b c", "", Some(BatchAnomaly::NotAsked)),
        ),
        (
            "filter ignored",
            &["x", "y", "b"],
            ("b", "a c", Some(BatchAnomaly::NotAsked)),
        ),
        (
            "one twice",
            &["a", "b", "b", "c"],
            ("a c", "b", Some(BatchAnomaly::Repeated)),
        ),
    ];
    for (what, listed, (shown, missing, odd)) in rows {
        let reading = reading(&["a", "b", "c"], listed);
        let words = |text: &'static str| text.split_whitespace().collect::<Vec<_>>();
        assert_eq!(
            told(&reading),
            (words(shown), words(missing), odd),
            "{what}"
        );
    }
}

proptest! {
    /// Whatever a list shows, each account that was asked for is either shown as the list has it or
    /// missing, and no other account is in the reading.
    #[test]
    fn every_account_that_was_asked_for_is_shown_or_missing(
        ids in proptest::collection::btree_set(0u8..20, 1..10),
        listed in proptest::collection::vec(0u8..30, 0..30),
    ) {
        let name = |id: &u8| format!("a{id}");
        let (names, listed): (Vec<_>, Vec<_>) =
            (ids.iter().map(name).collect(), listed.iter().map(name).collect());
        let ids: Vec<&str> = names.iter().map(String::as_str).collect();
        let listed: Vec<&str> = listed.iter().map(String::as_str).collect();
        let reading = reading(&ids, &listed);
        let (shown, missing, odd) = told(&reading);
        let all: BTreeSet<&str> = shown.iter().chain(&missing).copied().collect();
        prop_assert_eq!(shown.len() + missing.len(), ids.len());
        prop_assert_eq!(all, ids.iter().copied().collect::<BTreeSet<_>>());
        let once = |id: &&str| listed.iter().filter(|listed| *listed == id).count() == 1;
        prop_assert!(shown.iter().all(once) && !missing.iter().any(once));
        let as_expected = listed.iter().all(|id| ids.contains(id) && once(id));
        prop_assert_eq!(odd.is_none(), as_expected);
    }
}
