//! A real Prometheus.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use harness::{WITHIN, eventually, free_port};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::process::{Child, Command};

use crate::rules;
use crate::tools::text_of;

/// Which rules it evaluates: every second, over what it scrapes every second.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rules {
    /// As they are shipped.
    AsShipped,
    /// With a minute taken for a second: see [`a_minute_as_a_second`].
    AMinuteAsASecond,
}

/// A running Prometheus; killed when dropped.
pub(crate) struct Prometheus {
    url: String,
    _child: Child,
}

/// A series' value.
#[derive(Debug, Deserialize)]
pub(crate) struct Sample {
    /// When, and what, as Prometheus writes it: `NaN` is a value.
    pub(crate) value: (f64, String),
}

/// A series over time.
#[derive(Debug, Deserialize)]
pub(crate) struct Series {
    /// Its labels.
    pub(crate) metric: BTreeMap<String, String>,
    /// When, and what.
    pub(crate) values: Vec<(f64, String)>,
}

#[derive(Deserialize)]
struct Answer<T> {
    data: Option<Data<T>>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Data<T> {
    result: Vec<T>,
}

#[derive(Deserialize)]
struct Alerts {
    data: AlertList,
}

#[derive(Deserialize)]
struct AlertList {
    alerts: Vec<Alert>,
}

/// An alert that is pending or fires.
#[derive(Debug, Deserialize)]
pub(crate) struct Alert {
    /// Its labels.
    pub(crate) labels: BTreeMap<String, String>,
    /// What is said about it, with labels and value put in.
    pub(crate) annotations: BTreeMap<String, String>,
    state: String,
}

impl Alert {
    /// Its name, if it fires.
    pub(crate) fn firing(&self) -> Option<&str> {
        let name = self
            .labels
            .get("alertname")
            .filter(|_| self.state == "firing");
        name.map(String::as_str)
    }
}

impl Prometheus {
    /// Starts it, to scrape these jobs, and waits until it is ready.
    pub(crate) async fn start(folder: &Path, rules: Rules, jobs: &[(&str, &str)]) -> Self {
        for file in rules::FILES {
            let text = match rules {
                Rules::AsShipped => text_of(file),
                Rules::AMinuteAsASecond => a_minute_as_a_second(&text_of(file)),
            };
            let name = Path::new(file).file_name().unwrap();
            std::fs::write(folder.join(name), text).unwrap();
        }
        let jobs = jobs.iter().map(|(job, admin)| {
            let target = admin.trim_start_matches("http://");
            format!("  - job_name: {job}\n    static_configs: [{{ targets: [\"{target}\"] }}]\n")
        });
        let config = format!(
            "global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }}\n\
             rule_files: [\"*.rules.yml\"]\nscrape_configs:\n{}",
            jobs.collect::<String>()
        );
        let file = folder.join("prometheus.yml");
        std::fs::write(&file, config).unwrap();
        // It does not tell which one it took where it may take any.
        let address = format!("127.0.0.1:{}", free_port().unwrap());
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.join("data").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .arg("--log.level=warn")
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let url = format!("http://{address}");
        let ready = eventually("Prometheus is ready", WITHIN, async || {
            let answer = reqwest::get(format!("{url}/-/ready")).await;
            answer
                .and_then(reqwest::Response::error_for_status)
                .map(drop)
        });
        ready.await.unwrap();
        Self { url, _child: child }
    }

    /// What `query` gives now; the error in Prometheus' words.
    pub(crate) async fn query(&self, query: &str) -> Result<Vec<Sample>, String> {
        let parameters = [("query", query)];
        self.ask("query", &parameters).await
    }

    /// What `query` gave from then on, every second.
    pub(crate) async fn query_range(
        &self,
        query: &str,
        from: f64,
        to: f64,
    ) -> Result<Vec<Series>, String> {
        let (from, to) = (from.to_string(), to.to_string());
        let parameters = [
            ("query", query),
            ("start", &from),
            ("end", &to),
            ("step", "1"),
        ];
        self.ask("query_range", &parameters).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        what: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Vec<T>, String> {
        let mut url: url::Url = format!("{}/api/v1/{what}", self.url).parse().unwrap();
        url.query_pairs_mut().extend_pairs(parameters);
        let answer = reqwest::get(url).await.map_err(|error| error.to_string())?;
        let answer: Answer<T> = answer.json().await.map_err(|error| error.to_string())?;
        match answer.data {
            Some(data) => Ok(data.result),
            None => Err(answer.error.unwrap_or_default()),
        }
    }

    /// The alerts that are pending or fire.
    pub(crate) async fn alerts(&self) -> Vec<Alert> {
        let answer = reqwest::get(format!("{}/api/v1/alerts", self.url))
            .await
            .unwrap();
        answer.json::<Alerts>().await.unwrap().data.alerts
    }
}

/// Rules that wait for minutes, for tests that do not: `5m` is `5s`, `1h` is `60s`, `1d` is
/// `1440s`, and in calculations of seconds `* 60` is `* 1` and `* 86400` is `* 1440`. Nothing else
/// changes: neither thresholds nor what is asked for.
fn a_minute_as_a_second(rules: &str) -> String {
    let shortened = rules.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let shortened: String = shortened.map(shorter).collect();
    shortened
        .replace("* 86400", "* 1440")
        .replace("* 60\n", "* 1\n")
        .replace("* 60)", "* 1)")
}

/// A word and what follows it; a duration is shortened.
fn shorter(word: &str) -> String {
    let is_end = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let (text, end) = match word.strip_suffix(is_end) {
        Some(text) => (text, &word[text.len()..]),
        None => (word, ""),
    };
    let seconds = [('m', 1), ('h', 60), ('d', 1440)]
        .into_iter()
        .find_map(|(unit, seconds)| {
            let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
            Some(number * seconds)
        });
    seconds.map_or_else(|| word.to_owned(), |seconds| format!("{seconds}s{end}"))
}

#[test]
fn only_durations_are_shortened() {
    let rule = "record: a:ratio_rate5m\nexpr: rate(x{le=\"60\"}[5m]) > 15 * 60\nfor: 2m\nsum(y[1h] offset 7d) + 2 * 86400 > 0.5";
    let shortened = "record: a:ratio_rate5m\nexpr: rate(x{le=\"60\"}[5s]) > 15 * 1\nfor: 2s\nsum(y[60s] offset 10080s) + 2 * 1440 > 0.5";
    assert_eq!(a_minute_as_a_second(rule), shortened);
}
