//! The rules of Prometheus, as files.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use stackone_ingest::Outcome;

use crate::catalogue::Catalogue;
use crate::promql::named_by;
use crate::tools::text_of;

/// The files with rules, in the repository.
pub(crate) const FILES: [&str; 2] = [
    "deploy/prometheus/recording.rules.yml",
    "deploy/prometheus/alerts.rules.yml",
];

#[derive(Debug, Deserialize)]
struct RuleFile {
    groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

/// A rule: it records or alerts.
#[derive(Debug, Deserialize)]
pub(crate) struct Rule {
    /// The series it records.
    pub(crate) record: Option<String>,
    /// The alert it raises.
    pub(crate) alert: Option<String>,
    /// What it evaluates.
    pub(crate) expr: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) annotations: BTreeMap<String, String>,
}

/// Every rule.
pub(crate) fn all() -> Vec<Rule> {
    let read = |file: &str| -> RuleFile { serde_saphyr::from_str(&text_of(file)).unwrap() };
    let groups = FILES.iter().flat_map(|file| read(file).groups);
    groups.flat_map(|group| group.rules).collect()
}

/// The names of all alerts, in the order of the file.
pub(crate) fn alerts() -> Vec<String> {
    all().into_iter().filter_map(|rule| rule.alert).collect()
}

/// The labels by which the rule that records `name` aggregates.
pub(crate) fn recorded_labels(name: &str) -> BTreeSet<String> {
    let rule = all()
        .into_iter()
        .find(|rule| rule.record.as_deref() == Some(name));
    rule.map(|rule| named_by(&rule.expr).labels)
        .unwrap_or_default()
}

#[test]
fn the_rules_name_only_metrics_and_labels_that_there_are() {
    let catalogue = Catalogue::read();
    for rule in all() {
        let unknown = catalogue.unknown_in(&rule.expr);
        assert_eq!(unknown, Vec::<String>::new(), "{rule:?}");
    }
}

#[test]
fn the_rules_name_every_outcome_that_counts() {
    let with_status = |is_meant: fn(u16) -> bool| -> BTreeSet<String> {
        let meant = Outcome::ALL
            .iter()
            .filter(|outcome| is_meant(outcome.status().as_u16()));
        meant.map(|outcome| outcome.reason().to_owned()).collect()
    };
    let accepted = with_status(|status| status == 200);
    let mut failed = with_status(|status| status >= 500);
    // Anybody who sends slowly can have it, and `docs/slo.md` leaves it out.
    failed.remove(Outcome::GaveWay.reason());
    let both: BTreeSet<String> = accepted.union(&failed).cloned().collect();
    let mut seen = 0;
    for rule in all() {
        for selected in named_by(&rule.expr).selected {
            if selected.name != "stackone_ingest_webhooks_total" {
                continue;
            }
            let outcomes = selected
                .matchers
                .iter()
                .find(|(label, _)| label == "outcome");
            let outcomes: BTreeSet<String> = outcomes.unwrap().1.iter().cloned().collect();
            let all: BTreeSet<_> = Outcome::ALL
                .map(|outcome| outcome.reason().to_owned())
                .into();
            assert!(outcomes.is_subset(&all), "{outcomes:?} in {}", rule.expr);
            if !outcomes.is_disjoint(&both) {
                let lists = [&accepted, &failed, &both];
                assert!(lists.contains(&&outcomes), "{outcomes:?} in {}", rule.expr);
                seen += 1;
            }
        }
    }
    assert!(
        seen >= 16,
        "two for each window, and those of the alerts: {seen}"
    );
}

#[test]
fn every_alert_says_what_to_do_about_it() {
    for rule in all() {
        let Some(alert) = &rule.alert else { continue };
        assert!(alert.starts_with("StackOne"), "{alert}");
        let severity = rule.labels.get("severity").map(String::as_str);
        assert!(
            matches!(severity, Some("page" | "ticket")),
            "{alert}: {severity:?}"
        );
        for annotation in ["summary", "description"] {
            let text = rule.annotations.get(annotation);
            assert!(
                text.is_some_and(|text| !text.is_empty()),
                "{alert} has no {annotation}"
            );
        }
        let section = format!("deploy/runbook.md#{}", alert.to_lowercase());
        assert_eq!(
            rule.annotations.get("runbook_url"),
            Some(&section),
            "{alert}"
        );
    }
}

#[test]
fn a_spike_of_forgeries_never_wakes_anybody() {
    let forged = Outcome::BadSignature.reason();
    for rule in all() {
        let severity = rule.labels.get("severity").map(String::as_str);
        let is_about_forgeries = rule.expr.contains(forged);
        assert!(
            !is_about_forgeries || severity == Some("ticket"),
            "{rule:?}"
        );
    }
}
