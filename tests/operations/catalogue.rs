//! The series that there are: those of the services' metrics, and those that rules record.

use std::collections::{BTreeMap, BTreeSet};

use stackone_link_process::metrics::Description;

use crate::promql::named_by;
use crate::rules;

/// Labels that every scraped series has.
const OF_THE_TARGET: [&str; 2] = ["instance", "job"];
/// What the client library tells of a process on Linux, and Prometheus of a scrape.
const OTHERS: [&str; 8] = [
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_threads",
    "process_virtual_memory_bytes",
    "up",
];

/// The labels of each series, by its name.
pub(crate) struct Catalogue(BTreeMap<String, BTreeSet<String>>);

impl Catalogue {
    /// All there are.
    pub(crate) fn read() -> Self {
        let ingest = stackone_ingest::metrics::catalogue().unwrap();
        let processor = stackone_processor::metrics::Metrics::new().unwrap();
        let connect = stackone_connect::metrics::catalogue().unwrap();
        let described = ingest.into_iter().chain(processor.descriptions());
        let described = described.chain(connect);
        let mut series: BTreeMap<_, _> = described.flat_map(series_of).collect();
        let others = OTHERS.map(|name| (name.to_owned(), BTreeSet::new()));
        series.extend(others);
        let of_alerts = ["alertname", "alertstate", "severity"].map(ToOwned::to_owned);
        series.insert("ALERTS".to_owned(), of_alerts.into());
        let recorded = rules::all().into_iter().filter_map(|rule| rule.record);
        // What a rule aggregates by is its labels; none of ours keeps others.
        let labels = |name: &str| rules::recorded_labels(name);
        series.extend(recorded.map(|name| (name.clone(), labels(&name))));
        Self(series)
    }

    /// Why the expression names what there is not; nothing where it does not.
    pub(crate) fn unknown_in(&self, expression: &str) -> Vec<String> {
        let named = named_by(expression);
        let mut unknown = Vec::new();
        let mut known: BTreeSet<String> = OF_THE_TARGET.map(ToOwned::to_owned).into();
        for selected in &named.selected {
            let Some(labels) = self.0.get(&selected.name) else {
                unknown.push(format!("there is no metric {}", selected.name));
                continue;
            };
            known.extend(labels.iter().cloned());
            let matched = selected.matchers.iter().map(|(label, _values)| label);
            let missing = matched.filter(|label| {
                !labels.contains(*label) && !OF_THE_TARGET.contains(&label.as_str())
            });
            unknown.extend(missing.map(|label| format!("{} has no label {label}", selected.name)));
        }
        let missing = named.labels.difference(&known);
        unknown.extend(missing.map(|label| format!("nothing here has a label {label}")));
        unknown
    }
}

fn series_of(metric: Description) -> Vec<(String, BTreeSet<String>)> {
    let labels: BTreeSet<String> = metric.labels.into_iter().collect();
    if !metric.is_histogram {
        return vec![(metric.name, labels)];
    }
    let mut of_bucket = labels.clone();
    of_bucket.insert("le".to_owned());
    let name = metric.name;
    vec![
        (format!("{name}_bucket"), of_bucket),
        (format!("{name}_sum"), labels.clone()),
        (format!("{name}_count"), labels),
    ]
}

#[test]
fn a_metric_or_label_that_is_not_there_is_found() {
    let catalogue = Catalogue::read();
    for (expression, complaint) in [
        ("stackone_ingest_webhook_total", "there is no metric"),
        (
            "stackone_ingest_webhooks_total{result=\"x\"}",
            "has no label result",
        ),
        (
            "sum by (project) (stackone_ingest_webhooks_total)",
            "a label project",
        ),
        ("stackone_ingest_delivery_age_seconds", "there is no metric"),
    ] {
        let unknown = catalogue.unknown_in(expression).join("; ");
        assert!(unknown.contains(complaint), "{expression}: {unknown}");
    }
    let good = "sum by (le, job) (rate(stackone_processor_event_age_seconds_bucket{type=\"account.linked\"}[5m]))";
    assert_eq!(catalogue.unknown_in(good), Vec::<String>::new());
}
