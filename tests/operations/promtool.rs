//! The rules' own test cases.

use std::collections::BTreeMap;
use std::process::Command;

use serde::Deserialize;

use crate::promql::named_by;
use crate::rules;
use crate::tools::{in_repository, is_there, text_of};

const CASES: [&str; 2] = [
    "deploy/prometheus/tests.yml",
    "deploy/prometheus/tests-over-days.yml",
];

#[derive(Deserialize)]
struct Cases {
    tests: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    promql_expr_test: Vec<Expected>,
}

#[derive(Deserialize)]
struct Expected {
    expr: String,
    #[serde(default)]
    exp_samples: Vec<serde_json::Value>,
}

/// Of each alert, in how many cases it must fire, and in how many it must not.
fn cases() -> BTreeMap<String, (usize, usize)> {
    let read = |file: &str| -> Cases { serde_saphyr::from_str(&text_of(file)).unwrap() };
    let cases = CASES.iter().flat_map(|file| read(file).tests);
    let mut found: BTreeMap<_, (usize, usize)> = BTreeMap::new();
    for expected in cases.flat_map(|case| case.promql_expr_test) {
        for selected in named_by(&expected.expr).selected {
            let value = |label: &str| {
                let matcher = selected.matchers.iter().find(|(name, _)| name == label)?;
                matcher.1.first().cloned()
            };
            let Some(alert) = value("alertname").filter(|_| selected.name == "ALERTS") else {
                continue;
            };
            let count = found.entry(alert).or_default();
            match expected.exp_samples.is_empty() {
                true => count.1 += 1,
                false => count.0 += 1,
            }
        }
    }
    found
}

#[test]
fn every_alert_has_a_case_where_it_fires_and_one_where_it_does_not() {
    let cases = cases();
    for alert in rules::alerts() {
        let (fires, does_not) = cases.get(&alert).copied().unwrap_or_default();
        assert!(fires > 0, "{alert}: no case of {CASES:?} has it fire");
        assert!(
            does_not > 0,
            "{alert}: no case of {CASES:?} has it not fire"
        );
    }
}

#[test]
fn promtool_finds_the_rules_valid_and_every_case_as_it_must_be() {
    if !is_there("promtool") {
        return;
    }
    for (action, files) in [("check", rules::FILES.to_vec()), ("test", CASES.to_vec())] {
        let files = files.into_iter().map(in_repository);
        let told = Command::new("promtool")
            .args([action, "rules"])
            .args(files)
            .output()
            .unwrap();
        let (out, err) = (
            String::from_utf8_lossy(&told.stdout),
            String::from_utf8_lossy(&told.stderr),
        );
        assert!(told.status.success(), "promtool {action} rules: {out}{err}");
    }
}
