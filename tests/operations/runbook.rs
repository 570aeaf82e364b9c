//! The runbook: a section for each alert.

use std::collections::BTreeMap;

use crate::catalogue::Catalogue;
use crate::rules;
use crate::tools::text_of;

const RUNBOOK: &str = "deploy/runbook.md";
/// What each section has to say, in this order.
const PARTS: [&str; 5] = [
    "**Meaning.**",
    "**Impact.**",
    "**First look.**",
    "**Likely causes.**",
    "**Safe actions.**",
];

/// The text of each section of the third level that is about an alert, by its heading.
fn sections() -> BTreeMap<String, String> {
    let text = text_of(RUNBOOK);
    let sections = text.split("\n### ").skip(1);
    let with_heading = sections.filter_map(|section| section.split_once('\n'));
    let of_alerts = with_heading.filter(|(heading, _)| heading.starts_with("StackOne"));
    let until_next = |text: &str| text.split("\n## ").next().unwrap_or_default().to_owned();
    of_alerts
        .map(|(heading, text)| (heading.to_owned(), until_next(text)))
        .collect()
}

#[test]
fn every_alert_has_its_section_in_the_runbook_and_no_other_has() {
    let sections = sections();
    let alerts = rules::alerts();
    for alert in &alerts {
        let section = sections.get(alert);
        let section = section.unwrap_or_else(|| panic!("{RUNBOOK} has no section ### {alert}"));
        let places = PARTS.map(|part| {
            section
                .find(part)
                .unwrap_or_else(|| panic!("{alert}: no {part}"))
        });
        assert!(places.is_sorted(), "{alert}: {PARTS:?} in this order");
    }
    for heading in sections.keys() {
        assert!(alerts.contains(heading), "there is no alert {heading}");
    }
}

/// Blocks of a language in a document.
pub(crate) fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let blocks = text.split(&fence).skip(1);
    let ended = blocks.filter_map(|rest| rest.split_once("```"));
    ended
        .map(|(block, _rest)| block.trim().to_owned())
        .collect()
}

#[test]
fn what_the_runbook_and_the_objectives_have_one_ask_is_there() {
    let catalogue = Catalogue::read();
    let mut asked = 0;
    for document in [RUNBOOK, "docs/slo.md"] {
        // One query a line.
        for block in blocks(&text_of(document), "promql") {
            for query in block.lines() {
                let unknown = catalogue.unknown_in(query);
                assert_eq!(unknown, Vec::<String>::new(), "{document}: {query}");
                asked += 1;
            }
        }
    }
    assert!(asked >= rules::alerts().len(), "{asked} queries");
}
