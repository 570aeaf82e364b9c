//! The pages of failures: each heading of a failure has the same four parts.

use harness::repository_files as files;

/// The parts of a failure, in their order.
const PARTS: [&str; 4] = [
    "**Seen.**",
    "**What happens.**",
    "**What to do.**",
    "**Proven by**",
];

/// The first words of each paragraph that is a part.
fn parts(failure: &str) -> Vec<&'static str> {
    let of = |paragraph: &str| PARTS.into_iter().find(|part| paragraph.starts_with(part));
    failure.split("\n\n").filter_map(of).collect()
}

#[test]
fn every_failure_says_what_is_seen_what_happens_what_to_do_and_what_proves_it() {
    let pages = files(".md").into_iter();
    let pages = pages.filter(|(path, _)| path.starts_with("docs/failures"));
    let (mut failures, mut wrong) = (0, Vec::new());
    for (path, text) in pages {
        for failure in text.split("\n### ").skip(1) {
            failures += 1;
            let name = failure.lines().next().unwrap_or_default();
            let parts = parts(failure);
            if parts != PARTS {
                wrong.push(format!("{}: {name} has {parts:?}", path.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(failures > 90, "{failures} failures");
}
