//! A registry of metrics that lists what was registered, so that tests can hold alerts and
//! dashboards against it.

mod total;

use std::sync::{Mutex, PoisonError};

use prometheus::Registry;
use prometheus::core::Collector;
use prometheus::proto::{MetricFamily, MetricType};

pub use prometheus::Error;

/// A metric before it has a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The full name with its prefix.
    pub name: String,
    /// The help text of the exposition format.
    pub help: String,
    /// The names of its labels.
    pub labels: Vec<String>,
    /// Whether its series are `_bucket`, `_sum` and `_count`.
    pub is_histogram: bool,
}

/// The metrics of one service.
pub struct Metrics {
    registry: Registry,
    prefix: Option<String>,
    described: Mutex<Vec<Description>>,
}

impl Metrics {
    /// Makes an empty registry. `prefix` and an underscore precede each name.
    ///
    /// # Errors
    ///
    /// Fails where the prefix is empty.
    pub fn new(prefix: Option<&str>) -> Result<Self, Error> {
        let prefix = prefix.map(ToOwned::to_owned);
        Ok(Self {
            registry: Registry::new_custom(prefix.clone(), None)?,
            prefix,
            described: Mutex::default(),
        })
    }

    /// Registers a metric and returns it.
    ///
    /// # Errors
    ///
    /// Fails where its name is taken.
    pub fn register<C: Collector + Clone + 'static>(&self, metric: C) -> Result<C, Error> {
        self.register_all(metric.clone())?;
        Ok(metric)
    }

    /// Registers metrics that only the registry has to hold.
    ///
    /// # Errors
    ///
    /// Fails where a name is taken.
    pub fn register_all<C: Collector + 'static>(&self, metrics: C) -> Result<(), Error> {
        let described = self.describe(&metrics);
        self.registry.register(Box::new(metrics))?;
        let mut all = self
            .described
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        all.extend(described);
        Ok(())
    }

    fn describe(&self, metrics: &impl Collector) -> Vec<Description> {
        let families = metrics.collect();
        let is_histogram = |family: &MetricFamily| family.get_field_type() == MetricType::HISTOGRAM;
        let described = metrics.desc().into_iter().map(|desc| Description {
            name: match &self.prefix {
                Some(prefix) => format!("{prefix}_{}", desc.fq_name),
                None => desc.fq_name.clone(),
            },
            help: desc.help.clone(),
            labels: desc.variable_labels.clone(),
            is_histogram: families
                .iter()
                .any(|family| family.name() == desc.fq_name && is_histogram(family)),
        });
        described.collect()
    }

    /// Returns the metrics in the order in which they were registered.
    #[must_use]
    pub fn descriptions(&self) -> Vec<Description> {
        let described = self
            .described
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        described.clone()
    }

    /// Returns the registry that the exposition format is written from.
    #[must_use]
    pub const fn registry(&self) -> &Registry {
        &self.registry
    }
}

#[cfg(test)]
mod tests {
    use prometheus::{HistogramOpts, HistogramVec, IntCounter};

    use super::*;

    #[test]
    fn a_registered_metric_is_described_before_it_has_a_value() {
        let metrics = Metrics::new(Some("service")).unwrap();
        let made = IntCounter::new("turns_total", "Turns");
        metrics.register(made.unwrap()).unwrap().inc();
        let made = HistogramVec::new(HistogramOpts::new("age_seconds", "Age"), &["kind"]);
        metrics.register(made.unwrap()).unwrap();
        let told: Vec<_> = metrics
            .descriptions()
            .into_iter()
            .map(|metric| (metric.name, metric.labels, metric.is_histogram))
            .collect();
        let turns = ("service_turns_total".to_owned(), Vec::new(), false);
        let age = (
            "service_age_seconds".to_owned(),
            vec!["kind".to_owned()],
            true,
        );
        assert_eq!(told, [turns, age]);
        let shown = metrics.registry().gather();
        assert_eq!(shown.len(), 1, "a histogram without a value is not shown");
        assert_eq!(shown[0].name(), "service_turns_total");
    }

    #[test]
    fn a_name_is_registered_once() {
        let metrics = Metrics::new(None).unwrap();
        let counter = || IntCounter::new("turns_total", "Turns").unwrap();
        metrics.register(counter()).unwrap();
        assert!(metrics.register(counter()).is_err());
        assert_eq!(metrics.descriptions().len(), 1);
    }
}
