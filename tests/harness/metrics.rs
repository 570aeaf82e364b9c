//! What a service's `/metrics` and `/readyz` say.

use std::collections::BTreeMap;

use anyhow::Context;

use crate::{Overdue, WITHIN, eventually};

/// Samples of a Prometheus text page, by name with labels, for instance `x_total{kind="a"}`.
#[derive(Debug, Clone, Default)]
pub struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    /// Asks the service whose admin listener is at `admin`, for instance `http://127.0.0.1:8082`.
    ///
    /// # Errors
    ///
    /// Where it does not answer with metrics.
    pub async fn of(admin: &str) -> anyhow::Result<Self> {
        let page = reqwest::get(format!("{admin}/metrics"))
            .await?
            .error_for_status()?
            .text()
            .await?;
        let samples = page.lines().filter(|line| !line.starts_with('#'));
        let samples = samples.map(|line| {
            let (name, value) = line
                .rsplit_once(' ')
                .with_context(|| format!("no sample: {line}"))?;
            Ok((name.to_owned(), value.parse()?))
        });
        Ok(Self(samples.collect::<anyhow::Result<_>>()?))
    }

    /// The sum of all samples of a metric, whatever their labels.
    #[must_use]
    pub fn sum(&self, name: &str) -> f64 {
        let is_of = |sample: &str| {
            sample
                .strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('{'))
        };
        self.0
            .iter()
            .filter(|(sample, _)| is_of(sample))
            .map(|(_, value)| value)
            .sum()
    }

    /// One sample; 0 where it is not there.
    #[must_use]
    pub fn get(&self, sample: &str) -> f64 {
        self.0.get(sample).copied().unwrap_or(0.0)
    }
}

/// Waits until the sum of all samples of a metric, or the sample that is named with its labels, is
/// so.
///
/// # Errors
///
/// Where that takes longer than [`WITHIN`].
pub async fn metric_is(
    admin: &str,
    name: &str,
    is_so: impl Fn(f64) -> bool,
) -> Result<(), Overdue> {
    eventually(name, WITHIN, async || {
        let metrics = Metrics::of(admin).await;
        let found = metrics.map_err(|error| error.to_string())?.sum(name);
        let reached = is_so(found).then_some(());
        reached.ok_or(format!("it is {found}"))
    })
    .await
}

/// The body of `/readyz`, whether ready or not.
///
/// # Errors
///
/// Where the service does not answer.
pub async fn readiness(admin: &str) -> anyhow::Result<serde_json::Value> {
    let body = reqwest::get(format!("{admin}/readyz"))
        .await?
        .bytes()
        .await?;
    Ok(serde_json::from_slice(&body)?)
}
