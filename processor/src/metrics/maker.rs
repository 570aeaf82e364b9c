//! Makes metrics; each is registered under its name at once.

use prometheus::{
    GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts,
};
use stackone_link_process::metrics::Metrics as Registry;
use stackone_link_process::stderr;
use stackone_link_transport::{register_client_renewals, register_credential_failures};

/// Makes metrics and registers them.
pub(super) struct Maker<'a>(pub(super) &'a Registry);

impl Maker<'_> {
    fn register<M: prometheus::core::Collector + Clone + 'static>(
        &self,
        metric: M,
    ) -> Result<M, prometheus::Error> {
        self.0.register(metric)
    }

    /// Registers the metrics of the process, which every service has.
    pub(super) fn of_the_process(&self) -> Result<(), prometheus::Error> {
        self.build_info()?;
        stderr::register_lines_lost(self.0, "log_lines_lost_total")?;
        register_credential_failures(self.0, "kafka_credential_failures_total")?;
        register_client_renewals(self.0, "kafka_client_renewals_total")
    }

    fn build_info(&self) -> Result<(), prometheus::Error> {
        let revision = option_env!("STACKONE_REVISION").unwrap_or("unknown");
        let info = self.gauges("build_info", "Always 1", &["version", "revision"])?;
        info.with_label_values(&[env!("CARGO_PKG_VERSION"), revision])
            .set(1);
        Ok(())
    }

    pub(super) fn counter(&self, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
        self.register(IntCounter::new(name, help)?)
    }

    pub(super) fn counters(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntCounterVec, prometheus::Error> {
        self.register(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    pub(super) fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
        self.register(IntGauge::new(name, help)?)
    }

    pub(super) fn gauges(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntGaugeVec, prometheus::Error> {
        self.register(IntGaugeVec::new(Opts::new(name, help), labels)?)
    }

    pub(super) fn fractions(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<GaugeVec, prometheus::Error> {
        self.register(GaugeVec::new(Opts::new(name, help), labels)?)
    }

    pub(super) fn histogram(&self, name: &str, help: &str) -> Result<Histogram, prometheus::Error> {
        self.register(Histogram::with_opts(HistogramOpts::new(name, help))?)
    }

    pub(super) fn histograms(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        buckets: &[f64],
    ) -> Result<HistogramVec, prometheus::Error> {
        self.register(HistogramVec::new(
            HistogramOpts::new(name, help).buckets(buckets.to_vec()),
            labels,
        )?)
    }
}
