//! A count of the whole process that each of its services shows under a name of its own.

use prometheus::core::{Collector, Desc};
use prometheus::proto::{Counter, MetricFamily};
use prometheus::{IntCounter, Opts};

use super::{Error, Metrics};

/// A counter that reads its value when it is scraped, so that several services of one process show
/// the same count.
struct Total {
    name: IntCounter,
    count: fn() -> u64,
}

impl Metrics {
    /// Registers a counter called `name` that shows what `count` returns.
    ///
    /// # Errors
    ///
    /// Fails where the name is taken.
    pub fn register_total(&self, name: &str, help: &str, count: fn() -> u64) -> Result<(), Error> {
        let name = IntCounter::with_opts(Opts::new(name, help))?;
        self.register_all(Total { name, count })
    }
}

impl Collector for Total {
    fn desc(&self) -> Vec<&Desc> {
        self.name.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let mut families = self.name.collect();
        let metrics = families.iter_mut().flat_map(MetricFamily::mut_metric);
        for metric in metrics {
            let mut counter = Counter::default();
            #[expect(
                clippy::cast_precision_loss,
                reason = "exact up to 2^53, as all of Prometheus' numbers"
            )]
            counter.set_value((self.count)() as f64);
            metric.set_counter(counter);
        }
        families
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_is_shown_as_it_is_when_it_is_asked_for_under_the_services_own_name() {
        let metrics = Metrics::new(Some("service")).unwrap();
        metrics
            .register_total("turns_total", "Turns", || 7)
            .unwrap();
        let shown = metrics.registry().gather();
        assert_eq!(shown[0].name(), "service_turns_total");
        let value = shown[0].get_metric()[0].get_counter().get_value();
        assert!((value - 7.0).abs() < f64::EPSILON, "{value}");
        assert_eq!(metrics.descriptions()[0].labels, Vec::<String>::new());
    }
}
