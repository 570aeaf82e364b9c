//! The dashboards, as files.

use serde::Deserialize;

use crate::catalogue::Catalogue;
use crate::tools::{in_repository, text_of};

const FOLDER: &str = "deploy/grafana/dashboards";
/// What Grafana puts in the place of its variables, for a Prometheus that scrapes every second.
const VARIABLES: [(&str, &str); 2] = [("$__rate_interval", "15s"), ("$project", ".*")];

#[derive(Deserialize)]
struct Dashboard {
    panels: Vec<PanelFile>,
}

#[derive(Deserialize)]
struct PanelFile {
    title: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    targets: Vec<Target>,
    #[serde(default)]
    links: Vec<Link>,
    #[serde(default, rename = "fieldConfig")]
    field: FieldConfig,
}

#[derive(Default, Deserialize)]
struct FieldConfig {
    defaults: FieldDefaults,
}

#[derive(Default, Deserialize)]
struct FieldDefaults {
    #[serde(default)]
    unit: String,
    #[serde(default)]
    thresholds: Thresholds,
}

#[derive(Default, Deserialize)]
struct Thresholds {
    steps: Vec<Threshold>,
}

#[derive(Deserialize)]
struct Threshold {
    /// None where the first colour begins.
    value: Option<f64>,
}

#[derive(Deserialize)]
struct Link {
    url: String,
}

#[derive(Deserialize)]
struct Target {
    expr: String,
    #[serde(rename = "legendFormat")]
    legend: String,
}

/// A panel that shows something.
#[derive(Debug)]
pub(crate) struct Panel {
    /// Its title.
    pub(crate) title: String,
    /// What it asks, with variables put in.
    pub(crate) queries: Vec<String>,
    /// How it names what each query gives.
    pub(crate) legends: Vec<String>,
    /// Grafana's name of its unit.
    pub(crate) unit: String,
    /// The values at which it changes its colour.
    pub(crate) thresholds: Vec<f64>,
    /// Where it leads.
    links: Vec<String>,
}

/// The files of the dashboards.
pub(crate) fn names() -> Vec<String> {
    let files = std::fs::read_dir(in_repository(FOLDER)).unwrap();
    let names = files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

/// The panels of all dashboards.
pub(crate) fn all_panels() -> Vec<Panel> {
    names().iter().flat_map(|name| panels_of(name)).collect()
}

/// The panels of one dashboard.
pub(crate) fn panels_of(file: &str) -> Vec<Panel> {
    let dashboard: Dashboard = serde_json::from_str(&text_of(&format!("{FOLDER}/{file}"))).unwrap();
    let shown = dashboard
        .panels
        .into_iter()
        .filter(|panel| panel.kind != "row");
    shown
        .map(|panel| Panel {
            title: panel.title,
            queries: panel
                .targets
                .iter()
                .map(|target| with_variables(&target.expr))
                .collect(),
            legends: panel
                .targets
                .into_iter()
                .map(|target| target.legend)
                .collect(),
            thresholds: (panel.field.defaults.thresholds.steps.iter())
                .filter_map(|step| step.value)
                .collect(),
            unit: panel.field.defaults.unit,
            links: panel.links.into_iter().map(|link| link.url).collect(),
        })
        .collect()
}

fn with_variables(expression: &str) -> String {
    VARIABLES
        .iter()
        .fold(expression.to_owned(), |text, (name, value)| {
            text.replace(name, value)
        })
}

#[test]
fn the_panels_name_only_metrics_and_labels_that_there_are() {
    let catalogue = Catalogue::read();
    let panels = all_panels();
    assert!(panels.len() > 30, "{}", panels.len());
    for panel in panels {
        assert!(!panel.queries.is_empty(), "{} asks nothing", panel.title);
        for query in &panel.queries {
            assert!(
                !query.contains('$'),
                "{}: a variable in {query}",
                panel.title
            );
            let unknown = catalogue.unknown_in(query);
            assert_eq!(unknown, Vec::<String>::new(), "{}: {query}", panel.title);
        }
    }
}

/// As the sections of a document are named in links to them.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let names = headings.map(|line| line.trim_start_matches('#').trim().to_lowercase());
    names.map(|name| name.replace(' ', "-")).collect()
}

#[test]
fn every_panel_leads_to_a_section_of_the_runbook() {
    let anchors = anchors(&text_of("deploy/runbook.md"));
    for panel in all_panels() {
        let [link] = &panel.links[..] else {
            panic!("{}: links {:?}", panel.title, panel.links);
        };
        let anchor = link.strip_prefix("${runbook}#");
        let leads = anchor.is_some_and(|anchor| anchors.iter().any(|known| known == anchor));
        assert!(leads, "{}: the runbook has no section {link}", panel.title);
    }
}

/// So that a title cannot be taken for that of another panel, and says what it counts.
#[test]
fn no_two_panels_of_a_dashboard_have_one_title_and_each_says_a_quantity() {
    for file in names() {
        let mut titles: Vec<_> = panels_of(&file)
            .into_iter()
            .map(|panel| panel.title)
            .collect();
        let unclear = |title: &&String| title.contains('…') || title.split(' ').count() < 2;
        assert_eq!(titles.iter().find(unclear), None, "{file}");
        titles.sort();
        let panels = titles.len();
        titles.dedup();
        assert_eq!(titles.len(), panels, "{file}: {titles:?}");
    }
}

/// Of `docs/slo.md`, where a panel shows what the objective is about.
#[test]
fn each_objective_is_drawn_into_its_panel() {
    for (file, title, value) in [
        (
            "pipeline.json",
            "Webhooks answered without a 5xx, share of 1 h",
            0.999,
        ),
        ("pipeline.json", "Time to answer a webhook with 200, s", 0.5),
        (
            "pipeline.json",
            "Linked events within 60 s, share of 1 h",
            0.99,
        ),
        (
            "pipeline.json",
            "Time from webhook to event, 95th percentile, s",
            60.0,
        ),
        (
            "pipeline.json",
            "Age of the oldest pending account, s",
            900.0,
        ),
        ("connect.json", "Time from linked to verified, s", 10.0),
        (
            "connect.json",
            "Sessions verified within 10 s of linked, share",
            0.99,
        ),
    ] {
        let panels = panels_of(file);
        let panel = panels.iter().find(|panel| panel.title == title);
        let thresholds = panel.map(|panel| panel.thresholds.clone());
        let is_drawn = thresholds.is_some_and(|all| all.contains(&value));
        assert!(is_drawn, "{file}: {title} does not show {value}");
    }
}
