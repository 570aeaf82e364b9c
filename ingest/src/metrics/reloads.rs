//! Files that are read again while the service runs.

use prometheus::{IntCounterVec, Result};
use stackone_link_listeners::CertificateMetrics;
use stackone_link_process::metrics::Metrics as Registry;

use super::opts::{SERVICE, opts};

/// What is counted of secrets and of the certificate.
pub(crate) struct ReloadMetrics {
    secret_failures: IntCounterVec,
    pub(crate) certificate: CertificateMetrics,
}

impl ReloadMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self> {
        let secrets = "Checks that found a secret, or for source unknown the list of them, unreadable; the last good one stays.";
        let secrets = opts("secret_reload_failures_total", secrets);
        Ok(Self {
            secret_failures: registry.register(IntCounterVec::new(secrets, &["source"])?)?,
            certificate: CertificateMetrics::new(registry, SERVICE)?,
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
}
