//! Connections, before and beside their requests.

use std::thread::panicking;

use prometheus::{IntCounter, IntCounterVec, IntGauge, Result};
use stackone_link_process::metrics::Metrics as Registry;
use strum::VariantArray as _;

use super::opts::opts;

/// What was wrong with a connection that ended otherwise than by being closed: label of its metric,
/// and reason in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum ConnectionFailure {
    /// What was said on it is no HTTP, or none that can be told from another request.
    NotHttp,
    /// The head of a request did not come within `server.header_deadline`.
    HeadTooSlow,
    /// The head of a request is larger than any may be.
    HeadTooLarge,
    /// It begins with the PROXY protocol.
    ProxyProtocol,
    /// It had its last answer, and was not closed by its other end.
    NotClosed,
    /// The other end, or the network, broke it off.
    Broken,
    /// A bug, of ours or of actix.
    Internal,
}

impl ConnectionFailure {
    pub(crate) fn reason(self) -> &'static str {
        self.into()
    }
}

/// What is counted of connections.
pub(crate) struct ConnectionMetrics {
    open: IntGauge,
    refused: IntCounter,
    failed: IntCounterVec,
    handshake_failures: IntCounterVec,
    panics: IntCounter,
}

/// Counts the panic that drops it: one that costs no more than a connection.
pub(crate) struct PanicCounter(IntCounter);

impl ConnectionMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self> {
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
    pub(crate) fn open(&self) -> IntGauge {
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
