//! Metrics of connections: they count what no request shows.

use std::thread::panicking;

use prometheus::{GaugeVec, IntCounter, IntCounterVec, IntGauge, Opts, Result};
use stackone_link_process::metrics::Metrics as Registry;
use strum::VariantArray as _;

use crate::failure::ConnectionFailure;

/// Counters and gauges of a listener's connections.
#[derive(Clone)]
pub struct ConnectionMetrics {
    open: IntGauge,
    refused: IntCounter,
    failed: IntCounterVec,
    handshake_failures: IntCounterVec,
    panics: IntCounter,
}

/// Counts a panic that drops it. Such a panic costs one connection, and not the process.
pub(crate) struct PanicCounter(IntCounter);

impl ConnectionMetrics {
    /// Registers the metrics, each under a name that begins with `service`.
    ///
    /// # Errors
    ///
    /// Fails where a name is taken.
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
            // `rate` does not see a series that begins at 1.
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

    /// Returns the gauge of connections that are open now.
    #[must_use]
    pub fn open(&self) -> IntGauge {
        self.open.clone()
    }

    /// Counts a connection that was refused because its peer has too many.
    pub(crate) fn refused(&self) {
        self.refused.inc();
    }

    /// Counts a connection that ended otherwise than by being closed.
    pub(crate) fn failed(&self, failure: ConnectionFailure) {
        self.failed.with_label_values(&[failure.reason()]).inc();
    }

    /// Counts a connection whose TLS handshake failed.
    pub(crate) fn handshake_failed(&self, reason: impl Into<&'static str>) {
        let reason: &str = reason.into();
        self.handshake_failures.with_label_values(&[reason]).inc();
    }

    /// Returns a guard that counts the panic of its owner.
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

/// Metrics of a listener's certificate.
#[derive(Clone)]
pub struct CertificateMetrics {
    reload_failures: IntCounter,
    expiry: GaugeVec,
}

impl CertificateMetrics {
    /// Registers the metrics, each under a name that begins with `service`.
    ///
    /// # Errors
    ///
    /// Fails where a name is taken.
    pub fn new(registry: &Registry, service: &str) -> Result<Self> {
        let opts = |name: &str, help: &str| Opts::new(format!("{service}_{name}"), help);
        let pair =
            "Checks that found certificate or private key of no use; the last good pair stays.";
        let pair = opts("tls_reload_failures_total", pair);
        let expiry = "When the certificate in force is no longer valid; absent without TLS.";
        let expiry = opts("tls_certificate_expiry_timestamp_seconds", expiry);
        Ok(Self {
            reload_failures: registry.register(IntCounter::with_opts(pair)?)?,
            // A vector has no series before it is set, so that a listener without TLS shows no
            // certificate that expired in 1970.
            expiry: registry.register(GaugeVec::new(expiry, &[])?)?,
        })
    }

    /// Counts a failed attempt to read certificate and key again.
    pub(crate) fn failed(&self) {
        self.reload_failures.inc();
    }

    /// Sets the end of validity of the certificate in force, in seconds since 1970.
    pub(crate) fn expires(&self, at: f64) {
        let none: [&str; 0] = [];
        self.expiry.with_label_values(&none).set(at);
    }
}
