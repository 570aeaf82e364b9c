//! Connections, before and beside their requests.

use std::thread::panicking;

use prometheus::{GaugeVec, IntCounter, IntCounterVec, IntGauge, Opts, Result};
use stackone_link_process::metrics::Metrics as Registry;
use strum::VariantArray as _;

use crate::failure::ConnectionFailure;

/// What is counted of connections.
#[derive(Clone)]
pub struct ConnectionMetrics {
    open: IntGauge,
    refused: IntCounter,
    failed: IntCounterVec,
    handshake_failures: IntCounterVec,
    panics: IntCounter,
}

/// Counts the panic that drops it: one that costs no more than a connection.
pub(crate) struct PanicCounter(IntCounter);

impl ConnectionMetrics {
    /// Makes them, each with a name that begins with the service's.
    ///
    /// # Errors
    ///
    /// Where a name is taken.
    pub fn new(registry: &Registry, service: &str) -> Result<Self> {
        let opts = |name: &str, help: &str| Opts::new(format!("{service}_{name}"), help);
        let open = opts(
            "connections_open",
            "Connections to the public listener that are open.",
        );
        let refused = "Connections closed at once because their peer had too many.";
        let failed =
            "Connections that ended otherwise than by being closed, by what was wrong with them.";
        let handshakes = "Connections that came to no TLS: not within its deadline (too_slow), led by the PROXY protocol (proxy_protocol), or not at all (failed).";
        let panics = "Connections and operators' requests that ended by a panic, a bug of ours.";
        let counter = |name, help| registry.register(IntCounter::with_opts(opts(name, help))?);
        let by_reason =
            |name, help| registry.register(IntCounterVec::new(opts(name, help), &["reason"])?);
        let failed = by_reason("connections_failed_total", failed)?;
        for failure in ConnectionFailure::VARIANTS {
            // A rate does not see a series that begins at 1.
            failed.with_label_values(&[failure.reason()]).inc_by(0);
        }
        Ok(Self {
            open: registry.register(IntGauge::with_opts(open)?)?,
            refused: counter("connections_refused_total", refused)?,
            failed,
            handshake_failures: by_reason("tls_handshake_failures_total", handshakes)?,
            panics: counter("panics_total", panics)?,
        })
    }

    /// Connections that are open now.
    #[must_use]
    pub fn open(&self) -> IntGauge {
        self.open.clone()
    }

    /// A peer had too many connections.
    pub(crate) fn refused(&self) {
        self.refused.inc();
    }

    /// A connection ended otherwise than by being closed.
    pub(crate) fn failed(&self, failure: ConnectionFailure) {
        self.failed.with_label_values(&[failure.reason()]).inc();
    }

    /// A connection came to no TLS.
    pub(crate) fn handshake_failed(&self, reason: impl Into<&'static str>) {
        let reason: &str = reason.into();
        self.handshake_failures.with_label_values(&[reason]).inc();
    }

    /// Counts a panic of whoever holds it.
    pub(crate) fn panic_counter(&self) -> PanicCounter {
        PanicCounter(self.panics.clone())
    }
}

impl Drop for PanicCounter {
    fn drop(&mut self) {
        if panicking() {
            self.0.inc();
        }
    }
}

/// What is counted of the certificate.
#[derive(Clone)]
pub struct CertificateMetrics {
    reload_failures: IntCounter,
    expiry: GaugeVec,
}

impl CertificateMetrics {
    /// Makes them, each with a name that begins with the service's.
    ///
    /// # Errors
    ///
    /// Where a name is taken.
    pub fn new(registry: &Registry, service: &str) -> Result<Self> {
        let opts = |name: &str, help: &str| Opts::new(format!("{service}_{name}"), help);
        let pair =
            "Checks that found certificate or private key of no use; the last good pair stays.";
        let pair = opts("tls_reload_failures_total", pair);
        let expiry = "When the certificate in force is no longer valid; absent without TLS.";
        let expiry = opts("tls_certificate_expiry_timestamp_seconds", expiry);
        Ok(Self {
            reload_failures: registry.register(IntCounter::with_opts(pair)?)?,
            // As a vector, so that a listener without TLS shows no certificate that expired in 1970.
            expiry: registry.register(GaugeVec::new(expiry, &[])?)?,
        })
    }

    /// The certificate or its key could not be read again.
    pub(crate) fn failed(&self) {
        self.reload_failures.inc();
    }

    /// The certificate in force is valid until then, in seconds since the epoch.
    pub(crate) fn expires(&self, at: f64) {
        let none: [&str; 0] = [];
        self.expiry.with_label_values(&none).set(at);
    }
}
