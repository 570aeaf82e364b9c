//! Files that are read again while the service runs.

use prometheus::{GaugeVec, IntCounter, IntCounterVec, Result};
use stackone_link_process::metrics::Metrics as Registry;

use super::opts::opts;

/// What is counted of secrets and of the certificate.
pub(crate) struct ReloadMetrics {
    secret_failures: IntCounterVec,
    certificate_failures: IntCounter,
    certificate_expiry: GaugeVec,
}

impl ReloadMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self> {
        let secrets = "Checks that found a secret, or for source unknown the list of them, unreadable; the last good one stays.";
        let secrets = opts("secret_reload_failures_total", secrets);
        let pair =
            "Checks that found certificate or private key of no use; the last good pair stays.";
        let pair = opts("tls_reload_failures_total", pair);
        let expiry = "When the certificate in force is no longer valid; absent without TLS.";
        let expiry = opts("tls_certificate_expiry_timestamp_seconds", expiry);
        Ok(Self {
            secret_failures: registry.register(IntCounterVec::new(secrets, &["source"])?)?,
            certificate_failures: registry.register(IntCounter::with_opts(pair)?)?,
            // As a vector, so that a listener without TLS shows no certificate that expired in 1970.
            certificate_expiry: registry.register(GaugeVec::new(expiry, &[])?)?,
        })
    }

    pub(super) fn source_is_served(&self, source: &str) {
        self.secret_failures.with_label_values(&[source]).inc_by(0);
    }

    /// A secret of this source, or the list of sources, could not be read again.
    pub(crate) fn secret_failed(&self, source: Option<&str>) {
        let source = source.unwrap_or("unknown");
        self.secret_failures.with_label_values(&[source]).inc();
    }

    /// The certificate or its key could not be read again.
    pub(crate) fn certificate_failed(&self) {
        self.certificate_failures.inc();
    }

    /// The certificate in force is valid until then, in seconds since the epoch.
    pub(crate) fn certificate_expires(&self, at: f64) {
        let none: [&str; 0] = [];
        self.certificate_expiry.with_label_values(&none).set(at);
    }
}
